"""A tenant's books at an instant: the newest checkpoint plus the fills since."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from functions.domain.kernel.errors import PackedStateError
from functions.domain.ledger.books import Checkpoint, compute_period_in_pages
from functions.domain.ledger.checkpoints import checkpoint_document, read_checkpoint
from functions.services.ledger.ports import LedgerReader, LedgerStore
from functions.services.ledger.read_ledger import SkippedDocuments, read_all_events

logger = logging.getLogger("maestro")


class PackedBooks(dict[str, Any]):
    """A checkpoint's document before packing; a store that keeps it as is saves readers unpacking it."""

    def __init__(self, books: Checkpoint, **further: Any) -> None:
        super().__init__(checkpoint_document(books), **further)
        self.books = books


def newest_checkpoint(store: LedgerReader, tenant_id: str, at_or_before: datetime) -> Checkpoint | None:
    """Return the newest checkpoint that is not after a time; None if it is damaged. Raises StoreUnavailable."""
    document = store.checkpoint(tenant_id, at_or_before)
    if isinstance(document, PackedBooks):
        return document.books
    try:
        return read_checkpoint(document)
    except PackedStateError as error:
        logger.error("Checkpoint damaged, rebuilding from the ledger: %s", error, extra={"tenant": tenant_id})
        return None


def books_at(
    store: LedgerStore,
    tenant_id: str,
    at: datetime,
    skipped: SkippedDocuments,
    marks: Mapping[str, float] | None = None,
) -> Checkpoint:
    """
    Return the books at an instant.

    Parameters
    ----------
    marks : mapping, optional
        Prices at the instant, USD by symbol; by default the last ones known.

    Notes
    -----
    With a good checkpoint only later entries are read; without one, the whole ledger before the instant.

    Raises
    ------
    StoreUnavailable
    """
    books = newest_checkpoint(store, tenant_id, at) or Checkpoint.empty()
    if books.at == at:
        return books
    events = read_all_events(store, tenant_id, books.at, at, skipped)
    return compute_period_in_pages(books, events, marks or {}, at)[1]
