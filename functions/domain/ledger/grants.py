"""
What one book was granted: the capital that mode, caps, limits and cash allowed its entries, filled or not.

It is the cost of what is open plus the unused grants of its entries. An entry's grant counts once, however many fills
it has. A reduction keeps the same fraction of the unused part as of the position; flat is 0, and a flip starts over. A
split changes nothing. A grant that was never filled earned and held nothing: the ledger has no fill of it, and it
counts nowhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from functions.domain.ledger.fifo import CLOSED_QUANTITY, Floats, Lots, MatchedBook
from functions.domain.ledger.fills import Fill

ENTRIES_KEPT = 20
"""Maximum entries remembered per open position: a further fill of an older one counts as a new entry."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Unused grants of the entries of one open position, USD."""

    by_entry: Mapping[str, float] = field(default_factory=dict)
    """By nonce, the one with the latest fill last; 0 if used up, so that its further fills are granted nothing."""
    others: float = 0.0
    """Of entries that are no longer distinguished."""

    @property
    def unused(self) -> float:
        return self.others + math.fsum(self.by_entry.values())

    def reduced(self, part: float) -> Grant:
        """Return it scaled by the fraction left, 0 to 1; empty for a position that ended."""
        if part == 0.0:
            return NO_GRANT
        return Grant({nonce: part * usd for nonce, usd in self.by_entry.items()}, part * self.others)

    def with_fill(self, fill: Fill, opened: float) -> Grant:
        """Return it after a fill that opened units for an amount, USD."""
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
    Carry a book's grant through its fills.

    Parameters
    ----------
    opening : Lots
        Open before them.
    signed_quantity : NDArray, shape (fills,)
        As `functions.domain.ledger.fifo.match` took it.
    fills : sequence of Fill
        The same fills, with their grants.
    matched : MatchedBook
        The result of `match` for them.

    Returns
    -------
    tuple
        The grant after them, and its peak from before the first on, USD.
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
        if fill.granted and held * signed > 0 and opened > 0:  # a pure reduction may seem to open a rounding error
            grant = grant.with_fill(fill, opened)
        most = max(most, open_cost + grant.unused)
    return grant, most


def _part_left(before: float, after: float) -> float:
    """Return the fraction of a position that a fill leaves: 1 if it adds, 0 if it closes or flips it."""
    if abs(after) <= CLOSED_QUANTITY or before * after < 0:
        return 0.0
    return min(1.0, after / before) if abs(before) > CLOSED_QUANTITY else 1.0
