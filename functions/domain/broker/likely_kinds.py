"""What a position that differs likely comes from: a guess from what is known of both sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from functions.domain.broker.account import AssetClass
from functions.domain.orchestration.drift import Difference, DriftKind
from functions.domain.orchestration.position_book import Order

_RATIOS = (1.5, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)
"""How many new units for an old one splits give; reverse splits the inverse."""
_SAME_COST = 0.02
"""Of what was paid: a split leaves it, give or take a dividend or a fee."""
_LARGEST_FEE = 0.01
"""Of the units: of a trade in coins, where it is taken in them."""


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
    """Redeemed signals of the symbol whose outcome is open."""


def likely_kind(evidence: Evidence) -> DriftKind:
    """Return what a difference likely comes from."""
    if _is_split(evidence):
        return DriftKind.SPLIT
    if any(_explains(order, evidence) for order in evidence.orders):
        return DriftKind.MISSED_FILL
    lost = abs(evidence.book) - abs(evidence.broker)
    if evidence.asset_class is AssetClass.CRYPTO and 0 < lost <= _LARGEST_FEE * abs(evidence.book):
        return DriftKind.FEE
    return DriftKind.UNKNOWN if evidence.asset_class is AssetClass.OTHER else DriftKind.MANUAL_TRADE


def _is_split(evidence: Evidence) -> bool:
    """Tell whether units are a multiple at the same cost, as no trade leaves them."""
    if not evidence.book or not evidence.broker_cost or not evidence.book_cost:
        return False
    ratio = evidence.broker / evidence.book
    is_simple = any(math.isclose(ratio, one, rel_tol=1e-4) for whole in _RATIOS for one in (whole, 1 / whole))
    return is_simple and math.isclose(evidence.broker_cost, evidence.book_cost, rel_tol=_SAME_COST)


def _explains(order: Order, evidence: Evidence) -> bool:
    """Tell whether a fill of an order would go the way of the difference."""
    is_bought = evidence.broker > evidence.book
    if order.is_entry:
        return is_bought is not order.is_short
    return is_bought if evidence.book < 0 else not is_bought


def with_renamings(found: Sequence[Difference]) -> list[Difference]:
    """Return positions' differences, with those that mirror each other told as one symbol's new name."""
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
