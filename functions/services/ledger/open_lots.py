"""The live ledger's open lots now: from the newest checkpoint without late fills, or from the whole ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from functions.domain.ledger.books import Checkpoint, OpenLots
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.ledger.events import Event
from functions.domain.ledger.open_lots import carried
from functions.services.ledger.books import newest_checkpoint
from functions.services.ledger.ports import LedgerReader
from functions.services.ledger.read_ledger import SkippedDocuments, note_untimed, read_events

IsCounted = Callable[[LedgerEntry], bool]
OnEvent = Callable[[Event], None]


def lots_of_all_fills(
    ledger: LedgerReader,
    tenant_id: str,
    is_counted: IsCounted,
    skipped: SkippedDocuments,
    on_event: OnEvent = lambda _: None,
) -> OpenLots:
    """Return the lots that all fills leave open, read page by page. Raises StoreUnavailable."""
    note_untimed(ledger, tenant_id, skipped)
    counted = (entry for entry in ledger.entries(tenant_id, None) if is_counted(entry))
    return lots_after(Checkpoint.empty(), tenant_id, counted, skipped, on_event)


def lots_since_checkpoint(
    ledger: LedgerReader, tenant_id: str, is_counted: IsCounted, skipped: SkippedDocuments
) -> OpenLots:
    """
    Return the same, reading only the fills since the newest checkpoint that contains all earlier fills.

    A late fill without ``created_at`` is missed; a caller that sees a difference must read all fills.

    Raises
    ------
    StoreUnavailable
    """
    books = complete_checkpoint(ledger, tenant_id)
    counted = (entry for entry in ledger.entries(tenant_id, books.at) if is_counted(entry))
    return lots_after(books, tenant_id, counted, skipped)


def complete_checkpoint(ledger: LedgerReader, tenant_id: str, before: datetime | None = None) -> Checkpoint:
    """
    Return the newest checkpoint without late fills; an empty one if there is none.

    Parameters
    ----------
    before : datetime, optional
        The time of an entry about to be added: the checkpoint is not after that either.

    Raises
    ------
    StoreUnavailable
    """
    head = ledger.head(tenant_id).value
    if head is None:
        return Checkpoint.empty()
    late = ledger.earliest_late_fill(tenant_id, head.seen_until, head.done_until)
    until = min(one for one in (head.done_until, late, before) if one is not None)
    return newest_checkpoint(ledger, tenant_id, until) or Checkpoint.empty()


def lots_after(
    books: Checkpoint,
    tenant_id: str,
    entries: Iterable[LedgerEntry],
    skipped: SkippedDocuments,
    on_event: OnEvent = lambda _: None,
) -> OpenLots:
    """
    Return the lots that are open after further entries.

    Parameters
    ----------
    entries : iterable of LedgerEntry
        All that count after the checkpoint, oldest first.
    on_event : callable, optional
        Called with every one that counts.
    """

    def told() -> Iterator[Event]:
        for event in read_events(tenant_id, ((one.entry_id, one.document) for one in entries), skipped):
            on_event(event)
            yield event

    return carried(books.lots, told())
