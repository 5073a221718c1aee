"""Alpaca as the loop's broker: stocks and ETFs, market orders for the day, fractions of a share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any, TypeVar, cast

import requests
from alpaca.common.exceptions import APIError
from alpaca.common.rest import RESTClient
from alpaca.data.historical.stock import StockHistoricalDataClient
from alpaca.data.models import Trade as LastTrade
from alpaca.data.requests import StockLatestTradeRequest
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, OrderStatus, PositionSide, TimeInForce
from alpaca.trading.models import Asset, Position, TradeAccount
from alpaca.trading.models import Order as AlpacaOrder
from alpaca.trading.requests import MarketOrderRequest

from .models import utc_now
from .orders import Account, BrokerError, BrokerUnavailable, Order, OrderRejected, OrderState

T = TypeVar("T")

TIMEOUT_SECONDS = 10.0
_STEP = Decimal("0.000000001")
"""Alpaca takes nine decimal places."""
_STATES: Mapping[OrderStatus, OrderState] = {
    OrderStatus.PARTIALLY_FILLED: OrderState.PARTIALLY_FILLED,
    OrderStatus.FILLED: OrderState.FILLED,
    OrderStatus.CANCELED: OrderState.CANCELED,
    OrderStatus.REPLACED: OrderState.CANCELED,
    OrderStatus.REJECTED: OrderState.REJECTED,
    OrderStatus.EXPIRED: OrderState.EXPIRED,
}
"""Every other status is of an order that may still fill."""


class _TimeLimited(RESTClient):
    """alpaca-py waits for ever by itself."""

    def _one_request(self, method: str, url: str, opts: dict[str, Any], retry: int) -> dict[str, Any]:
        return super()._one_request(method, url, {**opts, "timeout": TIMEOUT_SECONDS}, retry)


class _Trading(_TimeLimited, TradingClient):
    pass


class _Data(_TimeLimited, StockHistoricalDataClient):
    pass


class AlpacaBroker:
    """
    An Alpaca account, on paper unless told otherwise.

    Parameters
    ----------
    paper : bool
        False trades real money.
    url_override, data_url_override : str, optional
        Where the trading and the data API are, for tests.
    """

    def __init__(
        self,
        api_key: str,
        secret_key: str,
        *,
        paper: bool = True,
        url_override: str | None = None,
        data_url_override: str | None = None,
    ) -> None:
        self._trading = _Trading(api_key, secret_key, paper=paper, url_override=url_override)
        self._data = _Data(api_key, secret_key, url_override=data_url_override)

    def last_price(self, symbol: str) -> float:
        request = StockLatestTradeRequest(symbol_or_symbols=symbol)
        trades = _asked(lambda: cast("dict[str, LastTrade]", self._data.get_stock_latest_trade(request)))
        price = float(trades[symbol].price) if symbol in trades else math.nan
        if not price > 0:
            raise BrokerError(f"Alpaca has no last price of {symbol}")
        return price

    def position(self, symbol: str) -> float:
        found = _asked_or_none(lambda: cast("Position", self._trading.get_open_position(symbol)))
        if found is None:
            return 0.0
        free = found.qty if found.qty_available is None else found.qty_available  # open orders hold the rest
        return _signed(found, float(free))

    def shortable(self, symbol: str, qty: float) -> float:
        """Return the whole units: Alpaca lends no fractions, and only what is easy to borrow."""
        asset = _asked_or_none(lambda: cast("Asset", self._trading.get_asset(symbol)))
        is_lent = asset is not None and asset.shortable and asset.easy_to_borrow
        return float(math.floor(qty)) if is_lent and math.isfinite(qty) else 0.0

    def find_order(self, client_order_id: str) -> Order | None:
        found = _asked_or_none(lambda: cast("AlpacaOrder", self._trading.get_order_by_client_id(client_order_id)))
        return None if found is None else _order(found)

    def submit_order(self, client_order_id: str, symbol: str, side: str, qty: float) -> Order:
        rounded = Decimal(repr(qty)).quantize(_STEP, ROUND_DOWN) if math.isfinite(qty) else Decimal(0)
        if rounded <= 0:
            raise OrderRejected(f"quantity must be > 0, was {qty}")
        request = MarketOrderRequest(
            symbol=symbol,
            qty=float(rounded),
            side=OrderSide(side),
            time_in_force=TimeInForce.DAY,
            client_order_id=client_order_id,
        )
        try:
            return _order(_asked(lambda: cast("AlpacaOrder", self._trading.submit_order(request))))
        except OrderRejected:
            known = self.find_order(client_order_id)  # "client_order_id must be unique": it was submitted before
            if known is None:
                raise
            return known

    def cancel_order(self, order_id: str) -> None:
        try:
            _asked(lambda: self._trading.cancel_order_by_id(order_id))
        except OrderRejected:
            return  # it is done, and its state tells how

    def account(self) -> Account:
        as_of = utc_now()
        account = _asked(lambda: cast("TradeAccount", self._trading.get_account()))
        positions = _asked(lambda: cast("list[Position]", self._trading.get_all_positions()))
        return Account(
            as_of=as_of,
            equity=_known(account.equity),
            buying_power=_known(account.buying_power),
            cash=_known(account.cash),
            positions={one.symbol: _signed(one, float(one.qty)) for one in positions},
        )


def _known(figure: str | None) -> float | None:
    return None if figure is None else float(figure)


def _signed(position: Position, units: float) -> float:
    return -abs(units) if position.side is PositionSide.SHORT else max(0.0, units)


def _order(found: AlpacaOrder) -> Order:
    return Order(
        order_id=str(found.id),
        client_order_id=found.client_order_id,
        symbol=found.symbol or "",
        side=str(found.side.value) if found.side else "",
        state=_STATES.get(found.status, OrderState.OPEN),
        updated_at=found.filled_at or found.updated_at,
        filled_qty=float(found.filled_qty or 0.0),
        filled_avg_price=float(found.filled_avg_price or 0.0),
    )


def _asked(question: Callable[[], T]) -> T:
    """
    Ask Alpaca.

    Raises
    ------
    OrderRejected
        If it says no.
    BrokerUnavailable
    """
    try:
        return question()
    except APIError as error:
        status = error.status_code or 0
        if status in {0, 401, 408, 429} or status >= 500:
            raise BrokerUnavailable(f"Alpaca answers {status}: {_message(error)}") from error
        raise OrderRejected(f"Alpaca answers {status}: {_message(error)}") from error
    except (requests.RequestException, ValueError) as error:
        raise BrokerUnavailable(f"no answer from Alpaca: {error}") from error


def _asked_or_none(question: Callable[[], T]) -> T | None:
    try:
        return _asked(question)
    except OrderRejected as error:
        cause = error.__cause__
        if isinstance(cause, APIError) and cause.status_code == 404:
            return None
        raise


def _message(error: APIError) -> str:
    try:
        return str(error.message)
    except (ValueError, LookupError, TypeError):
        return str(error)[:200]
