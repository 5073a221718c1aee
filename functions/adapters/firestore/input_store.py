"""The account snapshot and the market data on Firestore."""

from __future__ import annotations

from typing import Any

from google.cloud.firestore import Client, DocumentReference

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore.errors import translated_errors
from functions.adapters.firestore.writes import replace_over
from functions.services.kernel.ports import Document


class FirestoreInputStore:
    """`InputStore` on Firestore."""

    def __init__(self, db: Client) -> None:
        self._db = db

    def read_input(self, tenant_id: str, kind: str) -> tuple[Document | None, Any]:
        with translated_errors(f"reading {kind} of tenant {tenant_id}"):
            snapshot = self._reference(tenant_id, kind).get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
        return (snapshot.to_dict(), snapshot) if snapshot.exists else (None, None)

    def commit_input(self, tenant_id: str, kind: str, document: Document, version: Any) -> None:
        batch = self._db.batch()
        replace_over(self._db, batch, self._reference(tenant_id, kind), document, version)
        with translated_errors(f"storing {kind} of tenant {tenant_id}"):
            batch.commit(retry=None, timeout=TIMEOUT_SECONDS)

    def _reference(self, tenant_id: str, kind: str) -> DocumentReference:
        return {"account": paths.account, "market_data": paths.market_data}[kind](self._db, tenant_id)
