"""Accounts, positions and assets as a broker reports them; what it does not say is None, never 0."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class AssetClass(StrEnum):
    """The kind of asset."""

    STOCK = "stock"
    """A share or a fund, traded during an exchange's hours."""
    CRYPTO = "crypto"
    """A pair of coins, or of a coin and money, traded around the clock."""
    OTHER = "other"
    """Anything else, such as an option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAccount:
    """The account and its figures, USD."""

    account_id: str
    """Identifies the account, also across two connections."""
    account_number: str | None
    """The account number that its owner knows."""
    is_live: bool
    """Whether it holds real money."""
    is_blocked: bool | None
    """Whether the broker accepts no orders from it."""
    equity: float | None
    """Negative if more than everything is lost."""
    buying_power: float | None
    """Negative in a margin call."""
    cash: float | None
    as_of: datetime
    """When it was requested, UTC, by our own clock."""
    broker_time: datetime | None
    """When the broker answered, by its clock."""

    @property
    def clock_difference(self) -> timedelta | None:
        """How far the broker's clock is ahead of ours, within the duration of one request; None if unknown."""
        return None if self.broker_time is None else self.broker_time - self.as_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPosition:
    """What the account holds of one symbol."""

    symbol: str
    """As the broker spells it here; see `canonical_symbol`."""
    asset_class: AssetClass
    qty: float
    """Units; negative if short."""
    available: float | None
    """Units not committed to open orders; negative if short."""
    average_price: float | None
    """Average entry price, USD per unit."""
    price: float | None
    """USD per unit, now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """What a broker allows for a symbol; None if it does not say."""

    symbol: str
    name: str | None
    asset_class: AssetClass
    is_tradable: bool | None
    is_fractionable: bool | None
    """Whether it can be traded in fractions of a unit."""
    is_lent: bool | None
    """Whether it can be sold short now."""
    smallest_qty: float | None
    """Smallest order, units."""
    qty_step: float | None
    """Increment of quantities, units."""
