"""The tenants on Firestore."""

from __future__ import annotations

from collections.abc import Iterator

from google.cloud.firestore import FieldFilter

from functions.adapters.firestore import paths
from functions.adapters.firestore.base import LONG_TIMEOUT_SECONDS, FirestoreStore


class FirestoreTenantDirectory(FirestoreStore):
    """`TenantDirectory` on Firestore."""

    def enabled_tenants(self) -> Iterator[str]:
        """Yield tenants with ``maestro_enabled``, but for those whose ``status`` is set and not ``active``."""
        query = paths.tenants(self._db).where(filter=FieldFilter("maestro_enabled", "==", True)).select(["status"])
        for snapshot in self._stream(query, "reading the tenants", LONG_TIMEOUT_SECONDS):
            if (snapshot.to_dict() or {}).get("status") in (None, "active"):
                yield snapshot.id
