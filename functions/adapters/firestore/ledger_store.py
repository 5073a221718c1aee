"""The ledger, the documents computed from it, and its progress, on Firestore."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from google.cloud.firestore import (
    DELETE_FIELD,
    CollectionReference,
    DocumentReference,
    DocumentSnapshot,
    FieldFilter,
    Query,
    WriteBatch,
)

from functions.adapters.firestore import paths, window_parts
from functions.adapters.firestore.alert_marks import changed
from functions.adapters.firestore.base import LONG_TIMEOUT_SECONDS, FirestoreStore, document_of
from functions.adapters.firestore.checkpoint_parts import joined, parted
from functions.adapters.firestore.ledger_head import head_document, read_head
from functions.adapters.firestore.market_data import market_data_of
from functions.adapters.firestore.parts import parts_of
from functions.adapters.firestore.writes import update_over
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.markets import LONGEST_CLOSURE
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.ledger.fills import is_paper_fill
from functions.domain.track_record.daily_returns import day_of
from functions.domain.track_record.day_results import FIELD
from functions.services.kernel.ports import ABSENT, Document, StoredDocument, Version, Versioned
from functions.services.ledger.ports import DayWrites, LedgerHead, TenantSettings

logger = logging.getLogger("maestro")

PAGE_SIZE = 2000
"""Ledger documents held in memory at once."""
_UNTIMED_SHOWN = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Before any fill; as a query's bound it excludes values that are not timestamps."""
_END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)
_BATCH = 400


class FirestoreLedgerStore(FirestoreStore):
    """`LedgerStore` on Firestore."""

    def fills(self, tenant_id: str, start: datetime | None, end: datetime) -> Iterator[tuple[str, Document]]:
        query = _within(paths.ledger_trades(self._db, tenant_id), "ts", start, end)
        yield from self._pages(query, f"reading the ledger of tenant {tenant_id}")

    def entries(self, tenant_id: str, start: datetime | None) -> Iterator[LedgerEntry]:
        query = _within(paths.ledger_trades(self._db, tenant_id), "ts", start, _END_OF_TIME)
        for snapshot in self._snapshots(query, f"reading the ledger of tenant {tenant_id}"):
            yield entry_of(snapshot)

    def shadow_fills(self, tenant_id: str, start: datetime | None, end: datetime) -> Iterator[tuple[str, Document]]:
        query = _within(paths.shadow_pnl(self._db, tenant_id), "timestamp", start, end)
        yield from self._pages(query, f"reading the shadow book of tenant {tenant_id}")

    def untimed_fills(self, tenant_id: str) -> Iterator[tuple[str, Document]]:
        query = paths.ledger_trades(self._db, tenant_id).where(filter=FieldFilter("ts", ">=", ""))
        for snapshot in self._stream(query.limit(_UNTIMED_SHOWN), f"reading the ledger of tenant {tenant_id}"):
            yield snapshot.id, document_of(snapshot)

    def first_fill_time(self, tenant_id: str) -> datetime | None:
        books = ((paths.ledger_trades, "ts"), (paths.shadow_pnl, "timestamp"))
        times = [self._oldest(tenant_id, book(self._db, tenant_id), field) for book, field in books]
        return min((time for time in times if time is not None), default=None)

    def earliest_late_fill(self, tenant_id: str, created_since: datetime, before: datetime) -> datetime | None:
        doing = f"looking for late fills of tenant {tenant_id}"
        late = _within(paths.ledger_trades(self._db, tenant_id), "created_at", created_since, _END_OF_TIME)
        late = _within(late, "ts", _EPOCH, before).select(["ts"])
        found = [document_of(snapshot)["ts"] for snapshot in self._stream(late, doing, LONG_TIMEOUT_SECONDS)]
        if created_since < before:  # paper trades are written when they happen
            paper = _within(paths.shadow_pnl(self._db, tenant_id), "timestamp", created_since, before)
            found += [one["timestamp"] for _, one in self._pages(paper, doing) if is_paper_fill(one)]
        return min(found, default=None)

    def head(self, tenant_id: str) -> Versioned[LedgerHead | None]:
        stored = self._get(paths.ledger_head(self._db, tenant_id), f"reading the ledger state of tenant {tenant_id}")
        if stored.value is None:
            return ABSENT
        try:
            return Versioned(read_head(stored.value), stored.version)
        except InputError as error:
            logger.error("Computing all days again, as state/ledger is damaged: %s", error, extra={"tenant": tenant_id})
            return Versioned(None, stored.version)

    def checkpoint(self, tenant_id: str, at_or_before: datetime) -> Document | None:
        query = paths.checkpoints(self._db, tenant_id).where(filter=FieldFilter("at", "<=", at_or_before))
        newest_first = query.order_by("at", direction=Query.DESCENDING)
        doing = f"reading the checkpoints of tenant {tenant_id}"
        snapshot = next(iter(self._stream(newest_first.limit(1), doing)), None)
        if snapshot is None:
            return None
        first = document_of(snapshot)
        if parts_of(first) == 1:
            return first
        numbers = range(2, parts_of(first) + 1)
        others = [paths.checkpoint_part(self._db, tenant_id, snapshot.id, number) for number in numbers]
        found = self._get_all(others, doing)
        whole = joined(first, [found.get(other.path, ABSENT).value for other in others])
        return StoredDocument(first.path, whole)

    def daily_documents(
        self, tenant_id: str, first: date, last: date, begin: datetime | None = None
    ) -> Iterator[tuple[str, Document]]:
        earliest = _midnight(first) - LONGEST_CLOSURE if begin is None else min(begin, _midnight(first))
        start, end = earliest, _midnight(last + timedelta(days=1))
        query = paths.strategy_performance(self._db, tenant_id).where(filter=FieldFilter("period", "==", "day"))
        query = query.where(filter=FieldFilter("period_start", ">=", start))
        query = query.where(filter=FieldFilter("period_start", "<", end)).order_by("period_start")
        for document_id, document in self._pages(query, f"reading daily performance of tenant {tenant_id}"):
            try:
                is_within = first <= day_of(document) <= last
            except (TypeError, ValueError):  # left to the caller
                is_within = True
            if is_within:
                yield document_id, document

    def settings(self, tenant_id: str) -> TenantSettings:
        db = self._db
        references = [
            paths.policy(db, tenant_id),
            paths.market_data(db, tenant_id),
            paths.modes(db, tenant_id, None),
        ]
        doing = f"reading the settings of tenant {tenant_id}"
        found = self._get_all_in_parts(references, [market_data_of(db, tenant_id)], doing)
        return TenantSettings(*(found.get(reference.path, ABSENT).value for reference in references))

    def marks(self, tenant_id: str, session: date) -> Document | None:
        reference = paths.marks(self._db, tenant_id).document(session.isoformat())
        return self._get(reference, f"reading the marks of {session} of tenant {tenant_id}").value

    def write_marks(self, tenant_id: str, session: date, marks: Document) -> None:
        batch = self._db.batch()
        batch.set(paths.marks(self._db, tenant_id).document(session.isoformat()), dict(marks))
        self._commit(batch, f"storing the marks of {session} of tenant {tenant_id}", is_repeatable=True)

    def staged(self, tenant_id: str, first: date | None = None) -> Iterator[tuple[str, Document]]:
        query: Query = paths.staged(self._db, tenant_id).order_by("session")
        if first is not None:
            query = query.where(filter=FieldFilter("session", ">=", first.isoformat()))
        yield from self._pages(query, f"reading the staged performance of tenant {tenant_id}")

    def commit_day(self, tenant_id: str, writes: DayWrites, head_version: Version | None) -> Version:
        db = self._db
        batch = db.batch()
        day = (writes.session or writes.head.last_day).isoformat()
        fields = head_document(writes.head) | ({} if head_version is None else {"served_day": DELETE_FIELD})
        update_over(batch, paths.ledger_head(db, tenant_id), fields, head_version)
        if writes.checkpoint is not None:
            first, *others = parted(writes.checkpoint)
            batch.set(paths.checkpoints(db, tenant_id).document(day), dict(first))
            for number, other in enumerate(others, 2):
                batch.set(paths.checkpoint_part(db, tenant_id, day, number), dict(other))
        if writes.marks is not None:
            batch.set(paths.marks(db, tenant_id).document(day), dict(writes.marks))
        for collection, documents in (
            (paths.strategy_performance(db, tenant_id), writes.snapshots),
            (paths.staged(db, tenant_id), writes.staged),
        ):
            for document_id, document in documents.items():
                batch.set(collection.document(document_id), dict(document))
        for document_id in writes.unstaged:
            batch.delete(paths.staged(db, tenant_id).document(document_id))
        self._set_windows(batch, tenant_id, writes.windows)
        doing = f"storing the snapshot of {day} of tenant {tenant_id}"
        return self._commit(batch, doing, timeout=LONG_TIMEOUT_SECONDS)[0]

    def write_snapshots(self, tenant_id: str, snapshots: Mapping[str, Document]) -> None:
        documents = list(snapshots.items())
        for first in range(0, len(documents), _BATCH):
            batch = self._db.batch()
            for document_id, document in documents[first : first + _BATCH]:
                batch.set(paths.strategy_performance(self._db, tenant_id).document(document_id), dict(document))
            doing = f"storing performance of tenant {tenant_id}"
            self._commit(batch, doing, timeout=LONG_TIMEOUT_SECONDS, is_repeatable=True)

    def windows(self, tenant_id: str, uids: Sequence[str | None]) -> dict[str | None, Document | None]:
        parted = {uid: window_parts.windows_of(self._db, tenant_id, uid) for uid in uids}
        results = paths.results(self._db, tenant_id)
        beside = [results] if None in parted else []
        found = self._get_all_in_parts(beside, list(parted.values()), f"reading the windows of tenant {tenant_id}")
        windows = {uid: found.get(one.first.path, ABSENT).value for uid, one in parted.items()}
        if own := windows.get(None):
            windows[None] = StoredDocument(
                parted[None].first.path, {**own, FIELD: found.get(results.path, ABSENT).value}
            )
        return windows

    def write_windows(self, tenant_id: str, windows: Mapping[str | None, Document]) -> None:
        batch = self._db.batch()
        self._set_windows(batch, tenant_id, windows)
        self._commit(batch, f"storing the windows of tenant {tenant_id}", is_repeatable=True)

    def _set_windows(self, batch: WriteBatch, tenant_id: str, windows: Mapping[str | None, Document]) -> None:
        for uid, document in windows.items():
            if FIELD in document:
                batch.set(paths.results(self._db, tenant_id), dict(document[FIELD]))
            first, *others = window_parts.parted({name: one for name, one in document.items() if name != FIELD})
            batch.set(paths.windows(self._db, tenant_id, uid), first)
            for number, other in enumerate(others, 2):
                batch.set(paths.windows_part(self._db, tenant_id, uid, number), other)

    def job(self, tenant_id: str, job_id: str) -> Document | None:
        return self._get(paths.job(self._db, tenant_id, job_id), f"reading job {job_id} of tenant {tenant_id}").value

    def write_job(self, tenant_id: str, job_id: str, document: Document) -> None:
        batch = self._db.batch()
        batch.set(paths.job(self._db, tenant_id, job_id), dict(document), merge=True)
        if "status" in document:  # it began or ended, which alerts check
            batch.set(paths.changes(self._db, tenant_id), changed())
        self._commit(batch, f"storing job {job_id} of tenant {tenant_id}", is_repeatable=True)

    def _oldest(self, tenant_id: str, collection: CollectionReference, field: str) -> datetime | None:
        oldest_first = collection.where(filter=FieldFilter(field, ">=", _EPOCH)).order_by(field)
        oldest = self._first(oldest_first, f"reading the ledger of tenant {tenant_id}")
        return None if oldest is None else oldest[field]

    def _pages(self, query: Query, doing: str) -> Iterator[tuple[str, Document]]:
        for snapshot in self._snapshots(query, doing):
            yield snapshot.id, document_of(snapshot)

    def _snapshots(self, query: Query, doing: str) -> Iterator[DocumentSnapshot[DocumentReference]]:
        """Yield a query's documents page by page, so that memory is independent of the ledger's size."""
        page = query.limit(PAGE_SIZE)
        while True:
            snapshots = list(self._stream(page, doing, LONG_TIMEOUT_SECONDS))
            yield from snapshots
            if len(snapshots) < PAGE_SIZE:
                return
            page = query.start_after(snapshots[-1]).limit(PAGE_SIZE)


def entry_of(snapshot: DocumentSnapshot[DocumentReference]) -> LedgerEntry:
    """Return a document of the ledger, with the time of its creation by Firestore's clock."""
    return LedgerEntry(snapshot.id, document_of(snapshot), snapshot.create_time)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _within(collection: Query | CollectionReference, field: str, start: datetime | None, end: datetime) -> Query:
    """Return the documents whose time is in [start, end), oldest first."""
    query = collection.order_by(field)
    if start is not None:  # first, because the emulator scans from the first bound it gets
        query = query.where(filter=FieldFilter(field, ">=", start))
    return query.where(filter=FieldFilter(field, "<", end))
