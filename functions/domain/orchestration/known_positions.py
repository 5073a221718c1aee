"""A tenant's known positions at one instant: from its open book, else from the account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import CLOCK_SKEW, as_number, parse_time
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.position_book import (
    NO_QUANTITY,
    NOTHING_HELD,
    Holding,
    Order,
    PositionBook,
    total_by_symbol,
)

SIZE_ROUNDING = 1e-9
"""Relative tolerance of a position's size."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A position with the exits under way from it; units."""

    size: float
    """Held now, long or short."""
    whole: float
    """Position before the orders under way."""
    sent: float
    """Size of exits under way, filled parts included; an order without a size wants everything."""
    is_under_way: bool

    def left(self, part: float) -> float:
        """Return what remains to exit of a fraction of the whole; 0 if all of it is under way."""
        left = min(self.size, part - self.sent)
        return left if left > self.size * SIZE_ROUNDING else 0.0


class KnownPositions:
    """
    Positions by strategy and symbol, any spelling; built once per cycle, read once per strategy.

    Parameters
    ----------
    account_snapshot : mapping
        The account's own list of ``positions``; without one the account's holdings are unknown.
    """

    def __init__(self, book: PositionBook, account_snapshot: Mapping[str, Any], now: datetime) -> None:
        self.book = book
        self._of_account = _account_totals(account_snapshot)
        self._account_as_of = _as_of(account_snapshot)
        self._by_strategy: dict[str, dict[str, Holding]] = defaultdict(dict)
        for (name, symbol), holding in book.holdings.items() if book.is_open else _attributed(account_snapshot):
            before = self._by_strategy[name].get(symbol, NOTHING_HELD)
            self._by_strategy[name][symbol] = before.after(holding.qty, holding.average_price, holding.symbol)
        self._totals = total_by_symbol(book.holdings.items())
        self._orders: dict[str, list[Order]] = defaultdict(list)
        for order in book.orders.values():
            if order.is_kept(now):
                self._orders[order.strategy_id].append(order)

    def held(self, strategy_id: str) -> dict[str, float]:
        """Return a strategy's known positions, signed units by canonical symbol, the most valuable first."""
        own = self._by_strategy.get(strategy_id, {})
        by_value = sorted(own.items(), key=lambda one: -abs(one[1].qty * one[1].average_price))
        return {symbol: one.qty for symbol, one in by_value if abs(one.qty) > NO_QUANTITY}

    def spelled(self, strategy_id: str, symbol: str) -> str:
        """Return a symbol in the spelling of the strategy's fills."""
        canonical = canonical_symbol(symbol)
        return self._by_strategy.get(strategy_id, {}).get(canonical, NOTHING_HELD).symbol or symbol

    def qty(self, strategy_id: str, symbol: str) -> float | None:
        """Return a strategy's position in a symbol, signed units; None: unknown."""
        found = self._by_strategy.get(strategy_id, {}).get(canonical_symbol(symbol))
        if found is None and (not self.book.is_open or self.has_open_entry(strategy_id, symbol)):
            return None
        return 0.0 if found is None else found.qty

    def has_open_entry(self, strategy_id: str, symbol: str, *, is_short: bool | None = None) -> bool:
        """Return whether an entry, in any symbol if none is named, was redeemed and may have an unreported fill."""
        return any(is_short in {None, one.is_short} for one in self._open_entries(strategy_id, symbol))

    def open_entries(self, strategy_id: str, *, is_short: bool) -> list[str]:
        """Return the canonical symbols that a strategy may have bought, or sold short, without a reported fill."""
        entries = self._open_entries(strategy_id, "")
        return list(dict.fromkeys(one.symbol for one in entries if one.is_short == is_short))

    def is_leaving(self, strategy_id: str) -> bool:
        """Return whether any exit of a strategy is under way."""
        return any(not one.is_entry for one in self._orders.get(strategy_id, ()))

    def _open_entries(self, strategy_id: str, symbol: str) -> list[Order]:
        wanted = canonical_symbol(symbol)
        return [one for one in self._orders.get(strategy_id, ()) if one.is_entry and wanted in {"", one.symbol}]

    def exits_under_way(self, strategy_id: str, symbol: str) -> list[Order]:
        key = (strategy_id, canonical_symbol(symbol))
        return [one for one in self._orders.get(strategy_id, ()) if not one.is_entry and one.is_of(key)]

    def leaving(self, strategy_id: str, symbol: str, held: float) -> Leaving:
        """Return a known position of signed units with its exits under way."""
        orders, canonical, size = self.exits_under_way(strategy_id, symbol), canonical_symbol(symbol), abs(held)
        whole = size + sum(order.filled(canonical) for order in orders)
        sizes = (order.most(canonical) for order in orders)
        return Leaving(size, whole, sum(whole if most is None else most for most in sizes), bool(orders))

    def left_to_exit(self, strategy_id: str, symbol: str) -> float | None:
        """Return the part of a position without an exit under way, units; None: unknown."""
        held = self.qty(strategy_id, symbol)
        if held is None:
            return None
        leaving = self.leaving(strategy_id, symbol, held)
        return leaving.left(leaving.whole)

    def orders_under_way(self, strategy_id: str) -> list[Order]:
        return list(self._orders.get(strategy_id, ()))

    def left_by_others(self, strategy_id: str, symbol: str) -> float | None:
        """
        Return what the account holds of a symbol beyond other strategies' books, units.

        None: unknown. An account that shows nothing is believed only if it was read after the strategy's open entries
        lapsed, as they may have been filled since, and if it shows everything that others are known to hold.
        """
        if self._of_account is None or not self.book.is_open:
            return None
        left = self._of_account.get(canonical_symbol(symbol), 0.0) - self._of_others(strategy_id, symbol)
        is_contradicted = left < -NO_QUANTITY  # others are known to hold more than it lists
        is_doubtful = is_contradicted or (left <= NO_QUANTITY and self._may_be_older(strategy_id, symbol))
        return None if is_doubtful else max(0.0, left)

    def short_left_by_others(self, strategy_id: str, symbol: str) -> float:
        """Return the account's short in a symbol beyond other strategies' books, units; 0 if it shows none."""
        total = (self._of_account or {}).get(canonical_symbol(symbol), 0.0)
        return max(0.0, min(-total, self._of_others(strategy_id, symbol) - total))

    def _of_others(self, strategy_id: str, symbol: str) -> float:
        own = self._by_strategy.get(strategy_id, {}).get(canonical_symbol(symbol), NOTHING_HELD).qty
        return self._totals.get(canonical_symbol(symbol), 0.0) - own

    def _may_be_older(self, strategy_id: str, symbol: str) -> bool:
        """Return whether the account may have been read before an open entry was filled."""
        lapses = [one.lapses_at + CLOCK_SKEW for one in self._open_entries(strategy_id, symbol)]
        return self._account_as_of is None or any(self._account_as_of < one for one in lapses)

    def unowned(self) -> dict[str, float] | None:
        """Return the unowned positions of the account, signed units by canonical symbol; None: unknown."""
        if self._of_account is None or not self.book.is_open:
            return None
        symbols = sorted({*self._of_account, *self._totals})
        left = {symbol: self._of_account.get(symbol, 0.0) - self._totals.get(symbol, 0.0) for symbol in symbols}
        return {symbol: qty for symbol, qty in left.items() if abs(qty) > NO_QUANTITY}


def _as_of(account_snapshot: Mapping[str, Any]) -> datetime | None:
    try:
        return parse_time("account as_of", account_snapshot.get("as_of"))
    except InputError:
        return None  # reported as a separate issue


def _listed(account_snapshot: Mapping[str, Any]) -> list[tuple[str, Holding]]:
    """Return the account's live positions, each with its strategy, or an empty name."""
    found = []
    for position in account_snapshot.get("positions") or ():
        qty = as_number(position.get("qty"))
        if qty is not None and position.get("symbol") and position.get("book") != "shadow":
            is_short = str(position.get("side", "")).lower() == "short"
            price = as_number(position.get("avg_entry_price")) or 0.0
            holding = Holding(-abs(qty) if is_short else qty, price, str(position["symbol"]))
            found.append((str(position.get("strategy_id") or ""), holding))
    return found


def _account_totals(account_snapshot: Mapping[str, Any]) -> dict[str, float] | None:
    listed = account_snapshot.get("positions")
    if listed is None or any(as_number(one.get("qty")) is None or not one.get("symbol") for one in listed):
        return None
    totals: dict[str, float] = {}
    for _, holding in _listed(account_snapshot):
        symbol = canonical_symbol(holding.symbol)
        totals[symbol] = totals.get(symbol, 0.0) + holding.qty
    return totals


def _attributed(account_snapshot: Mapping[str, Any]) -> list[tuple[tuple[str, str], Holding]]:
    """Return the positions that name their strategy."""
    return [((name, canonical_symbol(one.symbol)), one) for name, one in _listed(account_snapshot) if name]
