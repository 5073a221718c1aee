"""Tenants and the people who may sign in to them: Firebase Authentication and memberships, side by side."""

from __future__ import annotations

import os
import re
import secrets
import string
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from firebase_admin import auth, exceptions
from google.cloud.firestore import DELETE_FIELD, Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore.errors import translated_errors
from functions.domain.kernel.access import Role
from functions.domain.kernel.errors import InputError, StoreConflict, StoreUnavailable
from functions.services.kernel.ports import Document

SHORTEST_PASSWORD = 12
_TENANT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_USERS_PER_CALL = 100
"""How many Firebase looks up at once."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in to a tenant."""

    uid: str
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A membership, and what Firebase Authentication says of the same person."""

    uid: str
    email: str
    role: str
    is_disabled: bool
    created_at: datetime | None
    problem: str | None
    """Where the two do not agree."""


class FirebaseUsers:
    """
    Create and change tenants and users, as an operator does.

    Membership and claim are two writes. Whatever ends between them leaves the lower of the rights before and after,
    because the lower role of the two holds, and a repeat completes it.

    Parameters
    ----------
    db : Client
        Of the project whose users these are; Firebase's default app must be of the same.

    Raises
    ------
    InputError
        If only one of Firestore and Authentication is the emulator.
    """

    def __init__(self, db: Client) -> None:
        self._db = db
        names = ("FIRESTORE_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST")
        if len({bool(os.environ.get(name)) for name in names}) > 1:
            values = {name: os.environ.get(name) for name in names}
            raise InputError(" and ".join(names), "both set (emulator) or both unset (cloud)", values)

    def create_tenant(self, tenant_id: str, name: str | None, now: datetime) -> Document:
        """
        Create an enabled tenant.

        Raises
        ------
        InputError
            If the id is malformed or taken.
        """
        if not _TENANT_ID.fullmatch(tenant_id):
            limit = "1 to 63 of a-z, 0-9 and -, not beginning with -"
            raise InputError("tenant", limit, tenant_id)
        tenant = {"name": name or tenant_id, "status": "active", "maestro_enabled": True, "created_at": now}
        try:
            with translated_errors(f"creating tenant {tenant_id}"):
                paths.tenant(self._db, tenant_id).create(tenant, retry=None, timeout=TIMEOUT_SECONDS)
        except StoreConflict as error:
            limit = "new (it exists; tenant list shows all, tenant enable switches one on)"
            raise InputError("tenant", limit, tenant_id) from error
        return tenant

    def set_tenant_status(self, tenant_id: str, status: str) -> None:
        """
        Set a tenant's status, ``active`` or ``disabled``.

        Raises
        ------
        InputError
            If there is no such tenant.
        """
        self._require_tenant(tenant_id)
        with translated_errors(f"storing the status of tenant {tenant_id}"):
            paths.tenant(self._db, tenant_id).update({"status": status}, retry=None, timeout=TIMEOUT_SECONDS)

    def tenants(self) -> dict[str, Document]:
        """Return every tenant by id."""
        with translated_errors("listing tenants"):
            return {one.id: one.to_dict() or {} for one in paths.tenants(self._db).stream(retry=READ_RETRY, timeout=60)}

    def create_user(self, tenant_id: str, email: str, role: Role, password: str, now: datetime) -> tuple[User, bool]:
        """
        Create a user of a tenant; for one who can sign in already, set role and membership and nothing else.

        Returns
        -------
        user : User
        is_new : bool
            False: the password given is not used.

        Raises
        ------
        InputError
            If there is no such tenant, the email or the password is malformed, or the user is of another tenant.
        """
        self._require_tenant(tenant_id)
        _check_password(password)
        account = self._account(email)
        is_new = account is None
        if account is None:
            with _translated(f"creating user {email}"):
                account = auth.create_user(email=email, password=password)
        if _tenant_of(account) not in (None, tenant_id):
            limit = f"that of a user of no tenant but {tenant_id} (a user has one tenant: use another address)"
            raise InputError("email", limit, email)
        user = User(account.uid, account.email, role)
        self._set_rights(tenant_id, account, user, self._membership(tenant_id, account.uid) or {}, now)
        return user, is_new

    def change_role(self, tenant_id: str, email: str, role: Role, now: datetime) -> User:
        """
        Give a user another role.

        Raises
        ------
        InputError
            If the tenant has no such user.
        """
        account, membership = self._require_user(tenant_id, email)
        user = User(account.uid, account.email, role)
        self._set_rights(tenant_id, account, user, membership, now)
        return user

    def rotate_password(self, tenant_id: str, email: str, password: str) -> User:
        """
        Replace a user's password and end their sessions: ID tokens given out before last an hour at most.

        Raises
        ------
        InputError
            If the tenant has no such user.
        """
        account, membership = self._require_user(tenant_id, email)
        _check_password(password)
        with _translated(f"changing the password of {email}"):
            auth.update_user(account.uid, password=password)
            auth.revoke_refresh_tokens(account.uid)
        return User(account.uid, account.email, str(membership.get("role")))

    def disable_user(self, tenant_id: str, email: str) -> User:
        """
        Keep a user from signing in, and from doing anything where they are signed in.

        Raises
        ------
        InputError
            If the tenant has no such user.
        """
        account, membership = self._require_user(tenant_id, email)
        self._mark(tenant_id, account.uid, disabled=True)  # first: it stops ID tokens that are still out there
        with _translated(f"disabling {email}"):
            auth.update_user(account.uid, disabled=True)
            auth.revoke_refresh_tokens(account.uid)
        return User(account.uid, account.email, str(membership.get("role")))

    def enable_user(self, tenant_id: str, email: str) -> User:
        """
        Undo `disable_user`; the user has to sign in anew.

        Raises
        ------
        InputError
            If the tenant has no such user.
        """
        account, membership = self._require_user(tenant_id, email)
        with _translated(f"enabling {email}"):
            auth.update_user(account.uid, disabled=False)
        self._mark(tenant_id, account.uid, disabled=DELETE_FIELD)
        return User(account.uid, account.email, str(membership.get("role")))

    def users(self, tenant_id: str) -> list[Listed]:
        """
        Return a tenant's users by address.

        Raises
        ------
        InputError
            If there is no such tenant.
        """
        self._require_tenant(tenant_id)
        with translated_errors(f"listing users of tenant {tenant_id}"):
            members = paths.member(self._db, tenant_id, "any").parent
            found = members.stream(retry=READ_RETRY, timeout=60)
            memberships = {one.id: one.to_dict() or {} for one in found}
        accounts = self._accounts(list(memberships))
        listed = [_listed(tenant_id, uid, one, accounts.get(uid)) for uid, one in memberships.items()]
        return sorted(listed, key=lambda one: (one.email, one.uid))

    def _set_rights(self, tenant_id: str, account: Any, user: User, before: Mapping[str, Any], now: datetime) -> None:
        """Write membership and claims, where they differ: the membership first, as it takes effect at once."""
        after = {"created_at": before.get("created_at", now), "role": str(user.role), "email": user.email}
        if not before.items() >= after.items():
            with translated_errors(f"storing the membership of {user.email}"):
                reference = paths.member(self._db, tenant_id, user.uid)
                reference.set(after, merge=True, retry=None, timeout=TIMEOUT_SECONDS)
        claims = account.custom_claims or {}
        wanted = {**claims, "tenant_id": tenant_id, "role": str(user.role)}
        if wanted != claims:
            with _translated(f"setting the claims of {user.email}"):
                auth.set_custom_user_claims(user.uid, wanted)

    def _mark(self, tenant_id: str, uid: str, *, disabled: Any) -> None:
        with translated_errors(f"storing a membership of tenant {tenant_id}"):
            reference = paths.member(self._db, tenant_id, uid)
            reference.update({"disabled": disabled}, retry=None, timeout=TIMEOUT_SECONDS)

    def _require_tenant(self, tenant_id: str) -> None:
        if tenant_id and "/" not in tenant_id:
            with translated_errors(f"reading tenant {tenant_id}"):
                reference = paths.tenant(self._db, tenant_id)
                if reference.get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS).exists:
                    return
        limit = "one that exists (tenant list shows all, tenant create adds one)"
        raise InputError("tenant", limit, tenant_id)

    def _require_user(self, tenant_id: str, email: str) -> tuple[Any, Document]:
        """Return a user of the tenant as Firebase Authentication and as the tenant know them."""
        self._require_tenant(tenant_id)
        account = self._account(email)
        membership = None if account is None else self._membership(tenant_id, account.uid)
        if account is None or membership is None or _tenant_of(account) not in (None, tenant_id):
            limit = f"that of a user of tenant {tenant_id} (user list {tenant_id} shows all, user create adds one)"
            raise InputError("email", limit, email)
        return account, membership

    def _membership(self, tenant_id: str, uid: str) -> Document | None:
        with translated_errors(f"reading a membership of tenant {tenant_id}"):
            reference = paths.member(self._db, tenant_id, uid)
            found: Document | None = reference.get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS).to_dict()
        return found

    def _account(self, email: str) -> Any:
        try:
            with _translated(f"looking up {email}"):
                return auth.get_user_by_email(email)
        except auth.UserNotFoundError:
            return None
        except ValueError as error:
            raise InputError("email", "an address such as ann@example.com", email) from error

    def _accounts(self, uids: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for start in range(0, len(uids), _USERS_PER_CALL):
            identifiers = [auth.UidIdentifier(uid) for uid in uids[start : start + _USERS_PER_CALL]]
            with _translated("looking up users"):
                found |= {account.uid: account for account in auth.get_users(identifiers).users}
        return found


def random_password() -> str:
    """Return 24 random characters, with one of every kind that password policies may ask for."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.+=")
    characters = [secrets.choice(kind) for kind in kinds]
    characters += [secrets.choice("".join(kinds)) for _ in range(24 - len(kinds))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def _check_password(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:  # say how long it was, not what it was
        raise InputError("password length", f"at least {SHORTEST_PASSWORD} characters", len(password))


def _rights_of(account: Any) -> tuple[Any, Any]:
    """Return the tenant and the role that a user's tokens claim."""
    claims = account.custom_claims or {}
    return claims.get("tenant_id"), claims.get("role")


def _tenant_of(account: Any) -> Any:
    return _rights_of(account)[0]


def _listed(tenant_id: str, uid: str, membership: Mapping[str, Any], account: Any) -> Listed:
    role, is_disabled = str(membership.get("role")), membership.get("disabled") is True
    problem = None
    if account is None:
        problem = "cannot sign in: no such user in Firebase Authentication (user create adds it)"
    elif (claims := _rights_of(account)) != (tenant_id, role):
        problem = f"the token claims tenant {claims[0]}, role {claims[1]} (user create sets both)"
    elif account.disabled != is_disabled:
        problem = "membership and Firebase Authentication differ (user enable or user disable sets both)"
    email = account.email if account else str(membership.get("email"))
    return Listed(uid, email, role, is_disabled, membership.get("created_at"), problem)


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Raise StoreConflict or StoreUnavailable for what Firebase Authentication raises inside."""
    try:
        yield
    except auth.UserNotFoundError:
        raise
    except exceptions.AlreadyExistsError as error:
        raise StoreConflict(f"{doing}: somebody else did at the same time: run it again") from error
    except exceptions.FirebaseError as error:
        raise StoreUnavailable(f"{doing}: {error}") from error
