"""Parse the fields of one ledger document, under all names that users give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.errors import FillError, InputError
from functions.domain.kernel.parsing import as_number, parse_time

FIELD_ALIASES: Mapping[str, tuple[str, ...]] = {
    "uid": ("uid", "user_id", "userId"),
    "strategy_id": ("strategy_id", "strategyId"),
    "qty": ("qty", "quantity"),
    "ts": ("ts", "timestamp"),
}
"""Names of a field, the standard one first."""

_LONGEST_NAME_BYTES = 600
"""Two of them and a period make the id of a performance document, limited to 1,500 bytes."""


@dataclass(frozen=True, slots=True)
class LedgerFields:
    """One document; every method raises FillError, which names document, field, limit and value."""

    document_id: str
    document: Mapping[str, Any]

    def get(self, name: str) -> Any:
        """Return a field by any of its names; None if it is missing."""
        for alias in FIELD_ALIASES.get(name, ()):
            if alias in self.document:
                return self.document[alias]
        return self.document.get(name)

    def error(self, name: str, limit: str) -> FillError:
        return FillError(f"{self.document_id}.{name}", limit, self.get(name))

    def text(self, name: str, *, may_have_slash: bool = False) -> str:
        value = self.get(name)
        if not isinstance(value, str) or not value or ("/" in value and not may_have_slash):
            raise self.error(name, "a text" if may_have_slash else "a name without /")
        if len(value.encode(errors="replace")) > _LONGEST_NAME_BYTES:
            raise self.error(name, f"at most {_LONGEST_NAME_BYTES} bytes long")
        return value

    def number(self, name: str, limit: str, accepts: Callable[[float], bool], default: float | None = None) -> float:
        """Return a finite number that ``accepts`` allows and ``limit`` describes; the default if it is missing."""
        given = self.get(name)
        value = default if given is None else as_number(given)
        if value is None or not accepts(value):
            raise self.error(name, limit)
        return value

    def above_zero(self, name: str) -> float:
        return self.number(name, "> 0", lambda value: value > 0)

    def time(self) -> datetime:
        """Return the time of the event, UTC."""
        try:
            return parse_time(f"{self.document_id}.ts", self.get("ts")).astimezone(UTC)
        except InputError as wrong:
            raise FillError(wrong.field, wrong.limit, wrong.value) from wrong

    def owner(self) -> tuple[str, str]:
        """Return (uid, strategy): `UNOWNED` twice if no strategy is named."""
        if self.get("strategy_id") in (None, UNOWNED):
            return UNOWNED, UNOWNED
        return self.text("uid"), self.text("strategy_id")
