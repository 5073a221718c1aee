"""How far ahead a market's trading days are known."""

from __future__ import annotations

from datetime import datetime, timedelta

from functions.domain.kernel.errors import InputError
from functions.domain.monitoring.calendar_findings import AHEAD
from functions.services.kernel.ports import MarketCalendars


def unknown_in(calendars: MarketCalendars, market: str, now: datetime) -> timedelta | None:
    """Return the nearest of the times `AHEAD` at which a market's hours are unknown; None if all are known."""
    calendar = calendars.of(market)
    for span in AHEAD:
        try:
            calendar.is_open(now + span)
        except InputError:
            return span
    return None
