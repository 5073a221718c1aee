"""Parsing single values from outside."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeGuard, TypeVar

from functions.domain.kernel.errors import InputError

Word = TypeVar("Word", bound=StrEnum)
Item = TypeVar("Item")

_LONGEST_ID_BYTES = 1500
_MOST_DIGITS = 300
"""Of a whole number that is a float's, too."""
_RESERVED_ID = re.compile(r"__.*__", re.DOTALL)

CLOCK_SKEW = timedelta(seconds=60)
"""Tolerated error of a sender's clock."""


def parse_time(name: str, value: Any) -> datetime:
    """Return an aware time from a timestamp or an ISO 8601 string. Raises InputError."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise InputError(name, "an ISO 8601 time with its zone", value) from error
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InputError(name, "a time with its zone", value)
    return value


def check_not_ahead(name: str, at: datetime, now: datetime) -> None:
    """Refuse a time that is further ahead than clocks may differ. Raises InputError."""
    if at > now + CLOCK_SKEW:
        limit = f"at most {CLOCK_SKEW.total_seconds():.0f} s ahead of the server's clock, {now.isoformat()}"
        raise InputError(name, limit, at.isoformat())


def stored_json(text: Any) -> Any:
    """
    Return what a stored JSON text holds; a whole number beyond all bounds is infinite, as 1e400 is.

    Raises ValueError, also for what nests too deeply to be read, and TypeError for what is not text.

    >>> stored_json(f"[7, {'1' * 400}]")
    [7, inf]
    """
    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ValueError("it nests too deeply to be read") from None


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def as_number(value: Any) -> float | None:
    """
    Return a finite number from a number or a numeric string; None for anything else.

    >>> as_number("1e3"), as_number(True), as_number(float("nan"))
    (1000.0, None, None)
    """
    if isinstance(value, bool | bytes) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def is_document_id(value: Any) -> TypeGuard[str]:
    r"""
    Return whether Firestore accepts a value as a document's name.

    It accepts no reserved names, and none that are too long or cannot be encoded.

    >>> [is_document_id(value) for value in ("acme", "a/b", "..", "__x__", "\ud800", "a" * 1501)]
    [True, False, False, False, False, False]
    """
    if not isinstance(value, str) or value in {"", ".", ".."} or "/" in value or _RESERVED_ID.fullmatch(value):
        return False
    try:
        return len(value.encode()) <= _LONGEST_ID_BYTES
    except UnicodeEncodeError:  # half a surrogate pair
        return False


def check_document_id(name: str, value: Any) -> None:
    """Raise InputError unless a value is a document's id."""
    if not is_document_id(value):
        limit = "an id of 1 to 1,500 bytes without /, other than ., .. and __…__"
        raise InputError(name, limit, value)


def read_each(name: str, values: Any, read: Callable[[str, Any], Item]) -> frozenset[Item]:
    """Read every item of a list. Raises InputError, which names the item."""
    if not isinstance(values, list | tuple):
        raise InputError(name, "a list", shown(values))
    return frozenset(read(f"{name}[{index}]", value) for index, value in enumerate(values))


def read_text(name: str, value: Any) -> str:
    """Return a text. Raises InputError."""
    if not isinstance(value, str):
        raise InputError(name, "a text", shown(value))
    return value


def read_word(kind: type[Word], name: str, value: Any) -> Word:
    """Return the member of an enum by its value. Raises InputError."""
    words = [str(word) for word in kind]
    if value not in words:  # a list: the value may be unhashable
        raise InputError(name, "one of " + ", ".join(words), shown(value))
    return kind(value)


@dataclass(frozen=True, slots=True)
class Hidden:
    """Replaces a value that an error must not show."""

    value: Any = field(repr=False)

    def __repr__(self) -> str:
        return f"<{type(self.value).__name__} of {len(str(self.value))} characters, not shown>"


def shown(value: Any) -> Any:
    """
    Return a value for an error message: as it is if it is a short word or a number, else hidden.

    It may be an address or a token in the wrong place.
    """
    is_harmless = value is None or isinstance(value, bool | int | float)
    is_word = isinstance(value, str) and re.fullmatch(r"[\w .\-]{0,20}", value) is not None
    return value if is_harmless or is_word else Hidden(value)
