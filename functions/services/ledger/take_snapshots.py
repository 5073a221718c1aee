"""Daily snapshots: carry every book over the day, write its performance, and keep windows and checkpoint in step."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from functions.domain.kernel.errors import StoreConflict
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.stored_fields import TEXT, TIME
from functions.domain.ledger.books import Checkpoint, PeriodResult, compute_period_in_pages
from functions.domain.ledger.checkpoints import checkpoint_document
from functions.domain.ledger.periods import Period, mode_at_end, snapshot_document
from functions.services.kernel.commits import races
from functions.services.kernel.damage import check_stored
from functions.services.kernel.ports import Clock, Document, MarketCalendars
from functions.services.ledger.books import books_at, newest_checkpoint
from functions.services.ledger.ports import DayWrites, LedgerHead, LedgerStore
from functions.services.ledger.read_ledger import SkippedDocuments, note_untimed, read_all_events
from functions.services.ledger.valuation import Valuation, value
from functions.services.track_record.build_windows import WINDOW_SPAN, build_windows, windows_of

logger = logging.getLogger("maestro")

_ATTEMPTS = 5
_CREATION_OVERLAP = timedelta(minutes=5)
"""A fill may become visible a little after it says it was created."""
_LONGEST_CLOSURE = timedelta(days=30)
Progress = Callable[[date], None]


@dataclass(slots=True)
class SnapshotReport:
    """What a run did."""

    days: list[date] = field(default_factory=list)
    """Days written, oldest first."""
    documents: int = 0
    skipped: SkippedDocuments = field(default_factory=SkippedDocuments)


class TakeSnapshots:
    """The use case; one tenant at a time."""

    def __init__(self, store: LedgerStore, calendars: MarketCalendars, clock: Clock) -> None:
        self._store = store
        self._calendars = calendars
        self._clock = clock

    def run(
        self, tenant_id: str, last_day: date, policy_defaults: Mapping[str, Any], progress: Progress | None = None
    ) -> SnapshotReport:
        """
        Bring a tenant's daily snapshots up to ``last_day``.

        Missed days are filled in; a fill that came late, or corrects an older one, is picked up by recomputing from
        its day on. Meanwhile, and if that is cut short, cycles read the windows that were there. Doing it again, or
        twice at once, changes nothing.

        Raises
        ------
        StoreUnavailable
            Days already written stay; the next run goes on from there.
        PolicyError
            If the tenant's policy cannot be read.
        """
        report = SnapshotReport()
        seen_until = self._clock.now() - _CREATION_OVERLAP
        settings = self._store.settings(tenant_id)
        calendar = self._calendars.of(Policy.from_sources(policy_defaults, settings.policy).market)
        valuation = value(settings, policy_defaults, calendar)
        note_untimed(self._store, tenant_id, report.skipped)
        for race in races(_ATTEMPTS):
            with race:
                self._catch_up(tenant_id, last_day, seen_until, valuation, report, progress)
            if race.is_lost:
                logger.info("Another run took a snapshot first: looking again", extra={"tenant": tenant_id})
        if race.is_lost:
            raise StoreConflict(f"lost {_ATTEMPTS} races for the ledger of tenant {tenant_id}")
        logger.info(
            "Snapshots of %d days, %d documents, %d ledger documents skipped",
            len(report.days),
            report.documents,
            report.skipped.count,
            extra={"tenant": tenant_id, "count": report.documents},
        )
        return report

    def _catch_up(
        self,
        tenant_id: str,
        last_day: date,
        seen_until: datetime,
        valuation: Valuation,
        report: SnapshotReport,
        progress: Progress | None,
    ) -> None:
        stored = self._store.head(tenant_id)
        head, version = stored.value, stored.version
        first = self._first_day(tenant_id, head, last_day)
        if first is None:
            if head is not None and head.last_day >= head.served_day:  # windows may be missing or damaged all the same
                build_windows(self._store, tenant_id, head.last_day)
            return
        served = first if head is None else head.served_day
        books = self._books(tenant_id, first, valuation, report.skipped)
        start = Period.of_day(first).start
        recent = list(self._store.daily_documents(tenant_id, start - WINDOW_SPAN, start))
        known = {
            _identity(day): day for day in self._store.daily_documents(tenant_id, start, Period.of_day(last_day).end)
        }
        for day in valuation.calendar.sessions(first, last_day):
            period = Period.of_day(day)
            events = read_all_events(self._store, tenant_id, books.at, period.end, report.skipped)
            results, books = compute_period_in_pages(books, events, valuation.closes(day), period.end)
            snapshots = self._documents(tenant_id, results, period, valuation, known)
            recent += snapshots.values()
            writes = DayWrites(
                head=LedgerHead(day, seen_until, max(day, served)),
                checkpoint=checkpoint_document(books),
                snapshots=snapshots,
                windows=_windows(recent) if day >= served else {},
            )
            version = self._store.commit_day(tenant_id, writes, version)
            report.days.append(day)
            report.documents += len(snapshots)
            if progress is not None:
                progress(day)

    def _first_day(self, tenant_id: str, head: LedgerHead | None, last_day: date) -> date | None:
        """Return the first day to compute, None if there is nothing to do."""
        if head is None:
            oldest = self._store.first_fill_time(tenant_id)  # of both books
            return None if oldest is None or oldest.date() > last_day else oldest.date()
        done_until = Period.of_day(head.last_day).end
        late = self._store.earliest_late_fill(tenant_id, head.seen_until, done_until)
        first = late.date() if late else head.last_day + timedelta(days=1)
        return first if first <= last_day else None

    def _books(self, tenant_id: str, day: date, valuation: Valuation, skipped: SkippedDocuments) -> Checkpoint:
        """Return the books at the end of the session before a day, so that fills between the two count to the day."""
        books = newest_checkpoint(self._store, tenant_id, Period.of_day(day).start)
        if books is not None:
            return books
        before = valuation.calendar.sessions(day - _LONGEST_CLOSURE, day - timedelta(days=1))[-1]
        marks = valuation.closes(before)
        return books_at(self._store, tenant_id, Period.of_day(before).end, skipped, marks)

    def _documents(
        self,
        tenant_id: str,
        results: Sequence[PeriodResult],
        period: Period,
        valuation: Valuation,
        known: Mapping[str, Document],
    ) -> dict[str, dict[str, Any]]:
        """Return a day's documents by id; one computed again keeps its capital base, and the mode it knew."""
        computed_at = self._clock.now()
        documents = {}
        for result in results:
            document_id = period.document_id(result.uid, result.strategy_id)
            before = known.get(document_id)
            base = before["capital_base"] if before else valuation.capital_base(result.strategy_id)
            mode = mode_at_end(valuation.modes.get(result.strategy_id), period, before)
            documents[document_id] = snapshot_document(tenant_id, result, period, base, computed_at) | {"mode": mode}
        return documents


def _windows(days: Sequence[Document]) -> dict[str | None, Document]:
    return {uid: windows.to_document() for uid, windows in windows_of(days).items()}


def _identity(day: Document) -> str:
    check_stored(day, {"uid": TEXT, "strategy_id": TEXT, "period_start": TIME})
    return Period.of_day(day["period_start"].date()).document_id(day["uid"], day["strategy_id"])
