"""A warning comes before a limit does."""

from __future__ import annotations

import pytest

from functions.domain.kernel.policy import Policy
from functions.domain.monitoring.alerts import AlertKind, Finding
from functions.domain.monitoring.capacity import LIMITS, Limit, capacity
from functions.domain.monitoring.notifications import Severity
from functions.domain.orchestration.position_book import PositionBook
from functions.services.kernel.ports import Versioned
from functions.services.monitoring.check_alerts import observed
from functions.services.monitoring.ports import AlertRecords
from tests.fakes import MARCH_16
from tests.unit.domain.monitoring.test_alerts import HOUR, decision, found, state, step

by_name = pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)


def at(limit: Limit, percent: float) -> list[Finding]:
    return [one for one in found(sizes={limit.name: limit.most * percent / 100}) if one.kind is AlertKind.CAPACITY]


@by_name
def test_each_limit_is_warned_of_before_it_is_reached(limit: Limit) -> None:
    assert at(limit, 74) == []
    (finding,) = at(limit, 76)
    assert (finding.severity, finding.is_event) == (Severity.WARNING, False)
    assert finding.title.endswith(": 76% of the limit")
    for word in (f"{limit.most * 0.76:,.0f} of at most {limit.most:,} {limit.unit}", limit.at_limit, limit.way_out):
        assert word in finding.detail
    assert at(limit, 91)[0].severity is Severity.CRITICAL


@by_name
def test_it_is_told_at_three_quarters_and_again_when_it_is_urgent_and_resolves(limit: Limit) -> None:
    alerts, told = step({}, at(limit, 76))
    assert len(told) == 1
    for minutes, percent, is_told in ((5, 80, False), (10, 91, True), (15, 89, False), (20, 92, False)):
        alerts, told = step(alerts, at(limit, percent), minutes)
        assert (bool(told), state(alerts, f"capacity:{limit.name}")) == (is_told, "OPEN")
        (alert,) = alerts.values()
        assert f"{percent}%" in alert["title"]
    alerts, told = step(alerts, at(limit, 74), 25)
    assert (told, state(alerts, f"capacity:{limit.name}")) == ([], "RESOLVED")


def test_each_limit_is_an_alert_of_its_own() -> None:
    sizes = {limit.name: float(limit.most) for limit in LIMITS}
    keys = [one.key for one in capacity(sizes)]
    assert len(set(keys)) == len(keys) == len(LIMITS)
    assert list(capacity({})) == []


def records(**seen: object) -> AlertRecords:
    nothing = dict.fromkeys(("policy", "session", "positions", "last_decision"))
    fields = nothing | {"cursor": Versioned(None, None), "new_decisions": (), "jobs": (), "lapsed": (), "alerts": {}}
    return AlertRecords(**(fields | seen))  # type: ignore[arg-type]


def test_the_sweep_measures_what_it_reads_and_knows_what_the_last_cycle_measured() -> None:
    book = PositionBook(opened_at=MARCH_16).with_fill("Trend", "KO", 1.0, 1.0).to_document(MARCH_16)
    seen = records(
        policy={"disabled_strategies": ["x" * 100]},
        session={"session_id": "s" * 100},
        positions=book,
        last_decision=decision(sizes={"decision": 7, "policy": 5}),
        alerts={str(number): Versioned({}, None) for number in range(3)},
    )
    sizes = observed(seen, Policy(), MARCH_16 + HOUR, None).sizes
    assert (sizes["decision"], sizes["policy"], sizes["session"], sizes["open_alerts"]) == (7, 121, 112, 3)
    assert 0 < sizes["position_book"] < 1000
    closed = records(positions=PositionBook().closed("by hand", "olga").to_document(MARCH_16))
    assert observed(closed, Policy(), MARCH_16, None).sizes["position_book"] == 0


def test_a_nights_commit_is_that_of_the_last_job_that_computed_a_day() -> None:
    computed = {"job_id": "day-2020-03-13", "status": "DONE", "days": 1, "commit_bytes": 900}
    nothing_due = {"job_id": "month-2020-02", "status": "DONE", "days": 0, "commit_bytes": 0}
    for seen, size in (([nothing_due, computed], 900), ([{**computed, "commit_bytes": "many"}], 0), ([], 0)):
        assert observed(records(jobs=seen), Policy(), MARCH_16, None).sizes["day_commit"] == size
