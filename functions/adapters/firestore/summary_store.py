"""Logged decisions, for their summaries, on Firestore."""

from __future__ import annotations

from functions.adapters.firestore import paths
from functions.adapters.firestore.base import FirestoreStore
from functions.adapters.firestore.writes import update_over
from functions.services.kernel.ports import Document, Version, Versioned


class FirestoreSummaryStore(FirestoreStore):
    """`SummaryStore` on Firestore."""

    def read_decision(self, session_id: str) -> Versioned[Document | None]:
        return self._get(paths.orchestration_logs(self._db).document(session_id), f"reading decision {session_id}")

    def write_summary(self, session_id: str, fields: Document, version: Version | None) -> None:
        batch = self._db.batch()
        update_over(batch, paths.orchestration_logs(self._db).document(session_id), fields, version)
        self._commit(batch, f"storing the summary of decision {session_id}")
