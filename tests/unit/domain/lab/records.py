"""Days for simulated records."""

from __future__ import annotations

from datetime import date, timedelta


def sessions(count: int) -> list[date]:
    """Return so many weekdays from a Monday on."""
    monday = date(2024, 1, 1)
    return [monday + timedelta(days=7 * (number // 5) + number % 5) for number in range(count)]
