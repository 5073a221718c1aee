"""Read fills from the ledger: good ones are used, bad ones skipped, counted and reported."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from functions.domain.errors import FillError
from functions.domain.fills import Fill, parse_fill
from functions.domain.reasons import ReasonCode
from functions.services.ports import Document

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


def read_fills(tenant_id: str, documents: Iterable[tuple[str, Document]], skipped: SkippedDocuments) -> Iterator[Fill]:
    """Yield the fills of ledger documents; a bad one is never fatal and never silent."""
    for document_id, document in documents:
        try:
            yield parse_fill(document_id, document)
        except FillError as error:
            extra = {"tenant": tenant_id, "reason_code": str(ReasonCode.MALFORMED_FILL)}
            logger.warning("Ledger document skipped: %s", error, extra=extra)
            skipped.add(error)
