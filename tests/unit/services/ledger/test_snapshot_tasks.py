"""Performance jobs: queued by each market's own sessions, once, whatever hours are lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from functions.adapters.market_calendar import Calendars
from functions.domain.kernel.errors import StoreError
from functions.services.kernel.ports import ABSENT, Versioned
from functions.services.ledger.run_snapshot_task import RunSnapshotTask
from functions.services.ledger.snapshot_tasks import (
    SnapshotTask,
    enqueue_days,
    enqueue_months,
    sessions_closed,
)
from functions.services.ledger.take_snapshots import SnapshotReport
from tests.fakes import FakeClock, FakeQueue, FakeTenants

CALENDARS = Calendars()
MARKETS = ("XNYS", "XASX", "XHKG", "CMES", "24x7")
TENANTS = FakeTenants({market: {"market": market} for market in MARKETS})
SCHEDULE = 30
"""Minute of each hour."""


def hours(first: str, last: str) -> Iterator[datetime]:
    """Yield when the schedule asks, from one UTC day on until another begins."""
    at = datetime.fromisoformat(first).replace(minute=SCHEDULE, tzinfo=UTC)
    while at < datetime.fromisoformat(last).replace(tzinfo=UTC):
        yield at
        at += timedelta(hours=1)


def test_every_session_of_every_market_is_queued_once_though_every_other_hour_is_lost() -> None:
    queue = FakeQueue()
    for at in list(hours("2020-03-05", "2020-04-14"))[::2]:  # clocks change, and Easter
        enqueue_days(TENANTS, CALENDARS, queue, {}, at)
    for market in MARKETS:
        queued = [label for tenant_id, label in queue.labels() if tenant_id == market]
        expected = CALENDARS.of(market).sessions(date(2020, 3, 6), date(2020, 4, 12))
        assert set(queued) >= {session.isoformat() for session in expected}
        assert len(queued) == len(set(queued))
        sessions = CALENDARS.of(market).sessions(date(2020, 3, 1), date(2020, 4, 14))
        assert set(queued) <= {session.isoformat() for session in sessions}, "a job is of a session"


@pytest.mark.parametrize(
    ("market", "session", "first_at"),
    [
        ("XNYS", "2020-03-06", "2020-03-06 21:30"),  # winter
        ("XNYS", "2020-03-09", "2020-03-09 20:30"),
        ("XNYS", "2020-11-27", "2020-11-27 18:30"),  # an early close
        ("XASX", "2020-03-17", "2020-03-17 05:30"),
        ("XHKG", "2020-03-17", "2020-03-17 08:30"),
        ("24x7", "2020-03-14", "2020-03-15 00:30"),
    ],
)
def test_a_sessions_job_is_queued_within_the_hour_after_its_close_and_for_some_hours(
    market: str, session: str, first_at: str
) -> None:
    first = datetime.fromisoformat(first_at).replace(tzinfo=UTC)
    asked = [first + timedelta(hours=number) for number in range(-3, 10)]
    found = {at: sessions_closed(CALENDARS.of(market), at) for at in asked}
    queued = [at for at, sessions in found.items() if date.fromisoformat(session) in sessions]
    assert queued == [first + timedelta(hours=number) for number in range(6)]


def test_a_tenant_without_a_policy_has_the_deployments_market() -> None:
    queue = FakeQueue()
    enqueue_days(
        FakeTenants({"acme": None}), CALENDARS, queue, {"market": "24x7"}, datetime(2020, 3, 15, 0, 30, tzinfo=UTC)
    )
    assert queue.labels() == [("acme", "2020-03-14")]


def test_tenants_that_cannot_be_read_or_queued_and_markets_nobody_knows_stop_no_other() -> None:
    at = datetime(2031, 3, 17, 20, 30, tzinfo=UTC)
    policies: dict[str, Any] = {"acme": None, "blue": None, "shanghai": {"market": "XSHG"}}
    queue = FakeQueue(failing="blue")
    with pytest.raises(StoreError, match="1 of 2 snapshots of days not queued, first of tenant blue"):
        enqueue_days(FakeTenants(policies), CALENDARS, queue, {}, at)
    assert queue.labels() == [("acme", "2031-03-17")]
    many = {f"t{number}": None for number in range(600)}
    queue = FakeQueue()
    with pytest.raises(StoreError, match="the settings of 500 tenants could not be read"):
        enqueue_days(FakeTenants(many, failing="t3"), CALENDARS, queue, {}, at)
    assert len(queue.tasks) == 100, "no market is guessed: a session of another's would be none of its own"


def test_a_months_job_is_queued_once_though_asked_for_on_three_days() -> None:
    queue = FakeQueue()
    for _ in range(3):
        assert enqueue_months(TENANTS, queue, "2020-02") == len(MARKETS)
    assert queue.labels() == sorted((market, "2020-02") for market in MARKETS)


@pytest.mark.parametrize("month", range(1, 13))
def test_when_the_months_are_asked_for_the_month_is_over_in_every_market(month: int) -> None:
    noon = datetime(2026, month, 1, 12, tzinfo=UTC)
    for market in MARKETS:
        calendar = CALENDARS.of(market)
        assert calendar.end_of(calendar.session_before(noon.date())) <= noon


class Jobs:
    """A `JobStore`, with a record of every write."""

    def __init__(self, **known: dict[str, Any]) -> None:
        self.records = {name.replace("_", "-"): record for name, record in known.items()}

    def head(self, tenant_id: str) -> Versioned[None]:
        return ABSENT

    def job(self, tenant_id: str, job_id: str) -> dict[str, Any] | None:
        return self.records.get(job_id)

    def write_job(self, tenant_id: str, job_id: str, document: dict[str, Any]) -> None:
        self.records[job_id] = self.records.get(job_id, {}) | document


@pytest.mark.parametrize(("status", "runs"), [(None, 1), ("FAILED", 1), ("RUNNING", 1), ("DONE", 0)])
def test_a_job_that_is_done_is_not_run_again_and_any_other_is(status: str | None, runs: int) -> None:
    jobs = Jobs() if status is None else Jobs(day_2020_03_16={"status": status, "documents": 7})
    taken: list[str] = []

    class Take:
        def run(self, tenant_id: str, last_day: date, *_: Any) -> SnapshotReport:
            taken.append(last_day.isoformat())
            return SnapshotReport(is_through=True)

    store: Any = jobs
    take: Any = Take()
    run = RunSnapshotTask(store, store, take, store, FakeClock(), lambda _: {}, FakeQueue())
    done = run.run(SnapshotTask.of("acme", "day", "2020-03-16"), {})
    assert (done["status"], len(taken)) == ("DONE", runs)
    assert jobs.records["day-2020-03-16"]["status"] == "DONE"
    assert done["documents"] == (0 if runs else 7)
