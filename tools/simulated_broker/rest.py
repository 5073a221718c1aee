"""Alpaca's paths, answered from the simulated exchange."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from tools.simulated_broker.accounts import account, position, positions
from tools.simulated_broker.clock import parse, stamp
from tools.simulated_broker.exchange import Exchange
from tools.simulated_broker.refusals import RefusalError, invalid, not_found

_MOST_ORDERS, _ORDERS = 500, 50
_MOST_POINTS, _POINTS = 10_000, 1000
_SYMBOL = re.compile(r"[A-Za-z0-9./]{1,12}")


@dataclass(frozen=True, slots=True)
class Question:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    body: Any
    """JSON; a list of events where `is_stream`; None for nothing."""
    is_stream: bool = False


class Rest:
    """Answers requests."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._routes: Sequence[tuple[str, str, Callable[..., Reply]]] = (
            ("GET", r"/v2/account", lambda _: Reply(200, account(exchange))),
            ("GET", r"/v2/clock", lambda _: Reply(200, self._clock())),
            ("GET", r"/v2/positions", lambda _: Reply(200, positions(exchange))),
            ("GET", r"/v2/positions/(.+)", lambda _, symbol: Reply(200, position(exchange, symbol))),
            ("GET", r"/v2/assets/(.+)", lambda _, symbol: Reply(200, self._asset(symbol))),
            ("GET", r"/v2/orders", self._list_orders),
            ("POST", r"/v2/orders", lambda asked: Reply(200, exchange.submit(asked.body).to_json())),
            ("GET", r"/v2/orders:by_client_order_id", self._by_client_id),
            ("GET", r"/v2/orders/([^/]+)", lambda _, name: Reply(200, exchange.order(name).to_json())),
            (
                "PATCH",
                r"/v2/orders/([^/]+)",
                lambda asked, name: Reply(200, exchange.replace(name, asked.body).to_json()),
            ),
            ("DELETE", r"/v2/orders/([^/]+)", self._cancel),
            ("GET", r"/v2/account/activities", lambda asked: self._activities(asked, None)),
            ("GET", r"/v2/account/activities/(\w+)", self._activities),
            ("GET", r"/v2beta1/events/activities", self._events),
            ("GET", r"/v2/stocks/bars", self._bars),
            ("GET", r"/v1beta3/crypto/us/bars", self._bars),
            ("GET", r"/v2/stocks/snapshots", lambda asked: Reply(200, self._snapshots(asked))),
            ("GET", r"/v1beta3/crypto/us/snapshots", lambda asked: Reply(200, {"snapshots": self._snapshots(asked)})),
        )

    def answer(self, asked: Question) -> Reply:
        with self._exchange.lock:
            self._exchange.run()
            try:
                for method, pattern, route in self._routes:
                    found = re.fullmatch(pattern, asked.path)
                    if found is not None and method == asked.method:
                        return route(asked, *(unquote(one) for one in found.groups()))
                raise not_found("endpoint not found")
            except RefusalError as refusal:
                return Reply(refusal.status, refusal.body)

    def _clock(self) -> dict[str, Any]:
        now = stamp(self._exchange.now())
        return {"timestamp": now, "is_open": True, "next_open": now, "next_close": now}

    def _asset(self, symbol: str) -> dict[str, Any]:
        instrument = self._exchange.market.find(symbol)
        if instrument is None:
            raise not_found(f"asset not found for {symbol}")
        return instrument.to_json()

    def _list_orders(self, asked: Question) -> Reply:
        status, limit = asked.query.get("status", "open"), int(asked.query.get("limit", _ORDERS))
        if status not in {"open", "closed", "all"} or not 1 <= limit <= _MOST_ORDERS:
            raise invalid("status or limit is invalid")
        orders = list(self._exchange.orders.values())
        if asked.query.get("direction", "desc") == "desc":
            orders.reverse()
        before = asked.query.get("before_order_id")
        if before is not None:
            ids = [one.order_id for one in orders]
            orders = orders[ids.index(before) + 1 :] if before in ids else []
        kept = [one for one in orders if status == "all" or one.is_open == (status == "open")]
        if "after" in asked.query:
            kept = [one for one in kept if one.created_at > parse(asked.query["after"])]
        if "until" in asked.query:
            kept = [one for one in kept if one.created_at < parse(asked.query["until"])]
        return Reply(200, [one.to_json() for one in kept[:limit]])

    def _by_client_id(self, asked: Question) -> Reply:
        order = self._exchange.by_client_id(asked.query.get("client_order_id", ""))
        if order is None:
            raise not_found("order not found")
        return Reply(200, order.to_json())

    def _cancel(self, _: Question, order_id: str) -> Reply:
        self._exchange.cancel(order_id)
        return Reply(204, None)

    def _activities(self, asked: Question, kind: str | None) -> Reply:
        return Reply(200, self._exchange.activities.page(kind, asked.query.get))

    def _events(self, asked: Question) -> Reply:
        told = self._exchange.activities.told_events(asked.query.get("since"), asked.query.get("until"))
        return Reply(200, told, is_stream=True)

    def _symbols(self, asked: Question) -> list[str]:
        symbols = asked.query.get("symbols", "").split(",")
        for symbol in symbols:
            if not _SYMBOL.fullmatch(symbol):
                raise RefusalError(400, f"invalid symbol: {symbol}")
        return symbols

    def _snapshots(self, asked: Question) -> dict[str, Any]:
        market, now = self._exchange.market, self._exchange.now()
        found = {symbol: market.snapshot(symbol, now) for symbol in self._symbols(asked)}
        return {symbol: snapshot for symbol, snapshot in found.items() if snapshot is not None}

    def _bars(self, asked: Question) -> Reply:
        limit = int(asked.query.get("limit", _POINTS))
        if not 1 <= limit <= _MOST_POINTS or asked.query.get("timeframe") != "1Day":
            raise RefusalError(400, "limit or timeframe is invalid")
        points = self._points(asked)
        at = int(b64decode(asked.query["page_token"])) if "page_token" in asked.query else 0
        bars: dict[str, list[dict[str, Any]]] = {}
        for symbol, bar in points[at : at + limit]:
            bars.setdefault(symbol, []).append(bar)
        token = b64encode(str(at + limit).encode()).decode() if at + limit < len(points) else None
        return Reply(200, {"bars": bars, "next_page_token": token})

    def _points(self, asked: Question) -> list[tuple[str, dict[str, Any]]]:
        start, end = parse(asked.query["start"]), asked.query.get("end")
        until = parse(end) if end else self._exchange.now()
        market = self._exchange.market
        found = []
        for symbol in sorted(self._symbols(asked)):
            instrument = market.find(symbol)
            days = [] if instrument is None else market.bars.get(instrument.symbol.replace("/", ""), [])
            found += [(symbol, bar.to_json()) for bar in days if start <= bar.at <= until]
        return found


def read_body(content: bytes) -> Mapping[str, Any]:
    """Read a request's JSON. Raises RefusalError."""
    try:
        body = json.loads(content, parse_float=Decimal) if content else {}
    except ValueError as error:
        raise invalid("the body is not JSON") from error
    if not isinstance(body, dict):
        raise invalid("the body is not an object")
    return body
