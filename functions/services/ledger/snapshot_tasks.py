"""Performance jobs: which are due for which tenant."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.ledger.periods import Period
from functions.services.kernel.enabled_tenants import enabled_tenants
from functions.services.kernel.ports import MarketCalendar, MarketCalendars, TaskQueue, TenantDirectory
from functions.services.kernel.tasks import Task, enqueue_all, hashed_id

logger = logging.getLogger("maestro")

_SETTLED_AFTER = timedelta(minutes=30)
_CAUGHT_UP_WITHIN = timedelta(hours=6)
"""Hours after a session's close in which its job is queued, repeatedly until the queue takes it."""


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
