"""What mode a strategy's record earns, and what people read of why."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.performance_documents import month_statistics
from functions.domain.track_record.curves import rolling_sharpe
from functions.domain.track_record.metrics import performance_metrics
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.standing import Standing, mode_reasoning, standings
from functions.domain.track_record.windows import PerformanceWindows

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("mode", "reason", "sharpe", "days", "expected"),
    [
        ("ACTIVE", "SHARPE_HEALTHY", 1.5, 30, "Sharpe Ratio 1.50 >= 1. Full allocation."),
        ("REDUCED", "SHARPE_HEALTHY", 1.5, 30, "Sharpe Ratio 1.50 >= 1. One step up, to REDUCED; ACTIVE is next."),
        (
            "ACTIVE",
            "SHARPE_LOW_NOT_PROVEN",
            0.2,
            30,
            "Sharpe Ratio 0.20 < 1, but too few days prove it. Full allocation.",
        ),
        ("REDUCED", "SHARPE_BELOW_REDUCE", 0.7, 30, "Sharpe Ratio 0.70 < 1. Reducing allocation by 50%."),
        ("SHADOW_MODE", "SHARPE_BELOW_SHADOW", -1.0, 30, "Sharpe Ratio -1.00 < 0.5. Moving to SHADOW_MODE."),
        ("ACTIVE", "INSUFFICIENT_DATA", None, 1, "Insufficient data for Sharpe calculation (1 active day, need 5"),
        ("SHADOW_MODE", "HELD_WITHOUT_DATA", None, 2, "Only 2 active days that vary: SHADOW_MODE is kept until"),
        ("DISABLED", "SAMPLE_NOT_NAMED", None, 0, "A sample: name it in the policy's sample_strategies to let it act."),
    ],
)
def test_reasons_in_words(mode: str, reason: str, sharpe: float | None, days: int, expected: str) -> None:
    standing = Standing(ModeState(AgentMode(mode), NOW, ReasonCode(reason)), sharpe, None, days)
    assert mode_reasoning(standing, Policy()).startswith(expected)


BELOW_REDUCE, BELOW_SHADOW = "Sharpe Ratio 0.70 < 1.", "Sharpe Ratio -1.00 < 0.5."
WHOLE = "An exit stays whole."


@pytest.mark.parametrize(
    ("before", "mode", "reason", "sharpe", "is_exit", "expected"),
    [
        (None, "SHADOW_MODE", "SHARPE_BELOW_SHADOW", -1.0, False, f"{BELOW_SHADOW} Moving to SHADOW_MODE."),
        ("REDUCED", "SHADOW_MODE", "SHARPE_BELOW_SHADOW", -1.0, False, f"{BELOW_SHADOW} Moving to SHADOW_MODE."),
        ("DISABLED", "SHADOW_MODE", "SHARPE_BELOW_SHADOW", -1.0, False, f"{BELOW_SHADOW} Moving to SHADOW_MODE."),
        ("SHADOW_MODE", "SHADOW_MODE", "SHARPE_BELOW_SHADOW", -1.0, False, f"{BELOW_SHADOW} Staying in SHADOW_MODE."),
        (
            *("SHADOW_MODE", "SHADOW_MODE", "SHARPE_BELOW_SHADOW", -1.0, True),
            f"{BELOW_SHADOW} Staying in SHADOW_MODE. {WHOLE}",
        ),
        ("ACTIVE", "REDUCED", "SHARPE_BELOW_REDUCE", 0.7, False, f"{BELOW_REDUCE} Reducing allocation by 50%."),
        ("ACTIVE", "REDUCED", "SHARPE_BELOW_REDUCE", 0.7, True, f"{BELOW_REDUCE} Moving to REDUCED. {WHOLE}"),
        (
            *("REDUCED", "REDUCED", "SHARPE_BELOW_REDUCE", 0.7, False),
            f"{BELOW_REDUCE} Staying in REDUCED: 50% of the allocation.",
        ),
        ("REDUCED", "REDUCED", "SHARPE_BELOW_REDUCE", 0.7, True, f"{BELOW_REDUCE} Staying in REDUCED. {WHOLE}"),
        (
            *("SHADOW_MODE", "REDUCED", "SHARPE_BELOW_REDUCE", 0.7, False),
            "Sharpe Ratio 0.70 >= 0.5. One step up, to REDUCED: 50% of the allocation.",
        ),
        (
            *("SHADOW_MODE", "REDUCED", "SHARPE_HEALTHY", 1.5, False),
            "Sharpe Ratio 1.50 >= 1. One step up, to REDUCED; ACTIVE is next.",
        ),
        (
            *("REDUCED", "REDUCED", "SHARPE_HEALTHY", 1.5, False),
            "Sharpe Ratio 1.50 >= 1. Staying in REDUCED; ACTIVE is next.",
        ),
        ("ACTIVE", "ACTIVE", "SHARPE_HEALTHY", 1.5, True, "Sharpe Ratio 1.50 >= 1. Full allocation."),
        ("DISABLED", "DISABLED", "DISABLED_BY_POLICY", 1.5, True, f"Disabled by an operator. {WHOLE}"),
    ],
)
def test_a_move_is_said_in_the_cycle_in_which_it_moves(
    before: str | None, mode: str, reason: str, sharpe: float, is_exit: bool, expected: str
) -> None:
    standing = Standing(ModeState(AgentMode(mode), NOW, ReasonCode(reason)), sharpe, None, 30)
    previous = None if before is None else AgentMode(before)
    assert mode_reasoning(standing, Policy(), previous, is_whole_exit=is_exit) == expected


def month_of_returns(mean: float, deviation: float) -> NDArray[np.float64]:
    """Return 30 days of exactly that mean and sample deviation."""
    raw = np.array([1.0, -1.0] * 15)
    return np.asarray(mean + raw / raw.std(ddof=1) * deviation)


@pytest.mark.parametrize(
    ("market", "sharpe", "mode"), [("XNYS", 0.9535, "REDUCED"), ("XHKG", 0.9535, "REDUCED"), ("24x7", 1.1945, "ACTIVE")]
)
def test_a_market_that_never_closes_has_365_periods_a_year_and_an_exchange_252(
    market: str, sharpe: float, mode: str
) -> None:
    policy, returns = Policy(market=market), month_of_returns(0.00136, 0.02)
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(30)]
    windows = PerformanceWindows.from_daily_returns(
        [("Trend", day, float(one)) for day, one in zip(days, returns, strict=True)]
    )
    standing = standings(["Trend"], windows, {}, policy, NOW)["Trend"]
    assert standing.sharpe_ratio == pytest.approx(sharpe, abs=5e-5)
    assert str(standing.state.mode) == mode
    metrics = performance_metrics("Trend", SessionReturns.plain(returns), days, policy)
    assert metrics.sharpe_ratio == pytest.approx(standing.sharpe_ratio)
    assert metrics.probabilistic_sharpe_ratio == pytest.approx(standing.probabilistic_sharpe_ratio)
    year = policy.periods_a_year
    assert metrics.volatility == pytest.approx(0.02 * year**0.5)
    assert metrics.annualized_return == pytest.approx(float(np.prod(1 + returns)) ** (year / 30) - 1)
    assert rolling_sharpe(SessionReturns.plain(returns), policy)[-1] == pytest.approx(standing.sharpe_ratio)
    assert month_statistics([{"pnl": float(one), "capital_base": 1.0} for one in returns], policy)[
        "sharpe_ratio"
    ] == pytest.approx(standing.sharpe_ratio)


def test_a_demotion_is_proved_by_the_markets_own_year() -> None:
    returns = month_of_returns(0.00136, 0.02)
    days = [("Trend", date(2026, 1, 1) + timedelta(days=n), float(one)) for n, one in enumerate(returns)]
    windows = PerformanceWindows.from_daily_returns(days)
    active = {"Trend": ModeState(AgentMode.ACTIVE, NOW - timedelta(days=9), ReasonCode.SHARPE_HEALTHY)}
    modes = {
        market: standings(["Trend"], windows, active, Policy(market=market, demotion_confidence=0.505), NOW)["Trend"]
        for market in ("XNYS", "24x7")
    }
    assert {market: str(one.state.mode) for market, one in modes.items()} == {"XNYS": "REDUCED", "24x7": "ACTIVE"}
