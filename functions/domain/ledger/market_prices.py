"""
Assigns each price of a market data document to its session.

A document's ``price`` is of the session that had last opened at its ``as_of``. Its ``history`` is the closes of the
sessions before that one, newest last. A document that was written after the close, or by a feed that counts the
session under way as its last close, may end its histories with the price itself: then the last close is of the price's
own session. That is read off the document as a whole, where the two are equal for most of its symbols: that one
symbol's price happens to be where it closed the day before moves no history.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.errors import InputError, MarketDataError
from functions.domain.kernel.parsing import as_number, parse_time
from functions.domain.kernel.symbols import canonical_symbol


@dataclass(frozen=True, slots=True)
class Series:
    """Prices of one symbol."""

    price: float | None
    closes: Sequence[Any]
    """Oldest first, as sent."""


@dataclass(frozen=True, slots=True)
class MarketPrices:
    """A parsed market data document."""

    as_of: datetime
    series: Mapping[str, Series]
    """By canonical symbol."""
    ends_with_price: bool
    """Whether histories end with the close of the session of `price`."""

    def back(self, sessions: int) -> dict[str, float]:
        """Return the prices, USD by canonical symbol, that many sessions before that of `price`."""
        found = {symbol: self._of(one, sessions) for symbol, one in self.series.items()}
        return {symbol: price for symbol, price in found.items() if price is not None}

    def _of(self, one: Series, sessions: int) -> float | None:
        if sessions == 0 and (one.price is not None or not self.ends_with_price):
            return one.price
        place = sessions + (1 if self.ends_with_price else 0)
        return _price(one.closes[-place]) if place <= len(one.closes) else None


def read_market_prices(document: Mapping[str, Any] | None) -> tuple[MarketPrices | None, InputError | None]:
    """
    Read a market data document.

    Returns
    -------
    tuple
        The prices, None if none can be used; and the first problem of the document.
    """
    if document is None:
        return None, None
    try:
        as_of = parse_time("market data as_of", document.get("as_of"))
    except InputError as error:
        return None, error
    symbols = document.get("symbols")
    if not isinstance(symbols, Mapping):
        return None, MarketDataError("market data symbols", "a map", symbols)
    series: dict[str, Series] = {}
    wrong: InputError | None = None
    for symbol, quote in symbols.items():
        try:
            series[canonical_symbol(str(symbol))] = _series(str(symbol), quote)
        except MarketDataError as error:
            wrong = wrong or error
    prices = MarketPrices(as_of, series, _ends_with_price(series.values()))
    return prices, wrong


def _series(symbol: str, quote: Any) -> Series:
    """Return a symbol's series. Raises MarketDataError."""
    if not isinstance(quote, Mapping):
        raise MarketDataError(f"market data {symbol}", "a map with price", quote)
    history = quote.get("history")
    closes = () if history is None else history
    if not isinstance(closes, Sequence) or isinstance(closes, str | bytes):
        raise MarketDataError(f"market data {symbol}.history", "a list of numbers", history)
    price = _price(quote.get("price"))
    if price is None and quote.get("price") is not None:
        raise MarketDataError(f"market data {symbol}.price", "a number > 0", quote.get("price"))
    return Series(price, closes)


def _ends_with_price(series: Collection[Series]) -> bool:
    both = [one for one in series if one.price is not None and len(one.closes)]
    equal = sum(_price(one.closes[-1]) == one.price for one in both)
    return equal * 2 > len(both)


def _price(value: Any) -> float | None:
    number = as_number(value)
    return number if number is not None and number > 0 else None
