"""Alpaca as the port `Broker`: one account, read only."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from functions.adapters.alpaca.accounts import read_account, read_asset, read_order, read_position
from functions.adapters.alpaca.activity_trails import ActivityTrails
from functions.adapters.alpaca.connection import Connection, Limits
from functions.adapters.alpaca.fields import Fields, objects
from functions.adapters.alpaca.keys import Keys
from functions.adapters.alpaca.market_data import MarketData, utc_today
from functions.adapters.timed_streams import Deadline
from functions.domain.broker.account import Asset, BrokerAccount, BrokerPosition
from functions.domain.broker.activities import ActivityCursor, ActivityPage
from functions.domain.broker.errors import MalformedAnswer, RequestRefused, UnknownSymbol
from functions.domain.broker.orders import BrokerOrder
from functions.domain.broker.prices import Adjustment, Bar, Quote
from functions.domain.kernel.symbols import canonical_symbol
from functions.services.broker.ports import MOST_ACTIVITIES

_MOST_ORDERS = 500
_MOST_PAGES = 40
_MOST_PAGES_BETWEEN = 4
_LONGEST_CHAIN = 100


@dataclass(frozen=True, slots=True)
class Hosts:
    """Alpaca's addresses. Raises ValueError for an address that would get the keys unencrypted."""

    trading: str
    data: str = "https://data.alpaca.markets"

    def __post_init__(self) -> None:
        for address in (self.trading, self.data):
            parts = urlsplit(address)
            is_here = parts.hostname in {"127.0.0.1", "localhost", "::1"}
            if not (parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and is_here))):
                raise ValueError(f"{address} must be https, or http on this machine")


PAPER = Hosts("https://paper-api.alpaca.markets")
LIVE = Hosts("https://api.alpaca.markets")


class Alpaca:
    """
    `Broker`: an account at Alpaca, by default a paper account. For one thread at a time.

    Parameters
    ----------
    keys : Keys
        Keys of a paper account do not open a live one.
    live : bool
        True: the account with real money.
    hosts : Hosts, optional
        A different server with Alpaca's API, for tests.
    amendments : bool
        Whether activities include busts and corrections of executions, from a stream that not every account may read.
    seconds : float, optional
        Total time from now on, after which no request waits any longer.
    tls : ssl.SSLContext, optional
        By default certifi's public authorities.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        live: bool = False,
        hosts: Hosts | None = None,
        limits: Limits | None = None,
        amendments: bool = False,
        seconds: float = math.inf,
        tls: ssl.SSLContext | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._is_live = live
        self._hosts = hosts or (LIVE if live else PAPER)
        self._limits = limits or Limits()
        self._deadline = Deadline(0.0)
        self._ends_at = time.monotonic() + seconds
        tls = tls or httpx.create_ssl_context()
        connected = (keys, self._limits, self._deadline, tls, pause)
        self._trading = Connection(self._hosts.trading, *connected)
        self._data = Connection(self._hosts.data, *connected)
        self._prices = MarketData(self._data)
        self._trails = ActivityTrails(self._trading, amendments=amendments)

    def __repr__(self) -> str:
        return f"Alpaca({'live' if self._is_live else 'paper'}, {self._hosts.trading})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._trading.close()
        self._data.close()

    def account(self) -> BrokerAccount:
        as_of = datetime.now(UTC)
        answer = self._begun().get("/v2/account")
        fields = Fields.of("account", answer.body)
        return read_account(fields, is_live=self._is_live, as_of=as_of, broker_time=answer.date)

    def positions(self) -> Sequence[BrokerPosition]:
        return [read_position(one) for one in objects("positions", self._begun().get("/v2/positions").body)]

    def position(self, symbol: str) -> BrokerPosition | None:
        """Return the account's position in a symbol; None without one."""
        found = self._found(self._begun(), f"/v2/positions/{_in_path(canonical_symbol(symbol))}")
        return None if found is None else read_position(Fields.of("position", found))

    def asset(self, symbol: str) -> Asset:
        found = self._found(self._begun(), f"/v2/assets/{_in_path(symbol)}")
        if found is None:
            raise UnknownSymbol(f"Alpaca does not know the symbol {symbol}", symbol)
        return read_asset(Fields.of("asset", found))

    def open_orders(self) -> Sequence[BrokerOrder]:
        found, is_all = self._orders({"status": "open"}, _MOST_PAGES)
        if not is_all:
            raise MalformedAnswer(f"Alpaca's open orders do not end within {_MOST_PAGES} pages")
        return found

    def orders_between(self, since: datetime, until: datetime) -> Sequence[BrokerOrder]:
        span = {"after": since.astimezone(UTC).isoformat(), "until": until.astimezone(UTC).isoformat()}
        return self._orders({"status": "all", **span}, _MOST_PAGES_BETWEEN)[0]

    def _orders(self, wanted: Mapping[str, str], most_pages: int) -> tuple[list[BrokerOrder], bool]:
        """Return orders, newest first, and whether the list is complete."""
        connection = self._begun()
        found: dict[str, BrokerOrder] = {}
        more: Mapping[str, str] = {}
        for _ in range(most_pages):
            asked = {**wanted, "limit": str(_MOST_ORDERS), "direction": "desc", "nested": "false", **more}
            page = [read_order(one) for one in objects("orders", connection.get("/v2/orders", asked).body)]
            known = len(found)
            found |= {one.order_id: one for one in page}
            if len(page) < _MOST_ORDERS or len(found) == known:
                return list(found.values()), True
            more = {"before_order_id": page[-1].order_id}
        return list(found.values()), False

    def order(self, order_id: str) -> BrokerOrder | None:
        return self._order(self._begun(), order_id)

    def order_by_client_id(self, client_order_id: str) -> BrokerOrder | None:
        asked = {"client_order_id": client_order_id}
        found = self._found(self._begun(), "/v2/orders:by_client_order_id", asked)
        return None if found is None else read_order(Fields.of("order", found))

    def order_chain(self, order: BrokerOrder) -> Sequence[BrokerOrder]:
        connection = self._begun()
        chain = {order.order_id: order}
        first = last = order
        while first.replaces is not None and (before := self._order(connection, first.replaces)) is not None:
            chain = {before.order_id: _new(before, chain), **chain}
            first = before
        while last.replaced_by is not None:
            after = self._order(connection, last.replaced_by)
            if after is None:
                raise MalformedAnswer(f"Alpaca names order {last.replaced_by} as a replacement, but does not know it")
            chain[after.order_id] = _new(after, chain)
            last = after
        return list(chain.values())

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote]:
        self._begun()
        return self._prices.quotes(symbols)

    def daily_bars(
        self, symbols: Sequence[str], first: date, last: date, adjustment: Adjustment = Adjustment.SPLITS
    ) -> Mapping[str, Sequence[Bar]]:
        self._begun()
        return self._prices.daily_bars(symbols, first, last, adjustment, utc_today())

    def first_cursor(self, since: datetime) -> ActivityCursor:
        return self._trails.first_cursor(since)

    def activities(self, cursor: ActivityCursor, limit: int = MOST_ACTIVITIES) -> ActivityPage:
        self._begun()
        return self._trails.activities(cursor, limit)

    def _begun(self) -> Connection:
        """Begin a request: its time limit starts now."""
        self._deadline.at = min(time.monotonic() + self._limits.total, self._ends_at)
        return self._trading

    def _order(self, connection: Connection, order_id: str) -> BrokerOrder | None:
        found = self._found(connection, f"/v2/orders/{_in_path(order_id)}")
        return None if found is None else read_order(Fields.of("order", found))

    def _found(self, connection: Connection, path: str, parameters: Mapping[str, str] | None = None) -> Any:
        """Return the answer at a path; None if there is nothing."""
        try:
            return connection.get(path, parameters).body
        except RequestRefused as refused:
            if refused.status != 404:
                raise
            return None


def _new(order: BrokerOrder, chain: Mapping[str, BrokerOrder]) -> BrokerOrder:
    """Return an order to add to a chain. Raises MalformedAnswer if the chain does not end."""
    if order.order_id in chain or len(chain) >= _LONGEST_CHAIN:
        raise MalformedAnswer(f"Alpaca's replacements of order {order.order_id} do not end")
    return order


def _in_path(name: str) -> str:
    return quote(name, safe="")
