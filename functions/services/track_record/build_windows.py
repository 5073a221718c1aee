"""Build performance windows from daily performance documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.policy import MAX_WINDOW_DAYS
from functions.domain.kernel.stored_fields import TEXT
from functions.domain.track_record.daily_returns import (
    OF_DAY,
    OF_DAY_AT_TIMES,
    OF_RETURN,
    counted,
    is_on_paper,
    pooled_returns,
)
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.kernel.damage import check_stored
from functions.services.kernel.ports import Document
from functions.services.track_record.ports import PerformanceStore

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
    """Return windows made of daily documents: by uid, and pooled under None; nobody is judged by what is unowned.

    Raises DamagedDocument.
    """
    by_uid: dict[str | None, list[Document]] = defaultdict(list)
    owned = [day for day in days if day.get("uid") != UNOWNED]
    for document in owned:
        what_counts = OF_DAY if is_on_paper(document) else OF_RETURN
        check_stored(document, {**what_counts, "uid": TEXT}, {**OF_DAY, **OF_DAY_AT_TIMES})
    for document in counted(owned):
        for uid in (None, document["uid"]):
            by_uid[uid].append(document)
    returns = {uid: pooled_returns(documents) for uid, documents in by_uid.items()}
    return {
        uid: PerformanceWindows.from_daily_returns((name, day, value) for (name, day), value in cells.items())
        for uid, cells in returns.items()
        if cells
    }
