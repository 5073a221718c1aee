"""A broker's report of an account at one time, to compare with Maestro's records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from functions.domain.broker.account import BrokerAccount, BrokerPosition
from functions.domain.broker.activities import ActivityCursor
from functions.domain.broker.orders import BrokerOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSnapshot:
    """An account as its broker reports it, once its activities up to a cursor are in the ledger."""

    account: BrokerAccount
    positions: tuple[BrokerPosition, ...]
    open_orders: tuple[BrokerOrder, ...]
    cursor: ActivityCursor
    """How far activities are booked."""
    activities_complete: bool
    """Whether all pages were read; otherwise positions may be ahead of the ledger."""
    as_of: datetime
    """When it was requested, UTC, by our own clock."""
