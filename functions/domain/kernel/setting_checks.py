"""What one setting of a policy accepts and means: read and checked, and the same as JSON Schema and in words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.markets import MARKETS
from functions.domain.kernel.parsing import parse_time


@dataclass(frozen=True, slots=True)
class Check:
    """What a setting accepts: a parser that raises ValueError with the limit, and the same as JSON Schema."""

    read: Callable[[Any], Any]
    schema: Mapping[str, Any]

    def __call__(self, value: Any) -> Any:
        return self.read(value)


class Group(StrEnum):
    """What settings belong together, in documents and in the dashboard's form."""

    MODES = "Modes"
    RISK = "Risk"
    KILL_SWITCH = "Kill switch"
    CAPITAL = "Capital"
    MARKET = "Market"
    BROKER = "Broker"
    TIME_LIMITS = "Time limits"
    ALERTS = "Alerts and reports"


def setting(default: Any, check: Check, group: Group, meaning: str) -> Any:
    """Return a setting's dataclass field: documents, API and form are generated from what is given here."""
    metadata = {"check": check, "group": group, "meaning": meaning}
    is_mutable = isinstance(default, dict)
    return field(default_factory=dict, metadata=metadata) if is_mutable else field(default=default, metadata=metadata)


def number(low: float, high: float) -> Check:
    limit = f"a number from {low:g} to {high:g}"

    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(limit)
        return float(value)

    return Check(read, {"type": "number", "minimum": low, "maximum": high})


def whole_number(low: int, high: int) -> Check:
    limit = f"a whole number from {low} to {high}"

    def read(value: Any) -> int:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or value != int(value) or not low <= value <= high:
            raise ValueError(limit)
        return int(value)

    return Check(read, {"type": "integer", "minimum": low, "maximum": high})


def text(most_characters: int) -> Check:
    limit = f"a text of at most {most_characters} characters"

    def read(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most_characters:
            raise ValueError(limit)
        return value

    return Check(read, {"type": "string", "maxLength": most_characters})


def optional(check: Check) -> Check:
    def read(value: Any) -> Any:
        try:
            return None if value is None else check(value)
        except ValueError as error:
            raise ValueError(f"{error} or null") from error

    return Check(read, {"anyOf": [check.schema, {"type": "null"}]})


def choice(kind: type[StrEnum], *allowed: StrEnum) -> Check:
    words = [str(word) for word in allowed]

    def read(value: Any) -> StrEnum:
        if value not in words:  # a list: the value may be unhashable
            raise ValueError("one of " + ", ".join(words))
        return kind(value)

    return Check(read, {"type": "string", "enum": words})


def _read_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _read_time(value: Any) -> datetime:
    try:
        return parse_time("time", value)
    except InputError as error:
        raise ValueError("a time with its zone") from error


def _read_time_zone(value: Any) -> str:
    try:
        if isinstance(value, str):
            return ZoneInfo(value).key
    except (ValueError, KeyError, OSError):  # an unknown name is a KeyError, a folder's an OSError
        pass
    raise ValueError("the IANA name of a time zone, like Europe/Zurich")


def _read_market(value: Any) -> str:
    if value not in MARKETS:  # a tuple: the value may be unhashable
        raise ValueError("24x7 or the ISO 10383 code of an exchange that exchange_calendars knows, like XNYS")
    return str(value)


def _is_name(value: Any) -> bool:
    """Return whether a value can name a strategy, and so a field of a document."""
    is_text = isinstance(value, str) and len(value) <= _LONGEST_NAME
    return is_text and re.fullmatch(_NAME["pattern"], value) is not None


def _read_disabled(value: Any) -> Mapping[str, datetime | None]:
    """Read a list of names, or a map of name to the time it ends (null: until enabled again)."""
    is_list = isinstance(value, list | tuple | set)
    if not (is_list or isinstance(value, Mapping)) or not all(_is_name(name) for name in value):
        raise ValueError("a list of strategy names, or a map of strategy name to end time or null")
    entries = dict.fromkeys(value) if is_list else value
    try:
        return {name: None if end is None else _read_time(end) for name, end in entries.items()}
    except ValueError as error:
        raise ValueError("a map whose values are UTC timestamps or null") from error


def _read_names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple | set | frozenset) or not all(_is_name(name) for name in value):
        raise ValueError("a list of strategy names")
    return tuple(sorted(set(value)))


def _read_capitals(value: Any) -> Mapping[str, float]:
    """Read a map of strategy name to USD."""
    limit = "a map of strategy name to USD above 0"
    if not isinstance(value, Mapping) or not all(_is_name(name) for name in value):
        raise ValueError(limit)
    try:
        return {str(name): CAPITAL(capital) for name, capital in value.items()}
    except ValueError as error:
        raise ValueError(limit) from error


_LONGEST_NAME = 128

_NAME: Mapping[str, Any] = {"type": "string", "minLength": 1, "maxLength": _LONGEST_NAME, "pattern": "^_?[^_/][^/]*$"}

CAPITAL = number(1, 1e12)

FEE_BPS = number(-100, 1000)
"""Basis points of the notional; negative for a rebate."""

SLIPPAGE_BPS = number(0, 1000)
"""Basis points of the notional."""

TIME = Check(_read_time, {"type": "string", "format": "date-time"})

TIME_ZONE = Check(_read_time_zone, {"type": "string", "maxLength": 64})

MARKET = Check(_read_market, {"type": "string", "enum": list(MARKETS)})

FLAG = Check(_read_flag, {"type": "boolean"})

NAMES = Check(_read_names, {"type": "array", "items": _NAME})

CAPITALS = Check(_read_capitals, {"type": "object", "propertyNames": _NAME, "additionalProperties": CAPITAL.schema})

DISABLED = Check(
    _read_disabled,
    {
        "anyOf": [
            {"type": "array", "items": _NAME},
            {
                "type": "object",
                "propertyNames": _NAME,
                "additionalProperties": {"anyOf": [TIME.schema, {"type": "null"}]},
            },
        ]
    },
)
