"""Tenants and members, managed by tools: no deployed function manages them."""

from __future__ import annotations

import os
import secrets
import string
from collections.abc import Iterator
from contextlib import contextmanager

from google.cloud.firestore import Client

from functions.adapters.firebase_auth.accounts import FirebaseAccounts
from functions.adapters.firestore.member_store import FirestoreMemberStore
from functions.adapters.system import SystemClock
from functions.domain.kernel.errors import (
    AccountExists,
    InputError,
    StoreConflict,
    TenantExistsError,
    UnknownMemberError,
    UnknownTenantError,
)
from functions.services.access.manage_members import ManageMembers
from functions.services.access.manage_tenants import ManageTenants
from tools.terminal import command_line


def manage_tenants(db: Client) -> ManageTenants:
    check_emulators()
    return ManageTenants(FirestoreMemberStore(db), SystemClock())


def manage_members(db: Client) -> ManageMembers:
    check_emulators()
    return ManageMembers(FirestoreMemberStore(db), FirebaseAccounts(), SystemClock())


def check_emulators() -> None:
    """Raise InputError if only one of Firestore and Authentication is emulated: they would not share users."""
    names = ("FIRESTORE_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST")
    if len({bool(os.environ.get(name)) for name in names}) > 1:
        values = {name: os.environ.get(name) for name in names}
        raise InputError(" and ".join(names), "both set (emulator) or both unset (cloud)", values)


@contextmanager
def hints() -> Iterator[None]:
    """Say what to type next if something inside the block is refused; also a decorator."""
    try:
        yield
    except (TenantExistsError, UnknownTenantError, UnknownMemberError) as error:
        raise InputError(error.field, f"{error.limit} ({hint_about(error)})", error.value) from error
    except AccountExists as error:
        raise StoreConflict(f"{error}: run it again") from error


def hint_about(error: TenantExistsError | UnknownTenantError | UnknownMemberError) -> str:
    match error:
        case TenantExistsError():
            enable = command_line("tenant", "enable", str(error.value))
            return f"it exists; {command_line('tenant', 'list')} shows all, {enable} switches it on"
        case UnknownTenantError():
            return f"{command_line('tenant', 'list')} shows all, {command_line('tenant', 'create', 'NAME')} adds one"
        case UnknownMemberError():
            everyone = command_line("user", "list", error.tenant_id)
            create = command_line("user", "create", error.tenant_id, "EMAIL", "--role", "ROLE")
            return f"{everyone} shows all, {create} adds one"


def random_password() -> str:
    """Return 24 random characters, with one of every kind that password policies may ask for."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.+=")
    characters = [secrets.choice(kind) for kind in kinds]
    characters += [secrets.choice("".join(kinds)) for _ in range(24 - len(kinds))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)
