"""Days that the simulated broker reports as the newest ones, whenever they were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from tools.simulated_broker.market import DailyBar


def weekday_bars(closes: Sequence[float], now: datetime) -> list[DailyBar]:
    """Return a bar for each close, USD, oldest first; the last one is of the weekday that has begun last, UTC."""
    days = _weekdays_up_to(now, len(closes))
    return [_bar(day, Decimal(f"{close:.2f}")) for day, close in zip(days, closes, strict=True)]


def _weekdays_up_to(now: datetime, count: int) -> list[datetime]:
    """Return midnights of New York in winter, oldest first."""
    day = now.replace(hour=5, minute=0, second=0, microsecond=0)
    day -= timedelta(days=1) if day > now else timedelta(0)
    found: list[datetime] = []
    while len(found) < count:
        if day.weekday() < 5:
            found.append(day)
        day -= timedelta(days=1)
    return found[::-1]


def _bar(day: datetime, close: Decimal) -> DailyBar:
    return DailyBar(at=day, open=close, high=close * 101 / 100, low=close * 99 / 100, close=close)
