"""What daily reports are made of, and where they are kept, on Firestore."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from google.cloud.firestore import FieldFilter, Query

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore.errors import translated_errors
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.firestore.record_store import FirestoreRecordStore
from functions.services.kernel.ports import Document


class FirestoreReportStore(FirestoreRecordStore):
    """`ReportStore` on Firestore."""

    def tenant(self, tenant_id: str) -> Document | None:
        with translated_errors(f"reading tenant {tenant_id}"):
            snapshot = paths.tenant(self._db, tenant_id).get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
            found: Document | None = snapshot.to_dict()
        return found

    def recent_decisions(self, tenant_id: str, limit: int) -> list[Document]:
        return [document for _, document in self.decisions(tenant_id, limit, None).items]

    def alerts_since(self, tenant_id: str, since: datetime, limit: int) -> list[Document]:
        query = paths.alerts(self._db, tenant_id).where(filter=FieldFilter("opened_at", ">=", since))
        query = query.order_by("opened_at", direction=Query.DESCENDING).limit(limit)
        with translated_errors(f"reading alerts of tenant {tenant_id}"):
            return [one.to_dict() or {} for one in query.stream(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)]

    def daily_documents(self, tenant_id: str, start: datetime, end: datetime) -> Iterable[Document]:
        return FirestoreLedgerStore(self._db).daily_documents(tenant_id, start, end)

    def create_report(self, tenant_id: str, date: str, document: Document) -> None:
        with translated_errors(f"storing the report of {date} of tenant {tenant_id}"):
            paths.report(self._db, tenant_id, date).create(dict(document), retry=None, timeout=TIMEOUT_SECONDS)
