"""Market hours from the exchange_calendars library, which is imported on first use."""

from __future__ import annotations

import functools
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Concatenate, ParamSpec, TypeVar

from functions.adapters.built_calendars import BuiltCalendar, covering
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.markets import ALWAYS_OPEN
from functions.services.kernel.ports import MarketCalendar

_DAY = timedelta(days=1)


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
    """Turn the library's various errors into InputError."""

    @functools.wraps(ask)
    def told(self: ExchangeCalendar, /, *asked: Asked.args, **named: Asked.kwargs) -> Answer:
        try:
            return ask(self, *asked, **named)
        except InputError:
            raise
        except Exception as error:
            limit = (
                f"a market whose trading days exchange_calendars knows at {asked[0]} ({type(error).__name__}: {error})"
            )
            raise InputError("market", limit, self.market_code) from error

    return told


class ExchangeCalendar:
    """
    `MarketCalendar` of one exchange, holidays and early closes included.

    Every method raises InputError if the library does not know the market, or its holidays of that year yet.
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
        if running is not None:  # a session that opens in the evening is the next day's
            return running
        day = at.astimezone(around.market.tz).date()
        found: date = around.market.date_to_session(day.isoformat(), direction="next").date()
        return found

    @_told
    def sessions(self, first: date, last: date) -> list[date]:
        if last < first:
            return []
        covered = covering(self.market_code, first, last)
        covered.check_knows(last)
        sessions = covered.sessions
        return list(sessions[bisect_left(sessions, first) : bisect_right(sessions, last)])

    def session_before(self, session: date) -> date:
        return self._session(session - _DAY, "previous")

    @_told
    def last_opened(self, at: datetime) -> date:
        self._around(at).check_knows(at.astimezone(UTC).date())
        day = self._session(at.astimezone(UTC).date() + _DAY, "previous")  # may open the evening before
        while self._hours(day)[0] > at:
            day = self.session_before(day)
        return day

    def close_of(self, session: date) -> datetime:
        return self._hours(session)[1]

    @_told
    def end_of(self, session: date) -> datetime:
        zone = covering(self.market_code, session, session).market.tz
        midnight = datetime.combine(session + _DAY, time(), zone).astimezone(UTC)
        following_opens, _ = self._hours(self._session(session + _DAY, "next"))
        return min(midnight, following_opens)

    @_told
    def _session(self, day: date, direction: str) -> date:
        """Return a date if it is a trading day, else the next or previous one."""
        return covering(self.market_code, day, day).session_at(day, direction)

    @_told
    def _hours(self, session: date) -> tuple[datetime, datetime]:
        """Return when a trading day opens and closes, UTC."""
        return covering(self.market_code, session, session).hours(session)

    def _around(self, at: datetime) -> BuiltCalendar:
        return covering(self.market_code, at.date(), at.date())


class Calendars:
    """`MarketCalendars`; keep one per process."""

    def __init__(self) -> None:
        self._known: dict[str, MarketCalendar] = {ALWAYS_OPEN: AlwaysOpen()}

    def of(self, market: str) -> MarketCalendar:
        return self._known.setdefault(market, ExchangeCalendar(market))


class OneCalendar:
    """`MarketCalendars` with a user's own calendar for every market."""

    def __init__(self, calendar: MarketCalendar) -> None:
        self._calendar = calendar

    def of(self, market: str) -> MarketCalendar:  # noqa: ARG002 - the port asks by market
        return self._calendar
