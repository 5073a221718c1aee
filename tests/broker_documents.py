"""A connection and a difference as tests begin with; each replaces what it is about."""

from __future__ import annotations

from functions.domain.broker.activities import ActivityCursor
from functions.domain.broker.connection import BrokerConnection
from functions.domain.orchestration.broker_feed import ConnectionStatus
from functions.domain.orchestration.drift import Difference, DriftKind, Subject
from tests.fakes import MARCH_16

CONNECTION = BrokerConnection(
    broker="alpaca",
    is_live=False,
    account_id="54dcf42f-de0d-50ff-a401-99369b891831",
    account_number="PA1",
    status=ConnectionStatus.CONNECTED,
    connected_at=MARCH_16,
    connected_by="ann",
    tells_amendments=True,
    cursor=ActivityCursor("c1"),
)
DIFFERENCE = Difference(
    subject=Subject.POSITION,
    symbol="KO",
    broker=12.0,
    book=10.0,
    kind=DriftKind.MANUAL_TRADE,
    since=MARCH_16,
    read_at=MARCH_16,
    is_drift=True,
)
"""It lasts."""
