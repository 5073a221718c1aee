"""A tenant's policy and its history on Firestore."""

from __future__ import annotations

from collections.abc import Mapping

from google.cloud.firestore import FieldFilter, Query

from functions.adapters.firestore import paths
from functions.adapters.firestore.alert_marks import changed
from functions.adapters.firestore.base import FirestoreStore
from functions.adapters.firestore.writes import replace_over
from functions.services.kernel.ports import Document, Versioned


class FirestorePolicyStore(FirestoreStore):
    """`PolicyStore` on Firestore."""

    def read_policy(self, tenant_id: str) -> Versioned[Document | None]:
        return self._get(paths.policy(self._db, tenant_id), f"reading the policy of tenant {tenant_id}")

    def policy_change(self, tenant_id: str, version: int) -> Document | None:
        reference = paths.policy_history(self._db, tenant_id).document(change_id(version))
        return self._get(reference, f"reading the policy history of tenant {tenant_id}").value

    def idempotency_record(self, tenant_id: str, record_id: str) -> Document | None:
        reference = paths.idempotency_record(self._db, tenant_id, record_id)
        return self._get(reference, f"reading the answer to a request of tenant {tenant_id}").value

    def policy_history(self, tenant_id: str, before: int | None, limit: int) -> list[Document]:
        query = paths.policy_history(self._db, tenant_id).order_by("version", direction=Query.DESCENDING)
        if before is not None:
            query = query.where(filter=FieldFilter("version", "<", before))
        return self._documents(query.limit(limit), f"reading the policy history of tenant {tenant_id}")

    def commit_policy(
        self,
        tenant_id: str,
        document: Document,
        change: Document,
        before: Versioned[Document | None],
        keyed: Mapping[str, Document],
    ) -> None:
        db = self._db
        batch = db.batch()
        replace_over(batch, paths.policy(db, tenant_id), document, before)
        batch.create(paths.policy_history(db, tenant_id).document(change_id(change["version"])), dict(change))
        # Redemptions and cycles commit over the state/session they read: this makes concurrent ones read the policy
        # again.
        batch.set(paths.current_session(db, tenant_id), {"policy_version": change["version"], **changed()}, merge=True)
        for record_id, record in keyed.items():
            batch.create(paths.idempotency_record(db, tenant_id, record_id), dict(record))
        self._commit(batch, f"storing the policy of tenant {tenant_id}")


def change_id(version: int) -> str:
    """Return the id of a change in the history, which sorts like the versions."""
    return f"{version:010d}"
