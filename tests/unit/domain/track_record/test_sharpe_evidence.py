"""The standard error of a Sharpe ratio, and the days that would prove it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray

from functions.domain.track_record.sharpe_evidence import minimum_track_record_length, sharpe_standard_error
from functions.domain.track_record.statistics import (
    probability_above,
    sampling_variance,
    sharpe_ratio,
)

YEAR = 252


def normal_shaped(annual_sharpe: float, days: int) -> NDArray[np.float64]:
    """Return returns with exactly this ratio, skewness 0 and kurtosis 3."""
    values = np.array([1.0, -1.0] * (days // 6) + [0.0] * (days - 2 * (days // 6)))
    assert np.isclose((values**4).mean() / (values**2).mean() ** 2, 3.0)
    deviation = values.std(ddof=1)
    return np.asarray(values / deviation * 0.01 + annual_sharpe / math.sqrt(YEAR) * 0.01)


@pytest.mark.parametrize(("sharpe", "published"), [(1.0, 684), (2.0, 173), (3.0, 78)])
def test_the_days_that_prove_a_ratio_of_a_normal_distribution(sharpe: float, published: int) -> None:
    days = minimum_track_record_length(normal_shaped(sharpe, 600), periods_a_year=YEAR)
    assert days == pytest.approx(published, abs=1.0)


def test_the_standard_error_from_thirty_and_ninety_days() -> None:
    assert sharpe_standard_error(normal_shaped(0.5, 30), periods_a_year=YEAR) == pytest.approx(2.95, abs=0.01)
    assert sharpe_standard_error(normal_shaped(0.5, 90), periods_a_year=YEAR) == pytest.approx(1.68, abs=0.01)


def test_the_standard_error_is_that_of_simulated_ratios() -> None:
    generator = np.random.default_rng(3)
    skewed = generator.gamma(4.0, size=(4000, 250)) * -0.005 + 0.0205
    ratios = sharpe_ratio(skewed, periods_a_year=YEAR)
    errors = sharpe_standard_error(skewed, periods_a_year=YEAR)
    assert float(errors.mean()) == pytest.approx(float(ratios.std()), rel=0.03)


@pytest.mark.parametrize("rate", [0.0, 0.04])
@pytest.mark.parametrize("benchmark", [0.0, 0.5])
def test_after_the_minimum_of_days_the_probability_is_what_was_asked_for(rate: float, benchmark: float) -> None:
    returns = np.random.default_rng(5).standard_t(6, size=80) * 0.01 + 0.004
    needed = minimum_track_record_length(returns - rate / YEAR, benchmark, periods_a_year=YEAR, confidence=0.9)
    daily = (returns.mean() - rate / YEAR) / returns.std(ddof=1)
    shape = scipy.stats.skew(returns), scipy.stats.kurtosis(returns, fisher=False)
    assert 1 < needed < 1000
    assert probability_above(benchmark / math.sqrt(YEAR), daily, needed, *shape) == pytest.approx(0.9)


def test_a_ratio_that_is_not_above_the_benchmark_is_never_proved() -> None:
    losses = np.random.default_rng(1).normal(-0.001, 0.01, 100)
    assert minimum_track_record_length(losses, periods_a_year=YEAR) == math.inf


@pytest.mark.parametrize("series", [[], [0.01], [0.01] * 40, [math.nan] * 40])
def test_what_has_no_ratio_has_no_error(series: list[float]) -> None:
    assert math.isnan(sharpe_standard_error(series, periods_a_year=YEAR))
    assert math.isnan(minimum_track_record_length(series, periods_a_year=YEAR))


def test_moments_that_do_not_belong_together_have_no_variance() -> None:
    assert math.isnan(sampling_variance(1.0, 3.0, 1.0))
