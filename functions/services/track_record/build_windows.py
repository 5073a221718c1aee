"""Build performance windows from daily performance documents."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import MAX_WINDOW_DAYS
from functions.domain.track_record.daily_returns import check_return, day_of, sessions_by_uid
from functions.domain.track_record.moments import ByStrategy, packed
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
    store: PerformanceStore,
    tenant_id: str,
    today: date,
    on_malformed: OnMalformed | None = None,
    moments: ByStrategy | None = None,
) -> dict[str | None, PerformanceWindows]:
    """
    Rebuild and store a tenant's windows; doing it again changes nothing.

    Parameters
    ----------
    today : date
        The last day that counts.
    on_malformed : callable, optional
        Told of each daily document that cannot be used; it counts as missing.
    moments : mapping, optional
        Of the newest checkpoint, to be served beside them.

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
    store.write_windows(tenant_id, windows_documents(windows, moments))
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
    return {
        uid: PerformanceWindows.from_sessions((name, day, session) for (name, day), session in cells.items())
        for uid, cells in sessions_by_uid(days).items()
    }


def windows_documents(
    windows: Mapping[str | None, PerformanceWindows], moments: ByStrategy | None
) -> dict[str | None, Document]:
    """Return windows documents by uid, with the moments of their strategies where they are known."""
    documents: dict[str | None, Document] = {}
    for uid, of_uid in windows.items():
        rows = [] if moments is None else [moments.get((uid, name)) for name in of_uid.strategy_names]
        documents[uid] = of_uid.to_document() | ({} if moments is None else {"moments": packed(rows)})
    return documents
