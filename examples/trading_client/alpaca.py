"""
Alpaca as the loop's broker: market orders, of stocks for the day, of whole units where an asset takes no others.

How Alpaca is asked is Maestro's own adapter, `functions.adapters.alpaca`; this is the loop's side of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from functions.adapters.alpaca.broker import LIVE, PAPER, Hosts
from functions.adapters.alpaca.connection import Limits
from functions.adapters.alpaca.keys import Keys
from functions.adapters.alpaca.market_data import as_pair
from functions.adapters.alpaca.trading import TradingAlpaca
from functions.domain.broker import errors
from functions.domain.broker.account import BrokerPosition
from functions.domain.broker.errors import Rejection
from functions.domain.broker.orders import BrokerOrder, whole
from functions.domain.broker.orders import OrderState as BrokerOrderState

from .orders import Account, BrokerError, BrokerUnavailable, Order, OrderRejected, OrderState

T = TypeVar("T")

TIMEOUT_SECONDS = 10.0


class AlpacaBroker:
    """
    An Alpaca account, the paper one by default.

    Parameters
    ----------
    paper : bool
        False trades real money.
    url_override, data_url_override : str, optional
        Where the trading and the data API are, for tests.

    Raises
    ------
    BrokerUnavailable
        If what is given cannot be keys.
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
        default = PAPER if paper else LIVE
        hosts = Hosts(url_override or default.trading, data_url_override or default.data)
        limits = Limits(connect=TIMEOUT_SECONDS, read=TIMEOUT_SECONDS, total=2.5 * TIMEOUT_SECONDS)
        self._alpaca = _asked(
            lambda: TradingAlpaca(Keys(api_key, secret_key), live=not paper, hosts=hosts, limits=limits)
        )

    def __repr__(self) -> str:
        return f"AlpacaBroker of {self._alpaca!r}"

    def last_price(self, symbol: str) -> float:
        quote = _asked(lambda: self._alpaca.quotes([symbol])).get(symbol)
        if quote is None or quote.price is None:
            raise BrokerError(f"Alpaca has no last price of {symbol}")
        return quote.price

    def position(self, symbol: str) -> float:
        found = _asked(lambda: self._alpaca.position(symbol))
        if found is None:
            return 0.0
        return found.qty if found.available is None else found.available  # open orders hold the rest

    def shortable(self, symbol: str, qty: float) -> float:
        """Return the whole units: Alpaca lends no fractions, and only what is easy to borrow."""
        try:
            asset = _asked(lambda: self._alpaca.asset(symbol))
        except BrokerUnavailable:
            raise
        except BrokerError as error:
            if isinstance(error.__cause__, errors.UnknownSymbol):
                return 0.0
            raise
        return float(math.floor(qty)) if asset.is_lent and math.isfinite(qty) else 0.0

    def find_order(self, client_order_id: str) -> Order | None:
        """Return an order with all that replaced it, as one."""

        def found() -> BrokerOrder | None:
            order = self._alpaca.order_by_client_id(client_order_id)
            return None if order is None else whole(self._alpaca.order_chain(order))

        order = _asked(found)
        return None if order is None else _order(order)

    def submit_order(self, client_order_id: str, symbol: str, side: str, qty: float) -> Order:
        try:
            return _order(_asked(lambda: self._alpaca.submit_order(client_order_id, symbol, side, qty)))
        except OrderRejected as error:
            if isinstance(error.__cause__, errors.OrderRejected) and error.__cause__.reason is Rejection.TOO_FEW:
                raise
            known = self.find_order(client_order_id)  # "client_order_id must be unique": it was submitted before
            if known is None:
                raise
            return known

    def cancel_order(self, order_id: str) -> None:
        _asked(lambda: self._alpaca.cancel_order(order_id))  # one that is done stays, and its state says how

    def account(self) -> Account:
        account = _asked(self._alpaca.account)
        positions = _asked(self._alpaca.positions)
        return Account(
            as_of=account.as_of,
            equity=account.equity,
            buying_power=account.buying_power,
            cash=account.cash,
            positions={_spelled(one): one.qty for one in positions},
        )


def _spelled(position: BrokerPosition) -> str:
    """Return a position's symbol as its orders spell it: pairs of coins with their slash."""
    return as_pair(position.symbol) or position.symbol


def _order(found: BrokerOrder) -> Order:
    is_gone = found.state is BrokerOrderState.REPLACED
    return Order(
        order_id=found.order_id,
        client_order_id=found.client_order_id,
        symbol=found.symbol,
        side=found.side,
        state=OrderState.CANCELED if is_gone else OrderState(found.state.value),
        updated_at=found.updated_at,
        filled_qty=found.filled_qty,
        filled_avg_price=found.filled_price or 0.0,
    )


def _asked(question: Callable[[], T]) -> T:
    """
    Ask Alpaca.

    Raises
    ------
    OrderRejected
        If it does not take an order.
    BrokerUnavailable
        If it did not answer, or takes the keys for wrong.
    BrokerError
        If it says no to anything else.
    """
    try:
        return question()
    except errors.OrderRejected as error:
        raise OrderRejected(str(error)) from error
    except (errors.BrokerUnavailable, errors.KeysRefused) as error:
        raise BrokerUnavailable(str(error)) from error
    except errors.BrokerError as error:
        raise BrokerError(str(error)) from error
