"""What access needs from the outside, as protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from functions.domain.access.members import Account
from functions.services.kernel.ports import Document


class Tokens(Protocol):
    """Identifies the caller."""

    def verify(self, token: str, *, is_revocation_checked: bool) -> Mapping[str, Any]:
        """Return a token's claims. Raises RefusedError with UNAUTHENTICATED, StoreUnavailable."""
        ...

    def memberships(self, tenant_id: str, uid: str) -> tuple[Document | None, Document | None]:
        """Return the tenant and the user's membership in it. Raises StoreUnavailable."""
        ...


class Accounts(Protocol):
    """Everyone who can sign in, to any tenant; every method raises StoreUnavailable."""

    def find(self, email: str) -> Account | None:
        """Return the account that signs in with an address. Raises InputError if it is malformed."""
        ...

    def of_uids(self, uids: Sequence[str]) -> Mapping[str, Account]:
        """Return accounts by id; unknown ids are left out."""
        ...

    def create(self, email: str, password: str) -> Account:
        """Create an account without rights. Raises AccountExists if it exists already."""
        ...

    def set_claims(self, account: Account, claims: Mapping[str, Any]) -> None:
        """Replace the claims of an account's ID tokens, from the next token on."""
        ...

    def replace_password(self, account: Account, password: str) -> None:
        """Replace a password, then end the sessions it opened."""
        ...

    def disable(self, account: Account) -> None:
        """Block an account from signing in, then end its sessions."""
        ...

    def end_sessions(self, account: Account) -> None:
        """End the sessions of an account; it may sign in again."""
        ...

    def enable(self, account: Account) -> None:
        """Let an account sign in again."""
        ...


class MemberStore(Protocol):
    """Tenants and their members; every method raises StoreUnavailable."""

    def tenant(self, tenant_id: str) -> Document | None: ...

    def tenants(self) -> Mapping[str, Document]:
        """Return every tenant by id."""
        ...

    def create_tenant(self, tenant_id: str, document: Document) -> None:
        """Store a new tenant. Raises StoreConflict if there is one of that id."""
        ...

    def set_status(self, tenant_id: str, status: str) -> None: ...

    def membership(self, tenant_id: str, uid: str) -> Document | None: ...

    def memberships(self, tenant_id: str) -> Mapping[str, Document]:
        """Return every membership of a tenant by user id."""
        ...

    def close_membership(self, tenant_id: str, uid: str, because: str, at: datetime) -> None:
        """Mark a membership as disabled, with reason and time. Raises StoreConflict if there is none."""
        ...

    def remove_membership(self, tenant_id: str, uid: str) -> None:
        """Delete a membership; repeating it changes nothing."""
        ...

    def merge_membership(self, tenant_id: str, uid: str, fields: Document) -> None:
        """Set fields of a membership, creating it if missing; its other fields stay."""
        ...

    def set_disabled(self, tenant_id: str, uid: str, *, is_disabled: bool) -> None:
        """Mark a membership as disabled, or remove every such mark. Raises StoreConflict if there is none."""
        ...
