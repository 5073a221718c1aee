"""The effect of a split on redeemed signals under way, whose sizes are in units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.events import Split
from functions.domain.orchestration.position_book import Order
from functions.domain.trading.redemption import Redemption


def split_order(order: Order, symbol: str, ratio: float) -> Order:
    """Return an exit under way with its sizes of a canonical symbol in new units."""
    if order.symbol == symbol:
        qty = None if order.qty is None else order.qty * ratio
        return replace(order, qty=qty, filled_qty=order.filled_qty * ratio)
    return replace(
        order,
        qty_by_symbol=_scaled(order.qty_by_symbol, symbol, ratio),
        filled_by_symbol=_scaled(order.filled_by_symbol, symbol, ratio),
    )


def split_redemption(redemption: Redemption, split: Split, ratio: float) -> Redemption:
    """Return a redeemed exit with its sizes in new units, if it was redeemed before the split."""
    if redemption.redeemed_at >= split.at or redemption.is_entry:
        return redemption
    if canonical_symbol(redemption.symbol) == split.symbol:
        most = None if redemption.max_qty is None else redemption.max_qty * ratio
        return replace(redemption, max_qty=most, filled_qty=redemption.filled_qty * ratio)
    sizes = redemption.max_qty_by_symbol
    scaled = {one: qty * (ratio if canonical_symbol(one) == split.symbol else 1.0) for one, qty in sizes.items()}
    return replace(redemption, max_qty_by_symbol=scaled) if scaled != sizes else redemption


def _scaled(sizes: Mapping[str, float], symbol: str, ratio: float) -> dict[str, float]:
    return {one: qty * (ratio if one == symbol else 1.0) for one, qty in sizes.items()}
