"""Calendars of the exchange_calendars library, each built once for the requested years and cached."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import Any

from functions.domain.kernel.markets import LONGEST_CLOSURE

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BuiltCalendar:
    """A calendar of the library, and the days that it covers."""

    first: date
    last: date
    known_until: date
    """The last day of which the library knows whether it is a trading day: after it nothing may be told."""
    market: Any
    sessions: Sequence[date]
    opens: Sequence[int]
    """By session, like all hours; in seconds since 1970."""
    closes: Sequence[int]
    breaks: Mapping[int, tuple[int, int]]
    """Start and end of a session's break, by the session's index, if it has one."""

    @classmethod
    def of(cls, market: Any, first: date, last: date) -> BuiltCalendar:
        """Extract the sessions' hours from the library, whose own lookups build a list of all minutes of all years."""
        starts, ends = _seconds(market.break_starts), _seconds(market.break_ends)
        breaks = {place: (start, ends[place]) for place, start in enumerate(starts) if start > 0}
        sessions = [session.date() for session in market.sessions]
        end, bound = last + LONGEST_CLOSURE, market.bound_max()
        known_until = end if bound is None else min(end, bound.date())
        return cls(first, last, known_until, market, sessions, _seconds(market.opens), _seconds(market.closes), breaks)

    def covers(self, first: date, last: date) -> bool:
        return self.first <= first and last <= self.last

    def check_knows(self, day: date) -> None:
        """Raise ValueError for a day of which it is unknown whether it is a trading day."""
        if day > self.known_until:
            raise ValueError(f"trading days are known until {self.known_until}")

    def session_at(self, day: date, direction: str) -> date:
        """Return a date if it is a trading day, else the next or previous one. Raises ValueError beyond all of them."""
        place = bisect_left(self.sessions, day) if direction == "next" else bisect_right(self.sessions, day) - 1
        if not 0 <= place < len(self.sessions):
            raise ValueError(f"trading days are known from {self.sessions[0]} to {self.sessions[-1]}")
        return self.sessions[place]

    def hours(self, session: date) -> tuple[datetime, datetime]:
        """Return when a trading day opens and closes, UTC. Raises ValueError for other days."""
        place = bisect_left(self.sessions, session)
        if self.sessions[place : place + 1] != [session]:
            raise ValueError(f"{session} is not a trading day")
        opens, closes = (datetime.fromtimestamp(hours[place], UTC) for hours in (self.opens, self.closes))
        return opens, closes

    def session_running(self, at: datetime, *, through_breaks: bool) -> date | None:
        """Return the trading day whose session runs at a time, if one does. Raises ValueError beyond those known."""
        second = int(at.timestamp())
        place = bisect_right(self.opens, second) - 1
        self.check_knows(at.date())
        if place < 0:
            raise ValueError(f"trading days are known from {self.sessions[0]}")
        if second >= self.closes[place]:
            return None
        start, end = self.breaks.get(place, (0, 0))
        return None if start <= second < end and not through_breaks else self.sessions[place]


def _seconds(times: Any) -> list[int]:
    """Return a series of the library's times in seconds since 1970; missing times are negative."""
    return [int(one) for one in times.to_numpy("datetime64[s]").astype("int64")]


_MOST_KEPT = 8
"""Calendars of one market: each of a year or a range of years, or of a month if the library cannot build the year."""
_kept: dict[str, tuple[BuiltCalendar, ...]] = {}
"""By market, the newest last; tuples are replaced, never changed, so that readers need no lock."""
_building = Lock()


def covering(market_code: str, first: date, last: date) -> BuiltCalendar:
    """
    Return a calendar that covers a range of days.

    The library takes as long for a month as for ten years, so one is built for all years of a range, and cached.
    """
    found = _known(market_code, first, last)
    if found is None:
        with _building:  # it may have been built while waiting
            found = _known(market_code, first, last) or _keep(market_code, _build(market_code, first, last))
    return found


def forget() -> None:
    """Clear the cache, as in a new instance."""
    with _building:
        _kept.clear()


def _known(market_code: str, first: date, last: date) -> BuiltCalendar | None:
    return next((one for one in reversed(_kept.get(market_code, ())) if one.covers(first, last)), None)


def _keep(market_code: str, built: BuiltCalendar) -> BuiltCalendar:
    others = [one for one in _kept.get(market_code, ()) if not built.covers(one.first, one.last)]
    _kept[market_code] = (*others, built)[-_MOST_KEPT:]
    return built


def _build(market_code: str, first: date, last: date) -> BuiltCalendar:
    """Build the calendar of whole years, or of whole months if a rule change within the year breaks the library."""
    years = date(first.year, 1, 1), date(last.year, 12, 31)
    try:
        return BuiltCalendar.of(_library_calendar(market_code, *years), *years)
    except ValueError:
        months = first.replace(day=1), _next_month(last) - _DAY
        return BuiltCalendar.of(_library_calendar(market_code, *months), *months)


def _library_calendar(market_code: str, first: date, last: date) -> Any:
    import exchange_calendars  # noqa: PLC0415 - heavy (pandas), and only needed for hours

    start, end = first - LONGEST_CLOSURE, last + LONGEST_CLOSURE
    try:
        return exchange_calendars.get_calendar(market_code, start=start.isoformat(), end=end.isoformat())
    except ValueError:  # some end with the last year of known holidays: build up to there
        return exchange_calendars.get_calendar(market_code, start=start.isoformat())


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
