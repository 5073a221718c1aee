"""An account at a broker as the account snapshot that cycles decide on, and what keeps it from being that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from functions.domain.broker.account import BrokerAccount, BrokerPosition
from functions.domain.broker.connection import BrokerConnection
from functions.domain.kernel.parsing import CLOCK_SKEW

MOST_LOOKED_BACK = timedelta(days=90)
"""How long ago activities are read from at most, where a cursor is lost."""


def fault_of(account: BrokerAccount, connection: BrokerConnection) -> str | None:
    """Return what is wrong with the account that the keys open, for people to read; None if nothing is."""
    if account.account_id != connection.account_id:
        known, found = connection.account_number or connection.account_id, account.account_number or account.account_id
        return f"the keys open account {found}, and {known} is connected"
    difference = account.clock_difference
    if difference is not None and abs(difference) > CLOCK_SKEW:
        way = "ahead of" if difference > timedelta(0) else "behind"
        return (
            f"the broker's clock is {abs(difference).total_seconds():.0f} s {way} the server's, "
            f"limit {CLOCK_SKEW.total_seconds():.0f} s: nothing it says has a time that can be used"
        )
    if account.is_blocked:
        return "the broker takes no orders from the account: it is blocked"
    return None


def safe_beginning(connection: BrokerConnection, now: datetime) -> datetime:
    """Return from when on activities are read again where a cursor is lost: all since it was connected, or a while."""
    return max(connection.connected_at, now - MOST_LOOKED_BACK)


def account_document(
    account: BrokerAccount, positions: Sequence[BrokerPosition], as_of: datetime, ledger_version: int
) -> dict[str, Any]:
    """Return the account snapshot; what the broker does not say is left out: it stays unknown."""
    figures = {"equity": account.equity, "buying_power": account.buying_power, "cash": account.cash}
    return {
        "as_of": as_of,
        "ledger_version": ledger_version,
        **{name: value for name, value in figures.items() if value is not None},
        "positions": [_position(one) for one in positions],
    }


def _position(position: BrokerPosition) -> dict[str, Any]:
    average = {} if position.average_price is None else {"average_price": position.average_price}
    return {"symbol": position.symbol, "qty": position.qty, **average}
