"""What a broker says of an account at one time, all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from functions.domain.broker.account import BrokerAccount, BrokerPosition
from functions.domain.broker.activities import ActivityCursor
from functions.domain.broker.orders import BrokerOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSnapshot:
    """One account, after its activities were taken in."""

    account: BrokerAccount
    positions: tuple[BrokerPosition, ...]
    open_orders: tuple[BrokerOrder, ...]
    cursor: ActivityCursor
    """After the activities that were taken in."""
    activities_complete: bool
    """Whether all pages of them were read."""
    as_of: datetime
    """When it was asked for, UTC, by our own clock."""
