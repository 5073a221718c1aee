"""A stored checkpoint: in one document if it fits, else in as many as it needs, all in one commit."""

from __future__ import annotations

from collections.abc import Sequence

from functions.adapters.firestore.parts import PART_BYTES
from functions.services.kernel.ports import Document


def parted(checkpoint: Document) -> list[Document]:
    """Return the documents of a checkpoint: the first, which has their number, and further parts."""
    whole = checkpoint["packed"]
    first, *others = [whole[at : at + PART_BYTES] for at in range(0, len(whole), PART_BYTES)]
    return [{**checkpoint, "packed": first, "parts": 1 + len(others)}, *({"packed": other} for other in others)]


def joined(first: Document, others: Sequence[Document | None]) -> Document:
    """Return a packed checkpoint; with missing or mismatched parts it is invalid for readers."""
    packed = [one.get("packed", b"") for one in (first, *others) if one is not None]
    if not all(isinstance(part, bytes) for part in packed):
        return first
    return {**first, "packed": b"".join(packed)}
