"""Convert bars and quotes of stocks and coin pairs from Alpaca's terms into ours."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from functions.adapters.alpaca.connection import Connection, pages
from functions.adapters.alpaca.fields import Fields, objects
from functions.domain.broker.errors import MalformedAnswer, RequestRefused, UnknownSymbol
from functions.domain.broker.prices import Adjustment, Bar, Quote
from functions.domain.kernel.symbols import pair_of

_STOCKS, _CRYPTO = "/v2/stocks", "/v1beta3/crypto/us"
_ADJUSTMENTS = {
    Adjustment.NONE: "raw",
    Adjustment.SPLITS: "split",
    Adjustment.SPLITS_AND_DIVIDENDS: "all",
}
_MOST_POINTS = 10_000
"""Maximum bars of all symbols per page."""
_MOST_PAGES = 200
_AT_ONCE = 100
"""Maximum symbols per request."""
_SHORTEST_PAIR = 6
"""Minimum letters of a pair: no exchange lists tickers this long."""
_INVALID = re.compile(r"invalid symbol:? *([^\s,;]+)")


class MarketData:
    """Requests market data from its host."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote]:
        found: dict[str, Quote] = {}
        for folder, spelled in _questions(symbols):
            body = self._asked(f"{folder}/snapshots", {"symbols": ",".join(spelled)}, spelled)
            snapshots = Fields.of("snapshots", body)
            if folder == _CRYPTO:
                snapshots = snapshots.inner("snapshots") or Fields("snapshots", {})
            for name, asked in spelled.items():
                snapshot = snapshots.inner(name)
                found |= {} if snapshot is None else {one: _quote(one, snapshot) for one in asked}
        return found

    def daily_bars(
        self, symbols: Sequence[str], first: date, last: date, adjustment: Adjustment, today: date
    ) -> Mapping[str, Sequence[Bar]]:
        found: dict[str, list[Bar]] = {}
        parameters = {"timeframe": "1Day", "start": f"{first}T00:00:00Z", "limit": str(_MOST_POINTS)}
        if last < today:  # without an end: up to the newest that the account's subscription allows
            parameters["end"] = f"{last + timedelta(days=1)}T00:00:00Z"
        for folder, spelled in _questions(symbols):
            more = {"symbols": ",".join(spelled)} | (
                {"adjustment": _ADJUSTMENTS[adjustment]} if folder == _STOCKS else {}
            )
            for name, bars in self._bars(folder, parameters | more, spelled).items():
                kept = [bar for bar in bars if first <= bar.at.date() <= last]
                found |= {asked: kept for asked in spelled.get(name, ()) if kept}
        return found

    def _bars(
        self, folder: str, parameters: Mapping[str, str], spelled: Mapping[str, Sequence[str]]
    ) -> Mapping[str, list[Bar]]:
        bars: dict[str, list[Bar]] = defaultdict(list)

        def ask(token: str | None) -> tuple[Fields, str | None]:
            more = {} if token is None else {"page_token": token}
            page = Fields.of("bars", self._asked(f"{folder}/bars", {**parameters, **more}, spelled))
            return page, page.text_or_none("next_page_token")

        for page in pages(ask, _MOST_PAGES, "bars"):
            by_symbol = page.inner("bars")
            for name in {} if by_symbol is None else by_symbol.values:
                bars[name] += [_bar(one) for one in objects(f"bars of {name}", by_symbol.values[name])]
        for name, of_symbol in bars.items():
            if any(one.at >= other.at for one, other in pairwise(of_symbol)):
                raise MalformedAnswer(f"Alpaca's bars of {name} are not in order of days")
        return bars

    def _asked(self, path: str, parameters: Mapping[str, str], spelled: Mapping[str, Sequence[str]]) -> object:
        try:
            return self._connection.get(path, parameters).body
        except RequestRefused as refused:
            invalid = _INVALID.search(str(refused))
            if invalid is None:
                raise
            name = invalid[1].rstrip(".)")
            symbol = next(iter(spelled.get(name, ())), name)
            raise UnknownSymbol(f"Alpaca does not know the symbol {symbol}", symbol) from refused


def _questions(symbols: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Sequence[str]]]]:
    """Yield request paths, with the requested spelling of each symbol by Alpaca's spelling."""
    spelled: dict[str, dict[str, list[str]]] = {_STOCKS: {}, _CRYPTO: {}}
    for symbol in dict.fromkeys(symbols):
        pair = as_pair(symbol)
        folder, name = (_STOCKS, symbol.strip().upper()) if pair is None else (_CRYPTO, pair)
        if not re.fullmatch(r"[A-Z0-9][A-Z0-9./-]{0,29}", name):
            raise UnknownSymbol(f"{symbol!r:.60} is not a symbol", symbol)
        spelled[folder].setdefault(name, []).append(symbol)
    for folder, names in spelled.items():
        listed = list(names)
        for at in range(0, len(listed), _AT_ONCE):
            yield folder, {name: names[name] for name in listed[at : at + _AT_ONCE]}


def as_pair(symbol: str) -> str | None:
    """
    Return a coin pair in the spelling of Alpaca's market data; None for a stock.

    >>> as_pair("BTCUSD"), as_pair("eth/btc"), as_pair("AAPL"), as_pair("BETH"), as_pair("BRK.B")
    ('BTC/USD', 'ETH/BTC', None, None, None)
    """
    base, quote = pair_of(symbol)
    is_told = "/" in symbol or len(base + quote) >= _SHORTEST_PAIR
    return f"{base}/{quote}" if base and is_told else None


def _quote(symbol: str, snapshot: Fields) -> Quote:
    trade, quoted = snapshot.inner("latestTrade"), snapshot.inner("latestQuote")
    day, before = snapshot.inner("dailyBar"), snapshot.inner("prevDailyBar")
    return Quote(
        symbol=symbol,
        price=None if trade is None else _price(trade, "p"),
        at=None if trade is None else trade.time_or_none("t"),
        bid=None if quoted is None else _price(quoted, "bp"),
        ask=None if quoted is None else _price(quoted, "ap"),
        day=None if day is None else _bar(day),
        day_before=None if before is None else _bar(before),
    )


def _price(fields: Fields, name: str) -> float | None:
    price = fields.figure_or_none(name)
    return price if price is not None and price > 0 else None  # 0 means no price


def _bar(fields: Fields) -> Bar:
    prices = {name: fields.above_zero(name[0]) for name in ("open", "high", "low", "close")}
    return Bar(at=fields.time("t"), **prices, volume=fields.figure_or_none("v"))


def utc_today() -> date:
    return datetime.now(UTC).date()
