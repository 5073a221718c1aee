"""A tenant's policy and its history on Firestore."""

from __future__ import annotations

from typing import Any

from google.cloud.firestore import Client, FieldFilter, Query

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore.errors import translated_errors
from functions.adapters.firestore.writes import replace_over
from functions.services.kernel.ports import Document


class FirestorePolicyStore:
    """`PolicyStore` on Firestore."""

    def __init__(self, db: Client) -> None:
        self._db = db

    def read_policy(self, tenant_id: str) -> tuple[Document | None, Any]:
        with translated_errors(f"reading the policy of tenant {tenant_id}"):
            snapshot = paths.policy(self._db, tenant_id).get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
        return (snapshot.to_dict(), snapshot) if snapshot.exists else (None, None)

    def policy_change(self, tenant_id: str, version: int) -> Document | None:
        with translated_errors(f"reading the policy history of tenant {tenant_id}"):
            reference = paths.policy_history(self._db, tenant_id).document(_change_id(version))
            change: Document | None = reference.get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS).to_dict()
        return change

    def policy_history(self, tenant_id: str, before: int | None, limit: int) -> list[Document]:
        query = paths.policy_history(self._db, tenant_id).order_by("version", direction=Query.DESCENDING)
        if before is not None:
            query = query.where(filter=FieldFilter("version", "<", before))
        with translated_errors(f"reading the policy history of tenant {tenant_id}"):
            snapshots = query.limit(limit).stream(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
            return [snapshot.to_dict() or {} for snapshot in snapshots]

    def commit_policy(self, tenant_id: str, document: Document, change: Document, version: Any) -> None:
        db = self._db
        batch = db.batch()
        replace_over(db, batch, paths.policy(db, tenant_id), document, version)
        batch.create(paths.policy_history(db, tenant_id).document(_change_id(change["version"])), dict(change))
        # Redemptions and cycles commit over the state/session they read: now those under way read the policy again.
        batch.set(paths.current_session(db, tenant_id), {"policy_version": change["version"]}, merge=True)
        with translated_errors(f"storing the policy of tenant {tenant_id}"):
            batch.commit(retry=None, timeout=TIMEOUT_SECONDS)


def _change_id(version: int) -> str:
    """Return an id that sorts as the versions do."""
    return f"{version:010d}"
