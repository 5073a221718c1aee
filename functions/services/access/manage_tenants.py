"""Create tenants, list them, and switch them on and off."""

from __future__ import annotations

from collections.abc import Mapping

from functions.domain.access.members import check_tenant_id
from functions.domain.kernel.errors import StoreConflict, TenantExistsError, UnknownTenantError
from functions.domain.kernel.parsing import is_document_id
from functions.services.access.ports import MemberStore
from functions.services.kernel.ports import Clock, Document


class ManageTenants:
    """The use case."""

    def __init__(self, store: MemberStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create(self, tenant_id: str, name: str | None) -> Document:
        """
        Create an active tenant, and return its document.

        Raises
        ------
        TenantExistsError
        InputError
            If the id is malformed.
        StoreUnavailable
        """
        check_tenant_id(tenant_id)
        created_at = self._clock.now()
        tenant = {"name": name or tenant_id, "status": "active", "maestro_enabled": True, "created_at": created_at}
        try:
            self._store.create_tenant(tenant_id, tenant)
        except StoreConflict as error:
            raise TenantExistsError(tenant_id) from error
        return tenant

    def set_status(self, tenant_id: str, status: str) -> None:
        """Set a tenant's status, ``active`` or ``disabled``. Raises UnknownTenantError, StoreUnavailable."""
        require_tenant(self._store, tenant_id)
        self._store.set_status(tenant_id, status)

    def all(self) -> Mapping[str, Document]:
        """Return every tenant by id. Raises StoreUnavailable."""
        return self._store.tenants()


def require_tenant(store: MemberStore, tenant_id: str) -> None:
    """Raise UnknownTenantError if there is no such tenant."""
    if not is_document_id(tenant_id) or store.tenant(tenant_id) is None:
        raise UnknownTenantError(tenant_id)
