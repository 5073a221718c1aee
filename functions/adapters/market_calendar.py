"""Market hours from the exchange_calendars library, imported only where a market is asked for."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from threading import Lock
from typing import Any, Concatenate, ParamSpec, TypeVar

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.markets import ALWAYS_OPEN
from functions.services.kernel.ports import MarketCalendar

_DAY = timedelta(days=1)
_MARGIN = timedelta(days=14)
"""Longer than any market closes in a row."""


Answer = TypeVar("Answer")
Asked = ParamSpec("Asked")


class AlwaysOpen:
    """The calendar of a market that never closes."""

    def is_open(self, at: datetime) -> bool:  # noqa: ARG002 - the port asks with a time
        return True

    def sessions(self, first: date, last: date) -> list[date]:
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def session_of(self, at: datetime) -> date:
        return at.astimezone(UTC).date()

    def session_before(self, session: date) -> date:
        return session - _DAY

    def last_opened(self, at: datetime) -> date:
        return self.session_of(at)

    def close_of(self, session: date) -> datetime:
        return self.end_of(session)

    def end_of(self, session: date) -> datetime:
        return datetime.combine(session + _DAY, time(), UTC)


def _told(
    ask: Callable[Concatenate[ExchangeCalendar, Asked], Answer],
) -> Callable[Concatenate[ExchangeCalendar, Asked], Answer]:
    """Turn whatever the library raises, which is of many kinds, into InputError."""

    @functools.wraps(ask)
    def told(self: ExchangeCalendar, /, *asked: Asked.args, **named: Asked.kwargs) -> Answer:
        try:
            return ask(self, *asked, **named)
        except InputError:
            raise
        except Exception as error:
            limit = f"one whose trading days exchange_calendars knows at {asked[0]} ({type(error).__name__}: {error})"
            raise InputError("market", limit, self.market_code) from error

    return told


class ExchangeCalendar:
    """
    `MarketCalendar` of one exchange, holidays and early closes included.

    Every method raises InputError if the library does not know the market, or not yet its holidays of that year.
    """

    def __init__(self, market_code: str) -> None:
        """
        Keep one market's hours.

        Parameters
        ----------
        market_code : str
            ISO 10383 market identifier code: XNYS for New York.
        """
        self.market_code = market_code

    @_told
    def is_open(self, at: datetime) -> bool:
        return self._around(at).session_running(at, through_breaks=False) is not None

    @_told
    def session_of(self, at: datetime) -> date:
        around = self._around(at)
        running = around.session_running(at, through_breaks=True)
        if running is not None:  # one that opens in the evening is the next day's
            return running
        day = at.astimezone(around.market.tz).date()
        found: date = around.market.date_to_session(day.isoformat(), direction="next").date()
        return found

    @_told
    def sessions(self, first: date, last: date) -> list[date]:
        if last < first:
            return []
        return [session for session in _covering(self.market_code, first, last).sessions if first <= session <= last]

    def session_before(self, session: date) -> date:
        return self._session(session - _DAY, "previous")

    def last_opened(self, at: datetime) -> date:
        day = self._session(at.astimezone(UTC).date() + _DAY, "previous")  # may open the evening before
        while self._hours(day)[0] > at:
            day = self.session_before(day)
        return day

    def close_of(self, session: date) -> datetime:
        return self._hours(session)[1]

    @_told
    def end_of(self, session: date) -> datetime:
        market = _covering(self.market_code, session, session).market
        midnight = datetime.combine(session + _DAY, time(), market.tz).astimezone(UTC)
        following_opens, _ = self._hours(self._session(session + _DAY, "next"))
        return min(midnight, following_opens)

    @_told
    def _session(self, day: date, direction: str) -> date:
        """Return a date if it is a trading day, else the next or previous one."""
        market = _covering(self.market_code, day, day).market
        found: date = market.date_to_session(day.isoformat(), direction=direction).date()
        return found

    @_told
    def _hours(self, session: date) -> tuple[datetime, datetime]:
        """Return when a trading day opens and closes, UTC."""
        market = _covering(self.market_code, session, session).market
        label = session.isoformat()
        opens, closes = market.session_open(label), market.session_close(label)
        return opens.to_pydatetime().astimezone(UTC), closes.to_pydatetime().astimezone(UTC)

    def _around(self, at: datetime) -> _Built:
        return _covering(self.market_code, at.date(), at.date())


class Calendars:
    """`MarketCalendars`; keep one per process."""

    def __init__(self) -> None:
        self._known: dict[str, MarketCalendar] = {ALWAYS_OPEN: AlwaysOpen()}

    def of(self, market: str) -> MarketCalendar:
        return self._known.setdefault(market, ExchangeCalendar(market))


class OneCalendar:
    """`MarketCalendars` of a user's own: the same for every market."""

    def __init__(self, calendar: MarketCalendar) -> None:
        self._calendar = calendar

    def of(self, market: str) -> MarketCalendar:  # noqa: ARG002 - the port asks by market
        return self._calendar


@dataclass(frozen=True, slots=True)
class _Built:
    """A calendar of the library, and the days it was built to answer for."""

    first: date
    last: date
    market: Any
    sessions: Sequence[date]
    opens: Sequence[int]
    """By session, as are all hours; in seconds since 1970."""
    closes: Sequence[int]
    breaks: Mapping[int, tuple[int, int]]
    """When a session's break begins and ends, by the session's place, where it has one."""

    @classmethod
    def of(cls, market: Any, first: date, last: date) -> _Built:
        """Take the sessions' hours out of the library: asked by minutes it makes a list of all minutes of all years."""
        starts, ends = _seconds(market.break_starts), _seconds(market.break_ends)
        breaks = {place: (start, ends[place]) for place, start in enumerate(starts) if start > 0}
        sessions = [session.date() for session in market.sessions]
        return cls(first, last, market, sessions, _seconds(market.opens), _seconds(market.closes), breaks)

    def covers(self, first: date, last: date) -> bool:
        return self.first <= first and last <= self.last

    def session_running(self, at: datetime, *, through_breaks: bool) -> date | None:
        """Return the trading day whose session runs at a time, if one does. Raises ValueError beyond the last one."""
        second = int(at.timestamp())
        place = bisect_right(self.opens, second) - 1
        if place < 0 or second > self.closes[-1]:
            raise ValueError(f"trading days are known from {self.sessions[0]} to {self.sessions[-1]}")
        if second >= self.closes[place]:
            return None
        start, end = self.breaks.get(place, (0, 0))
        return None if start <= second < end and not through_breaks else self.sessions[place]


def _seconds(times: Any) -> list[int]:
    """Return a series of the library's times in seconds since 1970; what is none is negative."""
    return [int(one) for one in times.to_numpy("datetime64[s]").astype("int64")]


_MOST_KEPT = 8
"""Calendars of one market: a year or a range of years each, or a month where the library cannot do the year."""
_kept: dict[str, tuple[_Built, ...]] = {}
"""By market, the newest last; a tuple is replaced and never changed, so that whoever reads needs no lock."""
_building = Lock()


def _covering(market_code: str, first: date, last: date) -> _Built:
    """
    Return a calendar that answers for a range of days.

    The library takes as long for a month as for ten years, so one is built for all years of a range, and kept.
    """
    found = _known(market_code, first, last)
    if found is None:
        with _building:  # whoever waited may find what he waited for
            found = _known(market_code, first, last) or _keep(market_code, _build(market_code, first, last))
    return found


def forget() -> None:
    """Forget what was built, as a new instance knows nothing."""
    with _building:
        _kept.clear()


def _known(market_code: str, first: date, last: date) -> _Built | None:
    return next((one for one in reversed(_kept.get(market_code, ())) if one.covers(first, last)), None)


def _keep(market_code: str, built: _Built) -> _Built:
    others = [one for one in _kept.get(market_code, ()) if not built.covers(one.first, one.last)]
    _kept[market_code] = (*others, built)[-_MOST_KEPT:]
    return built


def _build(market_code: str, first: date, last: date) -> _Built:
    """Build the calendar of whole years, or of whole months where a rule that changes in the year stops the library."""
    years = date(first.year, 1, 1), date(last.year, 12, 31)
    try:
        return _Built.of(_library_calendar(market_code, *years), *years)
    except ValueError:
        months = first.replace(day=1), _next_month(last) - _DAY
        return _Built.of(_library_calendar(market_code, *months), *months)


def _library_calendar(market_code: str, first: date, last: date) -> Any:
    import exchange_calendars  # noqa: PLC0415 - heavy (pandas), and only who asks for hours needs it

    start, end = first - _MARGIN, last + _MARGIN
    try:
        return exchange_calendars.get_calendar(market_code, start=start.isoformat(), end=end.isoformat())
    except ValueError:  # some end with the last year whose holidays are known: as far as it goes, then
        return exchange_calendars.get_calendar(market_code, start=start.isoformat())


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
