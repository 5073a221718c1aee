"""Build performance windows from daily performance documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from functions.domain.windows import MAX_WINDOW_DAYS, PerformanceWindows
from functions.services.ports import Document, PerformanceStore

WINDOW_SPAN = timedelta(days=2 * MAX_WINDOW_DAYS)
"""Calendar time that holds the window's trading days, holidays included."""


def build_windows(store: PerformanceStore, tenant_id: str, today: date) -> dict[str | None, PerformanceWindows]:
    """
    Rebuild and store a tenant's windows; doing it again changes nothing.

    Parameters
    ----------
    today : date
        The last day that counts.

    Returns
    -------
    dict
        Windows by uid, and the tenant's pooled ones under None.

    Raises
    ------
    StoreUnavailable
    """
    end = datetime.combine(today, time(), UTC) + timedelta(days=1)
    windows = windows_of(store.daily_documents(tenant_id, end - WINDOW_SPAN, end))
    store.write_windows(tenant_id, {uid: of_uid.to_document() for uid, of_uid in windows.items()})
    return windows


def windows_of(days: Iterable[Document]) -> dict[str | None, PerformanceWindows]:
    """
    Return windows made of daily documents: by uid, and pooled under None.

    Users pool as profit over capital, day by day. A day that a strategy traded, or held a position, on paper counts
    with its paper return: that is how a shadowed strategy earns its way back.
    """
    days = list(days)
    on_paper = {_cell(document) for document in days if document.get("book") == "shadow" and _is_active(document)}
    profit: dict[tuple[str | None, str, date], float] = defaultdict(float)
    capital: dict[tuple[str | None, str, date], float] = defaultdict(float)
    for document in days:
        if (document.get("book") == "shadow") != (_cell(document) in on_paper):
            continue
        for uid in (None, document["uid"]):
            cell = (uid, document["strategy_id"], document["period_start"].date())
            profit[cell] += float(document["pnl"])
            capital[cell] += float(document["capital_base"])
    returns: dict[str | None, list[tuple[str, date, float]]] = defaultdict(list)
    for (uid, name, day), base in capital.items():
        if base > 0:
            returns[uid].append((name, day, profit[uid, name, day] / base))
    return {uid: PerformanceWindows.from_daily_returns(cells) for uid, cells in returns.items()}


def _cell(document: Document) -> tuple[str, date]:
    return document["strategy_id"], document["period_start"].date()


def _is_active(document: Document) -> bool:
    return bool(document["fills"] or document["pnl"] or document["unrealized_pnl"])
