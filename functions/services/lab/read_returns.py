"""Read the daily returns of a tenant's strategies further back than the windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from functions.domain.kernel.policy import MAX_WINDOW_DAYS
from functions.domain.track_record.daily_returns import day_of, sessions_by_uid
from functions.domain.track_record.session_returns import SessionReturn
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.kernel.damage import reading
from functions.services.kernel.ports import Document, MarketCalendar
from functions.services.lab.ports import RecordStore
from functions.services.track_record.build_windows import usable

_DAY = timedelta(days=1)
_NO_LIMIT = 10**6


class ReadReturns:
    """The use case; keep one per process."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store

    def run(
        self, tenant_id: str, uid: str | None, calendar: MarketCalendar, since: date, most_documents: int
    ) -> tuple[PerformanceWindows, bool]:
        """
        Return the daily returns of a tenant or one of its users, and whether older ones were left out as too many.

        Parameters
        ----------
        since : date
            The first day wanted; days before the windows' first are read from daily documents.
        most_documents : int
            Daily documents that are read besides the windows, at most.

        Raises
        ------
        DamagedDocument
            If the windows cannot be read. Daily documents that cannot be are left out.
        StoreUnavailable
        """
        stored = self._store.windows(tenant_id, uid)
        with reading(stored):
            windows = PerformanceWindows.from_document(stored)
        if len(windows.dates) < MAX_WINDOW_DAYS or since >= windows.dates[0]:  # earlier days no longer count
            return windows, False
        documents, is_cut = self._documents(tenant_id, calendar, since, windows.dates[0], most_documents)
        days = [one for one in usable(documents).values() if day_of(one) < windows.dates[0]]
        if is_cut and days:  # of the oldest day some may be missing
            days = [one for one in days if day_of(one) > day_of(days[0])]
        earlier = _arranged(sessions_by_uid(days).get(uid, {}))
        return earlier.followed_by(windows, most_days=_NO_LIMIT), is_cut

    def _documents(
        self, tenant_id: str, calendar: MarketCalendar, since: date, before: date, most: int
    ) -> tuple[list[tuple[str, Document]], bool]:
        """Return the daily documents before a day, read a few months at a time, and whether some were left out."""
        days = calendar.sessions(since, before - _DAY)
        found: list[tuple[str, Document]] = []
        while days:
            some, days = days[-MAX_WINDOW_DAYS:], days[:-MAX_WINDOW_DAYS]
            begin, end = calendar.end_of(calendar.session_before(some[0])), calendar.end_of(some[-1])
            found += self._store.daily_documents(tenant_id, begin, end, most - len(found))
            if len(found) >= most:
                return found, True
        return found, False


def _arranged(cells: Mapping[tuple[str, date], SessionReturn]) -> PerformanceWindows:
    """Return windows of any number of days."""
    days: Sequence[date] = sorted({day for _, day in cells})
    arranged = PerformanceWindows.empty()
    for begin in range(0, len(days), MAX_WINDOW_DAYS):
        some = set(days[begin : begin + MAX_WINDOW_DAYS])
        part = PerformanceWindows.from_sessions((name, day, one) for (name, day), one in cells.items() if day in some)
        arranged = arranged.followed_by(part, most_days=_NO_LIMIT)
    return arranged
