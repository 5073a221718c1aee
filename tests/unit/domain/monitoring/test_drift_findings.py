"""Where broker and books differ: told with both figures, and over when they agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from functions.domain.kernel.policy import Policy
from functions.domain.monitoring.alerts import AlertKind, Finding, alert_id
from functions.domain.orchestration.drift import Difference, Drifts, Subject
from tests.broker_documents import DIFFERENCE
from tests.unit.domain.broker.seen import START
from tests.unit.domain.monitoring.test_alerts import found, state, step

KO = replace(DIFFERENCE, since=START)


def of(*differences: Difference, on_drift: str = "warn") -> list[Finding]:
    policy = Policy.from_sources({}, {"on_drift": on_drift})
    return [one for one in found(drifts=Drifts(differences), policy=policy) if one.kind is AlertKind.DRIFT]


def test_drift_is_told_with_both_figures_and_its_likely_kind() -> None:
    (finding,) = of(KO)
    assert finding.title == "⚖️ Broker and books differ: KO"
    assert finding.detail == (
        "KO position: broker 12, books 10, likely manual trade, since 2026-01-05 15:00 UTC: entries are not held; "
        'make maestro ARGS="reconcile TENANT" shows it, and adopts a difference'
    )
    assert not finding.is_event, "it resolves by itself"


def test_what_was_seen_once_is_no_alert() -> None:
    assert of(replace(KO, is_drift=False)) == []


@pytest.mark.parametrize(
    ("subject", "on_drift", "severity", "waits"),
    [
        (Subject.POSITION, "warn", "WARNING", "not held"),
        (Subject.POSITION, "hold", "CRITICAL", "entries in these symbols are held"),
        (Subject.CASH, "halt", "CRITICAL", "all entries are held"),
        (Subject.RESERVATION, "halt", "CRITICAL", "not held"),
    ],
)
def test_it_says_what_waits(subject: Subject, on_drift: str, severity: str, waits: str) -> None:
    (finding,) = of(replace(KO, subject=subject), on_drift=on_drift)
    assert finding.severity == severity
    assert waits in finding.detail


def test_a_symbol_that_comes_is_told_figures_that_change_are_shown_and_the_alert_ends_with_the_last() -> None:
    more = replace(KO, symbol="MSFT")
    alerts, told = step({}, of(KO))
    assert len(told) == 1
    alerts, told = step(alerts, of(replace(KO, broker=13.0)), 5)
    assert told == []
    assert "broker 13" in alerts[alert_id("drift")]["detail"]
    alerts, told = step(alerts, of(KO, more), 10)
    assert told == ["⚖️ Broker and books differ: KO, MSFT"]
    alerts, told = step(alerts, of(more), 15)
    assert told == []
    alerts, _ = step(alerts, [], 20)
    assert state(alerts, "drift") == "RESOLVED"


def test_more_than_can_be_named_are_counted() -> None:
    (finding,) = of(*(replace(KO, symbol=f"A{number:02}") for number in range(30)))
    assert "; and 20 more: " in finding.detail
    assert finding.title.endswith("A09 …")


def test_what_is_damaged_hides_no_other_alert(caplog: pytest.LogCaptureFixture) -> None:
    from functions.services.monitoring.check_alerts import _drifts  # noqa: PLC0415 - the one place that reads it

    damaged: dict[str, Any] = {"differences_json": "?", "updated_at": datetime.now(tz=START.tzinfo)}
    assert _drifts(damaged).differences == ()
    assert "checking the other alerts" in caplog.text
