"""Market hours from the exchange_calendars library, imported only where a market is asked for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
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
        return bool(self._around(at).is_open_on_minute(_minute(at), ignore_breaks=False))

    @_told
    def session_of(self, at: datetime) -> date:
        calendar, minute = self._around(at), _minute(at)
        if calendar.is_open_on_minute(minute, ignore_breaks=True):  # one that opens in the evening is the next day's
            session = calendar.minute_to_session(minute)
        else:
            session = calendar.date_to_session(at.astimezone(calendar.tz).date().isoformat(), direction="next")
        found: date = session.date()
        return found

    @_told
    def sessions(self, first: date, last: date) -> list[date]:
        months = {first.replace(day=1)}
        while (following := _next_month(max(months))) <= last:
            months.add(following)
        days: set[date] = set()
        for month in months:
            end = _next_month(month) - timedelta(days=1)
            found = _calendar_around(self.market_code, month).sessions_in_range(month.isoformat(), end.isoformat())
            days |= {session.date() for session in found}
        return sorted(day for day in days if first <= day <= last)

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
        market = _calendar_around(self.market_code, session.replace(day=1))
        midnight = datetime.combine(session + _DAY, time(), market.tz).astimezone(UTC)
        following_opens, _ = self._hours(self._session(session + _DAY, "next"))
        return min(midnight, following_opens)

    @_told
    def _session(self, day: date, direction: str) -> date:
        """Return a date if it is a trading day, else the next or previous one."""
        market = _calendar_around(self.market_code, day.replace(day=1))
        found: date = market.date_to_session(day.isoformat(), direction=direction).date()
        return found

    @_told
    def _hours(self, session: date) -> tuple[datetime, datetime]:
        """Return when a trading day opens and closes, UTC."""
        market = _calendar_around(self.market_code, session.replace(day=1))
        label = session.isoformat()
        opens, closes = market.session_open(label), market.session_close(label)
        return opens.to_pydatetime().astimezone(UTC), closes.to_pydatetime().astimezone(UTC)

    def _around(self, at: datetime) -> Any:
        return _calendar_around(self.market_code, at.date().replace(day=1))


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


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _next_month(first_of_month: date) -> date:
    return (first_of_month + timedelta(days=32)).replace(day=1)


@lru_cache(maxsize=128)
def _calendar_around(market_code: str, first_of_month: date) -> Any:
    """Return the calendar of one month: building decades of sessions takes a second, a month's takes none."""
    import exchange_calendars  # noqa: PLC0415 - heavy (pandas), and only the tick needs it

    start, end = first_of_month - _MARGIN, first_of_month + timedelta(days=31) + _MARGIN
    try:
        return exchange_calendars.get_calendar(market_code, start=start.isoformat(), end=end.isoformat())
    except ValueError:  # some end with the last year whose holidays are known: as far as it goes, then
        return exchange_calendars.get_calendar(market_code, start=start.isoformat())
