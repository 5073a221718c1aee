"""What a policy would have changed, over records that real cycles left."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

import pytest

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import InputError, PolicyProblemsError
from functions.domain.lab.recorded_session import Issued, read_session
from functions.domain.lab.what_if import WhatIf
from functions.domain.orchestration.decision import logged_verdicts
from functions.services.lab import what_if as service
from functions.services.lab.what_if import SESSIONS, Preview, PreviewPolicy
from tests.fakes import FakeClock
from tests.unit.services.lab.recorded_world import CALENDARS, RecordOf, World, sessions, windows_before

BASE: Mapping[str, Any] = {"MIN_DATA_POINTS": 8, "demotion_confidence": 0.6}
LAST = len(sessions())
FIRST = LAST - SESSIONS
"""The first session that is looked at."""
YOUNG = 40
"""Sessions of a tenant that began recently."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Hundreds of cycles log what is no news here."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@cache
def recorded(sessions_run: int = SESSIONS + 10, *, is_book_open: bool = False, has_unmet_sells: bool = False) -> World:
    world = World(is_book_open, has_unmet_sells)
    world.set_policy(BASE)
    world.run(range(LAST - sessions_run, LAST))
    return world


def preview(record: RecordOf, overrides: Mapping[str, Any]) -> Preview:
    return PreviewPolicy(record, FakeClock(record.newest), CALENDARS).run("acme", overrides, {})


@pytest.mark.parametrize(
    "world", [{}, {"is_book_open": True}, {"is_book_open": True, "has_unmet_sells": True}], ids=str
)
def test_the_policy_that_holds_changes_nothing_and_every_session_is_decided_again_as_it_was(
    world: dict[str, bool],
) -> None:
    found = preview(RecordOf(recorded(**world)), BASE).found
    assert len(found.sessions) == SESSIONS
    assert found.changes == ()
    assert found.before == found.after
    assert (found.entries_stopped, found.entries_let_through) == (0, 0)
    assert found.not_reproduced == ()
    assert found.reproduced == SESSIONS
    assert found.before.mode_changes > 20, "the record is no idle one"
    assert found.before.systemic_sessions > 5
    assert found.returns.too_few_to_tell == ("no day differs",)


@pytest.mark.parametrize(
    "changed",
    [
        {"SHARPE_THRESHOLD_REDUCE": 2.5, "SHARPE_THRESHOLD_SHADOW": 1.5, "min_dwell_days": 3},
        {"SHARPE_THRESHOLD_REDUCE": -1.0, "SHARPE_THRESHOLD_SHADOW": -2.0, "SYSTEMIC_SELL_THRESHOLD": 2},
        {"PERFORMANCE_LOOKBACK_DAYS": 90, "demotion_confidence": None},
        {"MIN_DATA_POINTS": 25, "insufficient_data_mode": "SHADOW_MODE", "RISK_FREE_RATE": 0.3},
        {"max_gross_allocation": 0.2, "promotion_margin": 1.0, "SYSTEMIC_SELL_THRESHOLD": 9},
        {"disabled_strategies": {"S1": None, "S2": "2020-06-01T00:00:00Z"}},
        {"enabled": False},
    ],
    ids=str,
)
def test_what_is_foretold_is_what_happens_when_the_policy_holds(changed: dict[str, Any]) -> None:
    candidate = {**BASE, **changed}
    foretold = preview(RecordOf(recorded(YOUNG)), candidate).found
    happened = World()
    happened.set_policy(candidate)
    happened.run(range(LAST - YOUNG, LAST))
    assert len(foretold.sessions) == YOUNG
    check_foretold(foretold, recorded(YOUNG), happened)


def test_a_policy_that_changes_months_ago_is_foretold_from_the_modes_of_then() -> None:
    candidate = {**BASE, "SHARPE_THRESHOLD_REDUCE": 2.5, "SHARPE_THRESHOLD_SHADOW": 1.5}
    happened = World()
    happened.set_policy(BASE)
    happened.run(range(FIRST - 10, FIRST))
    happened.set_policy(candidate)
    happened.run(range(FIRST, LAST))
    check_foretold(preview(RecordOf(recorded()), candidate).found, recorded(), happened)


def check_foretold(foretold: WhatIf, was: World, happened: World) -> None:
    """Check that every session went as foretold: as it was, but for the changes."""
    assert foretold.changes
    changes = {(one.day, one.strategy_name): told_of(one.after) for one in foretold.changes}
    before, after = decisions(was, foretold), decisions(happened, foretold)
    assert {key: changes.get(key, one) for key, one in before.items()} == after


def decisions(world: World, found: WhatIf) -> dict[tuple[date, str], Any]:
    logs = RecordOf(world).of_sessions(found.sessions)
    return {(day, one["strategy_name"]): told(log, one) for day, log in logs.items() for one in logged_verdicts(log)}


def told(log: Mapping[str, Any], verdict: Mapping[str, Any]) -> tuple[str, str, float, list[str]]:
    codes = verdict.get("reason_codes") or [verdict["reason_code"]]
    action = log["signals"][verdict["strategy_name"]]["action"]
    return verdict["mode"], action, round(verdict["final_allocation"], 12), codes[1:]


def told_of(issued: Issued) -> tuple[str, str, float, list[str]]:
    return str(issued.mode), str(issued.action), round(issued.allocation, 12), [str(code) for code in issued.said]


def test_totals_are_the_changes_added_up() -> None:
    found = preview(RecordOf(recorded()), {**BASE, "disabled_strategies": ["S1"]}).found
    assert {one.strategy_name for one in found.changes if one.after.mode == "DISABLED"} == {"S1"}
    disabled = next(one for one in found.strategies if one.strategy_name == "S1")
    assert disabled.after[AgentMode.DISABLED] == SESSIONS
    assert disabled.last_after == "DISABLED"
    assert found.entries_stopped >= disabled.entries_stopped > 0
    assert found.after.entries == found.before.entries - found.entries_stopped + found.entries_let_through


def test_sessions_that_another_policy_decided_are_reproduced_by_that_policy() -> None:
    world = World()
    world.set_policy({**BASE, "SHARPE_THRESHOLD_REDUCE": 2.0, "SYSTEMIC_SELL_THRESHOLD": 2})
    world.run(range(LAST - YOUNG, LAST - 20))
    world.set_policy(BASE)
    world.run(range(LAST - 20, LAST))
    record = RecordOf(world)
    assert preview(record, BASE).found.reproduced == YOUNG
    assert record.reads["policies"] == 1
    world.store.delete("tenants/acme/config/maestro/history/1")
    assert preview(record, BASE).found.reproduced < YOUNG, "nobody knows what held then"


def test_reads_are_bounded_and_nothing_is_written() -> None:
    world = recorded()
    commits, versions = world.store.commits, dict(world.store.versions)
    record = RecordOf(world)
    preview(record, {**BASE, "PERFORMANCE_LOOKBACK_DAYS": 60})
    assert record.reads["decisions"] == 1 + 1 + SESSIONS
    assert 60 * 8 <= record.reads["days"] <= 61 * 10, "those of the sessions looked back on before the windows' first"
    assert (world.store.commits, world.store.versions) == (commits, versions)


def test_sessions_whose_returns_are_too_many_to_read_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_DAILY_DOCUMENTS", 100)
    found = preview(RecordOf(recorded()), BASE).found
    assert SESSIONS - 30 <= len(found.sessions) < SESSIONS
    assert found.reproduced == len(found.sessions)


def test_more_strategies_have_fewer_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_VERDICTS", 200)
    found = preview(RecordOf(recorded()), BASE).found
    assert found.sessions == sessions()[-20:]
    assert found.reproduced == 20


def test_a_damaged_decision_is_left_out_and_counted() -> None:
    record = RecordOf(recorded(YOUNG))
    logs = record.of_sessions(sessions()[-3:])
    logs[sessions()[-2]]["allocation_decisions"][0]["reason_code"] = "NOBODY_KNOWS"
    found = preview(record, BASE)
    assert found.unreadable == 1
    assert sessions()[-2] not in found.found.sessions


def test_a_newest_decision_that_is_damaged_is_left_out_as_any_other() -> None:
    record = RecordOf(recorded(YOUNG))
    record.of_sessions(sessions()[-1:])[sessions()[-1]]["allocation_decisions"] = "lost"
    found = preview(record, BASE)
    assert found.unreadable == 1
    assert len(found.found.sessions) == found.found.reproduced == YOUNG - 1


def test_whatever_is_damaged_in_a_decision_it_is_read_or_left_out() -> None:
    record, day = RecordOf(recorded(YOUNG)), sessions()[-2]
    log = record.of_sessions([day])[day]
    refused = 0
    names = ("timestamp", "policy_version", "allocation_decisions", "signals", "strategy_errors", "input_issues")
    damages: tuple[Any, ...] = ("lost", 7, [1], {"S1": 1}, [{}], {"S1": {}}, None)
    for name, damage in itertools.product(names, damages):
        try:
            read_session({**log, name: damage}, day, log["timestamp"], frozenset())
        except InputError:
            refused += 1
    assert refused > 25


def test_returns_before_the_windows_are_read_for_a_tenant_whose_cycles_stopped_while_its_nights_went_on() -> None:
    world = World()
    world.set_policy(BASE)
    world.run(range(LAST - 110, LAST - 85))
    world.store.put("tenants/acme/state/windows", windows_before(LAST).to_document())
    found = preview(RecordOf(world), BASE).found
    assert (len(found.sessions), found.reproduced) == (25, 25)


def test_a_sample_that_the_policy_does_not_name_any_more_is_stopped() -> None:
    world = World()
    world.set_policy({**BASE, "sample_strategies": ["S1"]})
    world.run(range(LAST - YOUNG, LAST))
    found = preview(RecordOf(world), BASE).found
    assert found.reproduced == YOUNG
    assert {one.strategy_name: one.last_after for one in found.strategies if one.last_after == "DISABLED"} == {
        "S1": "DISABLED"
    }


def test_a_tenant_without_decisions_has_no_sessions() -> None:
    world = World()
    record = RecordOf(world)
    found = preview(record, BASE).found
    assert (found.sessions, found.changes, found.reproduced, found.strategies) == ((), (), 0, ())
    assert found.returns.days == 0


def test_a_policy_that_cannot_be_saved_cannot_be_tried() -> None:
    with pytest.raises(PolicyProblemsError, match="SHARPE_THRESHOLD_REDUCE"):
        preview(RecordOf(recorded(YOUNG)), {"SHARPE_THRESHOLD_REDUCE": 11})
    with pytest.raises(PolicyProblemsError, match="PUT trading-state"):
        preview(RecordOf(recorded(YOUNG)), {"trading_state": "HALT"})


def test_what_the_record_does_not_tell_is_named() -> None:
    found = preview(RecordOf(recorded(YOUNG)), {**BASE, "max_drawdown": 0.1, "report_hour": 9, "RISK_FREE_RATE": 0.0})
    assert found.found.not_told == ("max_drawdown",)
