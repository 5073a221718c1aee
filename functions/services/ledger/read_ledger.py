"""Read fills from the ledger: good ones are used, bad ones skipped, counted and reported."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from functions.domain.kernel.book_names import SHADOW_UID
from functions.domain.kernel.errors import FillError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.fills import Fill, as_ledger_document, is_paper_fill, parse_fill
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
    """Count documents whose time is text, which no query by time finds. Raises StoreUnavailable."""
    for document_id, document in store.untimed_fills(tenant_id):
        skipped.add(FillError(f"{document_id}.ts", "a timestamp", document.get("ts")))


def read_fills(tenant_id: str, documents: Iterable[tuple[str, Document]], skipped: SkippedDocuments) -> Iterator[Fill]:
    """Yield the fills of ledger documents; a bad one is never fatal and never silent."""
    for document_id, document in documents:
        try:
            yield parse_fill(document_id, document)
        except FillError as error:
            extra = {"tenant": tenant_id, "reason_code": str(ReasonCode.MALFORMED_FILL)}
            logger.warning("Ledger document skipped: %s", error, extra=extra)
            skipped.add(error)


def read_all_fills(
    store: LedgerStore, tenant_id: str, start: datetime | None, end: datetime, skipped: SkippedDocuments
) -> Iterator[Fill]:
    """Yield live and paper fills of a period; paper ones belong to the user `SHADOW_UID`. Raises StoreUnavailable."""
    yield from read_fills(tenant_id, store.fills(tenant_id, start, end), skipped)
    paper = (
        (record_id, as_ledger_document(record, SHADOW_UID))
        for record_id, record in store.shadow_fills(tenant_id, start, end)
        if is_paper_fill(record)
    )
    yield from read_fills(tenant_id, paper, skipped)
