"""
Orders and accounts as brokers report them, and what brokers answer instead.

    BrokerError
    ├── OrderRejected      the broker does not take the order: nothing was traded
    └── BrokerUnavailable  no answer: whether the order is there is not known
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class BrokerError(Exception):
    """Base of all that a broker may answer instead."""


class OrderRejected(BrokerError):  # noqa: N818 (it reads as what happened)
    """The broker does not take the order; nothing was traded."""


class BrokerUnavailable(BrokerError):  # noqa: N818
    """The broker gave no answer: what was asked for may have happened, or not."""


class OrderState(StrEnum):
    """How far an order is."""

    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A market order as the broker reports it; what is filled is counted from its start."""

    order_id: str
    client_order_id: str
    """The signal's nonce."""
    symbol: str
    side: str
    """buy or sell."""
    state: OrderState
    updated_at: datetime
    filled_qty: float = 0.0
    filled_avg_price: float = 0.0
    """USD per unit."""
    fees: float = 0.0
    slippage: float = 0.0
    """A cost in USD besides the price; 0 where the price includes it."""

    @property
    def is_done(self) -> bool:
        """Whether it is final: nothing of it will change."""
        return self.state not in {OrderState.OPEN, OrderState.PARTIALLY_FILLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the account holds, USD; None where the broker does not say."""

    as_of: datetime
    equity: float | None
    """Below 0 all is lost, and more."""
    buying_power: float | None
    """Below 0 in a margin call."""
    cash: float | None
    positions: Mapping[str, float] = field(default_factory=dict)
    """Units by symbol."""
