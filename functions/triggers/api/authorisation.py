"""Authentication and role checks, by the request's ID token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, g, request

from functions.domain.access.roles import Principal, Role, authorise, read_claims
from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.triggers.api.dependencies import services

F = TypeVar("F", bound=Callable[..., Any])

_SCHEME = "bearer "
_LONGEST_TOKEN = 8192
_READS = {"GET", "HEAD"}


def principal(needed: Role) -> Principal:
    """
    Return the caller, if they have the role.

    Writes, and routes for admins, also check the token for revocation: one more call to Firebase Authentication. Other
    reads skip it: there, a revoked token is valid until it expires, an hour at most.

    Raises
    ------
    RefusedError
        If the token is missing or not valid, or the role too low.
    StoreUnavailable
    """
    header = request.headers.get("Authorization", "")
    token = header[len(_SCHEME) :].strip()
    if header[: len(_SCHEME)].lower() != _SCHEME or not token or len(token) > _LONGEST_TOKEN:
        raise RefusedError(ReasonCode.UNAUTHENTICATED, "send a Firebase ID token: Authorization: Bearer …")
    tokens = services().tokens
    is_grave = needed is Role.ADMIN or request.method not in _READS
    claimed = read_claims(tokens.verify(token, is_revocation_checked=is_grave))
    tenant, membership = tokens.memberships(claimed.tenant_id, claimed.uid)
    return authorise(claimed, tenant, membership, needed)


def needs(role: Role) -> Callable[[F], F]:
    """Set the role that a route requires; `check_access` enforces it before the request is read."""

    def mark(view: F) -> F:
        view.needed_role = role  # type: ignore[attr-defined]
        return view

    return mark


def check_access() -> None:
    """Set ``flask.g.principal`` for a route that needs a role. Raises as `principal` does."""
    view = current_app.view_functions.get(request.endpoint or "")
    needed = getattr(view, "needed_role", None)
    if needed is not None and request.method != "OPTIONS":  # browsers ask this before they send the token
        g.principal = principal(needed)
