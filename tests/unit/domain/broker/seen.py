"""What a broker says in tests of reconciliation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from functions.domain.broker.account import AssetClass, BrokerAccount, BrokerPosition
from functions.domain.broker.activities import ActivityCursor
from functions.domain.broker.orders import BrokerOrder, OrderState
from functions.domain.broker.snapshot import BrokerSnapshot
from functions.domain.kernel.symbols import pair_of

START = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
CYCLE = timedelta(minutes=5)


def seen(
    positions: Mapping[str, float],
    at: datetime = START,
    *,
    orders: Sequence[BrokerOrder] = (),
    average: Mapping[str, float] | None = None,
    complete: bool = True,
    cash: float | None = 0.0,
) -> BrokerSnapshot:
    held = tuple(
        BrokerPosition(
            symbol=symbol,
            asset_class=AssetClass.CRYPTO if pair_of(symbol)[0] else AssetClass.STOCK,
            qty=qty,
            available=qty,
            average_price=(average or {}).get(symbol),
            price=10.0,
        )
        for symbol, qty in positions.items()
    )
    account = BrokerAccount(
        account_id="1",
        account_number="PA1",
        is_live=False,
        is_blocked=False,
        equity=1000.0,
        buying_power=1000.0,
        cash=cash,
        as_of=at,
        broker_time=at,
    )
    return BrokerSnapshot(
        account=account,
        positions=held,
        open_orders=tuple(orders),
        cursor=ActivityCursor(f"c{at.isoformat()}"),
        activities_complete=complete,
        as_of=at,
    )


def open_order(symbol: str, client_order_id: str, qty: float | None = 5.0, replaces: str | None = None) -> BrokerOrder:
    return BrokerOrder(
        order_id=f"o-{client_order_id}",
        client_order_id=client_order_id,
        symbol=symbol,
        side="buy",
        qty=qty,
        state=OrderState.OPEN,
        filled_qty=1.0,
        filled_price=10.0,
        submitted_at=START,
        updated_at=START,
        replaces=replaces,
        replaced_by=None,
    )
