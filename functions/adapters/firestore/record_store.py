"""Records for API and dashboard: decisions, performance, alerts and reports, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from google.cloud.firestore import CollectionReference, FieldFilter, Query
from google.cloud.firestore_v1.field_path import FieldPath

from functions.adapters.firestore import paths
from functions.adapters.firestore.base import LONG_TIMEOUT_SECONDS, FirestoreStore, document_of
from functions.adapters.firestore.market_data import market_data_of
from functions.adapters.firestore.writes import replace_over
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import is_document_id
from functions.domain.kernel.stored_fields import MAP_OF_MAPS, TEXT, TIME, check_fields
from functions.services.kernel.damage import check_stored, reading
from functions.services.kernel.ports import ABSENT, Document, Versioned
from functions.services.monitoring.ports import Page, PositionRecords

_COUNTED = ("allocation_decisions", "disabled_decisions", "systemic_risk_detected")
_OF_SIGNAL = {"action": TEXT, "ticker": TEXT}


class FirestoreRecordStore(FirestoreStore):
    """`RecordStore` on Firestore."""

    def decisions(self, tenant_id: str, limit: int, page_token: str | None) -> Page:
        logs = paths.orchestration_logs(self._db)
        query = logs.where(filter=FieldFilter("tenant_id", "==", tenant_id))
        query = query.order_by("timestamp", direction=Query.DESCENDING)
        return self._page(logs, query, limit, page_token, tenant_id)

    def decision(self, tenant_id: str, session_id: str) -> Document | None:
        reference = paths.orchestration_logs(self._db).document(session_id)
        found = self._get(reference, f"reading decision {session_id} of tenant {tenant_id}").value
        return found if found is not None and found.get("tenant_id") == tenant_id else None

    def decisions_since(self, tenant_id: str, since: datetime) -> Iterator[Document]:
        return self.decisions_between(tenant_id, since, None)

    def decisions_between(self, tenant_id: str, since: datetime, until: datetime | None) -> Iterator[Document]:
        """Yield the fields that summaries count, of every decision from ``since`` on and before any ``until``."""
        query = paths.orchestration_logs(self._db).where(filter=FieldFilter("tenant_id", "==", tenant_id))
        query = query.where(filter=FieldFilter("timestamp", ">=", since))
        if until is not None:
            query = query.where(filter=FieldFilter("timestamp", "<", until))
        query = query.order_by("timestamp", direction=Query.DESCENDING).select(_COUNTED)
        for snapshot in self._stream(query, f"reading decisions of tenant {tenant_id}", LONG_TIMEOUT_SECONDS):
            yield document_of(snapshot)

    def decision_at(self, tenant_id: str, at: datetime) -> Document | None:
        query = paths.orchestration_logs(self._db).where(filter=FieldFilter("tenant_id", "==", tenant_id))
        query = query.where(filter=FieldFilter("timestamp", "<=", at))
        query = query.order_by("timestamp", direction=Query.DESCENDING)
        return self._first(query, f"reading decisions of tenant {tenant_id}")

    def redemption_of(self, tenant_id: str, session_id: str, strategy_id: str) -> Document | None:
        query = paths.redemptions(self._db, tenant_id).where(filter=FieldFilter("session_id", "==", session_id))
        query = query.where(filter=FieldFilter("strategy_id", "==", strategy_id))
        return self._first(query, f"reading redemptions of tenant {tenant_id}")

    def fills_of(self, tenant_id: str, nonce: str) -> list[tuple[str, Document]]:
        query = paths.ledger_trades(self._db, tenant_id).where(filter=FieldFilter("nonce", "==", nonce))
        return self._entries(query, tenant_id)

    def fills_of_session(self, tenant_id: str, session_id: str) -> list[tuple[str, Document]]:
        query = paths.ledger_trades(self._db, tenant_id).where(filter=FieldFilter("session_id", "==", session_id))
        return self._entries(query, tenant_id)

    def fills_between(self, tenant_id: str, start: datetime, end: datetime) -> list[tuple[str, Document]]:
        query = paths.ledger_trades(self._db, tenant_id).where(filter=FieldFilter("ts", ">=", start))
        return self._entries(query.where(filter=FieldFilter("ts", "<", end)).order_by("ts"), tenant_id)

    def signals_between(
        self, tenant_id: str, strategy_id: str, start: datetime, end: datetime
    ) -> dict[datetime, Document]:
        query = paths.orchestration_logs(self._db).where(filter=FieldFilter("tenant_id", "==", tenant_id))
        query = query.where(filter=FieldFilter("timestamp", ">=", start))
        query = query.where(filter=FieldFilter("timestamp", "<", end))
        signal = FieldPath("signals", strategy_id).to_api_repr()
        query = query.order_by("timestamp", direction=Query.DESCENDING).select(["timestamp", signal])
        logs = self._documents(query, f"reading decisions of tenant {tenant_id}")
        for log in logs:
            check_stored(log, {"timestamp": TIME}, {"signals": MAP_OF_MAPS})
        asked = [log for log in logs if strategy_id in (log.get("signals") or {})]
        for log in asked:
            with reading(log):
                check_fields(log["signals"][strategy_id], _OF_SIGNAL, inside=f"signals.{strategy_id}.")
        return {log["timestamp"]: log["signals"][strategy_id] for log in asked}

    def redeemed(self, tenant_id: str, nonces: Sequence[str]) -> set[str]:
        references = {nonce: paths.redemption(self._db, tenant_id, nonce) for nonce in nonces if is_document_id(nonce)}
        if not references:
            return set()
        found = self._get_all(list(references.values()), f"reading redemptions of tenant {tenant_id}")
        return {nonce for nonce, reference in references.items() if reference.path in found}

    def idempotency_record(self, tenant_id: str, record_id: str) -> Document | None:
        reference = paths.idempotency_record(self._db, tenant_id, record_id)
        return self._get(reference, f"reading the answer to a request of tenant {tenant_id}").value

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

    def alert(self, tenant_id: str, alert_id: str) -> Versioned[Document | None]:
        reference = paths.alerts(self._db, tenant_id).document(alert_id)
        return self._get(reference, f"reading alert {alert_id} of tenant {tenant_id}")

    def replace_alert(
        self, tenant_id: str, alert_id: str, document: Document, before: Versioned[Document | None]
    ) -> None:
        batch = self._db.batch()
        replace_over(batch, paths.alerts(self._db, tenant_id).document(alert_id), document, before)
        self._commit(batch, f"storing alert {alert_id} of tenant {tenant_id}")

    def report(self, tenant_id: str, date: str) -> Document | None:
        reference = paths.report(self._db, tenant_id, date)
        return self._get(reference, f"reading the report of {date} of tenant {tenant_id}").value

    def positions(self, tenant_id: str) -> PositionRecords:
        db = self._db
        references = {
            "positions": paths.positions(db, tenant_id),
            "account": paths.account(db, tenant_id),
            "market_data": paths.market_data(db, tenant_id),
            "modes": paths.modes(db, tenant_id, None),
        }
        wanted, doing = list(references.values()), f"reading the positions of tenant {tenant_id}"
        found = self._get_all_in_parts(wanted, [market_data_of(db, tenant_id)], doing)
        return PositionRecords(**{name: found.get(one.path, ABSENT).value for name, one in references.items()})

    def _entries(self, query: Query, tenant_id: str) -> list[tuple[str, Document]]:
        snapshots = self._stream(query, f"reading the ledger of tenant {tenant_id}", LONG_TIMEOUT_SECONDS)
        return [(snapshot.id, document_of(snapshot)) for snapshot in snapshots]

    def _page(
        self,
        collection: CollectionReference,
        query: Query,
        limit: int,
        page_token: str | None,
        tenant_id: str | None = None,
    ) -> Page:
        """Return the documents after the token, which is the previous page's last id."""
        if page_token is not None:
            last = self._snapshot(collection.document(page_token), f"reading {page_token}")
            if not last.exists or (tenant_id is not None and last.get("tenant_id") != tenant_id):
                raise InputError("page_token", "the next_page_token of the previous page", page_token)
            query = query.start_after(last)
        snapshots = list(self._stream(query.limit(limit + 1), "reading a page", LONG_TIMEOUT_SECONDS))
        items = [(snapshot.id, document_of(snapshot)) for snapshot in snapshots[:limit]]
        return Page(items, items[-1][0] if len(snapshots) > limit else None)
