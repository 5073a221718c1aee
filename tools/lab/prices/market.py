"""The sessions of a market over the years of a file, worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.markets import ALWAYS_OPEN, LONGEST_CLOSURE, MARKETS


@dataclass(frozen=True, slots=True)
class MarketDays:
    """What a market's calendar says of a range of days."""

    market: str
    """As a policy names it: XNYS, 24x7."""
    zone: tzinfo
    """Of its clock."""
    closes: Mapping[date, datetime]
    """The close of every session in the range, UTC, by its date, oldest first."""


def market_days(market: str, first: date, last: date) -> MarketDays:
    """
    Return the sessions from first to last, both included.

    Built at once for the range: month by month, as a cycle asks for them, five years take seconds.

    Raises
    ------
    InputError
        If the market, or its holidays of those years, are unknown.
    """
    if market not in MARKETS:
        raise InputError("market", f"one of {', '.join(MARKETS)}", market)
    if market == ALWAYS_OPEN:
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return MarketDays(market, UTC, {day: _midnight_after(day) for day in days})
    import exchange_calendars  # noqa: PLC0415 - heavy, and a market that never closes does not need it

    try:
        begin, end = first - LONGEST_CLOSURE, last + LONGEST_CLOSURE  # a calendar needs two sessions
        calendar = exchange_calendars.get_calendar(market, start=begin, end=end)
        closes = calendar.closes.loc[first.isoformat() : last.isoformat()]
    except Exception as error:
        limit = f"one whose sessions exchange_calendars knows from {first} to {last} ({error})"
        raise InputError("market", limit, market) from error
    return MarketDays(market, calendar.tz, {session.date(): close.to_pydatetime() for session, close in closes.items()})


def _midnight_after(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
