"""Request the symbols that strategies use and hold: prices, and the days that ended since the last feed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from functions.domain.broker.errors import UnknownSymbol
from functions.domain.broker.histories import History, day_of, first_day, most_closes, quote_document
from functions.domain.broker.prices import Bar, Quote
from functions.domain.orchestration.inputs import MAX_SYMBOLS
from functions.services.broker.ports import Broker

_MOST_UNKNOWN = 20
"""Maximum unknown symbols that one feed leaves out: the broker names one per request."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Market data, and the symbols without a price."""

    symbols: Mapping[str, Mapping[str, Any]]
    unpriced: Sequence[str] = ()


def ask_prices(broker: Broker, symbols: Sequence[str], stored: Any, now: datetime) -> Prices:
    """
    Return market data of some symbols.

    Parameters
    ----------
    stored : mapping or None
        The market data that an earlier feed stored, whose histories are continued.

    Raises
    ------
    BrokerError
    """
    wanted = list(symbols[:MAX_SYMBOLS])
    quotes = _known_quotes(broker, wanted)
    priced = {symbol: quote for symbol, quote in quotes.items() if quote.price is not None and quote.price > 0}
    before = stored.get("symbols") if isinstance(stored, Mapping) else None
    histories = {
        symbol: History.of_quote(before.get(symbol) if isinstance(before, Mapping) else None) for symbol in priced
    }
    histories |= _carried_on(broker, priced, histories, now)
    unpriced = [symbol for symbol in symbols if symbol not in priced]
    return Prices({one: quote_document(quote, histories[one]) for one, quote in priced.items()}, unpriced)


def _known_quotes(broker: Broker, wanted: list[str]) -> dict[str, Quote]:
    """Request quotes without the symbols that the broker does not know: it refuses a request with any of them."""
    for _ in range(_MOST_UNKNOWN):
        if not wanted:
            return {}
        try:
            return dict(broker.quotes(wanted))
        except UnknownSymbol as error:
            if error.symbol not in wanted:
                raise
            wanted.remove(error.symbol)
    return dict(broker.quotes(wanted))


def _carried_on(
    broker: Broker, quotes: Mapping[str, Quote], histories: Mapping[str, History], now: datetime
) -> dict[str, History]:
    """Return the histories that gained a day, or that must be read again from the start."""
    due = {symbol: histories[symbol] for symbol, quote in quotes.items() if histories[symbol].is_due(quote)}
    found: dict[str, History] = {}
    for _ in range(2):
        if not due:
            break
        bars = _bars(broker, due, now, most_closes(len(quotes)))
        joined = {
            one: history.joined(bars.get(one, ()), day_of(quotes[one], now), most_closes(len(quotes)))
            for one, history in due.items()
        }
        found |= {one: history or History() for one, history in joined.items()}
        due = {one: History() for one, history in joined.items() if history is None}
    return found


def _bars(broker: Broker, due: Mapping[str, History], now: datetime, closes: int) -> Mapping[str, Sequence[Bar]]:
    """Return bars of each symbol from its own first day on; symbols with the same first day share a request."""
    by_day: dict[date, list[str]] = defaultdict(list)
    today = now.date()
    for symbol, history in due.items():
        by_day[first_day(history, today, closes)].append(symbol)
    found: dict[str, Sequence[Bar]] = {}
    for first, symbols in sorted(by_day.items()):
        found |= broker.daily_bars(symbols, first, today + timedelta(days=1))
    return found
