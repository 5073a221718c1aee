"""What a document takes in Firestore, which is not what its JSON takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
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
    if isinstance(value, str):
        return _text_bytes(value) + 1
    if isinstance(value, dict) or (not isinstance(value, _PLAIN) and isinstance(value, Mapping)):
        return sum([_text_bytes(str(name)) + 1 + stored_bytes(item) for name, item in value.items()])
    if isinstance(value, list | tuple):
        return sum([stored_bytes(item) for item in value])
    if isinstance(value, bytes):
        return len(value)
    return 1 if value is None or isinstance(value, bool) else _FIXED


_PLAIN = (float, int, list, tuple, bytes, datetime, type(None))
"""What is no map, and takes long to be asked whether it is."""


def _text_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
