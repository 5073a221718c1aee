"""Sessions as periods: when a market's days and months begin and end, and which are over."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from functions.domain.ledger.periods import Period, first_and_last
from functions.services.kernel.ports import Document, MarketCalendar

_DAY = timedelta(days=1)


def session_period(calendar: MarketCalendar, session: date) -> Period:
    """Return a session as a period: from the previous session's end to its own."""
    return Period.of_session(session, calendar.end_of(calendar.session_before(session)), calendar.end_of(session))


def sessions_of(calendar: MarketCalendar, month: Period) -> list[date]:
    """Return the sessions whose label is in a month."""
    return calendar.sessions(*first_and_last(month))


def month_period(calendar: MarketCalendar, month: Period) -> Period:
    """Return a month with the bounds of its sessions; one without sessions stays as it is."""
    sessions = sessions_of(calendar, month)
    if not sessions:
        return month
    start = calendar.end_of(calendar.session_before(sessions[0]))
    return replace(month, start=start, end=calendar.end_of(sessions[-1]))


def last_closed(calendar: MarketCalendar, now: datetime) -> date:
    """Return the newest session that has closed."""
    session = calendar.last_opened(now)
    while calendar.close_of(session) > now:
        session = calendar.session_before(session)
    return session


def session_after(calendar: MarketCalendar, day: date) -> date:
    """Return the first session after a date; later days are not looked up, as some calendars end with their year."""
    while not (found := calendar.sessions(day := day + _DAY, day)):
        pass
    return found[0]


def session_of_checkpoint(calendar: MarketCalendar, checkpoint: Document) -> date:
    """
    Return the session that a stored checkpoint ends.

    A checkpoint from before they named their session is of a UTC day, and stands for the midnight that ended it.
    """
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return date.fromisoformat(checkpoint["session"])
    at: datetime = checkpoint["at"].astimezone(UTC)
    return at.date() - _DAY if at.time() == time() else calendar.session_of(at - timedelta(microseconds=1))
