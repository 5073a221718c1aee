"""Build a tenant's performance windows from its daily performance documents."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from functions.domain.windows import MAX_WINDOW_DAYS, PerformanceWindows
from functions.services.ports import PerformanceStore

_CALENDAR_DAYS = MAX_WINDOW_DAYS * 2
"""Enough calendar days to hold the window's trading days, holidays included."""


def build_windows(store: PerformanceStore, tenant_id: str, uid: str | None, today: date) -> PerformanceWindows:
    """
    Rebuild and store the windows document; running it again changes nothing.

    Parameters
    ----------
    uid : str or None
        One user's fills only; None pools the tenant's users: profit and loss over capital, day by day.
    today : date
        Documents older than the window before this day are not read.

    Raises
    ------
    StoreUnavailable
    """
    profit: dict[tuple[str, date], float] = defaultdict(float)
    capital: dict[tuple[str, date], float] = defaultdict(float)
    for name, day, pnl_usd, base_usd in store.daily_returns(tenant_id, uid, today - timedelta(days=_CALENDAR_DAYS)):
        profit[name, day] += pnl_usd
        capital[name, day] += base_usd
    windows = PerformanceWindows.from_daily_returns(
        (name, day, profit[name, day] / base) for (name, day), base in capital.items() if base > 0
    )
    store.write_windows(tenant_id, uid, windows.to_document())
    return windows
