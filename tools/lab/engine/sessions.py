"""The sessions of a replay: what is known at each one's decision, made once for all accounts."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.slots import SLOT_PERIOD, slot_of
from functions.domain.orchestration.inputs import MAX_CLOSES, Quotes, read_market_data
from functions.services.kernel.ports import Document, MarketCalendar
from functions.services.orchestration.read_only import ReadOnlyDict, ReadOnlyList, read_only
from tools.lab.engine.paper_broker import Closes
from tools.lab.prices.bars import DailyBars

HISTORY_DAYS = 260
"""Closes that strategies see of each symbol, the session's own included."""
SETTLED_AFTER = timedelta(minutes=30)
"""From a session's close to the job that computes it."""


_AROUND = timedelta(days=62)
"""How far months and histories reach beyond the sessions."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session, as its cycle sees it."""

    day: date
    at: datetime
    """When its cycle runs, UTC: the last slot before the close."""
    settles_at: datetime
    """When its performance is computed."""
    market_data: Document
    """Read-only: all accounts share it."""
    closes: Closes

    @property
    def slot(self) -> str:
        return slot_of(self.at)


class ReadOnce:
    """Reads the market data of one session after the other: once for all accounts, and read-only."""

    def __init__(self) -> None:
        self._document: Any = None
        self._quotes = read_market_data(None)

    def __call__(self, document: Any) -> Quotes:
        if document is not self._document:  # kept, so that no other document gets its id
            self._document, quotes = document, read_market_data(document)
            self._quotes = replace(quotes, symbols=read_only(quotes.symbols))
        return self._quotes


class Sessions:
    """
    The sessions of bars from one day to another.

    Parameters
    ----------
    first, last : date or None
        Both included; None: as far as the bars go.

    Raises
    ------
    InputError
        If there is no session between them, or a day of the bars is not a session of the market.
    """

    def __init__(self, bars: DailyBars, calendar: MarketCalendar, first: date | None, last: date | None) -> None:
        self._bars = bars
        self._calendar = calendar
        self._history = min(HISTORY_DAYS, MAX_CLOSES // max(1, len(bars.symbols)))
        self._closes: list[list[float]] = bars.close.T.tolist()
        known = ~np.isnan(bars.close)
        self._begins = np.where(known.any(axis=0), known.argmax(axis=0), len(bars.days)).tolist()
        self._ends = np.where(known.any(axis=0), len(bars.days) - 1 - known[::-1].argmax(axis=0), -1).tolist()
        begin, end = first or date.min, last or date.max
        self._indexes = [number for number, day in enumerate(bars.days) if begin <= day <= end]
        if not self._indexes:
            raise InputError("days", f"one or more sessions from {begin} to {end}", len(self._indexes))
        days = self.days
        with contextlib.suppress(InputError):  # builds the calendar of all years at once, if they are all known
            calendar.sessions(days[0] - _AROUND, days[-1] + _AROUND)
        known_sessions = frozenset(calendar.sessions(days[0], days[-1]))
        if wrong := next((day for day in days if day not in known_sessions), None):
            raise InputError("days", "sessions of the market", wrong.isoformat())

    @property
    def days(self) -> list[date]:
        return [self._bars.days[index] for index in self._indexes]

    def __len__(self) -> int:
        return len(self._indexes)

    def __iter__(self) -> Iterator[Session]:
        """Yield the sessions one by one, oldest first; none is kept."""
        return (self._session(index) for index in self._indexes)

    def _session(self, index: int) -> Session:
        day = self._bars.days[index]
        close = self._calendar.close_of(day)
        at = datetime.fromisoformat(slot_of(close - SLOT_PERIOD))
        begun = [number for number, begins in enumerate(self._begins) if begins <= index]
        last = {number: min(index, self._ends[number]) for number in begun}
        symbols = self._bars.symbols
        quotes = {symbols[number]: self._quote(number, index) for number in begun if last[number] == index}
        prices = {symbols[number]: self._closes[number][last[number]] for number in begun}
        ended = frozenset(symbols[number] for number in begun if last[number] < index)
        market_data = read_only({"as_of": at, "symbols": quotes})
        return Session(day, at, close + SETTLED_AFTER, market_data, Closes(at, prices, ended))

    def _quote(self, number: int, index: int) -> ReadOnlyDict:
        start = max(self._begins[number], index - self._history + 1)
        closes = ReadOnlyList(self._closes[number][start : index + 1])
        volume = float(self._bars.volume[index, number])
        known = {} if math.isnan(volume) else {"volume": volume}
        return ReadOnlyDict({"price": closes[-1], **known, "history": closes})
