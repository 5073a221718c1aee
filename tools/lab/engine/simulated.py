"""Simulated clock, ids and queue, and a calendar that remembers its answers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from functions.adapters.market_calendar import Calendars
from functions.services.kernel.ports import MarketCalendar

_ANSWERS_KEPT = 512
"""Answers remembered per method: more than all accounts ask for in one session."""


class SimulatedClock:
    """`Clock` that stands still until it is set."""

    def __init__(self, time: datetime = datetime(1970, 1, 1, tzinfo=UTC)) -> None:
        self.time = time

    def now(self) -> datetime:
        return self.time


class CountedIds:
    """`Ids` that count up, so that the same days give the same ids."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def nonce(self) -> str:
        return f"{next(self._numbers):016x}" * 2  # either half identifies it: session ids keep the first


class NoQueue:
    """`TaskQueue` that takes no task: every job of a replay is done in one run."""

    def enqueue(self, task_id: str, payload: Mapping[str, Any]) -> bool:
        raise RuntimeError(f"{task_id} was not done in one run: {payload}")


class RememberedCalendar:
    """`MarketCalendar` that passes on the answers of another, and remembers the latest."""

    def __init__(self, calendar: MarketCalendar) -> None:
        remember = lru_cache(_ANSWERS_KEPT)
        self.is_open = remember(calendar.is_open)
        self.session_of = remember(calendar.session_of)
        self.session_before = remember(calendar.session_before)
        self.last_opened = remember(calendar.last_opened)
        self.close_of = remember(calendar.close_of)
        self.end_of = remember(calendar.end_of)
        self._sessions = remember(lambda first, last: tuple(calendar.sessions(first, last)))

    def sessions(self, first: date, last: date) -> list[date]:
        return list(self._sessions(first, last))


class RememberedCalendars:
    """`MarketCalendars` of remembered ones."""

    def __init__(self) -> None:
        self._calendars = Calendars()
        self._known: dict[str, MarketCalendar] = {}

    def of(self, market: str) -> MarketCalendar:
        if market not in self._known:
            self._known[market] = RememberedCalendar(self._calendars.of(market))
        return self._known[market]
