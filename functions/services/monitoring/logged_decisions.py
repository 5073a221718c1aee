"""Decisions on record, checked before they are counted or reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from functions.domain.orchestration.decision import check_logged, check_verdicts
from functions.services.kernel.damage import reading
from functions.services.kernel.ports import Document


def read_logged(decision: Document) -> Document:
    """Return a decision with every field that is read. Raises DamagedDocument."""
    with reading(decision):
        check_logged(decision)
    return decision


def read_counted(decisions: Iterable[Document]) -> Iterator[Document]:
    """Yield decisions whose verdicts can be counted. Raises DamagedDocument."""
    for decision in decisions:
        with reading(decision):
            check_verdicts(decision)
        yield decision
