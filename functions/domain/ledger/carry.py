"""One book carried over fills, splits and dividends: what it realises, and the lots it leaves."""

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


@dataclass(slots=True)
class CorporateActions:
    """Of one symbol in a stretch of time; a split or dividend comes before the fills of its instant."""

    splits: list[Split] = field(default_factory=list)
    dividends: list[Dividend] = field(default_factory=list)

    def ratio_after(self, at: datetime) -> float:
        """Return how many units at the end one of an instant has become."""
        return math.prod(split.ratio for split in self.splits if split.at > at)

    @property
    def ratio(self) -> float:
        """How many units at the end one of the beginning has become."""
        return math.prod(split.ratio for split in self.splits)


NO_ACTIONS = CorporateActions()


@dataclass(slots=True)
class Grouped:
    """Events by what they concern."""

    fills: dict[BookKey, list[Fill]] = field(default_factory=lambda: defaultdict(list))
    """Each book's in order."""
    actions: dict[str, CorporateActions] = field(default_factory=lambda: defaultdict(CorporateActions))
    """By canonical symbol."""
    cash: list[Cash] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Grouped:
        """Group events that come in any order; flows of money concern no book."""
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
                    pass
        for book in grouped.fills.values():
            book.sort(key=lambda fill: fill.sort_key)
        return grouped

    def actions_of(self, symbol: str) -> CorporateActions:
        return self.actions.get(symbol, NO_ACTIONS)


@dataclass(frozen=True, slots=True)
class CarriedBook:
    """What came of one book."""

    lots: Lots
    """Open at the end."""
    realized: float = 0.0
    """By closing units, USD, net of the costs of both sides."""
    dividends: float = 0.0
    """Earned, or owed by a short, USD."""


def carry(before: Lots, fills: Sequence[Fill], actions: CorporateActions) -> CarriedBook:
    """
    Carry one book.

    Parameters
    ----------
    fills : sequence of Fill
        Of the book, in order.

    Notes
    -----
    All is counted in units as they are at the end: what was bought or held before a split is as many times more
    units at as many times lower a price, so that one matching does for all, and no profit comes of a split.
    """
    if not (actions.splits or actions.dividends):
        if not fills:
            return CarriedBook(before)
        matched = match(before, *np.array([(fill.signed_quantity, fill.price, fill.cost) for fill in fills]).T)
        return CarriedBook(matched.open_lots, float(matched.realized.sum()))
    opening = before.split(actions.ratio)
    ratios = [actions.ratio_after(fill.at) for fill in fills]
    quantities = [fill.signed_quantity * ratio for fill, ratio in zip(fills, ratios, strict=True)]
    dividends = 0.0
    for one in actions.dividends:
        held = opening.quantity + sum(
            quantity for fill, quantity in zip(fills, quantities, strict=True) if fill.at < one.at
        )
        dividends += held / actions.ratio_after(one.at) * one.per_unit
    if not fills:
        return CarriedBook(opening, 0.0, dividends)
    prices = [fill.price / ratio for fill, ratio in zip(fills, ratios, strict=True)]
    matched = match(opening, np.array(quantities), np.array(prices), np.array([fill.cost for fill in fills]))
    return CarriedBook(matched.open_lots, float(matched.realized.sum()), dividends)
