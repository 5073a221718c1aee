"""Differences between broker and books, on Firestore."""

from __future__ import annotations

from functions.adapters.firestore import paths
from functions.adapters.firestore.alert_marks import changed, unmarked
from functions.adapters.firestore.base import FirestoreStore
from functions.adapters.firestore.writes import replace_over
from functions.services.broker.drift_ports import ReconciledRecords
from functions.services.kernel.ports import ABSENT, Document, Versioned


class FirestoreDriftStore(FirestoreStore):
    """`DriftStore` on Firestore."""

    def read(self, tenant_id: str) -> ReconciledRecords:
        db = self._db
        session, positions = paths.current_session(db, tenant_id), paths.positions(db, tenant_id)
        drift = paths.drift(db, tenant_id)
        found = self._get_all([session, positions, drift], f"reading the books of tenant {tenant_id}")
        return ReconciledRecords(
            session=unmarked(found.get(session.path, ABSENT)).value,
            positions=found.get(positions.path, ABSENT).value,
            drift=unmarked(found.get(drift.path, ABSENT)),
        )

    def put_drift(self, tenant_id: str, document: Document, before: Versioned[Document | None]) -> None:
        batch = self._db.batch()
        replace_over(batch, paths.drift(self._db, tenant_id), {**document, **changed()}, before)
        self._commit(batch, f"storing the drift of tenant {tenant_id}")
