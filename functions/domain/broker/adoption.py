"""Adopting differences between broker and books: an operator books them as fills, so that the ledger has them too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from functions.domain.broker.reconciliation import Books, is_same_position
from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.fills import GIVEN
from functions.domain.orchestration.drift import Difference, Drifts, Subject
from functions.domain.trading.reported_fills import ReportedFill


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """Which differences to book, and to which strategy."""

    symbols: Sequence[str] | None = None
    """In any spelling; None: all lasting differences."""
    strategy_id: str = UNOWNED
    price: float | None = None
    """USD per unit; None: the broker's price, else the books' cost."""


def differences_to_adopt(adoption: Adoption, drifts: Drifts) -> list[Difference]:
    """Return the requested positions that are drift. Raises InputError for a symbol without drift."""
    there = {one.symbol: one for one in drifts.lasting if one.subject is Subject.POSITION}
    if adoption.symbols is None:
        return list(there.values())
    found = []
    for symbol in dict.fromkeys(map(canonical_symbol, adoption.symbols)):
        if symbol not in there:
            raise InputError("--adopt", f"a position with drift (now: {', '.join(there) or 'none'})", symbol)
        found.append(there[symbol])
    return found


def fill_of(one: Difference, adoption: Adoption, books: Books) -> ReportedFill:
    """
    Return the fill that makes the books agree; always the same for one difference, so that it is recorded once.

    Raises
    ------
    InputError
        If the books changed since they were compared or are unknown, or there is no price.
    """
    book = None if books.positions is None else books.positions.get(one.symbol, 0.0)
    amount = one.amount
    if book is None or amount is None or not is_same_position(one.symbol, one.book, book):
        limit = f"unchanged in the books since the comparison ({one.book:g}): wait for the next comparison"
        raise InputError(f"--adopt {one.symbol}", limit, book)
    price = adoption.price or one.price or _paid(one.symbol, book, books)
    if price is None:
        raise InputError(f"--adopt {one.symbol}", "given a --price: neither broker nor books have one", None)
    return ReportedFill(
        strategy_id=adoption.strategy_id,
        symbol=one.symbol,
        side="buy" if amount > 0 else "sell",
        qty=abs(amount),
        price=price,
        ts=one.read_at,
        broker_fill_id=f"{GIVEN}{one.symbol} {adoption.strategy_id} drift {one.read_at.isoformat()}",
    )


def _paid(symbol: str, held: float, books: Books) -> float | None:
    cost = books.costs.get(symbol)
    return cost / held if cost and held and cost / held > 0 else None
