"""What other packages report wrongly, and the lab must not."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from functions.domain.lab import differences, figures, holdings
from functions.domain.lab.figures import FEWEST_DAYS, FEWEST_DAYS_OF_TAILS
from functions.domain.lab.holdings import returns_of_equity, two_way_turnover
from tests.unit.domain.lab.records import sessions

YEAR = 252
RETURNS = np.random.default_rng(9).normal(0.0006, 0.01, 600)


def figures_of(returns: object, rate: float = 0.0, year: int = YEAR) -> figures.Figures:
    series = np.asarray(returns, dtype=np.float64)
    return figures.figures(series, sessions(series.size), rate, periods_a_year=year)


def test_a_loss_on_the_first_day_is_a_drawdown() -> None:
    of_account = figures_of([-0.1, 0.05, 0.01])
    assert of_account.max_drawdown == pytest.approx(-0.1)
    assert of_account.deepest is not None
    assert of_account.deepest.peak is None, "before the first day"
    assert figures_of(returns_of_equity([100.0, 90.0, 95.0])).max_drawdown == pytest.approx(-0.1)


def test_a_trade_that_is_open_counts_in_drawdown_and_return() -> None:
    cash, position = 0.0, np.array([100.0, 60.0, 110.0, 108.0])  # bought once, never closed; it fell by 40 % meanwhile
    of_account = figures_of(returns_of_equity(cash + position))
    assert of_account.max_drawdown == pytest.approx(-0.4)
    assert of_account.total_return == pytest.approx(0.08)


def test_a_day_without_a_return_is_not_a_return_of_0() -> None:
    with_gaps = np.insert(RETURNS, [10, 200, 400], math.nan)
    with_zeros = np.nan_to_num(with_gaps)
    assert figures_of(with_gaps).sharpe_ratio == pytest.approx(figures_of(RETURNS).sharpe_ratio)
    assert figures_of(with_gaps).days == 600
    assert figures_of(with_gaps).volatility != pytest.approx(figures_of(with_zeros).volatility, rel=1e-4)


def test_years_are_counted_in_sessions_and_none_under_a_year() -> None:
    two_years = np.full(2 * YEAR, 0.0004)  # 504 sessions span 705 calendar days
    assert figures_of(two_years).yearly_return == pytest.approx(1.0004**YEAR - 1)
    assert math.isnan(figures_of(RETURNS[: YEAR - 1]).yearly_return)
    assert not math.isnan(figures_of(RETURNS[:YEAR]).yearly_return)


def test_a_market_that_never_closes_has_365_days_a_year() -> None:
    exchange, coins = figures_of(RETURNS), figures_of(RETURNS, year=365)
    assert coins.volatility == pytest.approx(exchange.volatility * math.sqrt(365 / 252))
    assert coins.sharpe_ratio == pytest.approx(exchange.sharpe_ratio * math.sqrt(365 / 252))
    assert coins.sharpe_standard_error == pytest.approx(exchange.sharpe_standard_error * math.sqrt(365 / 252))
    assert math.isnan(figures_of(RETURNS[:364], year=365).yearly_return)


def test_the_yearly_rate_is_not_taken_every_day_and_every_figure_has_it() -> None:
    rate = 0.05
    shifted = RETURNS + rate / YEAR  # earns the rate besides
    with_rate, without = figures_of(shifted, rate), figures_of(RETURNS)
    for name in (
        "sharpe_ratio",
        "sharpe_standard_error",
        "probabilistic_sharpe_ratio",
        "minimum_track_record",
    ):
        assert getattr(with_rate, name) == pytest.approx(getattr(without, name)), name
    assert figures_of(RETURNS, rate).probabilistic_sharpe_ratio < without.probabilistic_sharpe_ratio


def test_a_sharpe_ratio_is_of_all_days_and_not_of_trades() -> None:
    traded = RETURNS[:100]
    idle_between = np.zeros(400)
    idle_between[::4] = traded
    assert figures_of(idle_between).sharpe_ratio == pytest.approx(figures_of(traded).sharpe_ratio / 2, rel=0.05)


@pytest.mark.parametrize("value", [0.0, 0.001])
def test_returns_that_do_not_vary_have_no_ratio_and_none_is_invented(value: float) -> None:
    constant = figures_of(np.full(100, value))
    for figure in (
        constant.sharpe_ratio,
        constant.sharpe_standard_error,
        constant.probabilistic_sharpe_ratio,
        constant.minimum_track_record,
    ):
        assert math.isnan(figure)


def test_seven_observations_have_no_ratio() -> None:
    nearly_constant = 0.01 + np.array([1e-5, -1e-5, 2e-5, 0.0, -2e-5, 1e-5, 0.0])
    few = figures_of(nearly_constant)
    assert math.isnan(few.sharpe_ratio)
    assert math.isnan(few.probabilistic_sharpe_ratio)
    assert few.total_return == pytest.approx(0.072, abs=1e-3), "what was earned is known all the same"
    assert math.isnan(figures_of(RETURNS[: FEWEST_DAYS - 1]).volatility)
    assert not math.isnan(figures_of(RETURNS[:FEWEST_DAYS]).volatility)


def test_less_than_a_year_tells_nothing_of_tails() -> None:
    few, enough = figures_of(RETURNS[: FEWEST_DAYS_OF_TAILS - 1]), figures_of(RETURNS[:FEWEST_DAYS_OF_TAILS])
    assert [math.isnan(each) for each in (few.skewness, few.kurtosis, few.expected_shortfall)] == [True] * 3
    assert enough.expected_shortfall < 0
    assert few.worst_day == RETURNS[: FEWEST_DAYS_OF_TAILS - 1].min()


def test_there_is_one_turnover_and_its_name_says_which() -> None:
    named = [name for name in vars(holdings) if "turnover" in name]
    assert named == ["two_way_turnover"]
    buys, sells = 3_000.0, 3_000.0
    assert two_way_turnover([buys + sells], [10_000.0], periods_a_year=1) == pytest.approx(0.6)


def test_a_benchmark_cannot_change_a_strategys_figures() -> None:
    assert list(inspect.signature(figures.figures).parameters) == [
        "daily_returns",
        "days",
        "annual_risk_free_rate",
        "periods_a_year",
    ]
    pair = np.stack([RETURNS, RETURNS[::-1]])
    alone = differences.sharpe_differences(pair, np.random.default_rng(1), periods_a_year=YEAR, replications=10)
    third = np.stack([*pair, RETURNS * 0.5 + 0.001])
    beside = differences.sharpe_differences(third, np.random.default_rng(1), periods_a_year=YEAR, replications=10)
    assert alone.by_series[1].difference == beside.by_series[1].difference


def test_chance_has_no_default() -> None:
    assert inspect.signature(differences.sharpe_differences).parameters["generator"].default is inspect.Parameter.empty


def test_nothing_at_all_has_no_figures() -> None:
    nothing = figures_of([])
    assert (nothing.days, nothing.deepest, nothing.max_drawdown) == (0, None, 0.0)
    assert math.isnan(nothing.total_return)
    assert math.isnan(nothing.worst_day)
