"""What many trials take off a Sharpe ratio."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.lab.deflation import (
    deflated_sharpe_ratio,
    effective_trials,
    expected_best_sharpe,
    mean_correlation,
)
from functions.domain.track_record.statistics import probabilistic_sharpe_ratio, sharpe_ratio

YEAR = 252
RETURNS = np.random.default_rng(11).normal(0.0006, 0.01, (6, 750))
SHARPES = sharpe_ratio(RETURNS, periods_a_year=YEAR)


def deflated(trials: int, correlation: float = 0.0, sharpes: object = SHARPES, rate: float = 0.0) -> float:
    return float(
        deflated_sharpe_ratio(
            RETURNS[0],
            sharpes,  # type: ignore[arg-type]
            rate,
            trials=trials,
            correlation=correlation,
            periods_a_year=YEAR,
        )
    )


@pytest.mark.parametrize("rate", [0.0, 0.05])
def test_one_trial_is_the_probabilistic_ratio_against_0(rate: float) -> None:
    expected = float(probabilistic_sharpe_ratio(RETURNS[0] - rate / YEAR, periods_a_year=YEAR))
    assert deflated(1, rate=rate) == expected
    assert deflated(50, correlation=1.0, rate=rate) == expected, "fifty that are one"
    assert math.isfinite(expected)


def test_every_further_trial_takes_something_off() -> None:
    probabilities = [deflated(count) for count in (1, 2, 3, 6, 20, 100, 10_000)]
    assert probabilities == sorted(probabilities, reverse=True)
    assert len(set(probabilities)) == len(probabilities)


def test_trials_that_go_together_count_for_fewer() -> None:
    assert deflated(20, 0.9) > deflated(20, 0.5) > deflated(20, 0.0)
    assert deflated(20, -0.4) == deflated(20, 0.0)
    assert effective_trials(10, 0.5) == 5.5


def test_trials_that_happen_to_agree_do_not_prove_more_than_their_days_allow() -> None:
    agreeing = np.full(20, SHARPES[0])
    by_chance_alone = expected_best_sharpe(20, math.sqrt(YEAR / 749))
    expected = probabilistic_sharpe_ratio(RETURNS[0], by_chance_alone, periods_a_year=YEAR)
    assert deflated(20, sharpes=agreeing) == pytest.approx(float(expected))
    assert deflated(20, sharpes=[SHARPES[0]]) == deflated(20, sharpes=agreeing) == deflated(20, sharpes=[])


def test_trials_without_a_ratio_are_counted_and_left_out_of_the_spread() -> None:
    assert deflated(7, sharpes=[*SHARPES, math.nan]) == deflated(7)


def test_the_best_of_worthless_trials_is_as_expected() -> None:
    worthless = np.random.default_rng(2).normal(size=(20_000, 50)).max(axis=1)
    assert expected_best_sharpe(50, 1.0) == pytest.approx(float(worthless.mean()), rel=0.015)


@given(st.floats(1.0, 1e6), st.floats(0.0, 5.0))
def test_the_benchmark_is_never_below_0(trials: float, deviation: float) -> None:
    assert 0.0 <= expected_best_sharpe(trials, deviation) < math.inf


def test_the_mean_correlation_of_rows() -> None:
    base = RETURNS[0]
    assert mean_correlation([base, 2 * base, base + 0.01]) == pytest.approx(1.0)
    assert mean_correlation([base, -base]) == pytest.approx(-1.0)
    assert mean_correlation(RETURNS) == pytest.approx(0.0, abs=0.05)
    assert mean_correlation([base, np.zeros_like(base)]) == 0.0, "one in cash goes with nothing"
