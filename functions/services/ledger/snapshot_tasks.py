"""Performance jobs: what is due for which tenant, and what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.ledger.periods import Period
from functions.services.kernel.enabled_tenants import enabled_tenants
from functions.services.kernel.ports import Clock, MarketCalendar, MarketCalendars, TaskQueue, TenantDirectory
from functions.services.kernel.tasks import Task, enqueue_all, hashed_id
from functions.services.ledger.month_performance import ComputeMonth
from functions.services.ledger.ports import JobStore, LedgerStore
from functions.services.ledger.read_ledger import SkippedDocuments
from functions.services.ledger.take_snapshots import SnapshotReport, TakeSnapshots

logger = logging.getLogger("maestro")

_SETTLED_AFTER = timedelta(minutes=30)
_CAUGHT_UP_WITHIN = timedelta(hours=6)
"""From a session's close: hours in which its job is queued, again and again until the queue took it."""

CheckBook = Callable[[str], Mapping[str, Any]]
"""Compares a tenant's position book with its ledger, and returns what a day's record says of it."""


@dataclass(frozen=True, slots=True)
class SnapshotTask(Task):
    """One performance job of one tenant: a day, with all days before it that are missing, or a month."""

    SHAPE = "a map of tenant_id, kind and label"

    period: Period

    @classmethod
    def of(cls, tenant_id: str, kind: str, label: str) -> SnapshotTask:
        """Return the job of a day, YYYY-MM-DD, or a month, YYYY-MM. Raises InputError."""
        return cls(tenant_id, parse_period(kind, label))

    @property
    def job_id(self) -> str:
        return f"{self.period.kind}-{self.period.label}"

    @property
    def task_id(self) -> str:
        return hashed_id(self.tenant_id, self.job_id, label=self.job_id)

    @property
    def title(self) -> str:
        return "Snapshot"

    def details(self) -> dict[str, str]:
        return {"kind": self.period.kind, "label": self.period.label}

    @classmethod
    def from_details(cls, tenant_id: str, details: Mapping[str, Any]) -> SnapshotTask:
        return cls(tenant_id, parse_period(details.get("kind"), details.get("label")))


def parse_period(kind: Any, label: Any) -> Period:
    """Read a period from its kind and label. Raises InputError."""
    try:
        if kind == "day":
            return Period.of_day(date.fromisoformat(label))
        if kind == "month":
            first = date.fromisoformat(f"{label}-01")
            return Period.of_month(first.year, first.month)
    except (TypeError, ValueError) as error:
        raise InputError("label", "YYYY-MM-DD for a day, YYYY-MM for a month", label) from error
    raise InputError("kind", "day or month", kind)


def enqueue_days(
    directory: TenantDirectory,
    calendars: MarketCalendars,
    queue: TaskQueue,
    policy_defaults: Mapping[str, Any],
    now: datetime,
) -> int:
    """
    Queue the day's job of every enabled tenant whose market closed of late, and return how many there are.

    Asked every hour it queues a session's job once, as the job's name is the session's, and catches up with hours in
    which nobody asked.

    Raises
    ------
    StoreError
        If tenants could not be read, or one not be queued; the others are all the same, and a retry, or the next
        hour, completes the rest.
    """
    found = enabled_tenants(directory, ["market"], policy_defaults)
    closed = {market: _closed(calendars.of(market), now) for market in {one.market for one in found.policies.values()}}
    tasks = [
        SnapshotTask.of(tenant_id, "day", day.isoformat())
        for tenant_id, policy in found.policies.items()
        for day in closed[policy.market]
    ]
    count = enqueue_all(queue, tasks, "snapshots of days")
    found.check_all_read()
    return count


def sessions_closed(calendar: MarketCalendar, now: datetime) -> list[date]:
    """Return the sessions that closed long enough ago for their fills and prices to be in, and not long before."""
    first, last = (now - _CAUGHT_UP_WITHIN).date() - timedelta(days=1), now.date() + timedelta(days=1)
    return [
        session
        for session in calendar.sessions(first, last)
        if _SETTLED_AFTER <= now - calendar.close_of(session) <= _CAUGHT_UP_WITHIN
    ]


def _closed(calendar: MarketCalendar, now: datetime) -> list[date]:
    try:
        return sessions_closed(calendar, now)
    except InputError as error:  # the tick says so, too; other markets' tenants have their jobs
        logger.error("Sessions of the market are not known: %s", error)
        return []


def enqueue_months(directory: TenantDirectory, queue: TaskQueue, label: str) -> int:
    """
    Queue the job of a month, YYYY-MM, per enabled tenant, and return how many there are; once, however often.

    Raises
    ------
    StoreError
        If one could not be queued; the others are all the same.
    """
    tasks = [SnapshotTask.of(tenant_id, "month", label) for tenant_id in directory.enabled_tenants()]
    return enqueue_all(queue, tasks, f"snapshots of {label}")


class RunSnapshotTask:
    """The use case: run one job and keep its record."""

    def __init__(
        self,
        ledger: LedgerStore,
        jobs: JobStore,
        take: TakeSnapshots,
        month: ComputeMonth,
        clock: Clock,
        check_book: CheckBook,
    ) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._take = take
        self._month = month
        self._clock = clock
        self._check_book = check_book

    def run(self, task: SnapshotTask, policy_defaults: Mapping[str, Any]) -> dict[str, Any]:
        """
        Run a job and return its record; one that is done stays as it is, as schedules queue it again and again.

        What came late since is the next session's job's, which computes again from its day on.

        Raises
        ------
        MaestroError
            Whatever ended it; its record says so.
        """
        known = self._jobs.job(task.tenant_id, task.job_id)
        if known is not None and known.get("status") == "DONE":
            return dict(known)
        record: dict[str, Any] = {"status": "RUNNING", "started_at": self._clock.now(), "error": None}
        self._jobs.write_job(task.tenant_id, task.job_id, record)
        try:
            done = (
                self._month_done(task, policy_defaults)
                if task.period.kind == "month"
                else self._day_done(task, policy_defaults)
            )
        except Exception as error:
            failed = {"status": "FAILED", "error": f"{type(error).__name__}: {error}", "ended_at": self._clock.now()}
            self._jobs.write_job(task.tenant_id, task.job_id, failed)
            raise
        done |= {"status": "DONE", "ended_at": self._clock.now()}
        self._jobs.write_job(task.tenant_id, task.job_id, done)
        return done

    def _day_done(self, task: SnapshotTask, policy_defaults: Mapping[str, Any]) -> dict[str, Any]:
        report = self._caught_up(task, policy_defaults)
        this_month = Period.of_month(task.period.start.year, task.period.start.month)
        months = {(day.year, day.month) for day in report.days if day < this_month.start.date()}
        for month in sorted(months):  # days of months that are over came late: those months change too
            self._write_month(task.tenant_id, Period.of_month(*month), policy_defaults)
        done = {"days": len(report.days), "months": len(months), "documents": report.documents}
        return {**done, **_skipped(report.skipped), **self._check_book(task.tenant_id)}

    def _month_done(self, task: SnapshotTask, policy_defaults: Mapping[str, Any]) -> dict[str, Any]:
        report = self._caught_up(task, policy_defaults)
        documents = self._write_month(task.tenant_id, task.period, policy_defaults)
        return {"days": len(report.days), "documents": documents, **_skipped(report.skipped)}

    def _caught_up(self, task: SnapshotTask, policy_defaults: Mapping[str, Any]) -> SnapshotReport:
        def progress(day: date) -> None:
            self._jobs.write_job(task.tenant_id, task.job_id, {"reached": day.isoformat()})

        last_day = (task.period.end - timedelta(days=1)).date()
        return self._take.run(task.tenant_id, last_day, policy_defaults, progress)

    def _write_month(self, tenant_id: str, period: Period, policy_defaults: Mapping[str, Any]) -> int:
        month = self._month.from_days(tenant_id, period, policy_defaults)
        self._ledger.write_snapshots(tenant_id, month.snapshots)
        return len(month.snapshots)


def _skipped(skipped: SkippedDocuments) -> dict[str, Any]:
    return {"skipped_documents": skipped.count, "skipped_examples": list(skipped.examples)}
