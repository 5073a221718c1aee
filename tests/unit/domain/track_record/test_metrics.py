"""One strategy's performance, as the façade hands it out."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from functions.domain.kernel.policy import Policy
from functions.domain.track_record.metrics import StrategyPerformanceMetrics, performance_metrics
from functions.domain.track_record.session_returns import SessionReturns

DAYS = [date(2020, 3, 2) + timedelta(days=n) for n in range(6)]


def test_returns_and_their_last_day_leave_missing_days_out() -> None:
    returns = np.array([0.01, math.nan, -0.02, 0.03, 0.01, math.nan])
    metrics = performance_metrics("Trend", SessionReturns.plain(returns), DAYS, Policy(min_data_points=4))
    assert metrics.daily_returns == (0.01, -0.02, 0.03, 0.01)
    assert metrics.last_updated == datetime(2020, 3, 6, tzinfo=UTC)
    assert metrics.data_points == 4
    total = 1.01 * 0.98 * 1.03 * 1.01
    assert metrics.total_return == pytest.approx(total - 1)
    assert metrics.annualized_return == pytest.approx(total ** (252 / 4) - 1)


def test_too_few_returns_are_there_but_say_nothing() -> None:
    metrics = performance_metrics("Trend", SessionReturns.plain([0.01, 0.02]), DAYS[:2], Policy())
    assert (metrics.daily_returns, metrics.annualized_return, metrics.sharpe_ratio) == ((0.01, 0.02), None, None)
    assert not metrics.is_healthy()


def test_a_strategy_without_any_return() -> None:
    metrics = performance_metrics("Trend", SessionReturns.plain([math.nan] * 6), DAYS, Policy())
    assert (metrics.daily_returns, metrics.last_updated, metrics.data_points) == ((), None, 0)


def test_users_make_their_own_by_name() -> None:
    now = datetime(2020, 3, 2, tzinfo=UTC)
    metrics = StrategyPerformanceMetrics(
        strategy_name="Own", sharpe_ratio=1.2, annualized_return=0.2, daily_returns=[0.01], last_updated=now
    )
    assert metrics.is_healthy()
    assert (metrics.volatility, metrics.healthy_sharpe) == (None, 1.0)
