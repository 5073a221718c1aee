"""Turnover, exposure, and holding less by itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from functions.domain.lab.holdings import (
    at_mean_exposure,
    mean_exposure,
    returns_of_equity,
    separate_spells,
    two_way_turnover,
)
from functions.domain.track_record.statistics import max_drawdown, sharpe_ratio, volatility

YEAR = 252
RAW = np.random.default_rng(4).normal(0.0005, 0.012, 600)


def test_turnover_times_the_cost_of_a_dollar_is_the_yearly_drag() -> None:
    traded, equity, rate = np.array([5_000.0, 0.0, 8_000.0, 1_000.0]), np.full(4, 10_000.0), 0.0005
    drag = (traded * rate / equity).sum() * YEAR / 4
    assert two_way_turnover(traded, equity, periods_a_year=YEAR) * rate == pytest.approx(drag)


def test_a_round_trip_is_two_sides() -> None:
    bought_and_sold = two_way_turnover([10_000.0, -10_000.0], [10_000.0, 10_000.0], periods_a_year=2)
    assert bought_and_sold == 2.0


def test_no_days_have_no_turnover_and_no_exposure() -> None:
    assert math.isnan(two_way_turnover([], [], periods_a_year=YEAR))
    assert math.isnan(mean_exposure([], []))


def test_exposure_is_the_mean_over_days_and_not_of_sums() -> None:
    assert mean_exposure([50.0, 0.0], [100.0, 300.0]) == 0.25


@pytest.mark.parametrize("rate", [0.0, 0.04])
def test_holding_less_leaves_the_sharpe_ratio_and_shrinks_volatility_and_drawdown(rate: float) -> None:
    less = at_mean_exposure(RAW, 0.8, 0.6, rate, periods_a_year=YEAR)
    of_less, of_raw = (float(sharpe_ratio(one - rate / YEAR, periods_a_year=YEAR)) for one in (less, RAW))
    assert of_less == pytest.approx(of_raw, rel=1e-9)
    assert volatility(less, periods_a_year=YEAR) == pytest.approx(0.75 * float(volatility(RAW, periods_a_year=YEAR)))
    assert 0.6 < float(max_drawdown(less) / max_drawdown(RAW)) < 0.9


def test_what_is_not_held_earns_the_cash_rate() -> None:
    np.testing.assert_allclose(at_mean_exposure(RAW, 0.5, 0.0, 0.0252, periods_a_year=YEAR), 0.0001)
    assert np.isnan(at_mean_exposure(RAW, 0.0, 0.0, periods_a_year=YEAR)).all()


def test_spells_are_counted_by_their_beginnings() -> None:
    assert [separate_spells(flags) for flags in ([], [False], [True], [True, False, True, True])] == [0, 0, 1, 2]


def test_after_an_account_lost_everything_there_are_no_returns() -> None:
    np.testing.assert_array_equal(returns_of_equity([100.0, 50.0, 0.0, 0.0]), [-0.5, -1.0, np.nan])
