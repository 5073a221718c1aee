"""What a ratio says of a strategy of known skill, in the market on every day or on one in ten, whole or halved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.standing import standings
from functions.domain.track_record.statistics import probabilistic_sharpe_ratio, sharpe_ratio
from functions.domain.track_record.windows import PerformanceWindows

NOW = datetime(2026, 1, 5, tzinfo=UTC)
RATE, YEAR = 0.04, 252
HISTORIES, DAYS, DEVIATION = 4_000, 252, 0.01


def ratio_when_active(share_active: float, annual_ratio: float) -> float:
    """Return the ratio over active days alone that gives the ratio over all days, most of which may be 0."""
    daily = annual_ratio / np.sqrt(YEAR)
    return float(annual_ratio / np.sqrt(share_active - daily**2 * (1 - share_active)))


def simulated(share_active: float, annual_ratio: float, seed: int) -> SessionReturns:
    """Return histories whose excess returns over all days have exactly that ratio in expectation."""
    rng = np.random.default_rng(seed)
    is_active = rng.uniform(size=(HISTORIES, DAYS)) < share_active
    mean = ratio_when_active(share_active, annual_ratio) / np.sqrt(YEAR) * DEVIATION
    long_fraction = np.where(is_active, rng.uniform(0.2, 1.0, is_active.shape), 0.0)
    excess = np.where(is_active, rng.normal(mean, DEVIATION, is_active.shape), 0.0)
    return SessionReturns(excess + RATE / YEAR * long_fraction, long_fraction, is_active)


@pytest.mark.parametrize("annual_ratio", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("share_active", [0.1, 0.25, 0.5, 1.0])
def test_estimates_are_unbiased_however_seldom_a_strategy_is_in_the_market(
    share_active: float, annual_ratio: float
) -> None:
    sessions = simulated(share_active, annual_ratio, seed=5)
    estimates = sharpe_ratio(sessions.excess(RATE, YEAR), periods_a_year=YEAR)
    error = estimates.std(ddof=1) / np.sqrt(HISTORIES)
    # Four standard errors of 4,000 histories, about 0.063, and the small-sample bias 3 / (4 n) of the ratio itself.
    assert abs(estimates.mean() - annual_ratio) < 4 * error + 0.01 * annual_ratio
    assert 4 * error < 0.07
    if share_active < 1:
        left_out = np.where(sessions.is_active, sessions.excess(RATE, YEAR), np.nan)
        inflated = sharpe_ratio(left_out, periods_a_year=YEAR).mean()
        expected = ratio_when_active(share_active, annual_ratio)
        assert inflated == pytest.approx(expected, rel=0.06, abs=0.25), "√10 as high without idle days, at one in ten"


@pytest.mark.parametrize("share_active", [0.1, 0.5, 1.0])
def test_a_probability_is_right_at_least_as_often_as_it_says(share_active: float) -> None:
    sessions = simulated(share_active, 0.0, seed=6)
    excess, counts = sessions.excess(RATE, YEAR), sessions.active_sessions
    sure = probabilistic_sharpe_ratio(excess, periods_a_year=YEAR, observations=counts) > 0.95
    assert sure.mean() < 0.05 + 4 * np.sqrt(0.05 * 0.95 / HISTORIES), "a true ratio of 0 seldom looks proven"
    everything = probabilistic_sharpe_ratio(excess, periods_a_year=YEAR) > 0.95
    assert sure.mean() <= everything.mean(), "idle days prove nothing"


@pytest.mark.parametrize("active", [4, 5])
def test_evidence_takes_active_days_and_idle_ones_are_none(active: int) -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(30)]
    returns = [0.002 * (n + 1) if n < active else 0.0 for n in range(30)]
    windows = PerformanceWindows.from_daily_returns([("Trend", d, r) for d, r in zip(days, returns, strict=True)])
    found = standings(["Trend"], windows, {}, Policy(), NOW)["Trend"]
    assert found.data_points == active
    assert (found.sharpe_ratio is None) == (active < 5)
    assert (found.state.reason_code is ReasonCode.INSUFFICIENT_DATA) == (active < 5)


def test_e1_a_month_with_one_day_of_a_small_gain_is_no_evidence() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(30)]
    windows = PerformanceWindows.from_daily_returns([("Trend", day, 0.0004 * (n == 29)) for n, day in enumerate(days)])
    found = standings(["Trend"], windows, {}, Policy(), NOW)["Trend"]
    assert (found.sharpe_ratio, found.state.reason_code) == (None, ReasonCode.INSUFFICIENT_DATA)
    idle = windows.sessions.excess(0.04, 252)[0, :29]
    assert (idle == 0.0).all(), "an idle session's excess is 0"
