"""Running a performance job, and what its record says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from functions.domain.kernel.errors import StoreConflict
from functions.services.kernel.ports import Clock, TaskQueue
from functions.services.ledger.catch_up import Progress
from functions.services.ledger.month_performance import ComputeMonth
from functions.services.ledger.ports import DayWrites, JobStore, LedgerHead, LedgerStore
from functions.services.ledger.read_ledger import SkippedDocuments
from functions.services.ledger.snapshot_tasks import SnapshotTask, parse_period
from functions.services.ledger.take_snapshots import SnapshotReport, TakeSnapshots

logger = logging.getLogger("maestro")

CheckBook = Callable[[str], Mapping[str, Any]]
"""Compares a tenant's position book with its ledger, and returns the result's fields for the day's record."""


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
