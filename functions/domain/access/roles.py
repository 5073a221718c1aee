"""Who may do what in which tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.parsing import is_document_id
from functions.domain.kernel.reasons import ReasonCode


class Role(StrEnum):
    """What a member may do; each role includes those before it."""

    VIEWER = "viewer"
    TRADER = "trader"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in member of a tenant."""

    uid: str
    tenant_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class Claimed:
    """The claims of a verified ID token."""

    uid: str
    tenant_id: str
    role: Role


def read_claims(claims: Mapping[str, Any]) -> Claimed:
    """
    Read a verified token's claims.

    Raises
    ------
    RefusedError
        With NOT_A_MEMBER, if they name no tenant and role.
    """
    uid, tenant_id, role = (claims.get(name) for name in ("uid", "tenant_id", "role"))
    if not is_document_id(uid) or not is_document_id(tenant_id) or role not in list(Role):
        raise RefusedError(
            ReasonCode.NOT_A_MEMBER, "the ID token has no tenant and role: ask an admin to add you, then sign in again"
        )
    return Claimed(uid, tenant_id, Role(role))


def authorise(
    claimed: Claimed, tenant: Mapping[str, Any] | None, membership: Mapping[str, Any] | None, needed: Role
) -> Principal:
    """
    Return the caller, if they are allowed.

    The role is the lower of claim and membership, so that revoking either takes effect.

    Raises
    ------
    RefusedError
        If the user is not a member, the tenant is disabled, or the role is too low.
    """
    stored = (membership or {}).get("role")
    is_member = isinstance(stored, str) and stored in list(Role) and (membership or {}).get("disabled") is not True
    if tenant is None or not isinstance(stored, str) or not is_member:
        raise RefusedError(
            ReasonCode.NOT_A_MEMBER,
            f"you are not a member of tenant {claimed.tenant_id}, or are disabled there: ask an admin",
        )
    if tenant.get("status") not in (None, "active"):
        raise RefusedError(
            ReasonCode.TENANT_DISABLED, f"tenant {claimed.tenant_id} is disabled: ask an operator to enable it"
        )
    role = min(claimed.role, Role(stored), key=lambda one: one.rank)
    if role.rank < needed.rank:
        raise RefusedError(ReasonCode.ROLE_TOO_LOW, f"this requires the role {needed}, yours is {role}")
    return Principal(claimed.uid, claimed.tenant_id, role)
