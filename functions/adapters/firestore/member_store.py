"""Tenants and memberships on Firestore."""

from __future__ import annotations

from google.cloud.firestore import DELETE_FIELD, Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore.errors import translated_errors
from functions.services.kernel.ports import Document


class FirestoreMemberStore:
    """`MemberStore` on Firestore."""

    def __init__(self, db: Client) -> None:
        self._db = db

    def tenant(self, tenant_id: str) -> Document | None:
        with translated_errors(f"reading tenant {tenant_id}"):
            reference = paths.tenant(self._db, tenant_id)
            found: Document | None = reference.get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS).to_dict()
        return found

    def tenants(self) -> dict[str, Document]:
        with translated_errors("listing tenants"):
            return {one.id: one.to_dict() or {} for one in paths.tenants(self._db).stream(retry=READ_RETRY, timeout=60)}

    def create_tenant(self, tenant_id: str, document: Document) -> None:
        with translated_errors(f"creating tenant {tenant_id}"):
            paths.tenant(self._db, tenant_id).create(dict(document), retry=None, timeout=TIMEOUT_SECONDS)

    def set_status(self, tenant_id: str, status: str) -> None:
        with translated_errors(f"storing the status of tenant {tenant_id}"):
            paths.tenant(self._db, tenant_id).update({"status": status}, retry=None, timeout=TIMEOUT_SECONDS)

    def membership(self, tenant_id: str, uid: str) -> Document | None:
        with translated_errors(f"reading a membership of tenant {tenant_id}"):
            reference = paths.member(self._db, tenant_id, uid)
            found: Document | None = reference.get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS).to_dict()
        return found

    def memberships(self, tenant_id: str) -> dict[str, Document]:
        with translated_errors(f"listing users of tenant {tenant_id}"):
            members = paths.member(self._db, tenant_id, "any").parent
            return {one.id: one.to_dict() or {} for one in members.stream(retry=READ_RETRY, timeout=60)}

    def merge_membership(self, tenant_id: str, uid: str, fields: Document) -> None:
        with translated_errors(f"storing the membership of {fields['email']}"):
            reference = paths.member(self._db, tenant_id, uid)
            reference.set(dict(fields), merge=True, retry=None, timeout=TIMEOUT_SECONDS)

    def set_disabled(self, tenant_id: str, uid: str, *, is_disabled: bool) -> None:
        with translated_errors(f"storing a membership of tenant {tenant_id}"):
            reference = paths.member(self._db, tenant_id, uid)
            mark = {"disabled": True if is_disabled else DELETE_FIELD}
            reference.update(mark, retry=None, timeout=TIMEOUT_SECONDS)
