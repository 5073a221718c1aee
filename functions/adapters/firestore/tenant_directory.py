"""The tenants on Firestore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from google.cloud.firestore import FieldFilter

from functions.adapters.firestore import paths
from functions.adapters.firestore.base import LONG_TIMEOUT_SECONDS, FirestoreStore
from functions.services.kernel.ports import Document


class FirestoreTenantDirectory(FirestoreStore):
    """`TenantDirectory` on Firestore."""

    def enabled_tenants(self) -> Iterator[str]:
        """Yield tenants with ``maestro_enabled``, but for those whose ``status`` is set and not ``active``."""
        query = paths.tenants(self._db).where(filter=FieldFilter("maestro_enabled", "==", True)).select(["status"])
        for snapshot in self._stream(query, "reading the tenants", LONG_TIMEOUT_SECONDS):
            if (snapshot.to_dict() or {}).get("status") in (None, "active"):
                yield snapshot.id

    def settings(self, tenant_ids: Sequence[str], names: Sequence[str]) -> Mapping[str, Document]:
        references = {tenant_id: paths.policy(self._db, tenant_id) for tenant_id in tenant_ids}
        found = self._get_fields(list(references.values()), names, "reading the tenants' policies")
        return {tenant_id: found[one.path] for tenant_id, one in references.items() if one.path in found}
