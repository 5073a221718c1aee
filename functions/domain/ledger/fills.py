"""Fills: what the ledger holds, validated where it enters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from functions.domain.kernel.errors import FillError, InputError
from functions.domain.kernel.parsing import as_number, parse_time

FIELD_ALIASES: Mapping[str, tuple[str, ...]] = {
    "uid": ("uid", "user_id", "userId"),
    "strategy_id": ("strategy_id", "strategyId"),
    "qty": ("qty", "quantity"),
    "ts": ("ts", "timestamp"),
}
"""Names under which a field is read, the proper one first."""


_LONGEST_NAME_BYTES = 600
"""Two of them and a period name a performance document, in 1,500 bytes."""


@dataclass(frozen=True, slots=True, order=True)
class BookKey:
    """Whose position in what: the unit that lots are matched in."""

    uid: str
    strategy_id: str
    symbol: str


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill of one order."""

    key: BookKey
    at: datetime
    """UTC."""
    signed_quantity: float
    """Units; above 0 bought, below 0 sold."""
    price: float
    """USD per unit."""
    cost: float
    """Fees and slippage, USD, 0 or more."""
    fees: float
    """The fees alone, USD."""
    order: tuple[str, str, str]
    """Breaks ties of time: broker fill id, order id, document id."""

    @property
    def sort_key(self) -> tuple[datetime, tuple[str, str, str]]:
        return self.at, self.order


def is_paper_fill(document: Mapping[str, Any]) -> bool:
    """Tell whether a shadow record is a fill; users' own records, without quantity and price, are notes."""
    return document.get("qty") is not None and document.get("price") is not None


def as_ledger_document(shadow_record: Mapping[str, Any], uid: str) -> dict[str, Any]:
    """Return a shadow record in the ledger's words."""
    return {
        **{name: shadow_record.get(name) for name in ("symbol", "side", "qty", "price")},
        "uid": uid,
        "strategy_id": shadow_record.get("strategy_name"),
        "ts": shadow_record.get("timestamp"),
    }


def parse_fill(document_id: str, document: Mapping[str, Any]) -> Fill:
    """
    Read one ledger document.

    Raises
    ------
    FillError
        If a field is missing or out of range; it names the document, the field, the limit and the value.
    """

    def field(name: str) -> Any:
        return next((document[alias] for alias in FIELD_ALIASES.get(name, (name,)) if alias in document), None)

    def error(name: str, limit: str) -> FillError:
        return FillError(f"{document_id}.{name}", limit, field(name))

    def text(name: str, *, may_have_slash: bool = False) -> str:
        value = field(name)
        if not isinstance(value, str) or not value or ("/" in value and not may_have_slash):
            raise error(name, "a text" if may_have_slash else "a name without /")
        if len(value.encode(errors="replace")) > _LONGEST_NAME_BYTES:
            raise error(name, f"of at most {_LONGEST_NAME_BYTES} bytes")
        return value

    def number(name: str, limit: str, accepts: Callable[[float], bool], default: float | None = None) -> float:
        value = default if field(name) is None else as_number(field(name))
        if value is None or not accepts(value):
            raise error(name, limit)
        return value

    side = str(field("side")).lower()
    if side not in {"buy", "sell"}:
        raise error("side", "buy or sell")
    quantity = number("qty", "> 0", lambda value: value > 0)
    fees = number("fees", ">= 0", lambda value: value >= 0, 0.0)
    try:
        at = parse_time(f"{document_id}.ts", field("ts")).astimezone(UTC)
    except InputError as wrong:
        raise FillError(wrong.field, wrong.limit, wrong.value) from wrong
    return Fill(
        BookKey(text("uid"), text("strategy_id"), text("symbol", may_have_slash=True)),
        at,
        quantity if side == "buy" else -quantity,
        number("price", "> 0", lambda value: value > 0),
        fees + number("slippage", ">= 0", lambda value: value >= 0, 0.0),
        fees,
        (str(field("broker_fill_id") or ""), str(field("order_id") or ""), document_id),
    )
