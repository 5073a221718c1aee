"""
What one book was granted: the capital that mode, caps, limits and cash let its entries use, filled or not.

An entry's grant counts once, however many fills it has, and is at least what they cost. A reduction leaves as much of
it as of the position; flat is 0, and a flip starts anew. A split changes nothing. What was granted and never filled
earned and held nothing: the ledger has no fill of it, and it counts nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from functions.domain.ledger.fifo import CLOSED_QUANTITY, Floats, Lots
from functions.domain.ledger.fills import Fill

ENTRIES_KEPT = 20
"""Of one open position: of an older one a further fill is taken for an entry of its own."""


@dataclass(frozen=True, slots=True)
class GrantedEntry:
    """One entry of an open position, USD."""

    granted: float
    cost: float = 0.0
    """Of its fills so far."""

    @property
    def usd(self) -> float:
        return max(self.granted, self.cost)


Entries = dict[str, GrantedEntry]
"""By nonce, oldest first."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the open position of one book was granted."""

    usd: float = 0.0
    entries: Mapping[str, GrantedEntry] = field(default_factory=dict)
    """Those whose further fills add nothing, by nonce, oldest first."""

    @classmethod
    def of_cost(cls, lots: Lots) -> Grant:
        """Return what is taken for granted where nobody knows: what was paid."""
        return cls(lots.cost)


def granted(
    before: Grant, quantity: float, signed_quantity: Floats, price: Floats, fills: Sequence[Fill]
) -> tuple[Grant, float]:
    """
    Carry a book's grant over its fills.

    Parameters
    ----------
    quantity : float
        Units held before them, signed.
    signed_quantity, price : NDArray, shape (fills,)
        As `functions.domain.ledger.fifo.match` takes them.
    fills : sequence of Fill
        The same, as they were told: who was granted what.

    Returns
    -------
    tuple
        The grant after them, and the most that was granted at one time from before the first on, USD.
    """
    part, added = _steps(quantity, signed_quantity, price)
    usd = before.usd if abs(quantity) > CLOSED_QUANTITY else 0.0
    entries = _count(dict(before.entries) if usd else {}, part, added, fills)
    if not part.size:
        return Grant(usd, entries), usd
    added[0] += usd * part[0]
    open_usd = _carried(part, added)
    return Grant(float(open_usd[-1]), entries), max(usd, float(open_usd.max()))


def _carried(part: Floats, added: Floats) -> Floats:
    """Return u of u[k] = u[k-1] * part[k] + added[k], overwriting both: steps are joined in pairs, then fours."""
    reach = 1
    while reach < part.size and part[reach:].any():
        added[reach:] += part[reach:] * added[:-reach]
        part[reach:] *= part[:-reach].copy()
        reach *= 2
    return added


def _steps(quantity: float, signed_quantity: Floats, price: Floats) -> tuple[Floats, Floats]:
    """Return, by fill, which part of the position before it leaves, and what the units that it opens cost, USD."""
    held = np.cumsum(np.concatenate([[quantity], signed_quantity]))
    held[np.abs(held) <= CLOSED_QUANTITY] = 0.0
    before, after = held[:-1], held[1:]
    is_added = before * signed_quantity >= 0
    is_kept = before * after > 0
    part = np.divide(after, before, out=np.zeros_like(after), where=~is_added & is_kept)
    opened = np.where(is_added, np.abs(signed_quantity), np.where(is_kept, 0.0, np.abs(after)))
    return np.where(is_added, 1.0, part), opened * price


def _count(entries: Entries, part: Floats, added: Floats, fills: Sequence[Fill]) -> Entries:
    """Have ``added`` count each entry's grant once, and return the entries of what is open at the end."""
    positions = np.cumsum(part == 0.0).tolist()  # how many have ended, by fill
    current = 0
    for number in [number for number, fill in enumerate(fills) if fill.granted and added[number]]:
        if positions[number] != current:
            current, entries = positions[number], {}
        fill, cost = fills[number], float(added[number])
        known = entries.get(fill.nonce)
        entry = GrantedEntry(fill.granted, cost) if known is None else replace(known, cost=known.cost + cost)
        added[number] = entry.usd if known is None else entry.usd - known.usd
        entries[fill.nonce] = entry
        if len(entries) > ENTRIES_KEPT:
            del entries[next(iter(entries))]
    return entries if not positions or positions[-1] == current else {}
