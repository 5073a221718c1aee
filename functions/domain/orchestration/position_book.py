"""
Each strategy's live positions and orders under way: ``state/positions``.

The book is open once an operator opened it. From then on it has the position of every (strategy, symbol), zero
included; before, or if it cannot be read, positions are unknown. Redemptions and fills update it in their own commits,
over ``state/session``, so that it never differs from the ledger by a partial commit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.document_size import stored_bytes
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.packed_texts import packed, unpacked
from functions.domain.kernel.parsing import parse_time, stored_json
from functions.domain.kernel.stored_fields import FLAG, NUMBER, NUMBERS, TEXT, TIME, Kinds, check_fields
from functions.domain.kernel.symbols import canonical_symbol

OPEN_OUTCOME_KEPT = timedelta(days=7)
"""How long a fill may still be reported for an entry that lapsed without a fill or a release."""
MOST_ORDERS = 10
"""Maximum lapsed entries per strategy and symbol; the oldest are dropped first."""
MOST_BYTES = 900_000
"""
Maximum stored size, some 25,000 positions: a larger book is closed, and positions become unknown. Monitoring warns
before (``CAPACITY``).
"""
NO_QUANTITY = 1e-9
"""Units; less is rounding, not a position."""
ROUNDING = 1e-12
"""Fraction of a position that a sale of everything may leave by rounding."""

Key = tuple[str, str]
"""(strategy, canonical symbol)."""
Splits = tuple[tuple[datetime, float], ...]
"""Time and new units per old unit; oldest first."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One strategy's position in one symbol."""

    qty: float
    """Units; negative if short."""
    average_price: float
    """USD per unit; a reduction does not change it."""
    symbol: str = ""
    """In the spelling of the last fill."""

    def unrealized_pnl(self, price: float | None) -> float | None:
        """Return the profit of closing it at a price, USD; None without a price."""
        return None if price is None else self.qty * (price - self.average_price)

    def after(self, qty: float, price: float, symbol: str) -> Holding:
        """Return it after a fill of signed units."""
        total = self.qty + qty
        if self.qty * qty >= 0:
            return Holding(total, (self.qty * self.average_price + qty * price) / total, symbol) if total else self
        return Holding(total, self.average_price if total * self.qty > 0 else price, symbol)


NOTHING_HELD = Holding(0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One redeemed signal with an open outcome."""

    strategy_id: str
    symbol: str
    """Canonical; empty for an exit from everything the strategy holds."""
    is_entry: bool
    qty: float | None = None
    """The most an exit may trade, units; None for an entry, and if unknown."""
    filled_qty: float = 0.0
    is_short: bool = False
    """Whether it is an entry that sells."""
    qty_by_symbol: Mapping[str, float] = field(default_factory=dict)
    """The most that an exit without a symbol may trade of each, units by canonical symbol, without finished ones."""
    filled_by_symbol: Mapping[str, float] = field(default_factory=dict)
    """The filled part of those."""
    lapses_at: datetime

    def is_of(self, key: Key) -> bool:
        if self.qty_by_symbol and key[1]:
            return self.strategy_id == key[0] and key[1] in self.qty_by_symbol
        return self.strategy_id == key[0] and self.symbol in {"", key[1]}

    def most(self, symbol: str) -> float | None:
        """Return the most it trades of a canonical symbol, filled parts included, units; None if unknown."""
        most = self.qty_by_symbol.get(symbol, 0.0) if self.qty_by_symbol else self.qty
        return None if most is None else max(most, self.filled(symbol))

    def filled(self, symbol: str) -> float:
        """Return the filled quantity of a canonical symbol, units."""
        return self.filled_qty if self.symbol else self.filled_by_symbol.get(symbol, 0.0)

    def after_fill(self, symbol: str, qty: float, *, is_complete: bool) -> Order:
        """Return it with a further fill; an exit from several symbols loses the finished ones."""
        if symbol not in self.qty_by_symbol:
            return replace(self, filled_qty=self.filled_qty + qty)
        filled, sizes = self.filled(symbol) + qty, dict(self.qty_by_symbol)
        if is_complete or filled >= sizes[symbol] * (1 - NO_QUANTITY):
            del sizes[symbol]
        by_symbol = {**self.filled_by_symbol, symbol: filled}
        return replace(self, filled_qty=self.filled_qty + qty, filled_by_symbol=by_symbol, qty_by_symbol=sizes)

    def is_kept(self, now: datetime) -> bool:
        """Return whether it still matters: an exit until it lapses, an entry as long as it may be filled."""
        return now < self.lapses_at + (OPEN_OUTCOME_KEPT if self.is_entry else timedelta(0))


@dataclass(frozen=True, slots=True)
class PositionBook:
    """All positions and orders under way of a tenant."""

    opened_at: datetime | None = None
    """When it was built from the ledger, by the store's clock; None: the book is not open."""
    opened_by: str | None = None
    holdings: Mapping[Key, Holding] = field(default_factory=dict)
    """Without flat ones."""
    orders: Mapping[str, Order] = field(default_factory=dict)
    """By nonce."""
    closed_because: str | None = None
    """Why a book that was open is closed."""
    closed_by: str | None = None
    """The operator who closed it; None if it was closed automatically."""
    splits: Mapping[str, Splits] = field(default_factory=dict)
    """Of an open book, by canonical symbol: positions are in units after all of them."""

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    def holding(self, strategy_id: str, symbol: str) -> Holding:
        return self.holdings.get((strategy_id, canonical_symbol(symbol)), NOTHING_HELD)

    def of(self, strategy_id: str) -> PositionBook:
        """Return the part of one strategy."""
        holdings = {key: one for key, one in self.holdings.items() if key[0] == strategy_id}
        orders = {nonce: one for nonce, one in self.orders.items() if one.strategy_id == strategy_id}
        return replace(self, holdings=holdings, orders=orders)

    def with_order(self, nonce: str, order: Order, now: datetime) -> PositionBook:
        """Return the book with a redeemed signal under way; an empty exit is not added."""
        if order.qty == 0:
            return self
        orders = {other: one for other, one in self.orders.items() if one.is_kept(now)} | {nonce: order}
        same = [
            other for other, one in orders.items() if (one.strategy_id, one.symbol) == (order.strategy_id, order.symbol)
        ]
        lapsed = sorted((other for other in same if now >= orders[other].lapses_at), key=lambda o: orders[o].lapses_at)
        surplus = set(lapsed[: max(0, len(lapsed) - MOST_ORDERS)])
        return replace(self, orders={other: one for other, one in orders.items() if other not in surplus})

    def without_order(self, nonce: str) -> PositionBook:
        """Return the book without a finished signal: filled, cancelled or released."""
        return replace(self, orders={other: one for other, one in self.orders.items() if other != nonce})

    def with_fill(self, strategy_id: str, symbol: str, signed_qty: float, price: float) -> PositionBook:
        """Return the book after a fill of signed units at a price, USD."""
        key = (strategy_id, canonical_symbol(symbol))
        after = self.holdings.get(key, NOTHING_HELD).after(signed_qty, price, symbol)
        kept = {other: one for other, one in self.holdings.items() if other != key}
        is_flat = abs(after.qty) < max(NO_QUANTITY, ROUNDING * abs(signed_qty))
        return replace(self, holdings=kept if is_flat else kept | {key: after})

    def ratio_after(self, symbol: str, at: datetime) -> float:
        """Return the units now per unit at an instant."""
        return math.prod(ratio for when, ratio in self.splits.get(canonical_symbol(symbol), ()) if when > at)

    def recounted(
        self, symbols: Set[str], holdings: Mapping[Key, Holding], splits: Mapping[str, Splits]
    ) -> PositionBook:
        """Return the book with some canonical symbols replaced from the ledger."""
        others = {key: one for key, one in self.holdings.items() if key[1] not in symbols}
        theirs = {key: one for key, one in holdings.items() if key[1] in symbols}
        kept = {symbol: one for symbol, one in self.splits.items() if symbol not in symbols}
        found = {symbol: one for symbol, one in splits.items() if symbol in symbols}
        return replace(self, holdings=others | theirs, splits=kept | found)

    def with_order_filled(self, nonce: str, symbol: str, qty: float, *, is_complete: bool = False) -> PositionBook:
        """Return the book with a further fill of an order, units; an order not under way changes nothing."""
        order = self.orders.get(nonce)
        if order is None:
            return self
        filled = order.after_fill(canonical_symbol(symbol), qty, is_complete=is_complete)
        return replace(self, orders={**self.orders, nonce: filled})

    def closed(self, because: str, by: str | None) -> PositionBook:
        """Return a closed book."""
        return replace(self, opened_at=None, holdings={}, orders={}, splits={}, closed_because=because, closed_by=by)

    def to_document(self, now: datetime) -> dict[str, Any]:
        """Return ``state/positions``."""
        holdings = [[*key, one.qty, one.average_price, one.symbol] for key, one in sorted(self.holdings.items())]
        orders = {nonce: _order_entry(one) for nonce, one in self.orders.items() if one.is_kept(now)}
        splits = {symbol: [[at.isoformat(), ratio] for at, ratio in one] for symbol, one in self.splits.items()}
        document: dict[str, Any] = {
            "opened_at": self.opened_at,
            "opened_by": self.opened_by,
            "closed_because": self.closed_because,
            "closed_by": self.closed_by,
            "updated_at": now,
            "holdings_json": json.dumps(holdings, separators=(",", ":")),
            "orders_json": json.dumps(orders, separators=(",", ":")),
            "splits_json": json.dumps(splits, separators=(",", ":")),
        }
        document = packed(document)
        size = stored_bytes(document)
        if size <= MOST_BYTES:
            return document
        return self.closed(_too_large(len(holdings), size), None).to_document(now)

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> PositionBook:
        """Read the stored document; a missing one is a closed book. Raises InputError if malformed."""
        if document is None:
            return cls()
        texts = {"holdings_json": TEXT, "orders_json": TEXT}
        check_fields(document := unpacked(document), texts, _AT_TIMES, or_null={"opened_at": TIME})
        words = {name: document.get(name) for name in ("opened_by", "closed_because", "closed_by")}
        try:
            field_name = "holdings_json"
            holdings = {
                (str(name), str(symbol)): Holding(_finite(qty), _finite(price), str(spelled))
                for name, symbol, qty, price, spelled in stored_json(document[field_name])
            }
            field_name = "orders_json"
            orders = {str(nonce): _read_order(one) for nonce, one in stored_json(document[field_name]).items()}
            field_name = "splits_json"
            splits = {  # a book from before 0.2 has none
                str(symbol): tuple((parse_time(field_name, at), _finite(ratio)) for at, ratio in one)
                for symbol, one in stored_json(document.get(field_name) or "{}").items()
            }
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(field_name, "a value that fills and redemptions stored", document[field_name]) from error
        return cls(document["opened_at"], holdings=holdings, orders=orders, splits=splits, **words)


_AT_TIMES: Kinds = dict.fromkeys(("opened_by", "closed_because", "closed_by", "splits_json"), TEXT)


_OF_ORDER = {**dict.fromkeys(("strategy_id", "symbol", "lapses_at"), TEXT), "is_entry": FLAG}
_OF_ORDER_LATER = {
    **dict.fromkeys(("qty_by_symbol", "filled_by_symbol"), NUMBERS),
    "filled_qty": NUMBER,
    "is_short": FLAG,
}
"""Those that an order may lack, but not have as null."""


def _finite(value: Any) -> float:
    figure = float(value)
    if not math.isfinite(figure):
        raise ValueError("it is not finite")
    return figure


def _order_entry(order: Order) -> dict[str, Any]:
    entry = {name: getattr(order, name) for name in Order.__slots__}
    return entry | {"lapses_at": order.lapses_at.isoformat()}


def _read_order(entry: Mapping[str, Any]) -> Order:
    given = {name: kind for name, kind in _OF_ORDER_LATER.items() if name in entry}
    check_fields(entry, _OF_ORDER | given, {"qty": NUMBER}, is_closed=True)
    return Order(**{**entry, "lapses_at": parse_time("lapses_at", entry["lapses_at"])})


def _too_large(positions: int, size: int) -> str:
    return f"{positions} positions and their orders take {size} bytes, at most {MOST_BYTES} fit"


def total_by_symbol(holdings: Iterable[tuple[Key, Holding]]) -> dict[str, float]:
    """Return the sum of all strategies' positions, signed units by canonical symbol."""
    totals: dict[str, float] = {}
    for (_, symbol), one in holdings:
        totals[symbol] = totals.get(symbol, 0.0) + one.qty
    return totals
