"""Each strategy's live positions at one instant, for display."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.identity import shown_nonce
from functions.domain.orchestration.intent import Intent
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.position_book import Holding, Order, PositionBook

MOST_POSITIONS = 500
MOST_ORDERS = 200


@dataclass(frozen=True, slots=True)
class LivePosition:
    """What one strategy holds of one symbol."""

    strategy_id: str
    symbol: str
    """As the last fill spelled it."""
    qty: float
    """Units; negative if short."""
    average_price: float
    """USD per unit."""
    price: float | None
    """USD per unit, from the market data; None if it has none."""
    unrealized_pnl: float | None
    """USD; None without a price."""
    mode: AgentMode | None
    """The strategy's mode; None if no cycle has set one."""
    exits_under_way: float
    """Units that redeemed exits have yet to trade."""


@dataclass(frozen=True, slots=True)
class OrderUnderWay:
    """One redeemed signal with an open outcome."""

    nonce_prefix: str
    strategy_id: str
    symbol: str
    """Empty for an exit from everything the strategy holds."""
    intent: Intent
    qty: float | None
    """The most an exit may trade, units; None for an entry, and if unknown."""
    filled_qty: float
    """Units."""
    lapses_at: datetime
    is_lapsed: bool
    """Whether it is an entry that lapsed without a fill or a release; it may still be filled."""


@dataclass(frozen=True, slots=True)
class UnownedPosition:
    """What the account holds of a symbol beyond strategies' books."""

    symbol: str
    """Canonical."""
    qty: float
    """Units; negative if short."""


@dataclass(frozen=True, slots=True)
class LivePositions:
    """The position book, with information from account and market data."""

    is_open: bool
    opened_at: datetime | None
    opened_by: str | None
    closed_because: str | None
    """Why a book that was open is closed."""
    positions: tuple[LivePosition, ...]
    """By strategy and symbol."""
    orders_under_way: tuple[OrderUnderWay, ...]
    """Latest to lapse first."""
    unowned: tuple[UnownedPosition, ...] | None
    """By symbol; None: unknown."""
    account_as_of: datetime | None
    market_data_as_of: datetime | None
    is_truncated: bool
    """Whether any of the lists was cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Information besides the book."""

    account_snapshot: Mapping[str, Any]
    prices: Mapping[str, float]
    """USD per unit, by symbol in the market data's spelling."""
    modes: Mapping[str, AgentMode]
    """By strategy."""
    account_as_of: datetime | None
    market_data_as_of: datetime | None


def live_positions(book: PositionBook, around: Surroundings, now: datetime) -> LivePositions:
    """Return what is held and under way; empty if the book is not open."""
    known = KnownPositions(book, around.account_snapshot, now)
    prices = {canonical_symbol(symbol): price for symbol, price in around.prices.items()}
    held = sorted(book.holdings.items()) if book.is_open else []
    orders = _newest(book.orders.items(), now) if book.is_open else []
    unowned = known.unowned()
    sizes = (len(held) > MOST_POSITIONS, len(orders) > MOST_ORDERS, len(unowned or ()) > MOST_POSITIONS)
    return LivePositions(
        is_open=book.is_open,
        opened_at=book.opened_at,
        opened_by=book.opened_by,
        closed_because=book.closed_because,
        positions=tuple(
            _position(name, symbol, one, known, prices.get(symbol), around.modes.get(name))
            for (name, symbol), one in held[:MOST_POSITIONS]
        ),
        orders_under_way=tuple(_order(nonce, one, known, now) for nonce, one in orders[:MOST_ORDERS]),
        unowned=None
        if unowned is None
        else tuple(UnownedPosition(symbol, qty) for symbol, qty in sorted(unowned.items())[:MOST_POSITIONS]),
        account_as_of=around.account_as_of,
        market_data_as_of=around.market_data_as_of,
        is_truncated=any(sizes),
    )


def _newest(orders: Iterable[tuple[str, Order]], now: datetime) -> list[tuple[str, Order]]:
    kept = [(nonce, order) for nonce, order in orders if order.is_kept(now)]
    return sorted(kept, key=lambda one: (one[1].lapses_at, one[0]), reverse=True)


def _position(
    name: str, symbol: str, holding: Holding, known: KnownPositions, price: float | None, mode: AgentMode | None
) -> LivePosition:
    left = known.left_to_exit(name, symbol)
    return LivePosition(
        strategy_id=name,
        symbol=holding.symbol or symbol,
        qty=holding.qty,
        average_price=holding.average_price,
        price=price,
        unrealized_pnl=holding.unrealized_pnl(price),
        mode=mode,
        exits_under_way=0.0 if left is None else abs(holding.qty) - left,
    )


def _order(nonce: str, order: Order, known: KnownPositions, now: datetime) -> OrderUnderWay:
    return OrderUnderWay(
        nonce_prefix=shown_nonce(nonce),
        strategy_id=order.strategy_id,
        symbol=known.spelled(order.strategy_id, order.symbol) if order.symbol else "",
        intent=Intent.ENTRY if order.is_entry else Intent.EXIT,
        qty=order.qty,
        filled_qty=order.filled_qty,
        lapses_at=order.lapses_at,
        is_lapsed=now >= order.lapses_at,
    )
