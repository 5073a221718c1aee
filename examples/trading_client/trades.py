"""A trade on its way through broker and ledger, and the fills its order comes to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from .models import Fill, Signal
from .orders import Order

NOTHING = 1e-9
"""Fewer units than this count as none."""
_WATCH = timedelta(days=1)
"""How long an order that was cancelled, expired or rejected may still turn out to have filled something."""
_TOO_FEW = 1e-3
"""Fraction of an order below which the rounding of its average price shows in the difference of two."""


class Stage(StrEnum):
    """The last step that was begun."""

    CLAIMED = "CLAIMED"
    """The signal may be redeemed; it has no order."""
    SUBMITTED = "SUBMITTED"
    """Its order may be at the broker."""
    RELEASING = "RELEASING"
    """It will not be traded any further; its reservation may be given back."""
    DONE = "DONE"


class Claim(StrEnum):
    """What Maestro knows of a trade's order."""

    ASKED = "ASKED"
    """Maestro was asked for its signal: before the order was sent, or since."""
    LATE = "LATE"
    """Its order went without Maestro: its signal is to be redeemed, if it still can be, before fills are reported."""
    OPERATOR = "OPERATOR"
    """It is an operator's order, without a signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One signal, or an operator's order, on its way through broker and ledger."""

    nonce: str
    """The order's client_order_id."""
    strategy_id: str
    symbol: str
    side: str
    """buy or sell; either may enter or exit."""
    is_exit: bool
    """Whether it reduces a position."""
    expires_at: datetime
    """No order is submitted after it."""
    stage: Stage = Stage.CLAIMED
    claim: Claim = Claim.ASKED
    lapses_at: datetime | None = None
    """When its reservation ends."""
    filled_qty: float = 0.0
    """What fills were made of."""
    filled_notional: float = 0.0
    fees: float = 0.0
    slippage: float = 0.0
    is_complete: bool = False
    """Whether its last fill said that the order is complete."""
    outbox: tuple[Fill, ...] = ()
    """Fills that the ledger has not answered for."""
    ended_at: datetime | None = None
    """When its order was over without being filled: a fill may cross a cancellation."""
    looked_at: datetime | None = None
    """When the broker was asked for that order last."""

    @classmethod
    def of(cls, signal: Signal) -> Trade:
        """Return the trade that a signal with nonce and symbol begins."""
        return cls(
            nonce=str(signal.nonce),
            strategy_id=signal.strategy_name,
            symbol=signal.ticker,
            side=signal.action.lower(),
            is_exit=signal.is_exit,
            expires_at=signal.expires_at,
        )

    @property
    def is_watched(self) -> bool:
        """Whether its order, which is over, is still asked for."""
        if self.ended_at is None or self.looked_at is None:
            return False
        return self.stage is Stage.DONE and self.looked_at - self.ended_at < _WATCH

    def is_due(self, now: datetime) -> bool:
        """Return whether to ask for an order that is over: each time after twice as long."""
        if self.ended_at is None or self.looked_at is None:
            return False
        return self.is_watched and now >= self.looked_at + (self.looked_at - self.ended_at)

    def is_settled_by(self, order: Order) -> bool:
        """Return whether the order is over and all its fills are known."""
        return order.is_done and order.filled_qty <= self.filled_qty + NOTHING

    def after(self, order: Order) -> tuple[Trade, Fill | None]:
        """Return the trade with what its order filled since, as one more fill to send."""
        fill = self._new_fill(order)
        trade = replace(self, stage=Stage.SUBMITTED)
        if fill is None:
            return trade, None
        return replace(
            trade,
            filled_qty=order.filled_qty,
            filled_notional=self.filled_notional + fill.qty * fill.price,
            fees=order.fees,
            slippage=order.slippage,
            is_complete=fill.is_order_complete,
            outbox=(*self.outbox, fill),
        ), fill

    def _new_fill(self, order: Order) -> Fill | None:
        """
        Return what the order filled beyond what is known; None if nothing.

        Brokers report quantity and average price since the order's start: the difference to what is known is the
        fill, and the quantity reached is its identity.
        """
        qty = order.filled_qty - self.filled_qty
        if qty <= NOTHING or order.filled_avg_price <= 0:  # some brokers give the price a moment later
            return None
        return Fill(
            strategy_id=self.strategy_id,
            symbol=self.symbol,
            side=self.side,
            qty=qty,
            price=self._price(order, qty),
            ts=order.updated_at,
            broker_fill_id=f"{order.order_id}:{plain(order.filled_qty)}",
            fees=max(0.0, order.fees - self.fees),
            slippage=max(0.0, order.slippage - self.slippage),
            nonce=None if self.claim is Claim.OPERATOR else self.nonce,
            order_id=order.order_id,
            is_order_complete=order.is_done,
        )

    def _price(self, order: Order, qty: float) -> float:
        price = (order.filled_avg_price * order.filled_qty - self.filled_notional) / qty
        is_sound = price > 0 and qty > order.filled_qty * _TOO_FEW
        return price if is_sound and self.filled_qty > 0 else order.filled_avg_price


def plain(quantity: float) -> str:
    """
    Return a quantity as brokers write it.

    >>> plain(100.0), plain(0.000000001), plain(1.5)
    ('100', '0.000000001', '1.5')
    """
    return format(Decimal(repr(quantity)).normalize(), "f")
