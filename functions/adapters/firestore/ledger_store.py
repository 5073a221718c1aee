"""The ledger, what is made of it, and how far, on Firestore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from google.cloud.firestore import Client, CollectionReference, FieldFilter, Query

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore.errors import translated_errors
from functions.services.kernel.ports import Document
from functions.services.ledger.ports import DayWrites, LedgerHead, TenantSettings

PAGE_SIZE = 2000
"""Ledger documents in memory at once."""
_UNTIMED_SHOWN = 20
_BATCH = 400


class FirestoreLedgerStore:
    """`LedgerStore` on Firestore."""

    def __init__(self, db: Client) -> None:
        self._db = db

    def fills(self, tenant_id: str, start: datetime | None, end: datetime) -> Iterator[tuple[str, Document]]:
        query = _within(paths.ledger_trades(self._db, tenant_id), "ts", start, end)
        yield from self._pages(query, f"reading the ledger of tenant {tenant_id}")

    def shadow_fills(self, tenant_id: str, start: datetime | None, end: datetime) -> Iterator[tuple[str, Document]]:
        query = _within(paths.shadow_pnl(self._db, tenant_id), "timestamp", start, end)
        yield from self._pages(query, f"reading the shadow book of tenant {tenant_id}")

    def untimed_fills(self, tenant_id: str) -> Iterator[tuple[str, Document]]:
        query = paths.ledger_trades(self._db, tenant_id).where(filter=FieldFilter("ts", ">=", ""))
        with translated_errors(f"reading the ledger of tenant {tenant_id}"):
            for snapshot in query.limit(_UNTIMED_SHOWN).stream(retry=READ_RETRY, timeout=TIMEOUT_SECONDS):
                yield snapshot.id, snapshot.to_dict() or {}

    def first_fill_time(self, tenant_id: str) -> datetime | None:
        books = ((paths.ledger_trades, "ts"), (paths.shadow_pnl, "timestamp"))
        times = [self._oldest(tenant_id, book(self._db, tenant_id), field) for book, field in books]
        return min((time for time in times if time is not None), default=None)

    def earliest_late_fill(self, tenant_id: str, created_since: datetime, before: datetime) -> datetime | None:
        late = paths.ledger_trades(self._db, tenant_id).where(filter=FieldFilter("created_at", ">=", created_since))
        with translated_errors(f"looking for late fills of tenant {tenant_id}"):
            created = late.select(["ts"]).stream(retry=READ_RETRY, timeout=60)
            times = [time for snapshot in created if isinstance(time := snapshot.get("ts"), datetime)]
        return min((time for time in times if time < before), default=None)

    def head(self, tenant_id: str) -> tuple[LedgerHead | None, Any]:
        with translated_errors(f"reading the ledger state of tenant {tenant_id}"):
            snapshot = paths.ledger_head(self._db, tenant_id).get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
        if not snapshot.exists:
            return None, None
        last_day = date.fromisoformat(snapshot.get("last_day"))
        return LedgerHead(last_day, snapshot.get("seen_until")), snapshot.update_time

    def checkpoint(self, tenant_id: str, at_or_before: datetime) -> Document | None:
        query = paths.checkpoints(self._db, tenant_id).where(filter=FieldFilter("at", "<=", at_or_before))
        newest = query.order_by("at", direction=Query.DESCENDING).limit(1)
        with translated_errors(f"reading the checkpoints of tenant {tenant_id}"):
            for snapshot in newest.stream(retry=READ_RETRY, timeout=TIMEOUT_SECONDS):
                return snapshot.to_dict()
        return None

    def daily_documents(self, tenant_id: str, start: datetime, end: datetime) -> Iterator[Document]:
        query = paths.strategy_performance(self._db, tenant_id).where(filter=FieldFilter("period", "==", "day"))
        query = query.where(filter=FieldFilter("period_start", ">=", start))
        query = query.where(filter=FieldFilter("period_start", "<", end)).order_by("period_start")
        for _, document in self._pages(query, f"reading daily performance of tenant {tenant_id}"):
            yield document

    def settings(self, tenant_id: str) -> TenantSettings:
        db = self._db
        references = [
            paths.policy(db, tenant_id),
            paths.market_data(db, tenant_id),
            paths.modes(db, tenant_id, None),
            paths.current_session(db, tenant_id),
        ]
        with translated_errors(f"reading the settings of tenant {tenant_id}"):
            found = db.get_all(references, retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
            by_path = {snapshot.reference.path: snapshot.to_dict() for snapshot in found}
        return TenantSettings(*(by_path[reference.path] for reference in references))

    def commit_day(self, tenant_id: str, writes: DayWrites, head_version: Any) -> Any:
        db = self._db
        batch = db.batch()
        head = paths.ledger_head(db, tenant_id)
        fields = {"last_day": writes.head.last_day.isoformat(), "seen_until": writes.head.seen_until}
        if head_version is None:
            batch.create(head, fields)
        else:
            batch.update(head, fields, option=db.write_option(last_update_time=head_version))
        day = writes.head.last_day.isoformat()
        batch.set(paths.checkpoints(db, tenant_id).document(day), dict(writes.checkpoint))
        for document_id, document in writes.snapshots.items():
            batch.set(paths.strategy_performance(db, tenant_id).document(document_id), dict(document))
        for uid, document in writes.windows.items():
            batch.set(paths.windows(db, tenant_id, uid), dict(document))
        with translated_errors(f"storing the snapshot of {day} of tenant {tenant_id}"):
            return batch.commit(retry=None, timeout=60)[0].update_time

    def write_snapshots(self, tenant_id: str, snapshots: Mapping[str, Document]) -> None:
        documents = list(snapshots.items())
        for first in range(0, len(documents), _BATCH):
            batch = self._db.batch()
            for document_id, document in documents[first : first + _BATCH]:
                batch.set(paths.strategy_performance(self._db, tenant_id).document(document_id), dict(document))
            with translated_errors(f"storing performance of tenant {tenant_id}"):
                batch.commit(retry=READ_RETRY, timeout=60)

    def write_windows(self, tenant_id: str, windows: Mapping[str | None, Document]) -> None:
        batch = self._db.batch()
        for uid, document in windows.items():
            batch.set(paths.windows(self._db, tenant_id, uid), dict(document))
        with translated_errors(f"storing the windows of tenant {tenant_id}"):
            batch.commit(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)

    def write_job(self, tenant_id: str, job_id: str, document: Document) -> None:
        with translated_errors(f"storing job {job_id} of tenant {tenant_id}"):
            reference = paths.job(self._db, tenant_id, job_id)
            reference.set(dict(document), merge=True, retry=READ_RETRY, timeout=TIMEOUT_SECONDS)

    def _oldest(self, tenant_id: str, collection: CollectionReference, field: str) -> datetime | None:
        epoch = datetime.combine(date(1970, 1, 1), time(), UTC)  # leaves out what is no timestamp
        oldest = collection.where(filter=FieldFilter(field, ">=", epoch)).order_by(field).limit(1)
        with translated_errors(f"reading the ledger of tenant {tenant_id}"):
            for snapshot in oldest.stream(retry=READ_RETRY, timeout=TIMEOUT_SECONDS):
                found: datetime = snapshot.get(field)
                return found
        return None

    def _pages(self, query: Query, doing: str) -> Iterator[tuple[str, Document]]:
        """Yield a query's documents page by page, so that memory does not grow with the ledger."""
        page = query.limit(PAGE_SIZE)
        while True:
            with translated_errors(doing):
                snapshots = list(page.stream(retry=READ_RETRY, timeout=60))
            yield from ((snapshot.id, snapshot.to_dict() or {}) for snapshot in snapshots)
            if len(snapshots) < PAGE_SIZE:
                return
            page = query.start_after(snapshots[-1]).limit(PAGE_SIZE)


def _within(collection: CollectionReference, field: str, start: datetime | None, end: datetime) -> Query:
    """Return the documents whose time is in [start, end), oldest first."""
    query = collection.order_by(field)
    if start is not None:  # first: the emulator scans from the first bound it is given
        query = query.where(filter=FieldFilter(field, ">=", start))
    return query.where(filter=FieldFilter(field, "<", end))
