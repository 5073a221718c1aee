"""An alert of several problems: each that comes is told while others hold, each that ends is shown as over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.reasons import ReasonCode
from functions.domain.monitoring.alert_members import member_names
from functions.domain.monitoring.alerts import AlertKind, Finding, acknowledged, alert_id, reconcile
from functions.domain.monitoring.notifications import Severity
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.breakers import BreakerState
from functions.services.monitoring.check_alerts import notification_of
from tests.fakes import MARCH_16
from tests.unit.domain.monitoring.test_alerts import HOUR, Alerts, compared, decision, found, state, step, verdict

STALE = {"reason_code": "STALE_ACCOUNT", "detail": "account is 1000 s old", "subject": None}
OLDER = STALE | {"detail": "account is 1300 s old"}
POLICY = {"reason_code": "MALFORMED_POLICY", "detail": "max_gross must be a known field", "subject": "max_gross"}
OTHER_POLICY = POLICY | {"detail": "report_hour must be 0 to 23, was 99", "subject": "report_hour"}
BOOK = PositionBook(opened_at=MARCH_16).with_fill("Trend", "KO", 10.0, 50.0)


def inputs(*issues: dict[str, Any]) -> list[Finding]:
    return found(decision(input_issues=list(issues)))


def strategy_error(text: str) -> list[Finding]:
    return found(decision(strategy_errors={"Trend": text}))


def load_error(text: str) -> list[Finding]:
    return found(decision(load_errors={"trend": text}))


def tripped(reason: ReasonCode, hours: int = 24) -> list[Finding]:
    return found(breaker=BreakerState(tripped_until=MARCH_16 + hours * HOUR, reason_code=reason))


def failed(error: str, label: str = "2020-03-16") -> list[Finding]:
    return found(jobs=[{"job_id": f"day-{label}", "status": "FAILED", "error": error}])


def differs(*names: str) -> list[Finding]:
    rows = [{"strategy_id": name, "symbol": "KO", "book_qty": 1.0, "ledger_qty": 2.0} for name in names]
    return found(jobs=[compared("DIFFERS") | {"book_differs": len(rows), "book_differences": rows}])


def left(book: PositionBook) -> list[Finding]:
    all_found = found(decision(verdict(mode="SHADOW_MODE", before="SHADOW_MODE")), book=book)
    return [one for one in all_found if one.kind is AlertKind.POSITIONS_LEFT]


LUMPS: dict[str, tuple[list[Finding], list[Finding], list[Finding], list[Finding]]] = {
    "inputs of another code": (inputs(STALE), inputs(OLDER), inputs(OLDER, POLICY), inputs(POLICY)),
    "inputs of another field": (inputs(POLICY), inputs(POLICY), inputs(POLICY, OTHER_POLICY), inputs(OTHER_POLICY)),
    "a strategy's errors": (
        strategy_error("ValueError: 1"),
        strategy_error("ValueError: 2"),
        strategy_error("no answer within 5 s"),
        strategy_error("no answer within 6 s"),
    ),
    "a file's errors": (
        load_error("SyntaxError: line 1"),
        load_error("SyntaxError: line 9"),
        load_error("ImportError: no numpy"),
        load_error("ImportError: no numpy"),
    ),
    "the breakers": (
        tripped(ReasonCode.DAILY_LOSS),
        tripped(ReasonCode.DAILY_LOSS, 25),
        tripped(ReasonCode.ACCOUNT_DRAWDOWN),
        tripped(ReasonCode.ACCOUNT_DRAWDOWN),
    ),
    "jobs": (
        failed("StoreUnavailable: deadline"),
        failed("StoreUnavailable: deadline", "2020-03-17"),
        failed("PackedStateError: strategies must be at most 1000", "2020-03-18"),
        failed("PackedStateError: strategies must be at most 1000", "2020-03-19"),
    ),
    "the position book": (differs("A"), differs("A"), differs("B"), differs("B")),
    "positions left": (
        left(BOOK),
        left(BOOK.with_fill("Trend", "KO", 1.0, 50.0)),
        left(BOOK.with_fill("Trend", "PEP", 1.0, 50.0)),
        left(PositionBook(opened_at=MARCH_16).with_fill("Trend", "PEP", 1.0, 50.0)),
    ),
}


@pytest.mark.parametrize(("one", "same", "both", "other"), LUMPS.values(), ids=LUMPS.keys())
def test_a_second_problem_is_told_when_it_comes_and_the_first_when_it_is_over_is_shown(
    one: list[Finding], same: list[Finding], both: list[Finding], other: list[Finding]
) -> None:
    alerts, told = step({}, one)
    assert len(told) == 1
    (key,) = alerts
    alerts, told = step(alerts, same, 5)
    assert told == [], "the same problem in other words"
    alerts, told = step(alerts, both, 10)
    assert told == [both[0].title]
    assert set(both[0].members) - set(one[0].members), "somebody may tell which is new"
    alerts, told = step(alerts, other, 15)
    assert (told, alerts[key]["state"]) == ([], "OPEN")
    (gone,) = set(one[0].members) - set(other[0].members)
    assert gone in alerts[key]["detail"].partition("over: ")[2]
    assert alerts[key]["opened_at"] == MARCH_16


def test_the_first_problem_stays_in_title_and_detail_when_another_comes() -> None:
    alerts, _ = step({}, inputs(STALE))
    alerts, told = step(alerts, inputs(OLDER, POLICY), 5)
    assert told == ["⏳ BUYs are held: MALFORMED_POLICY, STALE_ACCOUNT"]
    assert alerts[alert_id("inputs")]["detail"] == (
        "new: MALFORMED_POLICY max_gross; account is 1300 s old; max_gross must be a known field"
    )


def test_two_known_problems_that_take_turns_are_told_once_each() -> None:
    alerts: Alerts = {}
    heard = []
    for turn in range(200):
        alerts, told = step(alerts, inputs(STALE if turn % 2 else POLICY), 5 * turn)
        heard += told
    assert heard == ["⏳ BUYs are held: MALFORMED_POLICY", "⏳ BUYs are held: STALE_ACCOUNT"]


def test_a_problem_that_comes_back_long_after_it_was_over_is_told_again() -> None:
    alerts, _ = step({}, inputs(STALE, POLICY))
    alerts, told = step(alerts, inputs(STALE), 5)
    assert told == []
    _, soon = step(alerts, inputs(STALE, POLICY), 64)
    _, late = step(alerts, inputs(STALE, POLICY), 65)
    assert (len(soon), len(late)) == (0, 1)


@pytest.mark.parametrize(("issues", "is_told"), [([STALE], False), ([POLICY], True), ([STALE, POLICY], True)])
def test_an_alert_that_opens_again_soon_tells_only_what_is_new(issues: list[dict[str, Any]], is_told: bool) -> None:
    alerts, _ = step({}, inputs(STALE))
    alerts, _ = step(alerts, [], 5)
    assert state(alerts, "inputs") == "RESOLVED"
    alerts, told = step(alerts, inputs(*issues), 10)
    assert (bool(told), state(alerts, "inputs")) == (is_told, "OPEN")


def test_whoever_looks_after_an_alert_keeps_it_until_something_new_comes() -> None:
    alerts, _ = step({}, inputs(STALE, POLICY))
    key = alert_id("inputs")
    alerts = {key: acknowledged(alerts[key], "ann", MARCH_16)}
    alerts, _ = step(alerts, inputs(STALE), 5)
    assert (alerts[key]["state"], alerts[key]["acknowledged_by"]) == ("ACKNOWLEDGED", "ann")
    alerts, told = step(alerts, inputs(STALE, OTHER_POLICY), 10)
    assert (alerts[key]["state"], alerts[key]["acknowledged_by"], len(told)) == ("OPEN", None, 1)


def test_an_open_alert_of_before_there_were_members_is_told_nobody_again() -> None:
    alerts, _ = step({}, inputs(STALE))
    (key,) = alerts
    old = {key: {name: value for name, value in alerts[key].items() if name != "members"}}
    alerts, told = step(old, inputs(STALE), 5)
    assert (told, [one["name"] for one in alerts[key]["members"]]) == ([], ["STALE_ACCOUNT"])
    assert len(step(alerts, inputs(STALE, POLICY), 10)[1]) == 1


def test_what_was_told_but_not_stored_keeps_no_other_problem_from_being_told() -> None:
    def notification(*issues: dict[str, Any]) -> str:
        (change,) = reconcile({}, inputs(*issues), MARCH_16, HOUR)
        return notification_of("acme", change, MARCH_16).notification_id

    assert notification(STALE) == notification(OLDER)
    assert notification(STALE) != notification(STALE, POLICY)


def test_the_switch_is_told_whenever_somebody_turns_it() -> None:
    def switch(title: str) -> Finding:
        return Finding("trading-state", AlertKind.TRADING_STATE, Severity.CRITICAL, title, "", variant=title)

    alerts, _ = step({}, [switch("HALT")])
    for minutes, title in ((5, "REDUCE_ONLY"), (10, "HALT"), (15, "HALT until 17:00")):
        alerts, told = step(alerts, [switch(title)], minutes)
        assert told == [title]


def test_a_job_that_only_began_does_not_hide_the_one_that_failed() -> None:
    began = {"job_id": "day-2020-03-17", "status": "RUNNING", "started_at": MARCH_16}
    failed = {"job_id": "day-2020-03-16", "status": "FAILED", "error": "x"}
    (finding,) = found(jobs=[began, failed])
    assert finding.title == "❌ Performance job day-2020-03-16 failed"
    (cut_off,) = found(jobs=[began, failed], minutes=121)
    assert (cut_off.title, cut_off.detail) == (
        "❌ Performance job day-2020-03-17 failed",
        "it began but did not finish",
    )


def test_a_move_is_told_in_the_words_of_the_decision_that_made_it() -> None:
    moved = verdict(mode="SHADOW_MODE", before="ACTIVE", reasoning="Moving to SHADOW_MODE.")
    stays = verdict(mode="SHADOW_MODE", before="SHADOW_MODE", reasoning="Staying in SHADOW_MODE.")
    (finding,) = found(decision(moved), decision(stays, minutes=5))
    assert (finding.detail, finding.is_new) == ("Moving to SHADOW_MODE.", True)


NAMES = ["A", "B", "C"]


@given(st.lists(st.sets(st.sampled_from(NAMES), min_size=1), min_size=1, max_size=20))
def test_no_problem_comes_unheard_and_none_is_told_twice_within_the_cooldown(rounds: Sequence[set[str]]) -> None:
    def lump(names: set[str]) -> Finding:
        members = member_names(names)
        return Finding("lump", AlertKind.INPUTS, Severity.WARNING, ",".join(members), "", members=members)

    alerts: Alerts = {}
    heard: set[str] = set()
    for minutes, names in enumerate(rounds):
        changes = reconcile(alerts, [lump(names)], MARCH_16 + timedelta(minutes=minutes), HOUR)
        assert any(one.is_told for one in changes) == bool(names - heard)
        heard |= names
        alerts |= {one.alert_id: one.document for one in changes}
        stored = alerts[alert_id("lump")]["members"]
        assert {one["name"] for one in stored if one["ended_at"] is None} == names
        assert {one["name"] for one in stored} == heard, "what is over is there, too"
