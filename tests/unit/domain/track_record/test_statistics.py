"""Statistics: degenerate tables, properties, and equality with empyrical on real prices."""

from __future__ import annotations

import csv
import math
from functools import partial
from statistics import NormalDist

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from functions.domain.kernel.errors import MetricInputError
from functions.domain.track_record import statistics
from tools.prerequisites import ROOT

PRICES = ROOT / "examples/data/us_equities_daily_2018_2022.csv"
RELATIVE = 1e-9
sharpe_ratio = partial(statistics.sharpe_ratio, periods_a_year=252)
volatility = partial(statistics.volatility, periods_a_year=252)
probabilistic_sharpe_ratio = partial(statistics.probabilistic_sharpe_ratio, periods_a_year=252)
sharpe_error = partial(statistics.sharpe_error, periods_a_year=252)


@pytest.fixture(scope="module")
def real_returns() -> NDArray[np.float64]:
    """Daily returns of the sample data, shape (symbols, days)."""
    with PRICES.open() as file:
        rows = list(csv.reader(file))[1:]
    prices = np.array([[float(price) for price in row[1:]] for row in rows]).T
    return np.asarray(prices[:, 1:] / prices[:, :-1] - 1)


@pytest.mark.parametrize("year", [252, 365])
@pytest.mark.parametrize("days", [5, 30, 252, 1256])
def test_equal_to_empyrical_on_real_prices(real_returns: NDArray[np.float64], days: int, year: int) -> None:
    windows = real_returns[:, -days:]
    daily_rate = 0.04 / year
    expected = {
        "sharpe": [empyrical.sharpe_ratio(row, risk_free=daily_rate, annualization=year) for row in windows],
        "volatility": [empyrical.annual_volatility(row, annualization=year) for row in windows],
        "drawdown": [empyrical.max_drawdown(row) for row in windows],
        "annual": [empyrical.annual_return(row, annualization=year) for row in windows],
        "total": [empyrical.cum_returns_final(row) for row in windows],
    }
    sharpe, volatility, annual = (
        statistics.sharpe_ratio(windows - daily_rate, periods_a_year=year),
        statistics.volatility(windows, periods_a_year=year),
        statistics.annualized_return(windows, periods_a_year=year),
    )
    np.testing.assert_allclose(sharpe, expected["sharpe"], rtol=RELATIVE)
    np.testing.assert_allclose(volatility, expected["volatility"], rtol=RELATIVE)
    np.testing.assert_allclose(statistics.max_drawdown(windows), expected["drawdown"], rtol=RELATIVE)
    np.testing.assert_allclose(annual, expected["annual"], rtol=RELATIVE, atol=1e-12)
    np.testing.assert_allclose(statistics.total_return(windows), expected["total"], rtol=RELATIVE, atol=1e-12)


@pytest.mark.parametrize(
    ("series", "sharpe", "drawdown", "total", "wins"),
    [
        ([], math.nan, math.nan, math.nan, math.nan),
        ([math.nan], math.nan, math.nan, math.nan, math.nan),
        ([0.01], math.nan, 0.0, 0.01, 1.0),
        ([0.0, 0.0, 0.0], math.nan, 0.0, 0.0, 0.0),
        ([0.1] * 30, math.nan, 0.0, 1.1**30 - 1, 1.0),
        ([-0.5, 0.5], 0.0, -0.5, -0.25, 0.5),
        ([-1.0, 0.5], None, -1.0, -1.0, 0.5),
        ([0.1, math.nan, -0.1], 0.0, -0.1, -0.01, 0.5),
    ],
)
def test_degenerate_series(
    series: list[float], sharpe: float | None, drawdown: float, total: float, wins: float
) -> None:
    if sharpe is not None:
        np.testing.assert_allclose(sharpe_ratio(series), sharpe, atol=1e-12)
    np.testing.assert_allclose(statistics.max_drawdown(series), drawdown, atol=1e-12)
    np.testing.assert_allclose(statistics.total_return(series), total, atol=1e-9)
    np.testing.assert_allclose(statistics.win_rate(series), wins)


@pytest.mark.parametrize("losses", [[-2.5, -2.5], [-1.0, -3.0], [0.5, -1.2, 9.0], [math.nan, -7.0, math.nan]])
def test_a_loss_above_the_capital_ends_the_curve_and_never_turns_into_a_gain(losses: list[float]) -> None:
    assert statistics.total_return(losses) == -1.0
    assert statistics.max_drawdown(losses) == -1.0
    assert statistics.annualized_return(losses, periods_a_year=252) == -1.0
    assert statistics.growth(losses)[-1] == 0.0
    beside = np.array([losses, np.zeros(len(losses))])
    np.testing.assert_array_equal(statistics.total_return(beside), [-1.0, 0.0])


def test_what_is_lost_stays_lost_however_much_there_had_been() -> None:
    beyond_any_float = [1e300, 1e300, -1.5, 4.0]
    assert statistics.growth(beyond_any_float).tolist()[1:] == [math.inf, 0.0, 0.0]
    assert statistics.total_return(beyond_any_float) == -1.0


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(-4, 4)), st.integers(0, 39))
def test_a_curve_is_never_below_0_and_stays_there(returns: NDArray[np.float64], index: int) -> None:
    returns[index % returns.size] = -1.0 - abs(returns[index % returns.size])
    curve = statistics.growth(returns)
    assert (curve >= 0.0).all()
    assert (curve[index % returns.size :] == 0.0).all()
    assert statistics.total_return(returns) == -1.0
    assert statistics.max_drawdown(returns) == -1.0


def test_an_infinite_return_is_refused() -> None:
    with pytest.raises(MetricInputError, match="daily_returns must be finite or NaN, was inf"):
        sharpe_ratio([0.1, math.inf])


moderate = st.floats(-0.5, 0.5, allow_nan=False).map(lambda value: round(value, 8))  # finer steps are rounding
series_of_returns = arrays(np.float64, st.integers(3, 60), elements=moderate)


@given(moderate, st.integers(2, 90))
def test_equal_returns_have_no_sharpe_ratio(value: float, days: int) -> None:
    assert math.isnan(sharpe_ratio(np.full(days, value) - 0.04 / 252))


@given(series_of_returns, st.floats(0.01, 100))
def test_sharpe_does_not_depend_on_leverage(returns: NDArray[np.float64], factor: float) -> None:
    np.testing.assert_allclose(sharpe_ratio(returns * factor), sharpe_ratio(returns), rtol=1e-6, atol=1e-9)


@given(series_of_returns)
def test_missing_days_count_as_absent_not_as_zero(returns: NDArray[np.float64]) -> None:
    spread = np.full(2 * returns.size, math.nan)
    spread[::2] = returns
    for statistic in (sharpe_ratio, volatility, statistics.max_drawdown, statistics.win_rate):
        np.testing.assert_allclose(statistic(spread), statistic(returns), rtol=1e-9, atol=1e-12)


@given(arrays(np.float64, (4, 20), elements=moderate))
def test_rows_do_not_see_each_other(matrix: NDArray[np.float64]) -> None:
    together = sharpe_ratio(matrix - 0.04 / 252)
    alone = [float(sharpe_ratio(row - 0.04 / 252)) for row in matrix]
    np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-9)


@given(series_of_returns)
def test_a_higher_risk_free_rate_never_raises_sharpe(returns: NDArray[np.float64]) -> None:
    low, high = sharpe_ratio(returns), sharpe_ratio(returns - 0.05 / 252)
    assert math.isnan(low) or high <= low


@given(series_of_returns)
def test_drawdown_is_a_fraction_of_the_peak(returns: NDArray[np.float64]) -> None:
    assert -1 <= statistics.max_drawdown(returns) <= 0


@given(series_of_returns, st.floats(-2, 2), st.floats(-2, 2))
def test_a_higher_benchmark_is_never_likelier_to_be_beaten(
    returns: NDArray[np.float64], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    beats_low = probabilistic_sharpe_ratio(returns, annual_benchmark_sharpe=low)
    beats_high = probabilistic_sharpe_ratio(returns, annual_benchmark_sharpe=high)
    assert math.isnan(beats_low) or 0 <= beats_high <= beats_low <= 1


@pytest.mark.parametrize(("skewness", "kurtosis", "published"), [(0.0, 3.0, 0.982), (-2.448, 10.164, 0.913)])
def test_probabilistic_sharpe_of_the_papers_own_example(skewness: float, kurtosis: float, published: float) -> None:
    # Bailey and López de Prado (2012): two years of monthly returns, mean 3.6 %, standard deviation 7.9 %.
    probability = statistics.probability_above(0.0, 0.458, 24, skewness, kurtosis)
    assert probability == pytest.approx(published, abs=5e-4)


def test_probabilistic_sharpe_of_a_symmetric_series_by_hand() -> None:
    # Returns ±1 % around 0.2 %: skewness 0, kurtosis 1, so the denominator is 1 and PSR = Phi(s sqrt(n - 1)).
    returns = np.tile([0.012, -0.008], 12)
    daily_sharpe = 0.002 / returns.std(ddof=1)
    expected = 0.5 * (1 + math.erf(daily_sharpe * math.sqrt(23) / math.sqrt(2)))
    assert probabilistic_sharpe_ratio(returns) == pytest.approx(expected, rel=1e-12)


def test_probabilistic_sharpe_needs_more_days_for_the_same_ratio() -> None:
    returns = np.random.default_rng(7).normal(0.001, 0.01, 20)
    few = probabilistic_sharpe_ratio(returns)
    many = probabilistic_sharpe_ratio(np.tile(returns, 10))
    assert abs(many - 0.5) > abs(few - 0.5)


def test_the_error_of_a_ratio_is_what_its_probability_counts_with() -> None:
    returns = np.random.default_rng(7).normal(0.001, 0.01, 60)
    ratio, error = sharpe_ratio(returns), sharpe_error(returns)
    above = NormalDist().cdf(float(ratio / error))
    assert above == pytest.approx(float(probabilistic_sharpe_ratio(returns)))
    assert np.isnan(sharpe_error([0.01]))
    assert np.isnan(sharpe_error(returns, observations=1))
