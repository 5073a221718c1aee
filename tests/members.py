"""Tenants and members that tests sign in as."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

import requests
from firebase_admin import auth
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import firestore_client
from tools.emulator_suite import EmulatorSuite


def create_tenant(db: Client, tenant_id: str, **fields: Any) -> None:
    paths.tenant(db, tenant_id).set({"name": tenant_id, "status": "active", "maestro_enabled": True, **fields})


@dataclass(frozen=True)
class Member:
    """Somebody who can sign in."""

    uid: str
    email: str
    password: str


def create_member(
    emulators: EmulatorSuite,
    tenant_id: str,
    role: str = "trader",
    *,
    uid: str | None = None,
    claims: Mapping[str, Any] | None = None,
    membership: Mapping[str, Any] | EllipsisType | None = ...,
) -> Member:
    """
    Create a member of a tenant.

    Claims and membership follow from tenant and role, unless given; a membership of None is none.
    """
    firestore_client()
    email, password = f"{uuid.uuid4().hex[:12]}@example.com", uuid.uuid4().hex
    if uid is not None:
        with contextlib.suppress(auth.UserNotFoundError):
            auth.delete_user(uid)
    user = auth.create_user(uid=uid or uuid.uuid4().hex, email=email, password=password)
    auth.set_custom_user_claims(user.uid, {"tenant_id": tenant_id, "role": role} if claims is None else dict(claims))
    stored = {"role": role, "email": email} if membership is ... else membership
    if stored is not None:
        paths.member(emulators.client(), tenant_id, user.uid).set(dict(stored))
    return Member(user.uid, email, password)


def sign_in(emulators: EmulatorSuite, tenant_id: str, role: str = "trader", **fields: Any) -> str:
    """Create a member as `create_member` does, sign in as a client does, and return the ID token."""
    member = create_member(emulators, tenant_id, role, **fields)
    url = f"http://{emulators.host('auth')}/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=fake"
    body = {"email": member.email, "password": member.password, "returnSecureToken": True}
    answer = requests.post(url, json=body, timeout=60)
    answer.raise_for_status()
    return str(answer.json()["idToken"])
