"""One run over a tenant's ledger: first days to recompute, then days not computed yet."""

from __future__ import annotations

import itertools
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from functions.domain.kernel.errors import PackedStateError
from functions.domain.ledger.books import Checkpoint
from functions.domain.track_record.cumulative_moments import ByStrategy
from functions.domain.track_record.daily_returns import day_of
from functions.services.kernel.ports import Document, MarketCalendar, Version
from functions.services.ledger.compute_days import ComputeDays, ComputedDay
from functions.services.ledger.malformed import Malformed
from functions.services.ledger.ports import DayWrites, LedgerHead, LedgerStore
from functions.services.ledger.sessions import session_after, session_period
from functions.services.track_record.build_windows import WINDOW_SPAN, Windows, stored_windows, usable

logger = logging.getLogger("maestro")

_DAY = timedelta(days=1)
_NO_DAY = date(1970, 2, 1)
"""Before any session."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    first: date
    """The first day to compute; when recomputing, including days staged earlier."""
    reached: date
    """The last day done."""
    last: date
    """The last day to do."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run must do, and its callbacks."""

    tenant_id: str
    last_day: date
    """The last session to compute."""
    seen_until: datetime
    """Fills created before this are seen."""
    most_days: int
    """Maximum number of days to compute."""
    may_go_on: Callable[[], bool]
    """Asked before each day."""
    on_day: Callable[[ComputedDay, Progress], None]
    """Called after each day's commit."""


class LedgerRun:
    """
    One attempt at a run, from the head that it reads.

    StoreConflict ends it if another run got further: the attempt's last commit was not applied.
    """

    def __init__(
        self, run: Run, store: LedgerStore, calendar: MarketCalendar, days: ComputeDays, malformed: Malformed
    ) -> None:
        self.run = run
        self.store = store
        self.calendar = calendar
        self.days = days
        self.malformed = malformed
        stored = store.head(run.tenant_id)
        self.head: LedgerHead | None = stored.value
        """State after the last commit."""
        self._version: Version | None = stored.version
        self.largest_commit = 0
        """In this attempt, bytes."""

    def commit(self, head: LedgerHead, day: ComputedDay | None, **writes: Any) -> None:
        """
        Write a day's checkpoint and marks, and anything else in `DayWrites`, over the head that this attempt read.

        Raises
        ------
        StoreConflict
        StoreUnavailable
        """
        if day is not None:
            writes |= {"session": day.session, "checkpoint": day.checkpoint, "marks": day.kept_marks}
        written = DayWrites(head=head, **writes)
        self._version = self.store.commit_day(self.run.tenant_id, written, self._version)
        self.head = head
        self.largest_commit = max(self.largest_commit, written.size)

    def tell(self, day: ComputedDay, first: date) -> None:
        """Report that a day is done."""
        last = max(self.run.last_day, day.session if self.head is None else self.head.last_day)
        self.run.on_day(day, Progress(first, day.session, last))

    def books(self, at: datetime | None, session: date | None, first: date) -> Checkpoint:
        """
        Return the books at the end of a session, with the moments of all days before ``first``.

        If the checkpoint lacks them, because it is damaged or too old, every daily document is read once.
        """
        books = self.days.books(at, session)
        return books if books.moments is not None else replace(books, moments=self._moments_before(first))

    def _moments_before(self, first: date) -> ByStrategy:
        tenant_id, again = self.run.tenant_id, None if self.head is None else self.head.recomputing
        end = first - timedelta(days=1)
        served = self.store.daily_documents(tenant_id, _NO_DAY, end if again is None else min(end, again.first - _DAY))
        staged = [] if again is None else self.store.staged(tenant_id, again.first)
        moments: ByStrategy = {}
        for _, documents in itertools.groupby(itertools.chain(served, staged), key=_label):
            good = usable(documents, self.malformed.note).values()
            moments = self.days.with_days(moments, [one for one in good if day_of(one) < first])
        return moments

    def documents(self, first: date, last: date, begin: datetime | None = None) -> dict[str, Document]:
        """
        Return the well-formed daily documents from first to last, by id, oldest first.

        Parameters
        ----------
        begin : datetime, optional
            When the first day begins, if known: fewer documents are read.

        Raises
        ------
        StoreUnavailable
        """
        return usable(self.store.daily_documents(self.run.tenant_id, first, last, begin), self.malformed.note)

    def documents_by_day(
        self, first: date, last: date, begin: datetime | None = None
    ) -> dict[date, dict[str, Document]]:
        """Return the same by day. Raises StoreUnavailable."""
        by_day: dict[date, dict[str, Document]] = defaultdict(dict)
        for name, one in self.documents(first, last, begin).items():
            by_day[day_of(one)][name] = one
        return by_day


def go_forward(run: LedgerRun) -> bool:
    """
    Compute and serve the days after the last one, one by one; False if there was no time for all.

    Raises
    ------
    StoreConflict
    StoreUnavailable
    """
    head, last_day = run.head, run.run.last_day
    first = _first_day(run) if head is None else session_after(run.calendar, head.last_day)
    sessions = [] if first is None or first > last_day else run.calendar.sessions(first, last_day)
    if not sessions:
        return True
    at, session = (None, None) if head is None else (head.done_until, head.last_day)
    books = run.books(at, session, sessions[0])
    due = frozenset() if head is None else head.months_due
    windows = _windows_before(run, sessions[0])
    begin = session_period(run.calendar, sessions[0]).start
    known = run.documents_by_day(sessions[0], sessions[: run.run.most_days][-1], begin)
    for session in sessions:
        if not run.run.may_go_on():
            return False
        of_session = known.pop(session, {})
        day = run.days.day(books, session, of_session)
        windows = windows.followed_by(session, (of_session | day.snapshots).values())
        due |= {day.period.label[:7]}
        served = LedgerHead(session, run.run.seen_until, day.period.end, None, due)
        run.commit(served, day, snapshots=day.snapshots, windows=windows.to_documents(day.books.moments))
        run.tell(day, sessions[0])
        books = day.books
    return True


def mend_windows(run: LedgerRun) -> None:
    """Rebuild the windows of what is served, as they may be missing or damaged. Raises as `go_forward`."""
    if run.head is not None:
        last_day = run.head.last_day
        served = run.documents(last_day - WINDOW_SPAN, last_day)
        books = run.books(run.head.done_until, last_day, last_day + _DAY)
        run.commit(run.head, None, windows=Windows.of(served.values()).to_documents(books.moments))


def _windows_before(run: LedgerRun, session: date) -> Windows:
    """Return the windows up to a session: the served ones, or rebuilt if those are unusable."""
    if run.head is not None:
        try:
            return stored_windows(run.store, run.run.tenant_id, run.head.last_day)
        except PackedStateError as error:
            logger.info("Rebuilding windows: %s", error, extra={"tenant": run.run.tenant_id})
    return Windows.of(run.documents(session - WINDOW_SPAN, session - _DAY).values())


def _label(named: tuple[str, Document]) -> Any:
    """Return what distinguishes one day's documents from another's, whichever fields are missing."""
    return named[1].get("session") or named[1].get("period_start")


def _first_day(run: LedgerRun) -> date | None:
    """Return the session of the oldest fill of both books; None without any."""
    oldest = run.store.first_fill_time(run.run.tenant_id)
    return None if oldest is None else run.calendar.session_of(oldest)
