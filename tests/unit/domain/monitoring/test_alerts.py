"""Alerts: raised on transitions, once; told again only when there is something new; resolved when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import OnShadow, Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.monitoring.alerts import AlertKind, AlertState, Finding, acknowledged, alert_id, reconcile
from functions.domain.monitoring.damage_findings import damaged_alerts
from functions.domain.monitoring.findings import Observed, findings
from functions.domain.monitoring.notifications import Severity
from functions.domain.monitoring.setting_findings import malformed_settings
from functions.domain.orchestration.drift import Drifts
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.breakers import BreakerState
from functions.domain.trading.reservations import Overfill
from tests.broker_documents import DIFFERENCE
from tests.fakes import MARCH_16

HOUR = timedelta(hours=1)
RISK = Finding("risk", AlertKind.SYSTEMIC_RISK, Severity.CRITICAL, "🚨 RISK", "3 sell")
Alerts = dict[str, dict[str, Any]]


def step(
    alerts: Alerts, found: Sequence[Finding], minutes: int = 0, cooldown: timedelta = HOUR
) -> tuple[Alerts, list[str]]:
    """Return the alerts after one check, and what people were told."""
    changes = reconcile(alerts, found, MARCH_16 + timedelta(minutes=minutes), cooldown)
    told = [change.document["title"] for change in changes if change.is_told]
    return {**alerts, **{change.alert_id: change.document for change in changes}}, told


def state(alerts: Alerts, key: str = "risk") -> str:
    return str(alerts[alert_id(key)]["state"])


def test_a_condition_is_told_once_and_resolves_when_it_is_over() -> None:
    alerts, told = step({}, [RISK])
    assert (state(alerts), told) == ("OPEN", ["🚨 RISK"])
    for minutes in (5, 10):
        again, told = step(alerts, [RISK], minutes)
        assert (again, told) == (alerts, [])
    alerts, told = step(alerts, [], 15)
    assert (state(alerts), told) == ("RESOLVED", [])
    assert alerts[alert_id("risk")]["resolved_at"] == MARCH_16 + timedelta(minutes=15)
    assert step(alerts, [], 20) == (alerts, [])


def test_one_that_comes_back_soon_opens_again_but_is_not_told_again() -> None:
    alerts, _ = step({}, [RISK])
    alerts, _ = step(alerts, [], 5)
    soon, told = step(alerts, [RISK], 30)
    assert (state(soon), told, soon[alert_id("risk")]["occurrences"]) == ("OPEN", [], 2)
    late, told = step(alerts, [RISK], 66)
    assert (state(late), told) == ("OPEN", ["🚨 RISK"])


def test_a_condition_that_changes_is_told_again() -> None:
    alerts, _ = step({}, [replace(RISK, variant="REDUCED")])
    alerts, told = step(alerts, [replace(RISK, variant="SHADOW_MODE", title="worse")], 5)
    assert (told, alerts[alert_id("risk")]["opened_at"]) == (["worse"], MARCH_16)


def test_a_change_for_the_better_is_kept_but_not_told() -> None:
    alerts, _ = step({}, [replace(RISK, variant="SHADOW_MODE")])
    better = replace(RISK, variant="REDUCED", title="better", is_new=False)
    alerts, told = step(alerts, [better], 5)
    assert (told, alerts[alert_id("risk")]["title"]) == ([], "better")


@pytest.mark.parametrize(
    ("modes", "told", "is_warned"),
    [
        (("ACTIVE", "SHADOW_MODE"), ["⚠️ SHADOW_MODE"], True),
        (("ACTIVE", "REDUCED", "SHADOW_MODE"), ["⚠️ REDUCED", "⚠️ SHADOW_MODE"], True),
        (("ACTIVE", "SHADOW_MODE", "SHADOW_MODE"), ["⚠️ SHADOW_MODE"], True),
        (("ACTIVE", "SHADOW_MODE", "REDUCED"), ["⚠️ SHADOW_MODE", "✅ REDUCED"], False),
        (("ACTIVE", "SHADOW_MODE", "REDUCED", "REDUCED"), ["⚠️ SHADOW_MODE", "✅ REDUCED"], False),
        (("SHADOW_MODE", "REDUCED"), ["✅ REDUCED"], False),
        (("SHADOW_MODE", "REDUCED", "ACTIVE"), ["✅ REDUCED", "✅ ACTIVE"], False),
        (("SHADOW_MODE", "REDUCED", "SHADOW_MODE"), ["✅ REDUCED", "⚠️ SHADOW_MODE"], True),
    ],
)
def test_a_promotion_is_good_news_and_no_warning_and_a_demotion_is_one(
    modes: tuple[str, ...], told: list[str], is_warned: bool
) -> None:
    alerts: Alerts = {}
    news: list[str] = []
    for at in range(1, len(modes)):
        moved = decision(verdict(mode=modes[at], before=modes[at - 1]), minutes=at)
        alerts, titles = step(alerts, found(moved), at)
        news += [f"{title.split()[0]} {title.split(' (')[0].split()[-1]}" for title in titles]
    assert news == told
    warned = [alert for alert in alerts.values() if alert["severity"] == "WARNING" and alert["state"] == "OPEN"]
    assert bool(warned) == is_warned


def test_a_demotion_that_was_partly_made_up_for_before_anybody_looked_still_warns() -> None:
    fell = decision(verdict(mode="SHADOW_MODE", before="ACTIVE"))
    rose = decision(verdict(mode="REDUCED", before="SHADOW_MODE"), minutes=5)
    alerts, told = step({}, found(fell, rose), 5)
    assert told == ["⚠️ Trend moved to REDUCED (Sharpe: 0.42)", "✅ Trend moved up to REDUCED (Sharpe: 0.42)"]
    assert state(alerts, "mode:Trend") == "OPEN"


def test_what_is_not_new_keeps_an_alert_open_but_raises_none() -> None:
    old = replace(RISK, is_new=False)
    assert step({}, [old]) == ({}, [])
    alerts, _ = step({}, [RISK])
    assert step(alerts, [old], 5) == (alerts, [])


def test_an_event_is_told_once_for_ever_and_stays_until_somebody_takes_it_on() -> None:
    event = replace(RISK, is_event=True, severity=Severity.WARNING)
    alerts, told = step({}, [event])
    assert (state(alerts), told) == ("OPEN", ["🚨 RISK"])
    assert step(alerts, [event], 300) == (alerts, [])
    assert step(alerts, [], 300) == (alerts, [])
    good, _ = step({}, [replace(event, severity=Severity.INFO)])
    assert state(good) == "RESOLVED"


def test_the_first_to_acknowledge_stays_on_record_and_it_still_resolves() -> None:
    alerts, _ = step({}, [RISK])
    key = alert_id("risk")
    taken = acknowledged(alerts[key], "ann", MARCH_16)
    assert (taken["state"], taken["acknowledged_by"]) == ("ACKNOWLEDGED", "ann")
    assert acknowledged(taken, "bob", MARCH_16 + HOUR) == taken
    assert step({key: taken}, [RISK], 5) == ({key: taken}, [])
    resolved, _ = step({key: taken}, [], 10)
    assert (state(resolved), resolved[key]["acknowledged_by"]) == ("RESOLVED", "ann")
    assert acknowledged(alerts[key] | {"state": "RESOLVED"}, "ann", MARCH_16)["state"] == AlertState.RESOLVED


@given(st.lists(st.sets(st.sampled_from(["a", "b", "c"])), max_size=12))
def test_what_is_open_is_what_is_found_and_nobody_is_told_twice_in_a_row(rounds: list[set[str]]) -> None:
    alerts: Alerts = {}
    for minutes, keys in enumerate(rounds):
        found = [replace(RISK, key=key, title=key) for key in sorted(keys)]
        alerts, told = step(alerts, found, minutes, timedelta(0))
        assert {key for key in "abc" if alert_id(key) in alerts and state(alerts, key) == "OPEN"} == keys
        before = rounds[minutes - 1] if minutes else set[str]()
        assert set(told) == keys - before
        assert step(alerts, found, minutes) == (alerts, []), "looking twice changes nothing"


def verdict(name: str = "Trend", mode: str = "ACTIVE", before: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "strategy_name": name,
        "mode": mode,
        "previous_mode": before,
        "sharpe_ratio": 0.42,
        "reasoning": "so",
    } | fields


def decision(*verdicts: dict[str, Any], minutes: int = 0, **fields: Any) -> dict[str, Any]:
    at = MARCH_16 + timedelta(minutes=minutes)
    return {"session_id": f"s{minutes}", "timestamp": at, "allocation_decisions": list(verdicts)} | fields


def found(*decisions: dict[str, Any], minutes: int = 1, **seen: Any) -> list[Finding]:
    fields: dict[str, Any] = {
        "now": MARCH_16 + timedelta(minutes=minutes),
        "policy": Policy(),
        "breaker": BreakerState(),
        "new_decisions": decisions,
        "last_decision": decisions[-1] if decisions else None,
        "is_market_open": False,
        "jobs": (),
        "lapsed": (),
    }
    return findings(Observed(**(fields | seen)))


HELD = PositionBook(opened_at=MARCH_16).with_fill("Trend", "KO", 10.0, 50.0).with_fill("Trend", "PEP", 5.0, 10.0)
OVERFILL = Overfill("f1", "Trend", "KO", "sell", 999_990.0, MARCH_16)
CLOSED = {"uid": "ann", "email": "ann@example.com", "because": "DELETED", "at": MARCH_16}
LAPSED = {"nonce": "0f" * 16, "strategy_id": "Trend", "symbol": "KO", "action": "BUY", "notional": 10.0}
DIFFERENT = {"strategy_id": "Trend", "symbol": "KO", "book_qty": 1.0, "ledger_qty": 11.5}


def compared(status: str, job_id: str = "day-2020-03-16") -> dict[str, Any]:
    closed = {"book_status": status, "book_closed_because": "too large"}
    return {"job_id": job_id, "status": "DONE", "book_differs": 2, "book_differences": [DIFFERENT], **closed}


TOLD = {"at": MARCH_16, "text": "buy 3 SPY at 450 USD, order o1, is unowned: no strategy placed this order"}
BY_KIND: list[tuple[AlertKind, Severity, str, list[Finding]]] = [
    (
        AlertKind.SYSTEMIC_RISK,
        Severity.CRITICAL,
        "🚨 SYSTEMIC RISK: 3 strategies signal SELL",
        found(decision(systemic_risk_detected=True, systemic_risk_details="3 strategies signal SELL")),
    ),
    (
        AlertKind.MODE_DOWN,
        Severity.WARNING,
        "⚠️ Trend moved to SHADOW_MODE (Sharpe: 0.42)",
        found(decision(verdict(mode="SHADOW_MODE", before="REDUCED"))),
    ),
    (
        AlertKind.MODE_UP,
        Severity.INFO,
        "✅ Trend moved up to ACTIVE (Sharpe: n/a)",
        found(decision(verdict(before="REDUCED", sharpe_ratio=None))),
    ),
    (AlertKind.STRATEGY_ERROR, Severity.WARNING, "❌ Bad fails", found(decision(strategy_errors={"Bad": "x"}))),
    (AlertKind.LOAD_ERROR, Severity.WARNING, "❌ bad cannot be loaded", found(decision(load_errors={"bad": "x"}))),
    (
        AlertKind.INPUTS,
        Severity.WARNING,
        "⏳ BUYs are held: STALE_ACCOUNT",
        found(decision(input_issues=[{"reason_code": "STALE_ACCOUNT", "detail": "old"}])),
    ),
    (
        AlertKind.BREAKER_TRIPPED,
        Severity.CRITICAL,
        "🛑 Account breaker tripped by drawdown until 2020-03-16T20:55:00+00:00",
        found(breaker=BreakerState(tripped_until=MARCH_16 + HOUR, reason_code=ReasonCode.ACCOUNT_DRAWDOWN)),
    ),
    (
        AlertKind.TRADING_STATE,
        Severity.CRITICAL,
        "🛑 TRADING HALT",
        found(policy=Policy.from_sources({}, {"trading_state": "HALT"})),
    ),
    (
        AlertKind.MISSED_CYCLES,
        Severity.CRITICAL,
        "💔 NO DECISION since 2020-03-16T19:55+00:00, and the market is open",
        found(decision(), minutes=10, is_market_open=True),
    ),
    (
        AlertKind.JOB_FAILED,
        Severity.CRITICAL,
        "❌ Performance job day-2020-03-16 failed",
        found(jobs=[{"job_id": "day-2020-03-16", "status": "FAILED", "error": "x"}]),
    ),
    (
        AlertKind.SKIPPED_DOCUMENTS,
        Severity.WARNING,
        "🧾 day-2020-03-16 skipped 2 documents",
        found(jobs=[{"job_id": "day-2020-03-16", "status": "DONE", "skipped_documents": 2}]),
    ),
    (
        AlertKind.RESERVATION_LAPSED,
        Severity.WARNING,
        "⌛ Trend redeemed BUY KO and neither filled nor released all of it",
        found(lapsed=[LAPSED]),
    ),
    (
        AlertKind.POSITION_BOOK,
        Severity.CRITICAL,
        "📒 2 positions differ between position book and ledger",
        found(jobs=[compared("DIFFERS")]),
    ),
    (
        AlertKind.DRIFT,
        Severity.WARNING,
        "⚖️ Broker and books differ: KO",
        found(drifts=Drifts((DIFFERENCE,))),
    ),
    (
        AlertKind.POSITIONS_LEFT,
        Severity.WARNING,
        "📒 Trend is DISABLED and still holds 10 KO, 5 PEP live",
        found(decision(verdict(mode="DISABLED")), book=HELD),
    ),
    (
        AlertKind.OVERFILLED,
        Severity.CRITICAL,
        "🚧 Trend sold 999,990 KO more than it held, or its exit allowed",
        found(overfills=[OVERFILL]),
    ),
    (
        AlertKind.MEMBERSHIP_CLOSED,
        Severity.WARNING,
        "🚪 ann@example.com was deleted in Firebase Authentication, and is no longer a member",
        found(closed_memberships=[CLOSED]),
    ),
    (
        AlertKind.DAMAGED_ALERTS,
        Severity.WARNING,
        "🩹 2 stored alerts cannot be read",
        list(damaged_alerts({"a1": "alerts/a1: state must be a word", "a2": "alerts/a2: kind must be a text"}, [])),
    ),
    (
        AlertKind.BROKER_TOLD,
        Severity.WARNING,
        "🏦 buy 3 SPY at 450 USD, order o1, is unowned: no strategy placed this order",
        found(broker_told=[TOLD, {**TOLD, "at": MARCH_16 - timedelta(days=2), "text": "long ago"}]),
    ),
    (
        AlertKind.CAPACITY,
        Severity.WARNING,
        "📏 The position book: 80% of the limit",
        found(sizes={"position_book": 720_000}),
    ),
    (
        AlertKind.SETTING,
        Severity.WARNING,
        "⚙️ The setting DASHBOARD_URL cannot be used",
        list(malformed_settings([InputError("DASHBOARD_URL", "an address", "desk")])),
    ),
]


def test_the_table_holds_every_kind() -> None:
    assert [kind for kind, *_ in BY_KIND] == list(AlertKind)


@pytest.mark.parametrize("raised", [raised for *_, raised in BY_KIND], ids=[kind for kind, *_ in BY_KIND])
def test_a_detail_does_not_repeat_its_title(raised: list[Finding]) -> None:
    for finding in raised:
        assert not finding.detail or finding.detail not in finding.title


@pytest.mark.parametrize(("kind", "severity", "title", "raised"), BY_KIND, ids=lambda value: str(value)[:20])
def test_every_kind_is_found(kind: AlertKind, severity: Severity, title: str, raised: list[Finding]) -> None:
    (finding,) = raised
    assert (finding.kind, finding.severity, finding.title, finding.is_new) == (kind, severity, title, True)
    assert "0f" * 16 not in finding.detail


@pytest.mark.parametrize(
    "quiet",
    [
        found(),
        found(decision(verdict())),
        found(decision(verdict(mode="DISABLED", before=None))),
        found(decision(), minutes=9, is_market_open=True),
        found(policy=Policy.from_sources({}, {"trading_state": "HALT", "trading_state_until": MARCH_16})),
        found(breaker=BreakerState(tripped_until=MARCH_16, reason_code=ReasonCode.DAILY_LOSS)),
        found(decision(verdict(mode="SHADOW_MODE", before=None)), book=replace(HELD, opened_at=None))[1:],
        found(decision(verdict(name="Value", mode="DISABLED")), book=HELD),
        found(decision(verdict()), book=HELD),
        found(book=HELD),
        found(overfills=[OVERFILL], minutes=24 * 60 + 1),
        found(jobs=[{"job_id": "day-2", "status": "DONE"}, {"job_id": "day-1", "status": "FAILED"}]),
        found(jobs=[compared("SAME", "day-2"), compared("DIFFERS", "day-1")]),
        found(jobs=[compared("NOT_OPEN")]),
    ],
)
def test_what_is_well_raises_nothing(quiet: list[Finding]) -> None:
    assert quiet == []


def test_a_mode_is_new_only_where_a_decision_put_it_there() -> None:
    (standing,) = found(decision(verdict(mode="REDUCED", before="REDUCED")))
    assert not standing.is_new
    fell, stays = (
        decision(verdict(mode="REDUCED", before="ACTIVE")),
        decision(verdict(mode="REDUCED", before="REDUCED")),
    )
    (finding,) = found(fell, stays)
    assert finding.is_new, "though the last decision only kept it"


def test_positions_that_differ_are_named_until_a_comparison_finds_none() -> None:
    for later in ([], [{"job_id": "month-2020-03", "status": "DONE"}], [compared("NOT_COMPARED", "day-2020-03-17")]):
        (finding,) = found(jobs=[*later, compared("DIFFERS")])
        mend = 'make maestro ARGS="book open TENANT" shows and fixes it'
        assert finding.detail == f"Trend KO: book 1, ledger 11.5: {mend}"
        assert not finding.is_event, "it resolves by itself"
    (closed,) = found(jobs=[compared("CLOSED")])
    assert closed.key == finding.key
    assert closed.title == "📒 The position book closed by itself: what strategies hold is unknown"
    assert closed.detail.startswith("too large: ")


def shadowed(book: PositionBook, mode: str = "SHADOW_MODE", **seen: Any) -> Finding:
    (finding,) = (
        one for one in found(decision(verdict(mode=mode)), book=book, **seen) if one.kind is AlertKind.POSITIONS_LEFT
    )
    return finding


def test_a_shadowed_strategy_that_holds_something_is_told_its_way_out() -> None:
    kept, flattened = shadowed(HELD), shadowed(HELD, policy=Policy(on_shadow=OnShadow.FLATTEN))
    assert kept.title == "📒 Trend is in SHADOW_MODE and still holds 10 KO, 5 PEP live"
    assert "exits pass" in kept.detail
    assert "on_shadow: flatten" in kept.detail
    assert "Maestro closes them" in flattened.detail
    assert "on_shadow" not in shadowed(HELD, "DISABLED").detail, "flatten is for SHADOW_MODE alone"


def test_what_a_shadowed_strategy_holds_follows_the_book_and_is_told_once() -> None:
    alerts, told = step({}, [shadowed(HELD)])
    assert told == ["📒 Trend is in SHADOW_MODE and still holds 10 KO, 5 PEP live"]
    less = HELD.with_fill("Trend", "KO", -10.0, 50.0)
    alerts, told = step(alerts, [shadowed(less)], 5)
    assert (alerts[alert_id("positions-left:Trend")]["title"], told) == (
        "📒 Trend is in SHADOW_MODE and still holds 5 PEP live",
        [],
    )
    assert step(alerts, [shadowed(less)], 10) == (alerts, []), "nothing changed"
    flat, _ = step(alerts, [], 15)
    assert state(flat, "positions-left:Trend") == "RESOLVED"
    soon, told = step(flat, [shadowed(HELD)], 20)
    assert (state(soon, "positions-left:Trend"), told) == ("OPEN", [])
    _, told = step(flat, [shadowed(HELD)], 80)
    assert len(told) == 1, "long after, it is news again"


def test_many_positions_are_named_by_value_and_shorts_with_their_sign() -> None:
    book = PositionBook(opened_at=MARCH_16)
    for number in range(1, 8):
        book = book.with_fill("Trend", f"S{number}", -float(number), 10.0)
    assert shadowed(book).title.endswith("still holds -7 S7, -6 S6, -5 S5, -4 S4, -3 S3 and 2 more live")
    assert "is_retold" not in step({}, [shadowed(book)])[0][alert_id("positions-left:Trend")]


def test_each_overfill_is_an_event_of_its_own() -> None:
    bought = replace(OVERFILL, fill_id="f2", side="buy", qty=0.5)
    sold, covered = found(overfills=[OVERFILL, bought], minutes=60)
    assert (sold.is_event, covered.is_event, sold.key == covered.key) == (True, True, False)
    assert covered.title == "🚧 Trend bought 0.5 KO more than its exit allowed"
    alerts, told = step({}, [sold, covered])
    assert len(told) == 2
    assert step(alerts, [sold, covered], 5) == (alerts, [])
    assert step(alerts, [], 2000) == (alerts, []), "somebody has to look at it"
