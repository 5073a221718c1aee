"""Compare the position book with the ledger, whose sum it should be; nothing is corrected."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.trading.ledger_positions import PositionDifference, differences, holdings_of
from functions.services.ledger.open_lots import lots_of_all_fills, lots_since_checkpoint
from functions.services.ledger.ports import LedgerReader
from functions.services.ledger.read_ledger import SkippedDocuments
from functions.services.trading.ports import TradingRecords, TradingStore

logger = logging.getLogger("maestro")

_ATTEMPTS = 2
_TAKEN_IN_WITHIN = timedelta(hours=1)
"""How long a user's own document may wait for adoption before it counts as missing from the book."""
_DIFFERENCES_SHOWN = 20


class BookStatus(StrEnum):
    """The outcome of a comparison."""

    SAME = "SAME"
    DIFFERS = "DIFFERS"
    NOT_OPEN = "NOT_OPEN"
    """It was never opened, or an operator closed it."""
    CLOSED = "CLOSED"
    """It was open, but was closed automatically or cannot be read."""
    NOT_COMPARED = "NOT_COMPARED"
    """Fills were recorded during every attempt."""


@dataclass(frozen=True, slots=True)
class BookCheck:
    """One comparison."""

    status: BookStatus
    differences: Sequence[PositionDifference] = ()
    because: str | None = None
    """Why it is closed."""

    def to_fields(self) -> dict[str, Any]:
        """Return the fields of a job's record."""
        shown = [
            {name: getattr(one, name) for name in PositionDifference.__slots__}
            for one in self.differences[:_DIFFERENCES_SHOWN]
        ]
        return {
            "book_status": str(self.status),
            "book_closed_because": self.because,
            "book_differs": len(self.differences),
            "book_differences": shown,
        }


class CheckBook:
    """The use case; it reads, and writes nothing."""

    def __init__(self, store: TradingStore, ledger: LedgerReader) -> None:
        self._store = store
        self._ledger = ledger

    def run(self, tenant_id: str) -> BookCheck:
        """
        Compare a tenant's book with its ledger, between two reads of one version of both.

        The newest checkpoint and later entries are read; if they differ, the whole ledger.

        Raises
        ------
        StoreUnavailable
        """
        for _ in range(_ATTEMPTS):
            records = self._store.read(tenant_id, [])
            try:
                book = PositionBook.from_document(records.positions)
            except InputError as error:
                return BookCheck(BookStatus.CLOSED, because=f"state/positions: {error}")
            if not book.is_open:
                is_by_itself = book.closed_because is not None and book.closed_by is None
                status = BookStatus.CLOSED if is_by_itself else BookStatus.NOT_OPEN
                return BookCheck(status, because=book.closed_because)
            found = self._differences(tenant_id, book, records)
            if _state(self._store.read(tenant_id, [])) == _state(records):
                return BookCheck(BookStatus.DIFFERS if found else BookStatus.SAME, found)
        logger.warning("Position book not compared: fills were recorded meanwhile", extra={"tenant": tenant_id})
        return BookCheck(BookStatus.NOT_COMPARED)

    def _differences(self, tenant_id: str, book: PositionBook, records: TradingRecords) -> list[PositionDifference]:
        expected_until = max(book.opened_at or records.read_at, records.read_at - _TAKEN_IN_WITHIN)

        def is_counted(entry: LedgerEntry) -> bool:
            return entry.is_known_at(expected_until)

        found: list[PositionDifference] = []
        for read in (lots_since_checkpoint, lots_of_all_fills):
            lots = read(self._ledger, tenant_id, is_counted, SkippedDocuments())
            found = differences(book.holdings, holdings_of(lots))
            if not found:
                break
        return found


def _state(records: TradingRecords) -> tuple[Any, ...]:
    """Return a value that changes when ledger or book change."""
    session, positions = records.session.value or {}, records.positions or {}
    return session.get("ledger_version"), positions.get("opened_at")
