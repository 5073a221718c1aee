"""Read the ledger: valid documents are used, malformed ones skipped, counted and reported."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from functions.domain.kernel.book_names import SHADOW_UID
from functions.domain.kernel.errors import FillError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.amendments import effective
from functions.domain.ledger.events import Entry, Event, parse_entry
from functions.domain.ledger.fills import as_ledger_document, is_paper_fill
from functions.services.kernel.ports import Document
from functions.services.ledger.ports import LedgerReader, LedgerStore

logger = logging.getLogger("maestro")

_EXAMPLES_KEPT = 20


@dataclass(slots=True)
class SkippedDocuments:
    """What a job could not use."""

    count: int = 0
    examples: list[str] = field(default_factory=list)
    """The first few, each naming document, field, limit and value."""

    def add(self, error: FillError) -> None:
        self.count += 1
        if len(self.examples) < _EXAMPLES_KEPT:
            self.examples.append(str(error))


def note_untimed(store: LedgerReader, tenant_id: str, skipped: SkippedDocuments) -> None:
    """Count documents whose time is text and which no query by time finds. Raises StoreUnavailable."""
    for document_id, document in store.untimed_fills(tenant_id):
        skipped.add(FillError(f"{document_id}.ts", "a timestamp", document.get("ts")))


def read_events(
    tenant_id: str, documents: Iterable[tuple[str, Document]], skipped: SkippedDocuments
) -> Iterator[Event]:
    """
    Yield the events of ledger documents, with voids and corrections applied; a malformed one is logged, never fatal.

    Parameters
    ----------
    documents : iterable
        (id, document), oldest first.
    """

    def skip(error: FillError) -> None:
        extra = {"tenant": tenant_id, "reason_code": str(ReasonCode.MALFORMED_FILL)}
        logger.warning("Ledger document skipped: %s", error, extra=extra)
        skipped.add(error)

    def parsed() -> Iterator[Entry]:
        for document_id, document in documents:
            try:
                yield parse_entry(document_id, document)
            except FillError as error:
                skip(error)

    return effective(parsed(), skip)


def read_all_events(
    store: LedgerStore, tenant_id: str, start: datetime | None, end: datetime, skipped: SkippedDocuments
) -> Iterator[Event]:
    """
    Yield what happened in a period, live and on paper, oldest first.

    Paper fills belong to the user `SHADOW_UID`; what happens to a symbol, such as a split, also applies to paper
    positions.

    Raises
    ------
    StoreUnavailable
    """
    live = read_events(tenant_id, store.fills(tenant_id, start, end), skipped)
    records = (
        (record_id, as_ledger_document(record, SHADOW_UID))
        for record_id, record in store.shadow_fills(tenant_id, start, end)
        if is_paper_fill(record)
    )
    paper = read_events(tenant_id, records, skipped)
    return heapq.merge(live, paper, key=attrgetter("at"))
