"""The end of what is known of a market's trading days, as alerts before it comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from functions.domain.monitoring.alerts import AlertKind, Finding
from functions.domain.monitoring.notifications import Severity

OVER, URGENT_BEFORE, WARN_BEFORE = timedelta(0), timedelta(days=14), timedelta(days=60)
AHEAD = (OVER, URGENT_BEFORE, WARN_BEFORE)
"""How far ahead trading days should be known, the worst first."""


def calendar_end(market: str, unknown_in: timedelta | None, now: datetime) -> Iterator[Finding]:
    """Yield a finding if a market's trading days are known for less than the given time of `AHEAD`; None: none."""
    if unknown_in is None:
        return
    is_urgent = unknown_in <= URGENT_BEFORE
    end = "are over" if unknown_in == OVER else f"end within {unknown_in.days} days"
    yield Finding(
        f"calendar:{market}:{(now + WARN_BEFORE).year}:{'urgent' if is_urgent else 'ahead'}",
        AlertKind.CAPACITY,
        Severity.CRITICAL if is_urgent else Severity.WARNING,
        f"📅 The known trading days of {market} {end}",
        "After that, cycles keep the hours of the deployment's market, no day's performance is computed, and with a "
        "daily_loss_limit entries are held; exits pass. Set exchange_calendars in functions/requirements.in to a "
        "release that knows the year, run make lock and deploy; or set another market in the policy.",
        is_event=True,
    )
