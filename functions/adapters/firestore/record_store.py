"""What people look at: decisions, performance, alerts and reports, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from google.cloud.firestore import Client, CollectionReference, FieldFilter, Query

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore.errors import translated_errors
from functions.adapters.firestore.writes import replace_over
from functions.domain.kernel.errors import InputError
from functions.services.kernel.ports import Document
from functions.services.monitoring.ports import Page

_COUNTED = ("allocation_decisions", "systemic_risk_detected")


class FirestoreRecordStore:
    """`RecordStore` on Firestore."""

    def __init__(self, db: Client) -> None:
        self._db = db

    def decisions(self, tenant_id: str, limit: int, page_token: str | None) -> Page:
        logs = paths.orchestration_logs(self._db)
        query = logs.where(filter=FieldFilter("tenant_id", "==", tenant_id))
        query = query.order_by("timestamp", direction=Query.DESCENDING)
        return self._page(logs, query, limit, page_token, tenant_id)

    def decision(self, tenant_id: str, session_id: str) -> Document | None:
        with translated_errors(f"reading decision {session_id} of tenant {tenant_id}"):
            reference = paths.orchestration_logs(self._db).document(session_id)
            found: Document | None = reference.get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS).to_dict()
        return found if found is not None and found.get("tenant_id") == tenant_id else None

    def decisions_since(self, tenant_id: str, since: datetime) -> Iterator[Document]:
        query = paths.orchestration_logs(self._db).where(filter=FieldFilter("tenant_id", "==", tenant_id))
        query = query.where(filter=FieldFilter("timestamp", ">=", since))
        query = query.order_by("timestamp", direction=Query.DESCENDING).select(_COUNTED)
        with translated_errors(f"reading decisions of tenant {tenant_id}"):
            for snapshot in query.stream(retry=READ_RETRY, timeout=60):
                yield snapshot.to_dict() or {}

    def decision_at(self, tenant_id: str, at: datetime) -> Document | None:
        query = paths.orchestration_logs(self._db).where(filter=FieldFilter("tenant_id", "==", tenant_id))
        query = query.where(filter=FieldFilter("timestamp", "<=", at))
        query = query.order_by("timestamp", direction=Query.DESCENDING).limit(1)
        with translated_errors(f"reading decisions of tenant {tenant_id}"):
            for snapshot in query.stream(retry=READ_RETRY, timeout=TIMEOUT_SECONDS):
                return snapshot.to_dict()
        return None

    def redemption_of(self, tenant_id: str, session_id: str, strategy_id: str) -> Document | None:
        query = paths.redemptions(self._db, tenant_id).where(filter=FieldFilter("session_id", "==", session_id))
        query = query.where(filter=FieldFilter("strategy_id", "==", strategy_id)).limit(1)
        with translated_errors(f"reading redemptions of tenant {tenant_id}"):
            for snapshot in query.stream(retry=READ_RETRY, timeout=TIMEOUT_SECONDS):
                return snapshot.to_dict()
        return None

    def fills_of(self, tenant_id: str, nonce: str) -> list[Document]:
        query = paths.ledger_trades(self._db, tenant_id).where(filter=FieldFilter("nonce", "==", nonce))
        with translated_errors(f"reading the ledger of tenant {tenant_id}"):
            fills = [one.to_dict() or {} for one in query.stream(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)]
        return sorted(fills, key=lambda fill: fill["ts"])

    def cycle(self, tenant_id: str, cycle_id: str) -> Document | None:
        with translated_errors(f"reading cycle {cycle_id} of tenant {tenant_id}"):
            reference = paths.cycle_record(self._db, tenant_id, cycle_id)
            found: Document | None = reference.get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS).to_dict()
        return found

    def performance(self, tenant_id: str, filters: Mapping[str, str], limit: int, page_token: str | None) -> Page:
        collection = paths.strategy_performance(self._db, tenant_id)
        query: Any = collection
        for field, value in filters.items():
            query = query.where(filter=FieldFilter(field, "==", value))
        query = query.order_by("period_start", direction=Query.DESCENDING)
        return self._page(collection, query, limit, page_token)

    def alerts(self, tenant_id: str, state: str | None, limit: int, page_token: str | None) -> Page:
        collection = paths.alerts(self._db, tenant_id)
        query = collection.order_by("opened_at", direction=Query.DESCENDING)
        if state is not None:
            query = query.where(filter=FieldFilter("state", "==", state))
        return self._page(collection, query, limit, page_token)

    def alert(self, tenant_id: str, alert_id: str) -> tuple[Document | None, Any]:
        with translated_errors(f"reading alert {alert_id} of tenant {tenant_id}"):
            reference = paths.alerts(self._db, tenant_id).document(alert_id)
            snapshot = reference.get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
        return (snapshot.to_dict(), snapshot) if snapshot.exists else (None, None)

    def replace_alert(self, tenant_id: str, alert_id: str, document: Document, version: Any) -> None:
        batch = self._db.batch()
        replace_over(self._db, batch, paths.alerts(self._db, tenant_id).document(alert_id), document, version)
        with translated_errors(f"storing alert {alert_id} of tenant {tenant_id}"):
            batch.commit(retry=None, timeout=TIMEOUT_SECONDS)

    def report(self, tenant_id: str, date: str) -> Document | None:
        with translated_errors(f"reading the report of {date} of tenant {tenant_id}"):
            reference = paths.report(self._db, tenant_id, date)
            found: Document | None = reference.get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS).to_dict()
        return found

    def _page(
        self,
        collection: CollectionReference,
        query: Query,
        limit: int,
        page_token: str | None,
        tenant_id: str | None = None,
    ) -> Page:
        """Return the documents after that of the token, which is the last page's last id."""
        if page_token is not None:
            with translated_errors(f"reading {page_token}"):
                last = collection.document(page_token).get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
            if not last.exists or (tenant_id is not None and last.get("tenant_id") != tenant_id):
                raise InputError("page_token", "the next_page_token of the page before", page_token)
            query = query.start_after(last)
        with translated_errors("reading a page"):
            snapshots = list(query.limit(limit + 1).stream(retry=READ_RETRY, timeout=60))
        items = [(snapshot.id, snapshot.to_dict() or {}) for snapshot in snapshots[:limit]]
        return Page(items, items[-1][0] if len(snapshots) > limit else None)
