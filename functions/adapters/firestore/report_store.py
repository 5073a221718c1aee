"""Daily reports and their inputs, on Firestore."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from google.cloud.firestore import Client, FieldFilter, Query

from functions.adapters.firestore import paths
from functions.adapters.firestore.base import FirestoreStore
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.firestore.record_store import FirestoreRecordStore
from functions.services.kernel.ports import Document


class FirestoreReportStore(FirestoreStore):
    """`ReportStore` on Firestore, on top of the record store and the ledger's days."""

    def __init__(self, db: Client) -> None:
        super().__init__(db)
        self._records = FirestoreRecordStore(db)
        self._ledger = FirestoreLedgerStore(db)

    def tenant(self, tenant_id: str) -> Document | None:
        return self._get(paths.tenant(self._db, tenant_id), f"reading tenant {tenant_id}").value

    def decisions_since(self, tenant_id: str, since: datetime) -> Iterable[Document]:
        return self._records.decisions_since(tenant_id, since)

    def decisions_between(self, tenant_id: str, since: datetime, until: datetime) -> Iterable[Document]:
        return self._records.decisions_between(tenant_id, since, until)

    def recent_decisions(self, tenant_id: str, limit: int) -> list[Document]:
        return [document for _, document in self._records.decisions(tenant_id, limit, None).items]

    def alerts_since(self, tenant_id: str, since: datetime, limit: int) -> list[Document]:
        query = paths.alerts(self._db, tenant_id).where(filter=FieldFilter("opened_at", ">=", since))
        query = query.order_by("opened_at", direction=Query.DESCENDING).limit(limit)
        return self._documents(query, f"reading alerts of tenant {tenant_id}")

    def daily_documents(self, tenant_id: str, first: date, last: date) -> Iterable[tuple[str, Document]]:
        return self._ledger.daily_documents(tenant_id, first, last)

    def report(self, tenant_id: str, date: str) -> Document | None:
        return self._records.report(tenant_id, date)

    def create_report(self, tenant_id: str, date: str, document: Document) -> None:
        batch = self._db.batch()
        batch.create(paths.report(self._db, tenant_id, date), dict(document))
        self._commit(batch, f"storing the report of {date} of tenant {tenant_id}")
