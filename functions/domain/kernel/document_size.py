"""The size of a document in Firestore, which differs from that of its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

MOST_BYTES = 1_000_000
"""A little below Firestore's limit of 1 MiB per document, name and overhead included."""
MOST_COMMITTED_BYTES = 10_000_000
"""A little below Firestore's limit of 10 MiB per commit."""
_NUMBER_OR_TIME = 8
_FIXED = {float: _NUMBER_OR_TIME, int: _NUMBER_OR_TIME, datetime: _NUMBER_OR_TIME, bool: 1, type(None): 1}
"""Sizes of types whose values all have one."""


def stored_bytes(value: Any) -> int:
    """
    Return the size of a value in bytes, including field names.

    >>> stored_bytes({"a": 1, "bc": ["x", None, True]})
    17
    """
    fixed = _FIXED.get(type(value))
    if fixed is not None:
        return fixed
    if isinstance(value, str):
        return _text_bytes(value) + 1
    if isinstance(value, dict) or (not isinstance(value, _PLAIN) and isinstance(value, Mapping)):
        return sum([_text_bytes(str(name)) + 1 + stored_bytes(item) for name, item in value.items()])
    if isinstance(value, list | tuple):
        return _list_bytes(value)
    return len(value) if isinstance(value, bytes) else _NUMBER_OR_TIME


def _list_bytes(items: Sequence[Any]) -> int:
    """Return the size of a list; one of texts alone, as of days, is often long, and measured at once."""
    if set(map(type, items)) == {str}:
        return _text_bytes("".join(items)) + len(items)
    return sum([stored_bytes(item) for item in items])


_PLAIN = (float, int, list, tuple, bytes, datetime)
"""Not maps; checking for a Mapping is slow."""


def _text_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
