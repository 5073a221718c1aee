"""Who may sign in to a tenant, as recorded by authentication and by the tenant, and where the two disagree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from functions.domain.access.roles import Role
from functions.domain.kernel.errors import InputError

SHORTEST_PASSWORD = 12
_TENANT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Account:
    """A user who can sign in, as recorded by authentication."""

    uid: str
    email: str
    is_disabled: bool
    claims: Mapping[str, Any]
    """Claims of their ID tokens: tenant, role, and any others."""

    @property
    def rights(self) -> tuple[Any, Any]:
        """The tenant and the role that their ID tokens claim."""
        return self.claims.get("tenant_id"), self.claims.get("role")

    def may_belong_to(self, tenant_id: str) -> bool:
        """Return whether they belong to this tenant or to none: a user has one tenant."""
        return self.rights[0] in (None, tenant_id)


@dataclass(frozen=True, slots=True)
class Member:
    """A user who may sign in to a tenant."""

    uid: str
    email: str
    role: str


class Disagreement(StrEnum):
    """How a membership and authentication may contradict each other."""

    NO_ACCOUNT = "NO_ACCOUNT"
    RIGHTS_DIFFER = "RIGHTS_DIFFER"
    STATUS_DIFFERS = "STATUS_DIFFERS"


@dataclass(frozen=True, slots=True)
class ListedMember:
    """A membership, and whether authentication agrees with it."""

    uid: str
    email: str
    role: str
    is_disabled: bool
    created_at: datetime | None
    disagreement: Disagreement | None
    claimed: tuple[Any, Any]
    """The tenant and the role that the user's ID tokens claim."""


def listed_member(tenant_id: str, uid: str, membership: Mapping[str, Any], account: Account | None) -> ListedMember:
    """Compare a membership with authentication; ``account`` is None if authentication has no such user."""
    role, is_disabled = str(membership.get("role")), membership.get("disabled") is True
    disagreement = None
    if account is None:
        disagreement = None if is_disabled else Disagreement.NO_ACCOUNT
    elif account.rights != (tenant_id, role):
        disagreement = Disagreement.RIGHTS_DIFFER
    elif account.is_disabled != is_disabled:
        disagreement = Disagreement.STATUS_DIFFERS
    email = account.email if account else str(membership.get("email"))
    claimed = account.rights if account else (None, None)
    return ListedMember(uid, email, role, is_disabled, membership.get("created_at"), disagreement, claimed)


class ClosedBecause(StrEnum):
    """Why a membership was closed automatically."""

    DELETED = "DELETED"
    DISABLED = "DISABLED"


def left_open(
    memberships: Mapping[str, Mapping[str, Any]], accounts: Mapping[str, Account]
) -> dict[str, ClosedBecause]:
    """
    Return the open memberships of users who were deleted or disabled in authentication: the reason by user id.

    Parameters
    ----------
    memberships : mapping
        By user id; those without a role do not count.
    accounts : mapping
        By user id; a missing user was deleted.
    """
    found = {}
    for uid, membership in memberships.items():
        if membership.get("role") not in list(Role) or membership.get("disabled") is True:
            continue
        if uid not in accounts:
            found[uid] = ClosedBecause.DELETED
        elif accounts[uid].is_disabled:
            found[uid] = ClosedBecause.DISABLED
    return found


def membership_fields(account: Account, role: Role, before: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return a membership's fields about rights; its start, and whether it is disabled, are left as they are."""
    return {"created_at": before.get("created_at", now), "role": str(role), "email": account.email}


def check_tenant_id(tenant_id: str) -> None:
    """Raise InputError if no tenant may have this id."""
    if not _TENANT_ID.fullmatch(tenant_id):
        raise InputError("tenant", "1 to 63 of a-z, 0-9 and -, not beginning with -", tenant_id)


def check_password(password: str) -> None:
    """Raise InputError if a password is too short; the error says how long it was, not what it was."""
    if len(password) < SHORTEST_PASSWORD:
        raise InputError("password length", f"at least {SHORTEST_PASSWORD} characters", len(password))
