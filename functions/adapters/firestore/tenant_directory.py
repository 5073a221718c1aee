"""The tenants on Firestore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from google.cloud.firestore import DocumentReference, DocumentSnapshot, FieldFilter

from functions.adapters.firestore import paths
from functions.adapters.firestore.alert_marks import NEXT_CHECK
from functions.adapters.firestore.base import LONG_TIMEOUT_SECONDS, FirestoreStore
from functions.domain.kernel.spans import Span
from functions.services.kernel.ports import Document, TenantPage


class FirestoreTenantDirectory(FirestoreStore):
    """`TenantDirectory` on Firestore."""

    def enabled_tenants(self) -> Iterator[str]:
        """Yield tenants with ``maestro_enabled``, except those with a ``status`` other than ``active``."""
        query = paths.tenants(self._db).where(filter=FieldFilter("maestro_enabled", "==", True)).select(["status"])
        for snapshot in self._stream(query, "reading the tenants", LONG_TIMEOUT_SECONDS):
            if _is_active(snapshot):
                yield snapshot.id

    def page(self, span: Span, limit: int) -> TenantPage:
        """Return the first tenants of a span; Firestore orders them by the bytes of their ids."""
        query = paths.tenants(self._db).where(filter=FieldFilter("maestro_enabled", "==", True))
        query = query.select(["status", NEXT_CHECK]).order_by("__name__")
        if span.after:
            query = query.start_after({"__name__": paths.tenant(self._db, span.after)})
        if span.until is not None:
            query = query.end_at({"__name__": paths.tenant(self._db, span.until)})
        found = list(self._stream(query.limit(limit), "reading a page of the tenants", LONG_TIMEOUT_SECONDS))
        last = found[-1].id if found else ""
        checks = {one.id: at for one in found if isinstance(at := (one.to_dict() or {}).get(NEXT_CHECK), datetime)}
        return TenantPage([one.id for one in found if _is_active(one)], last, len(found) == limit, checks)

    def settings(self, tenant_ids: Sequence[str], names: Sequence[str]) -> Mapping[str, Document]:
        references = {tenant_id: paths.policy(self._db, tenant_id) for tenant_id in tenant_ids}
        found = self._get_fields(list(references.values()), names, "reading the tenants' policies")
        return {tenant_id: found[one.path] for tenant_id, one in references.items() if one.path in found}


def _is_active(snapshot: DocumentSnapshot[DocumentReference]) -> bool:
    return (snapshot.to_dict() or {}).get("status") in (None, "active")
