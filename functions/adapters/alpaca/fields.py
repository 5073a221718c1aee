"""Parse one object of Alpaca's JSON: only needed fields, figures as text, and null stays unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from functions.domain.broker.errors import MalformedAnswer
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import as_number, parse_time, shown


@dataclass(frozen=True, slots=True)
class Fields:
    """One object; every method raises MalformedAnswer, which names the object and the field."""

    what: str
    values: Mapping[str, Any]

    @classmethod
    def of(cls, what: str, value: Any) -> Fields:
        if not isinstance(value, Mapping):
            raise MalformedAnswer(f"Alpaca's {what} is not an object")
        return cls(what, value)

    def error(self, name: str, limit: str) -> MalformedAnswer:
        return MalformedAnswer(f"Alpaca's {self.what}: {name} must be {limit}, was {shown(self.values.get(name))!r}")

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            raise self.error(name, "a text")
        return value

    def text_or_none(self, name: str) -> str | None:
        """Return a text; None if missing or empty."""
        value = self.values.get(name)
        return None if value in (None, "") else self.text(name)

    def flag(self, name: str) -> bool | None:
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.error(name, "true or false")
        return value

    def figure_or_none(self, name: str) -> float | None:
        """Return a finite number from a number or a numeric text; None if null or missing."""
        value = self.values.get(name)
        number = as_number(value)
        if number is None and value is not None:
            raise self.error(name, "a number or a numeric text")
        return number

    def figure(self, name: str) -> float:
        number = self.figure_or_none(name)
        if number is None:
            raise self.error(name, "a number or a numeric text")
        return number

    def above_zero(self, name: str) -> float:
        number = self.figure(name)
        if number <= 0:
            raise self.error(name, "> 0")
        return number

    def time_or_none(self, name: str) -> datetime | None:
        value = self.values.get(name)
        return None if value in (None, "") else self.time(name)

    def time(self, name: str) -> datetime:
        """Return a time, UTC."""
        try:
            return parse_time(name, self.values.get(name)).astimezone(UTC)
        except (InputError, OverflowError):
            raise self.error(name, "a time with its zone") from None

    def day_or_time(self, name: str) -> datetime:
        """Return a time, UTC; the start of the day if it is only a date."""
        value = self.values.get(name)
        try:
            return datetime.combine(date.fromisoformat(value or ""), time(), UTC)
        except (ValueError, TypeError):
            return self.time(name)

    def inner(self, name: str) -> Fields | None:
        """Return a nested object; None if null or missing."""
        value = self.values.get(name)
        return None if value is None else Fields.of(f"{self.what}: {name}", value)


def objects(what: str, value: Any) -> list[Fields]:
    """Return the objects of a list. Raises MalformedAnswer."""
    if not isinstance(value, list):
        raise MalformedAnswer(f"Alpaca's answer of {what} is not a list")
    return [Fields.of(f"{what}[{index}]", one) for index, one in enumerate(value)]
