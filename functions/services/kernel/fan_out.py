"""
Go through all tenants for a schedule, page by page, so that a retry continues where the previous run stopped.

What remains of a run is kept in a document if there is more than one page: whichever run finishes a page removes it. So
two runs of the same time share the pages, and a run of an older time keeps its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from functions.domain.kernel.errors import InputError, StoreError, StoreUnavailable
from functions.domain.kernel.spans import EVERYTHING, Span, next_beyond, without
from functions.services.kernel.commits import races
from functions.services.kernel.ports import Document, ScheduleRuns, TaskQueue, TenantDirectory, TenantPage

logger = logging.getLogger("maestro")

TENANTS_A_PAGE = 500
_RUNS_KEPT = 12
"""How many of a schedule's newest runs are kept: an hour's, if it runs every five minutes."""
_RACES = 10

QueuePage = Callable[["TenantsOfPage", TaskQueue], int]
"""Queues what is due for a directory's tenants and returns the number of tasks; raises StoreError."""


class FanOut:
    """Goes through all tenants for one schedule; create one per run."""

    def __init__(
        self, directory: TenantDirectory, queue: TaskQueue, runs: ScheduleRuns, monotonic: Callable[[], float]
    ) -> None:
        self._directory = directory
        self._queue = queue
        self._runs = runs
        self._monotonic = monotonic

    def run(self, schedule: str, at: datetime, seconds: float, queue_page: QueuePage) -> int:
        """
        Queue a schedule's tasks for all tenants, and return their number.

        A page with a task that could not be queued is left for the retry, and the other pages go on. The retry also
        gets the pages that there was no time for.

        Parameters
        ----------
        schedule : str
            The function's name.
        at : datetime
            The scheduled time, the same for a retry; aware.
        seconds : float
            How long it may take: less than the function may.

        Raises
        ------
        StoreError
            If pages remain: a retry continues with them.
        """
        label = at.astimezone(UTC).isoformat(timespec="seconds")
        ends_at = self._monotonic() + seconds
        queue = _QueueUntil(self._queue, ends_at, self._monotonic)
        left = self._stored(schedule, label)
        if left != EVERYTHING:
            logger.info("%s of %s continues: %d ranges of tenants remain", schedule, label, len(left))
        count, position, failures = 0, "", list[StoreError]()
        while (span := next_beyond(left, position)) is not None:
            if self._monotonic() >= ends_at:
                failures.append(StoreUnavailable(f"out of time, tenants after {span.after!r} remain"))
                break
            page = self._directory.page(span, TENANTS_A_PAGE)
            done = Span(span.after, page.last if page.is_more else span.until)
            try:
                count += queue_page(TenantsOfPage(page, self._directory), queue)
            except StoreError as error:
                failures.append(error)
            else:
                left = self._take_out(schedule, label, left, done)
            if done.until is None:
                break
            position = done.until
        if failures:
            message = f"{schedule} of {label}: {len(failures)} pages remain, a retry continues with them: {failures[0]}"
            logger.error(message)
            raise StoreUnavailable(message) from failures[0]
        return count

    def _stored(self, schedule: str, label: str) -> Sequence[Span]:
        return _runs_of(self._runs.read(schedule).value).get(label, EVERYTHING)

    def _take_out(self, schedule: str, label: str, left: Sequence[Span], done: Span) -> Sequence[Span]:
        """Return what remains after this page, with other runs' progress, and store it unless one page was all."""
        mine = without(left, done)
        if not mine and tuple(left) == EVERYTHING:
            return mine
        try:
            for race in races(_RACES):
                with race:
                    stored = self._runs.read(schedule)
                    runs = _runs_of(stored.value)
                    theirs = without(runs.get(label, EVERYTHING), done)
                    self._runs.write(schedule, _document({**runs, label: theirs}), stored)
                    return theirs
        except StoreError as error:
            logger.warning("Progress of %s of %s not stored, a retry repeats pages: %s", schedule, label, error)
        return mine


class TenantsOfPage:
    """The tenants of a page, as a directory."""

    def __init__(self, page: TenantPage, directory: TenantDirectory) -> None:
        self._page = page
        self._directory = directory

    @property
    def next_checks(self) -> Mapping[str, datetime]:
        return self._page.next_checks

    def enabled_tenants(self) -> Iterable[str]:
        return self._page.tenants

    def page(self, span: Span, limit: int) -> TenantPage:
        return self._directory.page(span, limit)

    def settings(self, tenant_ids: Sequence[str], names: Sequence[str]) -> Mapping[str, Document]:
        return self._directory.settings(tenant_ids, names)


class _QueueUntil:
    """A queue that takes nothing after a deadline, so that the work under way ends in time."""

    def __init__(self, queue: TaskQueue, ends_at: float, monotonic: Callable[[], float]) -> None:
        self._queue = queue
        self._ends_at = ends_at
        self._monotonic = monotonic

    def enqueue(self, task_id: str, payload: Mapping[str, Any]) -> bool:
        if self._monotonic() >= self._ends_at:
            raise StoreUnavailable("the schedule is out of time")
        return self._queue.enqueue(task_id, payload)


def _runs_of(document: Document | None) -> dict[str, Sequence[Span]]:
    """Return what remains of each run, by its time; an unreadable document starts again at the first tenant."""
    try:
        runs = (document or {}).get("runs") or {}
        if not isinstance(runs, Mapping):
            raise InputError("runs", "a map", runs)
        return {label: tuple(map(Span.from_map, _listed(spans))) for label, spans in runs.items()}
    except InputError as error:
        logger.error("Progress of schedules unreadable, starting at the first tenant: %s", error)
        return {}


def _listed(spans: Any) -> list[Any]:
    if not isinstance(spans, list):
        raise InputError("runs", "lists of spans", spans)
    return spans


def _document(runs: Mapping[str, Sequence[Span]]) -> dict[str, Any]:
    newest = sorted(runs)[-_RUNS_KEPT:]
    return {"runs": {label: [one.to_map() for one in runs[label]] for label in newest}}
