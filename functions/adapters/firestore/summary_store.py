"""Logged decisions, for their summaries, on Firestore."""

from __future__ import annotations

from typing import Any

from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore.errors import translated_errors
from functions.services.kernel.ports import Document


class FirestoreSummaryStore:
    """`SummaryStore` on Firestore."""

    def __init__(self, db: Client) -> None:
        self._db = db

    def read_decision(self, session_id: str) -> tuple[Document | None, Any]:
        with translated_errors(f"reading decision {session_id}"):
            reference = paths.orchestration_logs(self._db).document(session_id)
            snapshot = reference.get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
        return (snapshot.to_dict(), snapshot.update_time) if snapshot.exists else (None, None)

    def write_summary(self, session_id: str, fields: Document, version: Any) -> None:
        reference = paths.orchestration_logs(self._db).document(session_id)
        unchanged = self._db.write_option(last_update_time=version)
        with translated_errors(f"storing the summary of decision {session_id}"):
            reference.update(dict(fields), option=unchanged, retry=None, timeout=TIMEOUT_SECONDS)
