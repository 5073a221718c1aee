"""Convert accounts, positions, assets and orders from Alpaca's terms into ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from functions.adapters.alpaca.fields import Fields
from functions.domain.broker.account import Asset, AssetClass, BrokerAccount, BrokerPosition
from functions.domain.broker.errors import UnsupportedCurrency
from functions.domain.broker.orders import BrokerOrder, OrderState

_CLASSES: Mapping[str | None, AssetClass] = {"us_equity": AssetClass.STOCK, "crypto": AssetClass.CRYPTO}
_STATES: Mapping[str, OrderState] = {
    "partially_filled": OrderState.PARTIALLY_FILLED,
    "filled": OrderState.FILLED,
    "canceled": OrderState.CANCELED,
    "replaced": OrderState.REPLACED,
    "rejected": OrderState.REJECTED,
    "expired": OrderState.EXPIRED,
}
"""Orders with any other status may still fill."""
_CURRENCY = "USD"


def read_account(fields: Fields, *, is_live: bool, as_of: datetime, broker_time: datetime | None) -> BrokerAccount:
    """Read an account. Raises UnsupportedCurrency, MalformedAnswer."""
    currency = fields.text_or_none("currency")
    if currency is not None and currency != _CURRENCY:
        raise UnsupportedCurrency(f"the account at Alpaca must be kept in {_CURRENCY}, was in {currency}", currency)
    blocks = [fields.flag(name) for name in ("account_blocked", "trading_blocked", "trade_suspended_by_user")]
    return BrokerAccount(
        account_id=fields.text("id"),
        account_number=fields.text_or_none("account_number"),
        is_live=is_live,
        is_blocked=None if all(one is None for one in blocks) else any(blocks),
        equity=fields.figure_or_none("equity"),
        buying_power=fields.figure_or_none("buying_power"),
        cash=fields.figure_or_none("cash"),
        as_of=as_of,
        broker_time=broker_time,
    )


def read_position(fields: Fields) -> BrokerPosition:
    sign = -1.0 if fields.text_or_none("side") == "short" else 1.0
    qty, available = fields.figure("qty"), fields.figure_or_none("qty_available")
    if sign > 0 and fields.text_or_none("side") is None:
        sign = -1.0 if qty < 0 else 1.0
    return BrokerPosition(
        symbol=fields.text("symbol"),
        asset_class=class_of(fields, "asset_class"),
        qty=sign * abs(qty),
        available=None if available is None else sign * abs(available),
        average_price=fields.figure_or_none("avg_entry_price"),
        price=fields.figure_or_none("current_price"),
    )


def read_asset(fields: Fields) -> Asset:
    lent = [fields.flag(name) for name in ("shortable", "easy_to_borrow")]
    status, tradable = fields.text_or_none("status"), fields.flag("tradable")
    return Asset(
        symbol=fields.text("symbol"),
        name=fields.text_or_none("name"),
        asset_class=class_of(fields, "class"),
        is_tradable=False if status not in (None, "active") else tradable,
        is_fractionable=fields.flag("fractionable"),
        is_lent=False if False in lent else None if None in lent else True,
        smallest_qty=fields.figure_or_none("min_order_size"),
        qty_step=fields.figure_or_none("min_trade_increment"),
    )


def read_order(fields: Fields) -> BrokerOrder:
    state, replaced_by = _STATES.get(fields.text("status"), OrderState.OPEN), fields.text_or_none("replaced_by")
    if state is OrderState.REPLACED and replaced_by is None:  # by an unknown order
        state = OrderState.CANCELED
    price = fields.figure_or_none("filled_avg_price")
    changed = (fields.time_or_none(name) for name in ("filled_at", "updated_at", "submitted_at"))
    return BrokerOrder(
        order_id=fields.text("id"),
        client_order_id=fields.text_or_none("client_order_id") or "",
        symbol=fields.text_or_none("symbol") or "",
        side=fields.text_or_none("side") or "",
        qty=fields.figure_or_none("qty"),
        state=state,
        filled_qty=fields.figure("filled_qty"),
        filled_price=price if price is not None and price > 0 else None,
        submitted_at=fields.time_or_none("submitted_at"),
        updated_at=next((at for at in changed if at is not None), None) or fields.time("created_at"),
        replaces=fields.text_or_none("replaces"),
        replaced_by=replaced_by,
    )


def class_of(fields: Fields, name: str) -> AssetClass:
    return _CLASSES.get(fields.text_or_none(name), AssetClass.OTHER)
