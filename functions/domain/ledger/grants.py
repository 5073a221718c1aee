"""
What one book was granted: the capital that mode, caps, limits and cash let its entries use, filled or not.

It is what is open had cost, and what its entries were granted beyond what they have used. An entry's grant counts once,
however many fills it has. A reduction leaves as much of the unused part as of the position; flat is 0, and a flip
starts anew. A split changes nothing. What was granted and never filled earned and held nothing: the ledger has no fill
of it, and it counts nowhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from functions.domain.ledger.fifo import CLOSED_QUANTITY, Floats, Lots, MatchedBook
from functions.domain.ledger.fills import Fill

ENTRIES_KEPT = 20
"""Of one open position: a further fill of an older one is taken for an entry of its own."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What entries of one open position were granted beyond what they have used, USD."""

    by_entry: Mapping[str, float] = field(default_factory=dict)
    """By nonce, that with the latest fill last; 0 of one that used it all, whose further fills are granted nothing."""
    others: float = 0.0
    """Of entries that are not told apart any more."""

    @property
    def unused(self) -> float:
        return self.others + math.fsum(self.by_entry.values())

    def reduced(self, part: float) -> Grant:
        """Return it with so much left, 0 to 1; of a position that ended, nothing."""
        if part == 0.0:
            return NO_GRANT
        return Grant({nonce: part * usd for nonce, usd in self.by_entry.items()}, part * self.others)

    def with_fill(self, fill: Fill, opened: float) -> Grant:
        """Return it after a fill that opened units for so many USD."""
        by_entry = dict(self.by_entry)
        unused = by_entry.pop(fill.nonce, fill.granted)
        by_entry[fill.nonce] = max(0.0, unused - opened)
        oldest = next(iter(by_entry)) if len(by_entry) > ENTRIES_KEPT else None
        return Grant(by_entry, self.others + (0.0 if oldest is None else by_entry.pop(oldest)))


NO_GRANT = Grant()


def granted(
    grant: Grant, opening: Lots, signed_quantity: Floats, fills: Sequence[Fill], matched: MatchedBook
) -> tuple[Grant, float]:
    """
    Carry a book's grant over its fills.

    Parameters
    ----------
    opening : Lots
        Open before them.
    signed_quantity : NDArray, shape (fills,)
        As `functions.domain.ledger.fifo.match` took it.
    fills : sequence of Fill
        The same, as they were told: who was granted what.
    matched : MatchedBook
        What `match` made of them.

    Returns
    -------
    tuple
        The grant after them, and the most that was granted at one time from before the first on, USD.
    """
    most = opening.cost + grant.unused
    if not grant.by_entry and not any(fill.granted for fill in fills):
        return NO_GRANT, max(most, float(matched.open_cost.max(initial=0.0)))
    held = opening.quantity
    steps = (signed_quantity.tolist(), matched.opened.tolist(), matched.open_cost.tolist())
    for fill, signed, opened, open_cost in zip(fills, *steps, strict=True):
        before, held = held, held + signed
        part = _part_left(before, held)
        grant = grant if part == 1.0 else grant.reduced(part)
        if fill.granted and held * signed > 0 and opened > 0:  # what only reduces may seem to open a rounding of units
            grant = grant.with_fill(fill, opened)
        most = max(most, open_cost + grant.unused)
    return grant, most


def _part_left(before: float, after: float) -> float:
    """Return which part of a position a fill leaves: 1 of one that it adds to, 0 of one that it ends or turns."""
    if abs(after) <= CLOSED_QUANTITY or before * after < 0:
        return 0.0
    return min(1.0, after / before) if abs(before) > CLOSED_QUANTITY else 1.0
