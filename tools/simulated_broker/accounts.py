"""The account and its positions, as Alpaca shows them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from functions.domain.kernel.symbols import canonical_symbol
from tools.simulated_broker.books import plain
from tools.simulated_broker.clock import EPOCH, stamp
from tools.simulated_broker.exchange import Exchange
from tools.simulated_broker.ids import uuid_of
from tools.simulated_broker.refusals import not_found

_FIGURES = ("equity", "cash", "buying_power", "long_market_value", "short_market_value", "last_equity")


def account(exchange: Exchange) -> dict[str, Any]:
    values = [one.qty * exchange.market.price(symbol) for symbol, one in exchange.books.holdings.items()]
    amounts = (
        exchange.equity,
        exchange.books.cash,
        exchange.buying_power,
        sum((one for one in values if one > 0), Decimal(0)),
        sum((one for one in values if one < 0), Decimal(0)),
        exchange.equity,
    )
    told = [None if exchange.unknown_figures else plain(amount) for amount in amounts]
    return {
        "id": uuid_of(f"account/{exchange.account_number}"),
        "account_number": exchange.account_number,
        "status": "ACTIVE",
        "currency": exchange.currency,
        "multiplier": str(exchange.multiplier),
        "created_at": stamp(EPOCH),
        "trading_blocked": False,
        "transfers_blocked": False,
        "account_blocked": False,
        "trade_suspended_by_user": False,
        "shorting_enabled": True,
        **dict(zip(_FIGURES, told, strict=True)),
    }


def positions(exchange: Exchange) -> list[dict[str, Any]]:
    return [position(exchange, symbol) for symbol in exchange.books.holdings]


def position(exchange: Exchange, symbol: str) -> dict[str, Any]:
    """Return what is held of a symbol. Raises RefusalError if nothing is."""
    key = canonical_symbol(symbol)
    holding, instrument = exchange.books.holdings.get(key), exchange.market.find(symbol)
    if holding is None or instrument is None:
        raise not_found("position does not exist")
    price, sign = exchange.market.price(symbol), 1 if holding.qty > 0 else -1
    open_orders = [one for one in exchange.orders.values() if one.is_open and one.instrument == instrument]
    leaving = sum((one.left for one in open_orders if one.sign == -sign), Decimal(0))
    profit = holding.qty * price - holding.cost
    part = profit / abs(holding.cost) if holding.cost else Decimal(0)
    figures = {
        "qty": holding.qty,
        "qty_available": holding.qty - sign * leaving,
        "avg_entry_price": holding.average_price,
        "market_value": holding.qty * price,
        "cost_basis": holding.cost,
        "current_price": price,
        "lastday_price": price,
        "unrealized_pl": profit,
        "unrealized_plpc": part,
        "unrealized_intraday_pl": profit,
        "unrealized_intraday_plpc": part,
        "change_today": Decimal(0),
    }
    return {
        "asset_id": uuid_of(f"asset/{instrument.symbol}"),
        "symbol": key,
        "exchange": "" if instrument.is_crypto else instrument.exchange,
        "asset_class": instrument.asset_class,
        "asset_marginable": not instrument.is_crypto,
        "side": "long" if sign > 0 else "short",
        **{name: plain(figure) for name, figure in figures.items()},
    }
