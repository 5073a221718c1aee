"""Which ids a tenant may have, and that nothing is written about one that is not there."""

from __future__ import annotations

import pytest

from functions.domain.kernel.errors import InputError, TenantExistsError, UnknownTenantError
from functions.services.access.manage_tenants import ManageTenants
from tests.fakes import MARCH_16, FakeClock
from tests.unit.services.access.fakes import FakeMemberStore, World


@pytest.fixture
def store() -> FakeMemberStore:
    return FakeMemberStore(World())


@pytest.fixture
def tenants(store: FakeMemberStore) -> ManageTenants:
    return ManageTenants(store, FakeClock())


def test_a_tenant_begins_switched_on_and_is_called_by_its_id(tenants: ManageTenants) -> None:
    tenants.create("acme", None)
    tenants.create("zebra-1", "Zebra Ltd")
    on = {"status": "active", "maestro_enabled": True, "created_at": MARCH_16}
    assert tenants.all() == {"acme": {"name": "acme", **on}, "zebra-1": {"name": "Zebra Ltd", **on}}


@pytest.mark.parametrize("tenant_id", ["", "-acme", "Acme", "a/b", "acme\n", "a" * 64])
def test_a_malformed_id_is_refused(tenant_id: str, tenants: ManageTenants, store: FakeMemberStore) -> None:
    with pytest.raises(InputError, match="1 to 63"):
        tenants.create(tenant_id, None)
    assert store.tenant_documents == {}


def test_a_taken_id_is_refused_and_its_tenant_stays_as_it_is(tenants: ManageTenants) -> None:
    tenants.create("acme", "Acme Ltd")
    tenants.set_status("acme", "disabled")
    with pytest.raises(TenantExistsError) as refused:
        tenants.create("acme", "another")
    assert str(refused.value) == "tenant must be new, was 'acme'", "what to type next is the command line's to say"
    assert tenants.all()["acme"].items() >= {"name": "Acme Ltd", "status": "disabled"}.items()


@pytest.mark.parametrize("tenant_id", ["", "nowhere", "acme/users/ann"])
def test_a_tenant_that_is_not_there_is_refused(tenant_id: str, tenants: ManageTenants, store: FakeMemberStore) -> None:
    tenants.create("acme", None)
    store.tenant_documents["acme/users/ann"] = {"role": "admin"}
    with pytest.raises(UnknownTenantError, match="the id of an existing tenant"):
        tenants.set_status(tenant_id, "disabled")
