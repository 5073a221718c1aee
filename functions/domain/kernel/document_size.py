"""What a document takes in Firestore, which is not what its JSON takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_BYTES = 1_000_000
"""A little below the 1 MiB that a document may have, name and overhead included."""
MOST_COMMITTED_BYTES = 10_000_000
"""A little below the 10 MiB that one commit may have."""
_FIXED = 8
"""A number, a time."""


def stored_bytes(value: Any) -> int:
    """
    Return how many bytes a value takes, names of its fields included.

    >>> stored_bytes({"a": 1, "bc": ["x", None, True]})
    17
    """
    if isinstance(value, Mapping):
        return sum(len(str(name).encode()) + 1 + stored_bytes(item) for name, item in value.items())
    if isinstance(value, list | tuple):
        return sum(stored_bytes(item) for item in value)
    if isinstance(value, str):
        return len(value.encode()) + 1
    if isinstance(value, bytes):
        return len(value)
    return 1 if value is None or isinstance(value, bool) else _FIXED
