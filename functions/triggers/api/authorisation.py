"""Who is asking, from the request's ID token."""

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
    Return who is asking, if they have a role.

    Whatever writes, and whatever takes an admin, also has the token checked for revocation: one call more, of Firebase
    Authentication. Other reads do not wait for it; there a token holds until it expires, an hour at most.

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
    """Say which role a route takes; `check_access` sees to it before anything of the request is read."""

    def mark(view: F) -> F:
        view.needed_role = role  # type: ignore[attr-defined]
        return view

    return mark


def check_access() -> None:
    """Set ``flask.g.principal`` for a route that needs a role. Raises as `principal` does."""
    view = current_app.view_functions.get(request.endpoint or "")
    needed = getattr(view, "needed_role", None)
    if needed is not None and request.method != "OPTIONS":  # what browsers ask before they send the token
        g.principal = principal(needed)
