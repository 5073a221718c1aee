"""The account snapshot and the market data on Firestore."""

from __future__ import annotations

from google.cloud.firestore import DocumentReference

from functions.adapters.firestore import paths
from functions.adapters.firestore.base import FirestoreStore
from functions.adapters.firestore.market_data import packed
from functions.adapters.firestore.parts import parts_of
from functions.adapters.firestore.writes import replace_over
from functions.domain.kernel.stored_fields import COUNT
from functions.services.kernel.damage import check_stored
from functions.services.kernel.ports import Document, Versioned


class FirestoreInputStore(FirestoreStore):
    """`InputStore` on Firestore."""

    def read_input(self, tenant_id: str, kind: str) -> Versioned[Document | None]:
        return self._get(self._reference(tenant_id, kind), f"reading {kind} of tenant {tenant_id}")

    def commit_input(self, tenant_id: str, kind: str, document: Document, before: Versioned[Document | None]) -> None:
        batch = self._db.batch()
        first, *rest = packed(document) if kind == "market_data" else [dict(document)]
        replace_over(batch, self._reference(tenant_id, kind), first, before)
        for number, part in enumerate(rest, start=2):
            batch.set(paths.market_data_part(self._db, tenant_id, number), part)
        for number in range(len(rest) + 2, parts_of(before.value) + 1):
            batch.delete(paths.market_data_part(self._db, tenant_id, number))
        self._commit(batch, f"storing {kind} of tenant {tenant_id}")

    def ledger_version(self, tenant_id: str) -> int:
        session = self._get(paths.current_session(self._db, tenant_id), f"reading the session of tenant {tenant_id}")
        check_stored(session.value, {}, {"ledger_version": COUNT})
        return int((session.value or {}).get("ledger_version") or 0)

    def _reference(self, tenant_id: str, kind: str) -> DocumentReference:
        return {"account": paths.account, "market_data": paths.market_data}[kind](self._db, tenant_id)
