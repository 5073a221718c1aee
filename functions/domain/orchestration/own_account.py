"""The account as one strategy sees it: only its own positions, once the book knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.domain.kernel.book_names import LIVE_BOOK
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.paper import PaperPositions, paper_positions
from functions.domain.orchestration.position_book import Order


def own_fields(
    strategy_id: str, live: KnownPositions, paper: PaperPositions, prices: Mapping[str, float]
) -> dict[str, Any]:
    """
    Return a strategy's own fields of the account snapshot; empty while the book is closed.

    Returns
    -------
    dict
        ``positions``, each with ``symbol``, ``qty`` (negative if short), ``strategy_id`` and ``book``, live ones also
        with ``average_price``, ``price`` and ``unrealized_pnl`` (USD; None without a price); and ``orders_under_way``,
        each with ``symbol``, ``intent``, ``qty`` (None if unknown) and ``filled_qty``.
    """
    if not live.book.is_open:
        return {}
    positions = [_position(strategy_id, symbol, live, prices) for symbol in live.held(strategy_id)]
    own_paper = paper_positions({strategy_id: paper.get(strategy_id, {})})
    return {
        "positions": [*positions, *own_paper],
        "orders_under_way": [_order(one) for one in live.orders_under_way(strategy_id)],
    }


def _position(strategy_id: str, symbol: str, live: KnownPositions, prices: Mapping[str, float]) -> dict[str, Any]:
    holding = live.book.holding(strategy_id, symbol)
    price = prices.get(holding.symbol, prices.get(symbol))
    return {
        "symbol": holding.symbol,
        "qty": holding.qty,
        "strategy_id": strategy_id,
        "book": LIVE_BOOK,
        "average_price": holding.average_price,
        "price": price,
        "unrealized_pnl": holding.unrealized_pnl(price),
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "symbol": order.symbol,
        "intent": "ENTRY" if order.is_entry else "EXIT",
        "qty": order.qty,
        "filled_qty": order.filled_qty,
    }
