"""Positions according to the ledger, to open the book with and to compare it with."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from functions.domain.kernel.book_names import SHADOW_UID, UNOWNED
from functions.domain.ledger.books import OpenLots
from functions.domain.ledger.fifo import Lots
from functions.domain.orchestration.position_book import NO_QUANTITY, NOTHING_HELD, Holding, Key

_SAME_QUANTITY = 1e-7
"""Units, and 1e-9 of the larger: sums of many fractions, added in another order, differ by less."""


@dataclass(frozen=True, slots=True)
class PositionDifference:
    """One position that differs between book and ledger; signed units."""

    strategy_id: str
    symbol: str
    """Canonical."""
    book_qty: float
    ledger_qty: float

    def __str__(self) -> str:
        return f"{self.strategy_id} {self.symbol}: book {self.book_qty:g}, ledger {self.ledger_qty:g}"


def holdings_of(lots: OpenLots) -> dict[Key, Holding]:
    """Return each strategy's live positions, over all users and spellings, at average cost."""
    grouped: dict[Key, list[tuple[str, Lots]]] = defaultdict(list)
    for key, open_lots in lots.items():
        if key.uid not in {SHADOW_UID, UNOWNED}:
            grouped[key.strategy_id, key.symbol].append((key.spelled, open_lots))
    held = {key: _together(books) for key, books in grouped.items()}
    return {key: one for key, one in held.items() if abs(one.qty) >= NO_QUANTITY}


def unowned_of(lots: OpenLots) -> dict[str, float]:
    """Return what is booked as unowned, signed units by canonical symbol."""
    held: dict[str, float] = defaultdict(float)
    for key, one in lots.items():
        if key.uid == UNOWNED:
            held[key.symbol] += one.quantity
    return {symbol: qty for symbol, qty in held.items() if abs(qty) > NO_QUANTITY}


def _together(books: list[tuple[str, Lots]]) -> Holding:
    """Return several users' lots of one strategy and symbol as one position."""
    qty = math.fsum(lots.quantity for _, lots in books)
    counted = [lots for _, lots in books if lots.quantity * qty > 0]
    units = math.fsum(lots.quantity for lots in counted)
    cost = math.fsum(float(lots.signed_quantity @ lots.price) for lots in counted)
    spelled = max(books, key=lambda book: abs(book[1].quantity))[0]
    return Holding(qty, cost / units if units else 0.0, spelled)


def differences(book: Mapping[Key, Holding], ledger: Mapping[Key, Holding]) -> list[PositionDifference]:
    """Return every position whose quantities differ by more than rounding, by strategy and symbol."""
    found = []
    for key in sorted({*book, *ledger}):
        ours, theirs = book.get(key, NOTHING_HELD).qty, ledger.get(key, NOTHING_HELD).qty
        if not math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=_SAME_QUANTITY):
            found.append(PositionDifference(*key, ours, theirs))
    return found
