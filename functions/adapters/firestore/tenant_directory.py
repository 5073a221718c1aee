"""The tenants on Firestore."""

from __future__ import annotations

from collections.abc import Iterator

from google.cloud.firestore import Client, FieldFilter

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import READ_RETRY
from functions.adapters.firestore.errors import translated_errors


class FirestoreTenantDirectory:
    """`TenantDirectory` on Firestore."""

    def __init__(self, db: Client) -> None:
        self._db = db

    def enabled_tenants(self) -> Iterator[str]:
        """Yield tenants with ``maestro_enabled``, but for those whose ``status`` is set and not ``active``."""
        query = paths.tenants(self._db).where(filter=FieldFilter("maestro_enabled", "==", True)).select(["status"])
        with translated_errors("reading the tenants"):
            for snapshot in query.stream(retry=READ_RETRY, timeout=60):
                if (snapshot.to_dict() or {}).get("status") in (None, "active"):
                    yield snapshot.id
