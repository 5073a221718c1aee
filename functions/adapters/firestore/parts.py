"""What takes more than one document: how much goes into each, and how many there are."""

from __future__ import annotations

from functions.services.kernel.ports import Document

PART_BYTES = 900_000
"""Of what is packed in one document, which can hold 1 MiB."""


def parts_of(first: Document | None) -> int:
    """Return how many documents something takes, by its first; 1 where that is all."""
    count = (first or {}).get("parts")
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 1 else 1
