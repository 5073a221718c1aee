"""Tenants and memberships on Firestore."""

from __future__ import annotations

from datetime import datetime

from google.cloud.firestore import DELETE_FIELD

from functions.adapters.firestore import paths
from functions.adapters.firestore.base import LONG_TIMEOUT_SECONDS, FirestoreStore, document_of
from functions.services.kernel.ports import Document


class FirestoreMemberStore(FirestoreStore):
    """`MemberStore` on Firestore."""

    def tenant(self, tenant_id: str) -> Document | None:
        return self._get(paths.tenant(self._db, tenant_id), f"reading tenant {tenant_id}").value

    def tenants(self) -> dict[str, Document]:
        found = self._stream(paths.tenants(self._db), "listing tenants", LONG_TIMEOUT_SECONDS)
        return {snapshot.id: document_of(snapshot) for snapshot in found}

    def create_tenant(self, tenant_id: str, document: Document) -> None:
        batch = self._db.batch()
        batch.create(paths.tenant(self._db, tenant_id), dict(document))
        self._commit(batch, f"creating tenant {tenant_id}")

    def set_status(self, tenant_id: str, status: str) -> None:
        batch = self._db.batch()
        batch.update(paths.tenant(self._db, tenant_id), {"status": status})
        self._commit(batch, f"storing the status of tenant {tenant_id}")

    def membership(self, tenant_id: str, uid: str) -> Document | None:
        reference = paths.member(self._db, tenant_id, uid)
        return self._get(reference, f"reading a membership of tenant {tenant_id}").value

    def memberships(self, tenant_id: str) -> dict[str, Document]:
        members = paths.members(self._db, tenant_id)
        found = self._stream(members, f"listing users of tenant {tenant_id}", LONG_TIMEOUT_SECONDS)
        return {snapshot.id: document_of(snapshot) for snapshot in found}

    def close_membership(self, tenant_id: str, uid: str, because: str, at: datetime) -> None:
        batch = self._db.batch()
        marks = {"disabled": True, "closed_because": because, "closed_at": at}
        batch.update(paths.member(self._db, tenant_id, uid), marks)
        self._commit(batch, f"closing a membership of tenant {tenant_id}")

    def remove_membership(self, tenant_id: str, uid: str) -> None:
        batch = self._db.batch()
        batch.delete(paths.member(self._db, tenant_id, uid))
        self._commit(batch, f"removing a membership of tenant {tenant_id}", is_repeatable=True)

    def merge_membership(self, tenant_id: str, uid: str, fields: Document) -> None:
        batch = self._db.batch()
        batch.set(paths.member(self._db, tenant_id, uid), dict(fields), merge=True)
        self._commit(batch, f"storing the membership of {fields['email']}")

    def set_disabled(self, tenant_id: str, uid: str, *, is_disabled: bool) -> None:
        batch = self._db.batch()
        marks = dict.fromkeys(("disabled", "closed_because", "closed_at"), DELETE_FIELD)
        batch.update(paths.member(self._db, tenant_id, uid), {"disabled": True} if is_disabled else marks)
        self._commit(batch, f"storing a membership of tenant {tenant_id}")
