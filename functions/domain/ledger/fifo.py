"""
First in, first out: match closing with opening units, for one book of fills.

Only one side of a book is ever open: while it is long a sale closes the oldest purchase, while it is short a purchase
closes the oldest sale. So the k-th unit bought always meets the k-th unit sold, whichever came first, and matching is a
merge of two cumulative sums: exact, and as fast as numpy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CLOSED_QUANTITY = 1e-9
"""Units; less is rounding, not a position."""


@dataclass(frozen=True, slots=True)
class Lots:
    """Open lots of one book, oldest first; all on one side."""

    signed_quantity: Floats
    """Units left; positive if long, negative if short."""
    price: Floats
    """USD per unit."""
    unit_cost: Floats
    """Fees and slippage carried, USD per unit."""

    @classmethod
    def none(cls) -> Lots:
        return cls(np.empty(0), np.empty(0), np.empty(0))

    @property
    def quantity(self) -> float:
        """Units held; negative if short."""
        return float(self.signed_quantity.sum())

    @property
    def cost(self) -> float:
        """Amount paid, or received for shorts, USD, without trading costs."""
        return float(np.abs(self.signed_quantity) @ self.price)

    @property
    def long_cost(self) -> float:
        """Amount paid for longs, USD, without trading costs."""
        return max(0.0, float(self.signed_quantity @ self.price))

    def split(self, ratio: float) -> Lots:
        """Return the same lots after a split: ``ratio`` new units per old unit, without profit."""
        if ratio == 1.0:
            return self
        return Lots(self.signed_quantity * ratio, self.price / ratio, self.unit_cost / ratio)

    def unrealized(self, mark: float) -> float:
        """Return what closing everything at ``mark`` would realise, USD, net of the costs carried."""
        gross = self.signed_quantity @ (mark - self.price)
        return float(gross - np.abs(self.signed_quantity) @ self.unit_cost)


@dataclass(frozen=True, slots=True)
class MatchedBook:
    """The result of matching a book's fills."""

    realized: Floats
    """Profit realised by each fill that closes older units, USD, net of the costs of both sides, shape (fills,)."""
    opened: Floats
    """Cost of the units that each fill opened, USD, without trading costs, shape (fills,)."""
    open_cost: Floats
    """The same for all units open after each fill."""
    open_lots: Lots


def match(opening: Lots, signed_quantity: Floats, price: Floats, cost: Floats) -> MatchedBook:
    """
    Match one book's fills, in order, against the lots open before them.

    Parameters
    ----------
    opening : Lots
        Open at the start, oldest first.
    signed_quantity, price, cost : NDArray, shape (fills,)
        Units (positive if bought), USD per unit, USD; in order of time.

    Returns
    -------
    MatchedBook
        Realised profit and opened cost of every fill, and the lots left open.

    Notes
    -----
    Costs are carried with their lot pro rata and realised when units close.
    """
    lots = opening.signed_quantity.size
    quantity = np.concatenate([opening.signed_quantity, signed_quantity])
    prices = np.concatenate([opening.price, price])
    unit_costs = np.concatenate([opening.unit_cost, cost / np.abs(signed_quantity)])
    bought, sold = np.flatnonzero(quantity > 0), np.flatnonzero(quantity < 0)
    bought_until, sold_until = np.cumsum(quantity[bought]), np.cumsum(-quantity[sold])
    matched = min(_last(bought_until), _last(sold_until))

    cuts = np.concatenate([bought_until[bought_until < matched], sold_until[sold_until < matched], [matched]])
    cuts.sort()
    units = np.diff(cuts, prepend=0.0)
    is_real = units > CLOSED_QUANTITY
    middles = (cuts - units / 2)[is_real]
    units = units[is_real]
    buy = bought[np.searchsorted(bought_until, middles)]
    sale = sold[np.searchsorted(sold_until, middles)]
    profit = units * (prices[sale] - prices[buy] - unit_costs[sale] - unit_costs[buy])
    closing, closed = np.maximum(buy, sale), np.minimum(buy, sale)

    def by_fill(figures: Floats) -> Floats:
        return np.bincount(closing, weights=figures, minlength=quantity.size).astype(np.float64)

    opened = (np.abs(quantity) - by_fill(units)) * prices
    open_cost = np.cumsum(opened - by_fill(units * prices[closed]))
    left = _left_open(quantity, bought, bought_until, matched) + _left_open(quantity, sold, sold_until, matched)
    is_open = np.abs(left) > CLOSED_QUANTITY
    open_lots = Lots(left[is_open], prices[is_open], unit_costs[is_open])
    return MatchedBook(by_fill(profit)[lots:], opened[lots:], open_cost[lots:], open_lots)


def _last(cumulative: Floats) -> float:
    return float(cumulative[-1]) if cumulative.size else 0.0


def _left_open(quantity: Floats, side: NDArray[np.intp], until: Floats, matched: float) -> Floats:
    """Return the signed units of one side that are not matched yet, by fill."""
    left = np.zeros(quantity.size)
    left[side] = np.sign(quantity[side]) * np.clip(until - matched, 0.0, np.abs(quantity[side]))
    return left
