"""The likely cause of a differing position, guessed from what is known of both sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from functions.domain.broker.account import AssetClass
from functions.domain.orchestration.drift import Difference, DriftKind
from functions.domain.orchestration.position_book import Order

_RATIOS = (1.5, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)
"""New units per old unit of common splits; reverse splits have the inverse."""
_SAME_COST = 0.02
"""Tolerance as a fraction of cost: a split leaves the cost unchanged except for a dividend or a fee."""
_LARGEST_FEE = 0.01
"""Largest likely fee as a fraction of the units, if it is taken in the traded coin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one symbol's position on both sides."""

    asset_class: AssetClass
    broker: float
    """Signed units."""
    book: float
    broker_cost: float | None
    """What it cost, signed USD."""
    book_cost: float | None
    orders: Sequence[Order]
    """Redeemed signals of the symbol with an open outcome."""


def likely_kind(evidence: Evidence) -> DriftKind:
    """Return the likely cause of a difference."""
    if _is_split(evidence):
        return DriftKind.SPLIT
    if any(_explains(order, evidence) for order in evidence.orders):
        return DriftKind.MISSED_FILL
    lost = abs(evidence.book) - abs(evidence.broker)
    if evidence.asset_class is AssetClass.CRYPTO and 0 < lost <= _LARGEST_FEE * abs(evidence.book):
        return DriftKind.FEE
    return DriftKind.UNKNOWN if evidence.asset_class is AssetClass.OTHER else DriftKind.MANUAL_TRADE


def _is_split(evidence: Evidence) -> bool:
    """Return whether units are a multiple at the same cost, which no trade causes."""
    if not evidence.book or not evidence.broker_cost or not evidence.book_cost:
        return False
    ratio = evidence.broker / evidence.book
    is_simple = any(math.isclose(ratio, one, rel_tol=1e-4) for whole in _RATIOS for one in (whole, 1 / whole))
    return is_simple and math.isclose(evidence.broker_cost, evidence.book_cost, rel_tol=_SAME_COST)


def _explains(order: Order, evidence: Evidence) -> bool:
    """Return whether a fill of an order would explain the direction of the difference."""
    is_bought = evidence.broker > evidence.book
    if order.is_entry:
        return is_bought is not order.is_short
    return is_bought if evidence.book < 0 else not is_bought


def with_renamings(found: Sequence[Difference]) -> list[Difference]:
    """Return positions' differences, with mirrored pairs reported as one symbol's new name."""
    gone = [one for one in found if one.broker == 0.0 and one.kind is DriftKind.MANUAL_TRADE]
    come = [one for one in found if one.book == 0.0 and one.kind is DriftKind.MANUAL_TRADE]
    renamed = {
        key
        for old in gone
        for new in come
        if old.book is not None and new.broker is not None and math.isclose(old.book, new.broker, rel_tol=1e-9)
        for key in (old.key, new.key)
    }
    return [replace(one, kind=DriftKind.RENAMING) if one.key in renamed else one for one in found]
