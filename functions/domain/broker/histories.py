"""Market data for a cycle, made of quotes and daily bars: only what is new is requested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from functions.domain.broker.prices import Bar, Quote
from functions.domain.kernel.parsing import as_number
from functions.domain.orchestration.inputs import MAX_CLOSES

MOST_CLOSES = 400
"""Of one symbol."""
_DAYS_FOR_CLOSES = 1.5
"""Calendar days per trading day, weekends and holidays included."""
_SAME = 1e-6
"""Relative difference up to which a day's close in two answers counts as equal."""


@dataclass(frozen=True, slots=True)
class History:
    """A symbol's stored closes, oldest first."""

    closes: tuple[float, ...] = ()
    last: date | None = None
    """The day of the last one."""

    @classmethod
    def of_quote(cls, quote: Any) -> History:
        """Read what an earlier feed stored; empty if it cannot be read, so that everything is requested again."""
        if not isinstance(quote, Mapping):
            return cls()
        try:
            last = date.fromisoformat(str(quote.get("history_end")))
            closes = [as_number(one) for one in quote.get("history") or ()]
        except (TypeError, ValueError):
            return cls()
        known = tuple(one for one in closes if one is not None and one > 0)
        return cls(known, last) if known and len(known) == len(closes) else cls()

    def is_due(self, quote: Quote) -> bool:
        """Return whether a day has ended since."""
        newest = None if quote.day_before is None else quote.day_before.at.date()
        return self.last is None or (newest is not None and newest > self.last)

    def joined(self, bars: Sequence[Bar], before: date, most: int) -> History | None:
        """
        Return it extended by bars of days before a date.

        Parameters
        ----------
        bars : sequence of Bar
            From its last day on, oldest first.
        most : int
            Maximum number of closes to keep.

        Returns
        -------
        History or None
            None if the bars do not continue it, as after a split, when all closes change: request all.
        """
        new = [(bar.at.date(), bar.close) for bar in bars if bar.at.date() < before]
        if self.last is None:
            return History(tuple(close for _, close in new)[-most:], new[-1][0]) if new else self
        if not new or new[0][0] != self.last or abs(new[0][1] / self.closes[-1] - 1) > _SAME:
            return None
        return History((*self.closes, *(close for _, close in new[1:]))[-most:], new[-1][0])


def most_closes(symbols: int) -> int:
    """Return how many closes to keep per symbol, for a number of symbols."""
    return min(MOST_CLOSES, MAX_CLOSES // max(1, symbols))


def first_day(history: History, today: date, closes: int) -> date:
    """Return the first day to request bars for."""
    return history.last or today - timedelta(days=int(closes * _DAYS_FOR_CLOSES) + 7)


def quote_document(quote: Quote, history: History) -> dict[str, Any]:
    """Return a symbol's part of the market data; it must have a price."""
    document: dict[str, Any] = {"price": quote.price}
    volume = None if quote.day is None else quote.day.volume
    document |= {} if volume is None else {"volume": volume}
    document |= {} if quote.at is None else {"traded_at": quote.at.isoformat()}
    if history.last is not None:
        document |= {"history": list(history.closes), "history_end": history.last.isoformat()}
    return document


def day_of(quote: Quote, now: datetime) -> date:
    """Return the day that is not over, by the market's own bars if there are any."""
    return now.date() if quote.day is None else quote.day.at.date()
