"""Tenants, memberships and accounts in memory, with every write in one log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from functions.domain.access.members import Account
from functions.domain.kernel.errors import InputError, StoreConflict, StoreUnavailable
from functions.services.access.manage_members import ManageMembers
from functions.services.access.manage_tenants import ManageTenants
from functions.services.kernel.ports import Document
from tests.fakes import FakeClock


class World:
    """What both stores write to; ``fails_at`` names the write that fails, as a cut cable would make it."""

    def __init__(self) -> None:
        self.writes: list[str] = []
        self.fails_at: str | None = None

    def write(self, what: str) -> None:
        if what == self.fails_at:
            raise StoreUnavailable(f"{what}: unplugged")
        self.writes.append(what)


class FakeMemberStore:
    """`MemberStore` in dicts."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.tenant_documents: dict[str, dict[str, Any]] = {}
        self.members: dict[tuple[str, str], dict[str, Any]] = {}

    def tenant(self, tenant_id: str) -> Document | None:
        return self.tenant_documents.get(tenant_id)

    def tenants(self) -> Mapping[str, Document]:
        return self.tenant_documents

    def create_tenant(self, tenant_id: str, document: Document) -> None:
        if tenant_id in self.tenant_documents:
            raise StoreConflict(f"creating tenant {tenant_id}")
        self.tenant_documents[tenant_id] = dict(document)

    def set_status(self, tenant_id: str, status: str) -> None:
        self.tenant_documents[tenant_id]["status"] = status

    def membership(self, tenant_id: str, uid: str) -> Document | None:
        return self.members.get((tenant_id, uid))

    def memberships(self, tenant_id: str) -> Mapping[str, Document]:
        return {uid: one for (tenant, uid), one in self.members.items() if tenant == tenant_id}

    def close_membership(self, tenant_id: str, uid: str, because: str, at: datetime) -> None:
        self._world.write(f"membership of {uid} closed")
        marks = {"disabled": True, "closed_because": because, "closed_at": at}
        self.members[tenant_id, uid] = {**self.members[tenant_id, uid], **marks}

    def remove_membership(self, tenant_id: str, uid: str) -> None:
        self._world.write("membership removed")
        self.members.pop((tenant_id, uid), None)

    def merge_membership(self, tenant_id: str, uid: str, fields: Document) -> None:
        self._world.write("membership")
        self.members[tenant_id, uid] = {**self.members.get((tenant_id, uid), {}), **fields}

    def set_disabled(self, tenant_id: str, uid: str, *, is_disabled: bool) -> None:
        self._world.write("membership disabled" if is_disabled else "membership enabled")
        marks = set() if is_disabled else {"disabled", "closed_because", "closed_at"}
        kept = {name: value for name, value in self.members[tenant_id, uid].items() if name not in marks}
        self.members[tenant_id, uid] = kept | ({"disabled": True} if is_disabled else {})


class FakeAccounts:
    """`Accounts` in a dict by address; an account's uid is its address without the domain."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.by_email: dict[str, Account] = {}
        self.passwords: dict[str, str] = {}

    def find(self, email: str) -> Account | None:
        if "@" not in email:
            raise InputError("email", "an address", email)
        return self.by_email.get(email)

    def of_uids(self, uids: Sequence[str]) -> Mapping[str, Account]:
        return {one.uid: one for one in self.by_email.values() if one.uid in uids}

    def create(self, email: str, password: str) -> Account:
        self._world.write("account")
        self.by_email[email] = Account(email.partition("@")[0], email, is_disabled=False, claims={})
        self.passwords[email] = password
        return self.by_email[email]

    def set_claims(self, account: Account, claims: Mapping[str, Any]) -> None:
        self._world.write("claims")
        self.by_email[account.email] = replace(account, claims=dict(claims))

    def replace_password(self, account: Account, password: str) -> None:
        self._world.write("password")
        self.passwords[account.email] = password

    def disable(self, account: Account) -> None:
        self._world.write("account disabled")
        self.by_email[account.email] = replace(account, is_disabled=True)

    def end_sessions(self, account: Account) -> None:
        self._world.write("sessions ended")

    def enable(self, account: Account) -> None:
        self._world.write("account enabled")
        self.by_email[account.email] = replace(account, is_disabled=False)


class BareOffice:
    """Where members of acme are managed; nobody is one yet."""

    def __init__(self) -> None:
        self.world, self.clock = World(), FakeClock()
        self.store, self.accounts = FakeMemberStore(self.world), FakeAccounts(self.world)
        ManageTenants(self.store, self.clock).create("acme", None)
        self.members = ManageMembers(self.store, self.accounts, self.clock)
