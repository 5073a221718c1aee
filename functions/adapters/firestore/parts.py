"""What takes more than one document: how much goes into each, and how many there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from google.cloud.firestore import DocumentReference

from functions.services.kernel.ports import Document

PART_BYTES = 900_000
"""Of what is packed in one document, which can hold 1 MiB."""


@dataclass(frozen=True, eq=False)
class Parted:
    """Something that may take more than one document."""

    first: DocumentReference
    part: Callable[[int], DocumentReference]
    """Where a further one is, by its number, from 2 on."""
    joined: Callable[[Sequence[Document | None]], Document | None]
    """Puts all of them together, the first one first."""

    def parts(self, count: int) -> list[DocumentReference]:
        """Return the further ones of so many in all."""
        return [self.part(number) for number in range(2, count + 1)]


def parts_of(first: Document | None) -> int:
    """Return how many documents something takes, by its first; 1 where that is all."""
    count = (first or {}).get("parts")
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 1 else 1
