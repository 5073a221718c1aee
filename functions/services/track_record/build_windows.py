"""Build performance windows from daily performance documents."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from functions.domain.kernel.errors import InputError, PackedStateError
from functions.domain.kernel.policy import MAX_WINDOW_DAYS
from functions.domain.kernel.stored_fields import TEXTS
from functions.domain.track_record import day_results
from functions.domain.track_record.cumulative_moments import ByStrategy, packed
from functions.domain.track_record.daily_returns import check_return, day_of, sessions_by_uid
from functions.domain.track_record.day_results import DayResults
from functions.domain.track_record.live_costs import DAYS_FIELD, FIELD, LiveDays
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.kernel.ports import Document
from functions.services.track_record.ports import PerformanceStore

logger = logging.getLogger("maestro")

OnMalformed = Callable[[InputError], None]
Check = Callable[[Document], None]
"""Raises InputError if a document is malformed."""
WINDOW_SPAN = timedelta(days=2 * MAX_WINDOW_DAYS)
"""Calendar time that covers the window's trading days, holidays included."""


@dataclass(frozen=True, slots=True)
class Windows:
    """A tenant's windows of all users."""

    by_uid: dict[str | None, PerformanceWindows]
    """By uid; the tenant's own, pooling all users, under None."""
    live_days: LiveDays
    """Costs of the tenant's live fills."""
    results: DayResults
    """What each strategy made of them, USD."""

    @classmethod
    def of(cls, days: Iterable[Document]) -> Windows:
        """Return the windows made of usable daily documents."""
        known = list(days)
        return cls(windows_of(known), LiveDays.of(known), DayResults.of(known))

    def followed_by(self, day: date, documents: Iterable[Document]) -> Windows:
        """Return them with one more day, made of its usable daily documents."""
        of_day, since, none = Windows.of(documents), day - WINDOW_SPAN + timedelta(days=1), PerformanceWindows.empty()
        uids = sorted({*self.by_uid, *of_day.by_uid}, key=str)
        by_uid = {uid: self.by_uid.get(uid, none).followed_by(of_day.by_uid.get(uid, none), since) for uid in uids}
        results = self.results.followed_by(of_day.results, since)
        return Windows(by_uid, self.live_days.followed_by(of_day.live_days, since), results)

    def to_documents(self, moments: ByStrategy | None) -> dict[str | None, Document]:
        """
        Return them as stored, by uid; the tenant's own lists the users.

        Parameters
        ----------
        moments : mapping or None
            Of all days so far, to be stored with them; None if unknown.
        """
        costs = {FIELD: self.live_days.costs().to_document()}
        own = {
            "uids": sorted(uid for uid in self.by_uid if uid is not None),
            DAYS_FIELD: self.live_days.to_text(),
        }
        documents: dict[str | None, dict[str, Any]] = {}
        for uid, one in self.by_uid.items():
            rows = (
                {}
                if moments is None
                else {"moments": packed([moments.get((uid, name)) for name in one.strategy_names])}
            )
            documents[uid] = one.to_document() | costs | rows
            if uid is None:
                documents[uid] |= own | {day_results.FIELD: self.results.to_document(one)}
        return dict(documents)


def build_windows(
    store: PerformanceStore,
    tenant_id: str,
    today: date,
    on_malformed: OnMalformed | None = None,
    moments: ByStrategy | None = None,
) -> dict[str | None, PerformanceWindows]:
    """
    Rebuild and store a tenant's windows; repeating it changes nothing.

    Parameters
    ----------
    today : date
        The last day that counts.
    on_malformed : callable, optional
        Called with each daily document that cannot be used; it counts as missing.
    moments : mapping, optional
        From the newest checkpoint, to be served with them.

    Returns
    -------
    dict
        Windows by uid, and the tenant's pooled ones under None.

    Raises
    ------
    StoreUnavailable
    """
    windows = Windows.of(usable(store.daily_documents(tenant_id, today - WINDOW_SPAN, today), on_malformed).values())
    store.write_windows(tenant_id, windows.to_documents(moments))
    return windows.by_uid


def stored_windows(store: PerformanceStore, tenant_id: str, last_day: date) -> Windows:
    """
    Return the stored windows, if they end on a given day.

    Raises
    ------
    PackedStateError
        If one is damaged, missing or of another day: rebuild them.
    StoreUnavailable
    """
    own = store.windows(tenant_id, [None])[None]
    by_uid: dict[str | None, PerformanceWindows] = {None: PerformanceWindows.from_document(own)}
    if own is None or by_uid[None].dates[-1:] != (last_day,):
        raise PackedStateError("windows.dates", f"up to {last_day}", by_uid[None].dates[-1:])
    uids = own.get("uids")
    if not TEXTS.holds(uids):
        raise PackedStateError("windows.uids", "a list of users", uids)
    for uid, document in (store.windows(tenant_id, uids) if uids else {}).items():
        if document is None:
            raise PackedStateError(f"windows__{uid}", "there", document)
        by_uid[uid] = PerformanceWindows.from_document(document)
    results = DayResults.from_document(own.get(day_results.FIELD))
    return Windows(by_uid, LiveDays.from_text(own.get(DAYS_FIELD)), results)


def usable(
    documents: Iterable[tuple[str, Document]], on_malformed: OnMalformed | None = None, check: Check = check_return
) -> dict[str, Document]:
    """Return the well-formed daily documents by id, oldest first; others are logged or reported."""
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
    """Return windows made of usable daily documents: by uid, and pooled under None; unowned entries are in none."""
    return {
        uid: PerformanceWindows.from_sessions((name, day, session) for (name, day), session in cells.items())
        for uid, cells in sessions_by_uid(days).items()
    }
