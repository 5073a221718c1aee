"""A period's figures from its days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import empyrical
import numpy as np
import pytest
from scipy import stats

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.performance_documents import month_statistics
from functions.domain.track_record.curves import strategy_curves
from functions.domain.track_record.metrics import performance_metrics
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.standing import standings
from functions.services.track_record.build_windows import windows_of

FIRST = date(2026, 3, 2)
NOW = datetime(2026, 5, 4, tzinfo=UTC)


def seldom_in_the_market(mean: float, active: int = 8, days: int = 30) -> list[dict[str, Any]]:
    """Return daily documents of 20,000 USD, half of it in longs, on evenly spread days, and idle ones between."""
    drawn = np.random.default_rng(4).normal(mean, 0.01, days)
    documents = []
    for number, earned in enumerate(drawn.tolist()):
        is_active = number % (days // active) == 0 and number // (days // active) < active
        start = datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(days=number)
        usd = 20_000.0 if is_active else 10_000.0
        documents.append(
            {
                "uid": "ann",
                "strategy_id": "Trend",
                "book": "live",
                "period_start": start,
                "fills": int(is_active),
                "session": start.date().isoformat(),
                "unrealized_pnl": 0.0,
                "pnl": usd * earned * is_active,
                "capital_base": usd,
                "capital_long": usd / 2 * is_active,
                "is_active": is_active,
                "capital_source": "ledger" if is_active else "base_capital",
            }
        )
    return documents


@pytest.mark.parametrize(("market", "year"), [("XNYS", 252), ("24x7", 365)])
def test_decisions_metrics_months_and_curves_say_the_same_of_who_is_seldom_in_the_market(
    market: str, year: int
) -> None:
    policy, days = Policy(market=market), seldom_in_the_market(0.004)
    returns = np.array([day["pnl"] / day["capital_base"] for day in days])
    excess = returns - 0.04 / year * np.array([day["capital_long"] / day["capital_base"] for day in days])
    assert (excess == 0).sum() == 22, "an idle session's excess is 0"
    ratio = empyrical.sharpe_ratio(excess, risk_free=0.0, annualization=year)
    daily, skewness, kurtosis = ratio / year**0.5, stats.skew(excess), stats.kurtosis(excess, fisher=False)
    error = ((1 - skewness * daily + (kurtosis - 1) / 4 * daily**2) / (8 - 1)) ** 0.5  # eight active days, not thirty
    expected = [pytest.approx(one, rel=1e-9) for one in (ratio, stats.norm.cdf(daily / error))]

    windows = windows_of(days)[None]
    decided = standings(["Trend"], windows, {}, policy, NOW)["Trend"]
    shown = performance_metrics("Trend", windows.rows(["Trend"], 30)[0], windows.dates, policy)
    month = month_statistics(days, policy)
    assert [decided.sharpe_ratio, decided.probabilistic_sharpe_ratio] == expected
    assert [shown.sharpe_ratio, shown.probabilistic_sharpe_ratio] == expected
    assert [month["sharpe_ratio"], month["probabilistic_sharpe_ratio"]] == expected
    assert strategy_curves(days, 30, policy).sharpe[-1] == expected[0]
    assert [decided.data_points, shown.data_points, month["active_days"], month["trading_days"]] == [8, 8, 8, 30]
    volatility = pytest.approx(empyrical.annual_volatility(returns, annualization=year), rel=1e-9)
    assert shown.volatility == month["volatility"] == volatility


def test_idle_days_prove_no_loss_that_active_ones_do_not() -> None:
    policy = Policy(demotion_confidence=0.75, sharpe_threshold_reduce=-0.5, sharpe_threshold_shadow=-1.0)
    previous = {"Trend": ModeState(AgentMode.ACTIVE, NOW - timedelta(days=9), ReasonCode.SHARPE_HEALTHY)}

    def mode_after(active: int) -> tuple[AgentMode, bool]:
        windows = windows_of(seldom_in_the_market(-0.004, active))[None]
        found = standings(["Trend"], windows, previous, policy, NOW)["Trend"]
        assert found.sharpe_ratio is not None
        return found.state.mode, found.sharpe_ratio < -1.0

    assert mode_after(6) == (AgentMode.ACTIVE, True)
    assert mode_after(30) == (AgentMode.SHADOW_MODE, True)


def test_a_month_that_lost_more_than_its_capital_lost_all_of_it() -> None:
    days = [{"strategy_id": "Trend", "pnl": -25_000.0, "capital_base": 10_000.0}] * 2
    month = month_statistics(days, Policy(risk_free_rate=0.0))
    assert (month["return_fraction"], month["max_drawdown"]) == (-1.0, -1.0)
