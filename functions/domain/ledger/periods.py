"""The periods that performance is told for: a day and a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from functions.domain.kernel.joined_ids import joined_id


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open interval, [start, end), UTC, with its label."""

    kind: str
    """day or month."""
    label: str
    """YYYY-MM-DD or YYYY-MM: identifies the period, whatever its bounds."""
    start: datetime
    end: datetime

    @classmethod
    def of_session(cls, session: date, start: datetime, end: datetime) -> Period:
        """Return a trading day with its market's bounds: the end of the previous session, and its own."""
        return cls("day", session.isoformat(), start, end)

    @classmethod
    def of_day(cls, day: date) -> Period:
        """Return a calendar day, UTC: a requested day before the market's bounds are known."""
        start = datetime.combine(day, time(), UTC)
        return cls("day", day.isoformat(), start, start + timedelta(days=1))

    @classmethod
    def of_month(cls, year: int, month: int) -> Period:
        """
        Return a calendar month, UTC; its sessions, and so its bounds, depend on the market.

        Raises
        ------
        ValueError
            If the month is not 1 to 12, or the year not 1970 to 9998.
        """
        if isinstance(month, bool) or month not in range(1, 13):
            raise ValueError(f"month must be 1 to 12, was {month!r}")
        if isinstance(year, bool) or year not in range(1970, 9999):
            raise ValueError(f"year must be 1970 to 9998, was {year!r}")
        start = datetime(year, month, 1, tzinfo=UTC)
        end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        return cls("month", f"{year:04d}-{month:02d}", start, end)

    @classmethod
    def month_before(cls, day: date) -> Period:
        """
        Return the calendar month before that of a day.

        >>> Period.month_before(date(2026, 1, 1)).label
        '2025-12'
        """
        last = day.replace(day=1) - timedelta(days=1)
        return cls.of_month(last.year, last.month)

    def document_id(self, uid: str, strategy_id: str) -> str:
        return joined_id(uid, strategy_id, self.label)


def first_and_last(month: Period) -> tuple[date, date]:
    """
    Return a month's first and last date.

    >>> [day.isoformat() for day in first_and_last(Period.of_month(2024, 2))]
    ['2024-02-01', '2024-02-29']
    """
    first = date.fromisoformat(f"{month.label}-01")
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
