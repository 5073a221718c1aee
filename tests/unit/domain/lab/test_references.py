"""The lab's statistics are those of arch, skfolio, jsharpe and scipy on the same numbers."""

from __future__ import annotations

import json
import math
from typing import Any

import empyrical
import numpy as np
import pytest
import scipy.stats

from functions.domain.lab.deflation import deflated_sharpe_ratio, expected_best_sharpe
from functions.domain.lab.differences import sharpe_differences
from functions.domain.lab.figures import expected_shortfall, figures
from functions.domain.lab.resampling import best_block_length
from functions.domain.track_record.statistics import (
    probabilistic_sharpe_ratio,
    sampling_variance,
    sharpe_ratio,
)
from tests.unit.domain.lab.make_references import AUTOCORRELATIONS, FILE, SEEDS, autocorrelated, trials
from tests.unit.domain.lab.records import sessions

KEPT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
YEAR = 252


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("autocorrelation", AUTOCORRELATIONS)
def test_block_lengths_are_archs(seed: int, autocorrelation: float) -> None:
    expected = KEPT["block_length"][f"{seed} {autocorrelation}"]
    assert best_block_length(autocorrelated(seed, autocorrelation)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_probabilistic_and_deflated_ratios_are_skfolios(seed: int) -> None:
    expected, returns = KEPT["sharpe"][str(seed)], trials(seed)
    sharpes = sharpe_ratio(returns, periods_a_year=YEAR)
    assert probabilistic_sharpe_ratio(returns[0], periods_a_year=YEAR) == pytest.approx(expected["probabilistic"])
    above = probabilistic_sharpe_ratio(returns[0] - 0.0001, periods_a_year=YEAR)
    assert above == pytest.approx(expected["probabilistic above a rate"])
    deflated = float(deflated_sharpe_ratio(returns[0], sharpes, trials=len(returns), periods_a_year=YEAR))
    if sharpes.var(ddof=1) >= YEAR / (returns.shape[1] - 1):
        assert deflated == pytest.approx(expected["deflated"])
    else:
        assert deflated < expected["deflated"], "trials that agree by chance count with a variance of 1/(n - 1)"


def test_both_kinds_of_trials_are_among_them() -> None:
    wide = [sharpe_ratio(trials(seed), periods_a_year=YEAR).var(ddof=1) >= YEAR / 499 for seed in SEEDS]
    assert True in wide
    assert False in wide


def test_the_expected_best_of_many_is_skfolios() -> None:
    for count, expected in KEPT["expected_best"].items():
        assert expected_best_sharpe(float(count), 0.5) == pytest.approx(expected)


def test_the_variance_of_a_ratio_is_jsharpes() -> None:
    for moments, expected in KEPT["sampling_variance"].items():
        assert sampling_variance(*map(float, moments.split())) == pytest.approx(expected)


def test_a_percentile_interval_is_archs_within_what_drawing_leaves_open() -> None:
    pair = trials(0)[:2]
    found = sharpe_differences(
        pair, np.random.default_rng(2), periods_a_year=YEAR, block_length=10, replications=50_000
    )
    one = found.by_series[1]
    assert [one.low, one.high] == pytest.approx(KEPT["percentile_interval"], abs=0.03)


def test_figures_are_empyricals_and_scipys() -> None:
    returns = trials(1)[0]
    of_record = figures(returns, sessions(returns.size), 0.03, periods_a_year=YEAR)
    assert of_record.sharpe_ratio == pytest.approx(empyrical.sharpe_ratio(returns, risk_free=0.03 / YEAR))
    assert of_record.total_return == pytest.approx(empyrical.cum_returns_final(returns))
    assert of_record.yearly_return == pytest.approx(empyrical.annual_return(returns))
    assert of_record.volatility == pytest.approx(empyrical.annual_volatility(returns))
    assert of_record.max_drawdown == pytest.approx(empyrical.max_drawdown(returns))
    assert of_record.expected_shortfall == pytest.approx(empyrical.conditional_value_at_risk(returns))
    assert of_record.skewness == pytest.approx(scipy.stats.skew(returns))
    assert of_record.kurtosis == pytest.approx(scipy.stats.kurtosis(returns, fisher=False))
    z = scipy.stats.norm.ppf(0.95)
    needed = 1 + (z * of_record.sharpe_standard_error / of_record.sharpe_ratio) ** 2 * (returns.size - 1)
    assert of_record.minimum_track_record == pytest.approx(needed)
    assert of_record.probabilistic_sharpe_ratio == pytest.approx(
        scipy.stats.norm.cdf(of_record.sharpe_ratio / of_record.sharpe_standard_error)
    )


@pytest.mark.parametrize("days", [1, 19, 20, 21, 250])
def test_the_worst_days_are_empyricals_however_few(days: int) -> None:
    returns = trials(2)[0][:days]
    assert expected_shortfall(returns) == pytest.approx(empyrical.conditional_value_at_risk(returns))
    assert math.isnan(expected_shortfall(returns[:0]))
