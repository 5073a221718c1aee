"""Build performance windows from daily performance documents."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import MAX_WINDOW_DAYS
from functions.domain.track_record.daily_returns import check_return, counted, day_of, pooled_sessions
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.kernel.ports import Document
from functions.services.track_record.ports import PerformanceStore

logger = logging.getLogger("maestro")

OnMalformed = Callable[[InputError], None]
Check = Callable[[Document], None]
"""Raises InputError if a document is malformed."""
WINDOW_SPAN = timedelta(days=2 * MAX_WINDOW_DAYS)
"""Calendar time that holds the window's trading days, holidays included."""


def build_windows(
    store: PerformanceStore, tenant_id: str, today: date, on_malformed: OnMalformed | None = None
) -> dict[str | None, PerformanceWindows]:
    """
    Rebuild and store a tenant's windows; doing it again changes nothing.

    Parameters
    ----------
    today : date
        The last day that counts.
    on_malformed : callable, optional
        Told of each daily document that cannot be used; it counts as missing.

    Returns
    -------
    dict
        Windows by uid, and the tenant's pooled ones under None.

    Raises
    ------
    StoreUnavailable
    """
    documents = store.daily_documents(tenant_id, today - WINDOW_SPAN, today)
    windows = windows_of(usable(documents, on_malformed).values())
    store.write_windows(tenant_id, {uid: of_uid.to_document() for uid, of_uid in windows.items()})
    return windows


def usable(
    documents: Iterable[tuple[str, Document]], on_malformed: OnMalformed | None = None, check: Check = check_return
) -> dict[str, Document]:
    """Return the daily documents that are well formed, by id, oldest first; others are logged or told of."""
    good = {}
    for document_id, document in documents:
        try:
            check(document)
            good[document_id] = document
        except InputError as damage:
            error = InputError(f"{document_id}.{damage.field}", damage.limit, damage.value)
            if on_malformed is not None:
                on_malformed(error)
            else:
                logger.warning("Daily document left out: %s", error)
    return dict(sorted(good.items(), key=lambda item: day_of(item[1])))


def windows_of(days: Iterable[Document]) -> dict[str | None, PerformanceWindows]:
    """Return windows made of usable daily documents: by uid, and pooled under None; what nobody owns is in none."""
    by_uid: dict[str | None, list[Document]] = defaultdict(list)
    for document in counted([day for day in days if day["uid"] != UNOWNED]):
        for uid in (None, document["uid"]):
            by_uid[uid].append(document)
    sessions = {uid: pooled_sessions(documents) for uid, documents in by_uid.items()}
    return {
        uid: PerformanceWindows.from_sessions((name, day, session) for (name, day), session in cells.items())
        for uid, cells in sessions.items()
        if cells
    }
