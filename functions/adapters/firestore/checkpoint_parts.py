"""A checkpoint as it is stored: in one document while it fits, else in as many as it takes, all of one commit."""

from __future__ import annotations

from collections.abc import Sequence

from functions.services.kernel.ports import Document

PART_BYTES = 900_000
"""Of packed books in one document, which can hold 1 MiB."""


def parted(checkpoint: Document) -> list[Document]:
    """Return the documents that hold a checkpoint: the first, which says how many there are, and its further parts."""
    whole = checkpoint["packed"]
    first, *others = [whole[at : at + PART_BYTES] for at in range(0, len(whole), PART_BYTES)]
    return [{**checkpoint, "packed": first, "parts": 1 + len(others)}, *({"packed": other} for other in others)]


def parts_of(first: Document) -> int:
    """Return how many documents a checkpoint takes, by its first; 1 where that is all."""
    count = first.get("parts")
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 1 else 1


def joined(first: Document, others: Sequence[Document | None]) -> Document:
    """Return a checkpoint as it was packed; parts that are missing, or of another one, no reader takes for books."""
    packed = [one.get("packed", b"") for one in (first, *others) if one is not None]
    if not all(isinstance(part, bytes) for part in packed):
        return first
    return {**first, "packed": b"".join(packed)}
