"""Marks by which the schedule of alert checks skips tenants: when the next check is due, and who changed."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from typing import Any

from google.cloud.firestore import SERVER_TIMESTAMP, FieldFilter

from functions.adapters.firestore import paths
from functions.adapters.firestore.base import LONG_TIMEOUT_SECONDS, FirestoreStore
from functions.services.kernel.ports import Document, StoredDocument, Versioned

NEXT_CHECK = "alerts_next_check_at"
"""Field of the tenant: when its alerts must be checked if nothing changes."""
_CHANGED = "alerts_changed_at"


def changed() -> dict[str, Any]:
    """Return the field that marks a document in a tenant's `state` as changed now."""
    return {_CHANGED: SERVER_TIMESTAMP}


def unmarked(stored: Versioned[Document | None]) -> Versioned[Document | None]:
    """Return a document without the mark, which is internal."""
    if isinstance(stored.value, StoredDocument):
        stored.value.pop(_CHANGED, None)
    return stored


class FirestoreChangedTenants(FirestoreStore):
    """`ChangedTenants` on Firestore."""

    def mark(self, tenant_id: str) -> None:
        batch = self._db.batch()
        batch.set(paths.changes(self._db, tenant_id), changed())
        self._commit(batch, f"marking tenant {tenant_id} as changed", is_repeatable=True)

    def changed_since(self, at: datetime) -> Set[str]:
        query = self._db.collection_group("state").where(filter=FieldFilter(_CHANGED, ">=", at)).select([])
        found = self._stream(query, "reading which tenants changed", LONG_TIMEOUT_SECONDS)
        return {one.reference.path.split("/")[1] for one in found}
