"""Data in several documents: size of each, and their number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from google.cloud.firestore import DocumentReference

from functions.services.kernel.ports import Document

PART_BYTES = 900_000
"""Maximum packed bytes per document, which is limited to 1 MiB."""


@dataclass(frozen=True, eq=False)
class Parted:
    """Data that may need more than one document."""

    first: DocumentReference
    part: Callable[[int], DocumentReference]
    """Location of a further part, by its number, from 2 on."""
    joined: Callable[[Sequence[Document | None]], Document | None]
    """Joins all parts, in order."""

    def parts(self, count: int) -> list[DocumentReference]:
        """Return the further parts, given the total number."""
        return [self.part(number) for number in range(2, count + 1)]


def parts_of(first: Document | None) -> int:
    """Return the number of documents, from the first one; 1 if that is all."""
    count = (first or {}).get("parts")
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 1 else 1
