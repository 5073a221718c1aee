"""The account's books: cash and holdings to the last decimal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

NINE_PLACES = Decimal("0.000000001")


@dataclass(slots=True)
class Holding:
    """Units of one symbol, below 0 short, and what they cost, USD."""

    qty: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)

    @property
    def average_price(self) -> Decimal:
        return (self.cost / self.qty).quantize(NINE_PLACES) if self.qty else Decimal(0)


@dataclass(slots=True)
class Books:
    """One account, USD."""

    cash: Decimal
    holdings: dict[str, Holding] = field(default_factory=dict)
    """By canonical symbol."""

    def qty(self, symbol: str) -> Decimal:
        return self.holdings.get(symbol, Holding()).qty

    def trade(self, symbol: str, signed_qty: Decimal, price: Decimal) -> None:
        """Buy units, or sell them if below 0."""
        holding = self.holdings.setdefault(symbol, Holding())
        self.cash -= signed_qty * price
        is_closing = holding.qty * signed_qty < 0
        if is_closing and abs(signed_qty) <= abs(holding.qty):
            holding.cost += holding.cost / holding.qty * signed_qty
        elif is_closing:
            holding.cost = (holding.qty + signed_qty) * price
        else:
            holding.cost += signed_qty * price
        holding.qty += signed_qty
        self._drop_if_empty(symbol)

    def change_units(self, symbol: str, by: Decimal) -> None:
        """Add units for nothing, as splits, transfers and fees in coins do; what all cost stays."""
        holding = self.holdings.setdefault(symbol, Holding())
        holding.qty += by
        self._drop_if_empty(symbol)

    def rename(self, old: str, new: str) -> Decimal:
        """Hold a symbol under another name, and return how many units there are."""
        holding = self.holdings.pop(old, Holding())
        if holding.qty:
            self.holdings[new] = holding
        return holding.qty

    def equity(self, price: Callable[[str], Decimal]) -> Decimal:
        return self.cash + sum((one.qty * price(symbol) for symbol, one in self.holdings.items()), Decimal(0))

    def _drop_if_empty(self, symbol: str) -> None:
        if not self.holdings[symbol].qty:
            del self.holdings[symbol]


def plain(figure: Decimal) -> str:
    """
    Return a figure as text, without an exponent.

    >>> plain(Decimal("1E+3")), plain(Decimal("0.10")), plain(Decimal("-0"))
    ('1000', '0.1', '0')
    """
    text = f"{figure:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text
