"""Orders as a broker reports them, and the combination of an order with its replacements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class OrderState(StrEnum):
    """The state of an order."""

    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REPLACED = "replaced"
    """Another order replaced it, for the unfilled part."""
    REJECTED = "rejected"
    EXPIRED = "expired"


_NOT_DONE = frozenset({OrderState.OPEN, OrderState.PARTIALLY_FILLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOrder:
    """One order; filled quantities are cumulative. None: the broker does not say."""

    order_id: str
    client_order_id: str
    """The sender's id for it, such as a signal's nonce; the broker's own if the sender gave none."""
    symbol: str
    side: str
    """buy or sell."""
    qty: float | None
    """Units ordered; None if an amount of money was ordered."""
    state: OrderState
    filled_qty: float
    filled_price: float | None
    """Average, USD per unit; also None while nothing is filled."""
    submitted_at: datetime | None
    updated_at: datetime
    """When it last changed, by the broker's clock."""
    replaces: str | None
    """Id of the order that it replaced."""
    replaced_by: str | None
    """Id of the order that replaced it."""

    @property
    def is_done(self) -> bool:
        """Whether the broker reports it as final; fills may still cross a cancellation."""
        return self.state not in _NOT_DONE


def whole(chain: Sequence[BrokerOrder]) -> BrokerOrder:
    """
    Return an order and its replacements as one: the first's identity, all their fills, the last's state.

    Parameters
    ----------
    chain : sequence of BrokerOrder
        The first order, then its successive replacements; at least one order.
    """
    first, last = chain[0], chain[-1]
    if len(chain) == 1:
        return first
    filled = [one for one in chain if one.filled_qty > 0]
    qty = sum(one.filled_qty for one in filled)
    paid = [one.filled_qty * one.filled_price for one in filled if one.filled_price is not None]
    is_priced = bool(filled) and len(paid) == len(filled)
    return replace(
        first,
        qty=None if last.qty is None else last.qty + sum(one.filled_qty for one in chain[:-1]),
        state=OrderState.PARTIALLY_FILLED if last.state is OrderState.OPEN and qty > 0 else last.state,
        filled_qty=qty,
        filled_price=sum(paid) / qty if is_priced else None,
        updated_at=max(one.updated_at for one in chain),
        replaced_by=None,
    )
