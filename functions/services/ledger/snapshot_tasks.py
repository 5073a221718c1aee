"""Performance jobs: which are due for which tenant, and their outcome."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from functions.domain.kernel.errors import InputError, StoreConflict
from functions.domain.ledger.periods import Period
from functions.services.kernel.enabled_tenants import enabled_tenants
from functions.services.kernel.ports import Clock, MarketCalendar, MarketCalendars, TaskQueue, TenantDirectory
from functions.services.kernel.tasks import Task, enqueue_all, hashed_id
from functions.services.ledger.catch_up import Progress
from functions.services.ledger.month_performance import ComputeMonth
from functions.services.ledger.ports import DayWrites, JobStore, LedgerHead, LedgerStore
from functions.services.ledger.read_ledger import SkippedDocuments
from functions.services.ledger.take_snapshots import SnapshotReport, TakeSnapshots

logger = logging.getLogger("maestro")

_SETTLED_AFTER = timedelta(minutes=30)
_CAUGHT_UP_WITHIN = timedelta(hours=6)
"""Hours after a session's close in which its job is queued, repeatedly until the queue takes it."""

CheckBook = Callable[[str], Mapping[str, Any]]
"""Compares a tenant's position book with its ledger, and returns the result's fields for the day's record."""


@dataclass(frozen=True, slots=True)
class SnapshotTask(Task):
    """One performance job of one tenant: a day with all missing days before it, or a month."""

    SHAPE = "a map of tenant_id, kind and label"

    period: Period
    part: int = 0
    """How many tasks worked on the job before: a task that runs out of time queues the next."""
    reached: str = ""
    """The day reached so far."""

    @classmethod
    def of(cls, tenant_id: str, kind: str, label: str) -> SnapshotTask:
        """Return the job of a day, YYYY-MM-DD, or a month, YYYY-MM. Raises InputError."""
        return cls(tenant_id, parse_period(kind, label))

    @property
    def job_id(self) -> str:
        return f"{self.period.kind}-{self.period.label}"

    @property
    def task_id(self) -> str:
        parts = (str(self.part), self.reached) if self.part else ()
        return hashed_id(self.tenant_id, self.job_id, *parts, label=self.job_id)

    @property
    def title(self) -> str:
        return "Snapshot"

    def details(self) -> dict[str, Any]:
        further = {"part": self.part, "reached": self.reached} if self.part else {}
        return {"kind": self.period.kind, "label": self.period.label, **further}

    @classmethod
    def from_details(cls, tenant_id: str, details: Mapping[str, Any]) -> SnapshotTask:
        part, reached = details.get("part", 0), details.get("reached", "")
        if not isinstance(part, int) or isinstance(part, bool) or part < 0:
            raise InputError("part", "a whole number, 0 or more", part)
        if not isinstance(reached, str):
            raise InputError("reached", "YYYY-MM-DD", reached)
        return cls(tenant_id, parse_period(details.get("kind"), details.get("label")), part, reached)


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
    Queue the day's job of every enabled tenant whose market recently closed, and return their number.

    Called every hour, it queues a session's job once, as the job is named after the session, and catches up on missed
    hours.

    Raises
    ------
    StoreError
        If tenants could not be read or a job not queued; the other jobs are queued, and a retry or the next hour
        completes the rest.
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
    first = (now - _CAUGHT_UP_WITHIN).date() - timedelta(days=1)
    return [
        session
        for session in calendar.sessions(first, calendar.last_opened(now))  # no day ahead: some calendars end
        if _SETTLED_AFTER <= now - calendar.close_of(session) <= _CAUGHT_UP_WITHIN
    ]


def _closed(calendar: MarketCalendar, now: datetime) -> list[date]:
    try:
        return sessions_closed(calendar, now)
    except InputError as error:  # the tick reports it, too; tenants of other markets get their jobs
        logger.error("Market sessions unknown: %s", error)
        return []


def enqueue_months(directory: TenantDirectory, queue: TaskQueue, label: str) -> int:
    """
    Queue the job of a month, YYYY-MM, per enabled tenant, and return their number; repeats queue nothing.

    Raises
    ------
    StoreError
        If a job could not be queued; the others are queued.
    """
    tasks = [SnapshotTask.of(tenant_id, "month", label) for tenant_id in directory.enabled_tenants()]
    return enqueue_all(queue, tasks, f"snapshots of {label}")


class RunSnapshotTask:
    """The use case: run one job, or its next part, and keep its record."""

    def __init__(
        self,
        ledger: LedgerStore,
        jobs: JobStore,
        take: TakeSnapshots,
        month: ComputeMonth,
        clock: Clock,
        check_book: CheckBook,
        queue: TaskQueue,
    ) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._take = take
        self._month = month
        self._clock = clock
        self._check_book = check_book
        self._queue = queue

    def run(self, task: SnapshotTask, policy_defaults: Mapping[str, Any]) -> dict[str, Any]:
        """
        Run a job and return its record: DONE, or RUNNING if a further task is queued for the rest.

        A finished job is not run again, although schedules queue it repeatedly. Later late fills are left to the next
        session's job, which recomputes from their day on.

        Raises
        ------
        MaestroError
            Whatever ended it; its record names it.
        """
        known = self._jobs.job(task.tenant_id, task.job_id)
        if known is not None and known.get("status") == "DONE":
            return dict(known)
        record: dict[str, Any] = {"status": "RUNNING", "started_at": self._clock.now(), "error": None}
        self._jobs.write_job(task.tenant_id, task.job_id, record)
        try:
            report = self._caught_up(task, policy_defaults)
            done = {"days": len(report.days), "documents": report.documents, **_skipped(report.skipped)}
            done["commit_bytes"] = report.largest_commit
            if not report.is_through:
                self._queue_rest(task, report)
                return done | {"status": "RUNNING"}
            done |= self._finished(task, report, policy_defaults)
        except Exception as error:
            failed = {"status": "FAILED", "error": f"{type(error).__name__}: {error}", "ended_at": self._clock.now()}
            self._jobs.write_job(task.tenant_id, task.job_id, failed)
            raise
        done |= {"status": "DONE", "ended_at": self._clock.now()}
        self._jobs.write_job(task.tenant_id, task.job_id, done)
        return done

    def _queue_rest(self, task: SnapshotTask, report: SnapshotReport) -> None:
        reached = report.days[-1].isoformat() if report.days else task.reached
        further = replace(task, part=task.part + 1, reached=reached)
        self._queue.enqueue(further.task_id, further.to_payload())

    def _finished(
        self, task: SnapshotTask, report: SnapshotReport, policy_defaults: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Write the months that are due, and return further fields of the record."""
        if task.period.kind == "month":
            written = self._write_months(task, {task.period.label}, report.skipped, policy_defaults)
            return {"documents": written[task.period.label], **_skipped(report.skipped)}
        written = self._write_months(task, set(), report.skipped, policy_defaults)
        return {"months": len(written), **_skipped(report.skipped), **self._check_book(task.tenant_id)}

    def _caught_up(self, task: SnapshotTask, policy_defaults: Mapping[str, Any]) -> SnapshotReport:
        def progress(so_far: Progress) -> None:
            fields = {"reached": so_far.reached.isoformat(), "of": so_far.last.isoformat()}
            first = {} if task.part else {"from": so_far.first.isoformat()}
            self._jobs.write_job(task.tenant_id, task.job_id, first | fields)

        last_day = (task.period.end - timedelta(days=1)).date()
        return self._take.run(task.tenant_id, last_day, policy_defaults, progress)

    def _write_months(
        self, task: SnapshotTask, labels: set[str], skipped: SkippedDocuments, policy_defaults: Mapping[str, Any]
    ) -> dict[str, int]:
        """Write the given months and earlier ones whose days changed; return the number of documents of each."""
        stored = self._ledger.head(task.tenant_id)
        head, written = stored.value, {}
        due = (
            set()
            if head is None
            else {one for one in head.months_due if self._is_over(one, task, head, policy_defaults)}
        )
        for label in sorted(due | labels):
            month = self._month.from_days(task.tenant_id, parse_period("month", label), policy_defaults, skipped)
            self._ledger.write_snapshots(task.tenant_id, month.snapshots)
            written[label] = len(month.snapshots)
        if head is not None and not head.months_due.isdisjoint(written):
            settled = replace(head, months_due=head.months_due - written.keys())
            try:
                self._ledger.commit_day(task.tenant_id, DayWrites(head=settled), stored.version)
            except StoreConflict:
                logger.info("Days changed meanwhile: their months stay due", extra={"tenant": task.tenant_id})
        return written

    def _is_over(self, label: str, task: SnapshotTask, head: LedgerHead, policy_defaults: Mapping[str, Any]) -> bool:
        is_before = label < task.period.label[: len(label)]
        month = parse_period("month", label)
        return is_before and self._month.is_complete(task.tenant_id, month, policy_defaults, head.last_day)


def _skipped(skipped: SkippedDocuments) -> dict[str, Any]:
    return {"skipped_documents": skipped.count, "skipped_examples": list(skipped.examples)}
