"""What the live ledger leaves open now: from the newest checkpoint that nothing came late for, or from all of it."""

from __future__ import annotations

from collections.abc import Callable

from functions.domain.ledger.books import Checkpoint, OpenLots
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.ledger.open_lots import carried
from functions.services.ledger.books import newest_checkpoint
from functions.services.ledger.ports import LedgerReader
from functions.services.ledger.read_ledger import SkippedDocuments, note_untimed, read_events

IsCounted = Callable[[LedgerEntry], bool]


def lots_of_all_fills(
    ledger: LedgerReader, tenant_id: str, is_counted: IsCounted, skipped: SkippedDocuments
) -> OpenLots:
    """Return the lots that all fills leave open, read page by page. Raises StoreUnavailable."""
    note_untimed(ledger, tenant_id, skipped)
    return _lots_since(ledger, tenant_id, Checkpoint.empty(), is_counted, skipped)


def lots_since_checkpoint(
    ledger: LedgerReader, tenant_id: str, is_counted: IsCounted, skipped: SkippedDocuments
) -> OpenLots:
    """
    Return the same, reading only the fills since the newest checkpoint that has all fills before it.

    A fill that came late and does not say when (``created_at``) is missed; who sees a difference reads all of them.

    Raises
    ------
    StoreUnavailable
    """
    head = ledger.head(tenant_id).value
    books: Checkpoint | None = None
    if head is not None:
        late = ledger.earliest_late_fill(tenant_id, head.seen_until, head.done_until)
        books = newest_checkpoint(ledger, tenant_id, head.done_until if late is None else late)
    return _lots_since(ledger, tenant_id, books or Checkpoint.empty(), is_counted, skipped)


def _lots_since(
    ledger: LedgerReader, tenant_id: str, books: Checkpoint, is_counted: IsCounted, skipped: SkippedDocuments
) -> OpenLots:
    counted = (entry for entry in ledger.entries(tenant_id, books.at) if is_counted(entry))
    return carried(books.lots, read_events(tenant_id, ((one.entry_id, one.document) for one in counted), skipped))
