"""Accounts, positions and assets as a broker reports them; what it does not say is None, never 0."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class AssetClass(StrEnum):
    """What kind of thing is traded."""

    STOCK = "stock"
    """A share or a fund, traded in an exchange's hours."""
    CRYPTO = "crypto"
    """A pair of coins, or of a coin and money, traded around the clock."""
    OTHER = "other"
    """Anything else, such as an option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAccount:
    """What the account is worth, USD."""

    account_id: str
    """By which two connections to one account are recognised."""
    account_number: str | None
    """As its owner knows it."""
    is_live: bool
    """Whether it holds real money."""
    is_blocked: bool | None
    """Whether the broker takes no orders from it."""
    equity: float | None
    """Below 0 all is lost, and more."""
    buying_power: float | None
    """Below 0 in a margin call."""
    cash: float | None
    as_of: datetime
    """When it was asked for, UTC, by our own clock."""
    broker_time: datetime | None
    """When it answered, by the broker's clock."""

    @property
    def clock_difference(self) -> timedelta | None:
        """How far the broker's clock is ahead of ours, give or take the time of one request; None if unknown."""
        return None if self.broker_time is None else self.broker_time - self.as_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPosition:
    """What the account holds of one symbol."""

    symbol: str
    """As the broker spells it here; see `canonical_symbol`."""
    asset_class: AssetClass
    qty: float
    """Units, below 0 short."""
    available: float | None
    """Units that open orders leave to trade out of, below 0 short."""
    average_price: float | None
    """USD per unit, of what it was entered at."""
    price: float | None
    """USD per unit, now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """What a broker allows to be done with a symbol; None where it does not say."""

    symbol: str
    name: str | None
    asset_class: AssetClass
    is_tradable: bool | None
    is_fractionable: bool | None
    """Whether it can be traded in parts of a unit."""
    is_lent: bool | None
    """Whether it can be sold short now."""
    smallest_qty: float | None
    """Units of the smallest order."""
    qty_step: float | None
    """Units that quantities are multiples of."""
