"""Which orders the simulated broker does not take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from functions.domain.kernel.symbols import canonical_symbol
from tools.simulated_broker.books import NINE_PLACES, Books, plain
from tools.simulated_broker.market import Instrument, Market
from tools.simulated_broker.orders import SimOrder
from tools.simulated_broker.refusals import forbidden, invalid

_LONGEST_ID = 128
_TIMES_IN_FORCE = {"us_equity": {"day", "gtc", "opg", "cls", "ioc", "fok"}, "crypto": {"gtc", "ioc"}}


@dataclass(frozen=True, slots=True)
class Asked:
    """An order as it was asked for."""

    instrument: Instrument
    side: str
    qty: Decimal
    kind: str
    limit_price: Decimal | None
    time_in_force: str


def read(body: Mapping[str, Any], market: Market) -> Asked:
    """Read an order. Raises RefusalError."""
    symbol = str(body.get("symbol", ""))
    instrument = market.find(symbol)
    if instrument is None:
        raise invalid(f'could not find asset "{symbol}"')
    side, kind, force = (str(body.get(name, "")) for name in ("side", "type", "time_in_force"))
    if side not in {"buy", "sell"}:
        raise invalid("side must be buy or sell")
    if kind not in {"market", "limit"}:
        raise invalid("type must be market or limit: this server knows no other")
    if force not in _TIMES_IN_FORCE[instrument.asset_class]:
        raise invalid(f"invalid {instrument.asset_class} time_in_force: {force}")
    limit_price = _figure(body, "limit_price") if kind == "limit" else None
    if len(str(body.get("client_order_id", ""))) > _LONGEST_ID:
        raise invalid(f"client_order_id must be at most {_LONGEST_ID} characters")
    return Asked(instrument, side, _figure(body, "qty"), kind, limit_price, force)


def check(asked: Asked, market: Market, books: Books, orders: Sequence[SimOrder], buying_power: Decimal) -> None:
    """Raise RefusalError if the order is not taken."""
    symbol = asked.instrument.symbol
    if not asked.instrument.is_tradable:
        raise invalid(f"asset {symbol} is not tradable")
    _check_fraction(asked)
    open_orders = [one for one in orders if one.is_open and one.instrument.symbol == symbol]
    _check_wash(asked, open_orders)
    held = books.qty(canonical_symbol(symbol))
    sign = 1 if asked.side == "buy" else -1
    if held * sign < 0:
        _check_closing(asked, abs(held), sum((one.left for one in open_orders if one.sign == sign), Decimal(0)))
    elif sign < 0:
        _check_short(asked)
    else:
        cost = asked.qty * (asked.limit_price or market.price(symbol))
        if cost > buying_power:
            figures = {"buying_power": plain(buying_power), "cost_basis": plain(cost)}
            raise forbidden("insufficient buying power", **figures)


def _figure(body: Mapping[str, Any], name: str) -> Decimal:
    try:
        figure = Decimal(str(body.get(name)))
    except InvalidOperation:
        figure = Decimal(0)
    if not figure.is_finite() or figure <= 0:
        raise invalid(f"{name} must be > 0")
    if figure != figure.quantize(NINE_PLACES):
        raise invalid(f"{name} must have at most 9 decimal places")
    return figure


def _check_fraction(asked: Asked) -> None:
    if asked.qty == asked.qty.to_integral_value():
        return
    if not asked.instrument.is_fractionable:
        raise forbidden(f'asset "{asked.instrument.symbol}" is not fractionable')
    if not asked.instrument.is_crypto and asked.time_in_force != "day":
        raise invalid("fractional orders must be DAY orders")


def _check_wash(asked: Asked, open_orders: Sequence[SimOrder]) -> None:
    other = next((one for one in open_orders if one.side != asked.side), None)
    if other is not None and not asked.instrument.is_crypto:
        raise forbidden(
            "potential wash trade detected. use complex orders",
            existing_order_id=other.order_id,
            reject_reason=f"opposite side {other.kind} order exists",
        )


def _check_closing(asked: Asked, held: Decimal, under_way: Decimal) -> None:
    free = held - under_way
    if asked.qty > free:
        amounts = {"existing_qty": plain(held), "held_for_orders": plain(under_way), "available": plain(free)}
        message = f"insufficient qty available for order (requested: {plain(asked.qty)}, available: {plain(free)})"
        raise forbidden(message, symbol=asked.instrument.symbol, **amounts)


def _check_short(asked: Asked) -> None:
    instrument = asked.instrument
    if instrument.is_crypto or not (instrument.is_shortable and instrument.is_easy_to_borrow):
        raise invalid(f'asset "{instrument.symbol}" cannot be sold short')
    if asked.qty != asked.qty.to_integral_value():
        raise invalid("fractional orders cannot be sold short")
