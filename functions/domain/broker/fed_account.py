"""Turn an account at a broker into the account snapshot for cycles, or say why it cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from functions.domain.broker.account import BrokerAccount, BrokerPosition
from functions.domain.broker.connection import BrokerConnection, masked
from functions.domain.kernel.parsing import CLOCK_SKEW

MOST_LOOKED_BACK = timedelta(days=90)
"""How far back activities are read at most if a cursor is lost."""


def fault_of(account: BrokerAccount, connection: BrokerConnection) -> str | None:
    """Return, as readable text, what is wrong with the account that the keys open; None if nothing is."""
    if account.account_id != connection.account_id:
        found = masked(account.account_number or account.account_id)
        return f"the keys open account {found}, but {connection.masked_account} is connected"
    difference = account.clock_difference
    if difference is not None and abs(difference) > CLOCK_SKEW:
        way = "ahead of" if difference > timedelta(0) else "behind"
        return (
            f"the broker's clock is {abs(difference).total_seconds():.0f} s {way} the server's, "
            f"limit {CLOCK_SKEW.total_seconds():.0f} s: no time it reports can be used"
        )
    if account.is_blocked:
        return "the broker accepts no orders from the account: it is blocked"
    return None


def safe_beginning(connection: BrokerConnection, now: datetime) -> datetime:
    """Return the time from which activities are read again if a cursor is lost: the connection's start, or recently."""
    return max(connection.connected_at, now - MOST_LOOKED_BACK)


def account_document(
    account: BrokerAccount, positions: Sequence[BrokerPosition], as_of: datetime, ledger_version: int
) -> dict[str, Any]:
    """Return the account snapshot; what the broker does not report is left out: it stays unknown."""
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
