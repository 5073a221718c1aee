"""Compute one session of all of a tenant's books: its marks, its fills and the resulting documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from functions.domain.kernel.errors import PackedStateError
from functions.domain.ledger.books import Checkpoint, PeriodResult, compute_period_in_pages
from functions.domain.ledger.capital import capital_base
from functions.domain.ledger.marks import Marks, latest, marks_document, read_marks
from functions.domain.ledger.performance_documents import day_document, mode_at_end
from functions.domain.ledger.periods import Period
from functions.domain.track_record.cumulative_moments import ByStrategy, with_days
from functions.services.kernel.ports import Clock, Document, MarketCalendar
from functions.services.ledger.books import PackedBooks, books_at
from functions.services.ledger.malformed import Malformed
from functions.services.ledger.ports import LedgerStore
from functions.services.ledger.read_ledger import read_all_events
from functions.services.ledger.sessions import session_period
from functions.services.ledger.valuation import Valuation


@dataclass(frozen=True, slots=True)
class ComputedDay:
    """The result of a session."""

    session: date
    period: Period
    books: Checkpoint
    """The books at its end."""
    marks: Marks
    snapshots: dict[str, dict[str, Any]]
    """Performance documents by id."""

    @property
    def checkpoint(self) -> Document:
        return PackedBooks(self.books, session=self.period.label)

    @property
    def kept_marks(self) -> Document:
        return marks_document(self.session, self.marks)


class ComputeDays:
    """Computes one tenant's sessions; it reads, and writes nothing."""

    def __init__(
        self,
        store: LedgerStore,
        tenant_id: str,
        valuation: Valuation,
        calendar: MarketCalendar,
        clock: Clock,
        malformed: Malformed,
    ) -> None:
        self._store = store
        self._tenant_id = tenant_id
        self._valuation = valuation
        self._calendar = calendar
        self._clock = clock
        self._malformed = malformed

    def books(self, at: datetime | None, session: date | None) -> Checkpoint:
        """
        Return the books at an instant.

        Parameters
        ----------
        at : datetime or None
            None: before the first fill.
        session : date or None
            The session that ends there, whose marks are used if the books must be rebuilt from the ledger.

        Raises
        ------
        StoreUnavailable
        """
        if at is None:
            return Checkpoint.empty()
        marks = {} if session is None else _prices(self.marks(session))
        return books_at(self._store, self._tenant_id, at, self._malformed.skipped, marks)

    def marks(self, session: date) -> dict[str, Any]:
        """Return a session's marks: those stored, and newer ones from the market data."""
        try:
            kept = read_marks(self._store.marks(self._tenant_id, session))
        except PackedStateError as error:
            self._malformed.note(PackedStateError(f"marks of {session}", error.limit, error.value))
            kept = {}
        return latest(kept, self._valuation.marks(session))

    def day(self, books: Checkpoint, session: date, known: Mapping[str, Document]) -> ComputedDay:
        """
        Carry books over a session.

        Parameters
        ----------
        books : Checkpoint
            At the end of the previous day; every fill since counts towards this one.
        known : mapping
            The session's documents by id. If the session was computed before, the values taken from policy and mode
            stay; a document that a user wrote counts in the moments as it does in windows.

        Raises
        ------
        StoreUnavailable
        """
        period, marks = session_period(self._calendar, session), self.marks(session)
        events = read_all_events(self._store, self._tenant_id, books.at, period.end, self._malformed.skipped)
        results, closing = compute_period_in_pages(books, events, _prices(marks), period.end)
        documents = {
            period.document_id(one.uid, one.strategy_id): self._document(one, period, known) for one in results
        }
        moments = None if books.moments is None else self.with_days(books.moments, {**known, **documents}.values())
        return ComputedDay(session, period, replace(closing, moments=moments), marks, documents)

    def with_days(self, moments: ByStrategy, days: Iterable[Document]) -> ByStrategy:
        """Return moments with further days in them, at the policy's risk-free rate."""
        policy = self._valuation.policy
        return with_days(moments, days, policy.risk_free_rate / policy.periods_a_year)

    def _document(self, result: PeriodResult, period: Period, known: Mapping[str, Document]) -> dict[str, Any]:
        before = known.get(period.document_id(result.uid, result.strategy_id))
        base = capital_base(result.strategy_id, result.capital, self._valuation.policy, before)
        mode = mode_at_end(self._valuation.modes.get(result.strategy_id), period, before)
        document = day_document(self._tenant_id, result, period, base, self._clock.now())
        return document | {"mode": mode}


def _prices(marks: Marks) -> dict[str, float]:
    return {symbol: mark.price for symbol, mark in marks.items()}
