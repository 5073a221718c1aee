"""Field-by-field checks of stored documents, which may have been edited by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import is_document_id


@dataclass(frozen=True, slots=True)
class Kind:
    """The values that a field accepts."""

    limit: str
    """As the end of "must be …"."""
    holds: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    if type(value) is float:  # the common case, fast
        return math.isfinite(value)
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and _is_number(value) and value >= 0 and float(value).is_integer()


TEXT = Kind("a text", lambda value: isinstance(value, str))
FIGURE = Kind("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool))
"""A number that may be NaN if unknown."""
NUMBER = Kind("a finite number", _is_number)
COUNT = Kind("a whole number, 0 or more", _is_count)
TIME = Kind("a timestamp", lambda value: isinstance(value, datetime))
DOCUMENT_ID = Kind("a document's id", is_document_id)
BYTES = Kind("bytes", lambda value: isinstance(value, bytes))
LIST = Kind("a list", lambda value: isinstance(value, list | tuple))
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
MAP = Kind("a map", lambda value: isinstance(value, Mapping))
TEXTS = Kind("a list of texts", lambda value: LIST.holds(value) and all(isinstance(one, str) for one in value))
MAPS = Kind("a list of maps", lambda value: LIST.holds(value) and all(isinstance(one, Mapping) for one in value))
MAP_OF_MAPS = Kind("a map of maps", lambda value: MAP.holds(value) and all(map(MAP.holds, value.values())))
NUMBERS = Kind("a map of numbers", lambda value: MAP.holds(value) and all(map(_is_number, value.values())))

Kinds = Mapping[str, Kind]
"""By field."""


def _is_day(value: Any) -> bool:
    try:
        return bool(date.fromisoformat(value).isoformat() == value)
    except (TypeError, ValueError):
        return False


DAY = Kind("a day, YYYY-MM-DD", _is_day)


def word(kind: type[StrEnum]) -> Kind:
    """Return the kind of a field that holds one of several words."""
    words = [str(one) for one in kind]
    return Kind("one of " + ", ".join(words), lambda value: value in words)


class Missing:
    """Marks a missing field in an error."""

    def __repr__(self) -> str:
        return "missing"


MISSING = Missing()


def check_fields(
    document: Mapping[str, Any],
    always: Kinds,
    at_times: Kinds | None = None,
    inside: str = "",
    *,
    or_null: Kinds | None = None,
    is_closed: bool = False,
) -> None:
    """
    Check that a stored document has every field that is read.

    Parameters
    ----------
    always : mapping
        Fields that every such document has.
    at_times : mapping, optional
        Fields that may be missing, or null.
    or_null : mapping, optional
        Fields that may be null but not missing: null means off, or not yet known.
    inside : str
        Position of this map in the stored document, like "spendings[0].".
    is_closed : bool
        Whether other fields are refused: a newer version's field would be lost with the next write.

    Raises
    ------
    InputError
        Names the first field that is missing, of the wrong kind, or unknown.
    """
    for name, kind in always.items():
        value = document.get(name, MISSING)
        if value is MISSING or not kind.holds(value):
            raise InputError(inside + name, kind.limit, value)
    at_times, or_null = at_times or {}, or_null or {}
    for name, kind in ({**at_times, **or_null} if or_null else at_times).items():
        value = document.get(name)
        if value is not None and not kind.holds(value):
            raise InputError(inside + name, f"{kind.limit}, or null", value)
    for name in or_null:
        if name not in document:
            raise InputError(inside + name, "there, or null", MISSING)
    for name in document if is_closed else ():
        if name not in {**always, **at_times, **or_null}:
            raise InputError(inside + name, "a field that this version knows", document[name])


_WORDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (Missing, "missing"),
    (type(None), "null"),
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "a text"),
    (bytes, "bytes"),
    (datetime, "a timestamp"),
    ((list, tuple), "a list"),
    (Mapping, "a map"),
)


def kind_of(value: Any) -> str:
    """
    Return a value's type, without the value.

    >>> kind_of("s3cret"), kind_of(None), kind_of(MISSING), kind_of(float("nan")), kind_of({1})
    ('another text', 'null', 'missing', 'another number', 'a set')
    """
    named = next((told for kinds, told in _WORDS if isinstance(value, kinds)), f"a {type(value).__name__}")
    return named.replace("a text", "another text").replace("a number", "another number")
