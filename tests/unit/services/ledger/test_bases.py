"""What moves the bases that a night computes, and what a night's commit weighs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.document_size import stored_bytes
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.monitoring.capacity import capacity
from functions.domain.monitoring.notifications import Severity
from functions.domain.orchestration.cycle_documents import modes_document
from functions.domain.track_record.day_results import DayResults
from functions.domain.track_record.live_costs import LiveDays
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.windows import MAX_WINDOW_STRATEGIES, PerformanceWindows
from functions.services.ledger.ports import DayWrites, LedgerHead
from functions.services.track_record.build_windows import Windows
from tests.unit.services.ledger.desk import Desk, utc, weekdays

DAYS = weekdays("2020-03-02", 8)


def bases(policy: dict[str, Any] | None = None, mode: AgentMode | None = None) -> list[float]:
    """Return the bases of a position opened, reduced and closed, with a policy and mode since its third day."""
    desk = Desk()
    entry = {"nonce": "n1", "granted": 1_500.0, "ledger_version": 1}
    desk.fill("f1", f"{DAYS[0]} 15:00", "buy", 100, 10.0, **entry)
    desk.fill("f2", f"{DAYS[4]} 15:00", "sell", 50, 11.0)
    desk.fill("f3", f"{DAYS[6]} 15:00", "sell", 50, 11.0)
    for number, label in enumerate(DAYS):
        if number == 2:
            desk.ledger.policy = policy
            since = utc(f"{label} 14:00")
            state = None if mode is None else ModeState(mode, since, ReasonCode.SHARPE_BELOW_REDUCE)
            desk.ledger.modes = None if state is None else modes_document({"Trend": state}, since)
        desk.take(label)
    return [day["capital_base"] for day in desk.days().values()]


@pytest.mark.parametrize("mode", AgentMode)
@pytest.mark.parametrize("policy", [{"enabled": False}, {"disabled_strategies": {"Trend": None}}, None])
def test_no_change_of_mode_and_no_switch_moves_the_base_of_a_position(
    policy: dict[str, Any] | None, mode: AgentMode
) -> None:
    assert bases(policy, mode) == [1_500.0] * 5 + [750.0] * 2 + [10_000.0]


def night(users: int) -> DayWrites:
    """Return a night's windows, of as many strategies as there may be and 90 days each."""
    names = tuple(f"Strategy{number:04}" for number in range(MAX_WINDOW_STRATEGIES))
    days = tuple(date(2020, 1, 1) + timedelta(days=number) for number in range(90))
    one = PerformanceWindows(names, days, SessionReturns.plain(np.full((len(names), len(days)), 0.001)))
    by_uid = dict.fromkeys([None, *(f"user{number}" for number in range(users))], one)
    head = LedgerHead(days[-1], utc("2020-04-01 00:00"), utc("2020-04-01 00:00"), None, frozenset())
    return DayWrites(head=head, windows=Windows(by_uid, LiveDays({}), DayResults()).to_documents({}))


def test_a_night_of_many_users_and_strategies_is_alerted_before_its_commit_is_too_large() -> None:
    found = {users: list(capacity({"day_commit": night(users).size})) for users in (1, 4, 5)}
    severities = {users: [one.severity for one in of_night] for users, of_night in found.items()}
    assert severities == {1: [], 4: [Severity.WARNING], 5: [Severity.CRITICAL]}


def test_a_jobs_largest_commit_counts_the_windows_that_it_wrote() -> None:
    desk = Desk()
    desk.fill("f", f"{DAYS[0]} 15:00", "buy", 100, 10.0)
    job = desk.run("day", DAYS[0], f"{DAYS[0]} 22:30")
    written = (desk.ledger.stored_windows, desk.ledger.performance)
    assert job["commit_bytes"] >= sum(stored_bytes(one) for stored in written for one in stored.values())
