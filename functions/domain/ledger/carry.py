"""One book carried through fills, splits and dividends: the profit it realises, and the lots it leaves."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from functions.domain.ledger.events import Cash, Dividend, Event, Flow, Split
from functions.domain.ledger.fifo import Lots, match
from functions.domain.ledger.fills import BookKey, Fill
from functions.domain.ledger.grants import NO_GRANT, Grant, granted


@dataclass(slots=True)
class CorporateActions:
    """Of one symbol in a period; a split or dividend comes before the fills of its instant."""

    splits: list[Split] = field(default_factory=list)
    dividends: list[Dividend] = field(default_factory=list)

    def ratio_after(self, at: datetime) -> float:
        """Return the units at the end per unit at an instant."""
        return math.prod(split.ratio for split in self.splits if split.at > at)

    @property
    def ratio(self) -> float:
        """Units at the end per unit at the start."""
        return math.prod(split.ratio for split in self.splits)


NO_ACTIONS = CorporateActions()


@dataclass(slots=True)
class Grouped:
    """Events by what they affect."""

    fills: dict[BookKey, list[Fill]] = field(default_factory=lambda: defaultdict(list))
    """Fills of each book, in order."""
    actions: dict[str, CorporateActions] = field(default_factory=lambda: defaultdict(CorporateActions))
    """By canonical symbol."""
    cash: list[Cash] = field(default_factory=list)
    flows: float = 0.0
    """Deposits less withdrawals, USD: they affect no book."""

    @classmethod
    def of(cls, events: Iterable[Event]) -> Grouped:
        """Group events given in any order."""
        grouped = cls()
        for event in events:
            match event:
                case Fill():
                    grouped.fills[event.key].append(event)
                case Split():
                    grouped.actions[event.symbol].splits.append(event)
                case Dividend():
                    grouped.actions[event.symbol].dividends.append(event)
                case Cash():
                    grouped.cash.append(event)
                case Flow():
                    grouped.flows += event.usd
        for book in grouped.fills.values():
            book.sort(key=lambda fill: fill.sort_key)
        return grouped

    def actions_of(self, symbol: str) -> CorporateActions:
        return self.actions.get(symbol, NO_ACTIONS)


@dataclass(frozen=True, slots=True)
class CarriedBook:
    """The result of one book."""

    lots: Lots
    """Open at the end."""
    realized: float = 0.0
    """Realised by closing units, USD, net of the costs of both sides."""
    dividends: float = 0.0
    """Dividends earned or, if short, owed, USD."""
    grant: Grant = NO_GRANT
    """Grant of what is open at the end."""
    most_granted: float = 0.0
    """Peak of the granted capital, from the start on, USD."""


def carry(before: Lots, fills: Sequence[Fill], actions: CorporateActions, grant: Grant = NO_GRANT) -> CarriedBook:
    """
    Carry one book.

    Parameters
    ----------
    fills : sequence of Fill
        Of the book, in order.
    grant : Grant, optional
        Of the opening lots; by default no more than they cost.

    Notes
    -----
    Everything is counted in units as of the end: units from before a split are multiplied and their prices divided by
    its ratio, so that one matching suffices, and a split makes no profit.
    """
    opening = before.split(actions.ratio)
    if not fills:
        return CarriedBook(opening, 0.0, _dividends(opening, [], actions), grant, opening.cost + grant.unused)
    quantity, price, cost = np.array([(fill.signed_quantity, fill.price, fill.cost) for fill in fills]).T
    if actions.splits:
        ratios = np.array([actions.ratio_after(fill.at) for fill in fills])
        quantity, price = quantity * ratios, price / ratios
    matched = match(opening, quantity, price, cost)
    after, most = granted(grant, opening, quantity, fills, matched)
    return CarriedBook(
        matched.open_lots,
        float(matched.realized.sum()),
        _dividends(opening, list(zip(fills, quantity.tolist(), strict=True)) if actions.dividends else [], actions),
        after,
        most,
    )


def _dividends(opening: Lots, traded: Sequence[tuple[Fill, float]], actions: CorporateActions) -> float:
    """Return dividends earned or, if short, owed, USD."""
    earned = 0.0
    for one in actions.dividends:
        held = opening.quantity + sum(quantity for fill, quantity in traded if fill.at < one.at)
        earned += held / actions.ratio_after(one.at) * one.per_unit
    return earned
