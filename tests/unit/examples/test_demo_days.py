"""How the demo tells a day: in plain words, for the right reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from examples.demo_days import Day, Pace, day_line, happenings
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.track_record.breakers import BreakerState
from functions.domain.track_record.equity_flows import Equity

SEEN_AT = datetime(2020, 2, 28, tzinfo=UTC)
HIGH = Equity(100_000.0, SEEN_AT)
QUIET = BreakerState(observations=(HIGH,), highs=(HIGH,))
TRIPPED = BreakerState(
    observations=(Equity(91_000.0, SEEN_AT), Equity(89_000.0, SEEN_AT)),
    highs=(HIGH,),
    tripped_until=datetime(2020, 3, 4, tzinfo=UTC),
    reason_code=ReasonCode.ACCOUNT_DRAWDOWN,
)
LOST = BreakerState(
    observations=(Equity(95_000.0, SEEN_AT),),
    opening=HIGH,
    tripped_until=datetime(2020, 2, 29, tzinfo=UTC),
    reason_code=ReasonCode.DAILY_LOSS,
)


def verdict(name: str, mode: str = "ACTIVE", previous: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "strategy_name": name,
        "mode": mode,
        "previous_mode": previous or mode,
        "sharpe_ratio": 1.5,
        "reason_code": "SHARPE_HEALTHY",
        **fields,
    }


def a_day(
    *verdicts: Mapping[str, Any],
    actions: Mapping[str, tuple[str, str]] | None = None,
    breaker: BreakerState = QUIET,
    is_risky: bool = False,
    date: str = "2020-02-28",
) -> Day:
    acts = {v["strategy_name"]: ("HOLD", "") for v in verdicts} | dict(actions or {})
    signals = {name: {"action": action, "ticker": ticker} for name, (action, ticker) in acts.items()}
    decision = {
        "slot": f"{date}T20:55:00Z",
        "allocation_decisions": list(verdicts),
        "signals": signals,
        "systemic_risk_detected": is_risky,
    }
    return Day(decision, breaker, 98_765.4)


def test_a_quiet_day_is_one_line() -> None:
    day = a_day(verdict("A"), verdict("B", "SHADOW_MODE"), verdict("C"))
    assert day_line(day) == "2020-02-28   98,765 USD  2 ACTIVE, 1 SHADOW_MODE"
    assert happenings(day, a_day(verdict("A"))) == []
    assert happenings(day, None) == []


def test_a_move_is_told_with_its_sharpe_ratio_and_without_one_with_its_reason() -> None:
    day = a_day(
        verdict("Up", "REDUCED", "SHADOW_MODE", sharpe_ratio=0.72),
        verdict("Off", "DISABLED", "ACTIVE", sharpe_ratio=None, reason_code="DISABLED_BY_POLICY"),
        {**verdict("New"), "previous_mode": None},
    )
    assert happenings(day, None) == [
        "Up SHADOW_MODE -> REDUCED (Sharpe 0.72)",
        "Off ACTIVE -> DISABLED (DISABLED_BY_POLICY)",
    ]


def test_systemic_risk_names_sellers_and_the_buys_it_stops_real_ones_first() -> None:
    sellers = {"A": ("SELL", "KO"), "B": ("SELL", "PG"), "C": ("SELL", "GE"), "Off": ("SELL", "GE")}
    day = a_day(
        verdict("A"),
        verdict("B"),
        verdict("C", "SHADOW_MODE"),
        verdict("Paper", "SHADOW_MODE", reason_code="SYSTEMIC_RISK"),
        verdict("Real", "REDUCED", reason_codes=["SHARPE_BELOW_REDUCE", "SYSTEMIC_RISK"]),
        verdict("Off", "DISABLED"),
        actions={**sellers, "Paper": ("HOLD", "XOM"), "Real": ("HOLD", "CVX")},
        is_risky=True,
    )
    told = "systemic risk: 3 want to sell (A, B, C); stops 1 BUY (Real CVX) and 1 paper BUY (Paper XOM)"
    assert happenings(day, None) == [told]


def test_systemic_risk_that_stops_nothing_says_so() -> None:
    day = a_day(verdict("A"), actions={"A": ("SELL", "KO")}, is_risky=True)
    assert happenings(day, None) == ["systemic risk: 1 want to sell (A); no BUY to stop"]


@pytest.mark.parametrize(
    ("breaker", "told"),
    [
        (TRIPPED, "breaker trips: equity -11.0% from its peak; no BUY until 2020-03-04"),
        (LOST, "breaker trips: equity -5.0% from the day's start; no BUY until 2020-02-29"),
    ],
)
def test_a_breaker_tells_when_it_trips_why_and_until_when(breaker: BreakerState, told: str) -> None:
    assert happenings(a_day(breaker=breaker), a_day()) == [told]
    assert happenings(a_day(breaker=breaker), None) == [told], "on the first day, too"
    assert happenings(a_day(breaker=breaker), a_day(breaker=breaker)) == [], "once"


def test_a_breaker_tells_what_it_stops_and_when_it_releases() -> None:
    tripped = a_day(
        verdict("Real", reason_code="ACCOUNT_DRAWDOWN"),
        verdict("Real2", reason_code="ACCOUNT_DRAWDOWN"),
        actions={"Real": ("HOLD", "KO"), "Real2": ("HOLD", "PG")},
        breaker=TRIPPED,
    )
    assert happenings(tripped, tripped) == ["breaker stops 2 BUYs (Real KO, Real2 PG)"]
    assert happenings(a_day(), tripped) == ["breaker releases: BUYs pass again"]


def test_in_a_terminal_every_day_is_told() -> None:
    pace = Pace(1)
    assert [pace.is_due(has_news=False) for _ in range(3)] == [True, True, True]


def test_in_a_file_every_third_quiet_day_is_told_and_the_others_at_once() -> None:
    pace = Pace(3)
    news = [False, False, True, False, False, False, False, True, True]
    assert [pace.is_due(has_news=one) for one in news] == [True, False, True, False, False, True, False, True, True]
