"""Security rules with real ID tokens, and the indexes that the code's queries need."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import firebase_admin
import pytest
import requests
from firebase_admin import auth
from google.cloud.firestore import Client

from functions.adapters.firestore_client import EmulatorCredential
from functions.adapters.firestore_ledger_store import FirestoreLedgerStore
from functions.adapters.firestore_tenant_directory import FirestoreTenantDirectory
from tools.emulators import EmulatorSuite

ROOT = Path(__file__).parents[2]
NOW = datetime(2020, 3, 16, tzinfo=UTC)
DOCUMENTS: dict[str, dict[str, Any]] = {
    "tenants/acme": {"name": "Acme"},
    "tenants/acme/users/ann": {"role": "viewer"},
    "tenants/acme/users/root": {"role": "admin"},
    "tenants/acme/config/maestro": {"version": 1},
    "tenants/acme/config/maestro/history/1": {"version": 1},
    "tenants/acme/accounts/primary": {"equity": 1},
    "tenants/acme/state/modes": {"strategies_json": "{}"},
    "tenants/acme/state/session": {"session_id": "s"},
    "tenants/acme/sessions/s": {"signals_json": "{}"},
    "tenants/acme/redemptions/n": {"status": "RESERVED"},
    "tenants/other/accounts/primary": {"equity": 1},
    "systemStatus/market_regime": {"regime": "calm"},
    "systemStatus/orchestration_logs/logs/mine": {"tenant_id": "acme", "timestamp": NOW},
    "systemStatus/orchestration_logs/logs/theirs": {"tenant_id": "other", "timestamp": NOW},
    "elsewhere/anything": {"secret": True},
}
SignIn = Callable[[str, dict[str, str]], str]


@pytest.fixture
def sign_in(emulators: EmulatorSuite) -> SignIn:
    """Create a user with claims, sign in as a client does, and return the ID token."""
    app = firebase_admin.initialize_app(EmulatorCredential(), {"projectId": emulators.project}, uuid.uuid4().hex)

    def token(uid: str, claims: dict[str, str]) -> str:
        email, password = f"{uid}-{uuid.uuid4().hex[:8]}@example.com", "correct horse"
        with contextlib.suppress(auth.UserNotFoundError):
            auth.delete_user(uid, app)
        auth.create_user(uid=uid, email=email, password=password, app=app)
        auth.set_custom_user_claims(uid, claims, app)
        url = f"http://{emulators.host('auth')}/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=fake"
        body = {"email": email, "password": password, "returnSecureToken": True}
        answer = requests.post(url, json=body, timeout=10)
        answer.raise_for_status()
        return str(answer.json()["idToken"])

    return token


@pytest.fixture
def filled(db: Client) -> Client:
    for path, document in DOCUMENTS.items():
        db.document(path).set(document)
    return db


WHO: dict[str, tuple[str, dict[str, str]] | None] = {
    "nobody": None,
    "stranger": ("eve", {"tenant_id": "other", "role": "admin"}),
    "claimant without membership": ("eve", {"tenant_id": "acme", "role": "admin"}),
    "viewer": ("ann", {"tenant_id": "acme", "role": "viewer"}),
    "viewer claiming admin": ("ann", {"tenant_id": "acme", "role": "admin"}),
    "admin": ("root", {"tenant_id": "acme", "role": "admin"}),
}
MEMBERS = {"viewer", "viewer claiming admin", "admin"}
READERS = {
    "tenants/acme": MEMBERS,
    "tenants/acme/users/ann": MEMBERS,
    "tenants/acme/users/root": {"admin"},
    "tenants/acme/config/maestro": MEMBERS,
    "tenants/acme/config/maestro/history/1": {"admin"},
    "tenants/acme/accounts/primary": MEMBERS,
    "tenants/acme/state/modes": MEMBERS,
    "tenants/acme/state/session": set[str](),
    "tenants/acme/sessions/s": set[str](),
    "tenants/acme/redemptions/n": set[str](),
    "tenants/other/accounts/primary": set[str](),
    "systemStatus/market_regime": set(WHO) - {"nobody"},
    "systemStatus/orchestration_logs/logs/mine": MEMBERS,
    "systemStatus/orchestration_logs/logs/theirs": set[str](),
    "elsewhere/anything": set[str](),
}


@pytest.mark.parametrize("who", WHO)
def test_who_may_read_what_and_nobody_writes(
    who: str, filled: Client, emulators: EmulatorSuite, sign_in: SignIn
) -> None:
    assert set(READERS) == set(DOCUMENTS)
    identity = WHO[who]
    headers = {} if identity is None else {"Authorization": f"Bearer {sign_in(*identity)}"}
    base = f"http://{emulators.host('firestore')}/v1/projects/{emulators.project}/databases/(default)/documents"
    readable, writable = set(), set()
    for path in DOCUMENTS:
        if requests.get(f"{base}/{path}", headers=headers, timeout=10).ok:
            readable.add(path)
        body = {"fields": {"forged": {"booleanValue": True}}}
        if requests.patch(f"{base}/{path}", headers=headers, json=body, timeout=10).ok:
            writable.add(path)
        if requests.delete(f"{base}/{path}", headers=headers, timeout=10).ok:
            writable.add(path)
    assert readable == {path for path, readers in READERS.items() if who in readers}
    assert writable == set()


@pytest.mark.parametrize(("tenant", "status"), [("acme", 200), ("other", 403), (None, 403)])
def test_a_member_lists_the_log_only_by_its_own_tenant(
    tenant: str | None, status: int, filled: Client, emulators: EmulatorSuite, sign_in: SignIn
) -> None:
    token = sign_in("ann", {"tenant_id": "acme", "role": "viewer"})
    query: dict[str, Any] = {"from": [{"collectionId": "logs"}]}
    if tenant is not None:
        query["where"] = {
            "fieldFilter": {"field": {"fieldPath": "tenant_id"}, "op": "EQUAL", "value": {"stringValue": tenant}}
        }
    parent = f"projects/{emulators.project}/databases/(default)/documents/systemStatus/orchestration_logs"
    url = f"http://{emulators.host('firestore')}/v1/{parent}:runQuery"
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(url, headers=headers, json={"structuredQuery": query}, timeout=10)
    assert answer.status_code == status


def test_every_composite_index_that_the_queries_need_is_declared(db: Client, emulators: EmulatorSuite) -> None:
    ledger = FirestoreLedgerStore(db)
    list(ledger.daily_documents("acme", NOW - timedelta(days=1), NOW))
    list(ledger.fills("acme", NOW - timedelta(days=1), NOW))
    list(ledger.untimed_fills("acme"))
    ledger.first_fill_time("acme")
    ledger.earliest_late_fill("acme", NOW, NOW)
    ledger.checkpoint("acme", NOW)
    list(FirestoreTenantDirectory(db).enabled_tenants())
    name = f"projects/{emulators.project}"
    url = f"http://{emulators.host('firestore')}/emulator/v1/{name}:indexUsage?database={name}/databases/(default)"
    reports = requests.get(url, timeout=10).json()["reports"]
    needed = {index_key(report["index"], report["index"]["name"].split("/collectionGroups/")[1]) for report in reports}
    composite = {key for key in needed if len(key[1]) > 1}
    declared = json.loads((ROOT / "firestore.indexes.json").read_text())["indexes"]
    assert len(composite) == 1
    assert composite <= {index_key(index, index["collectionGroup"]) for index in declared}


def index_key(index: dict[str, Any], collection: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    used = [field for field in index["fields"] if field["fieldPath"] != "__name__"]
    return collection.split("/", maxsplit=1)[0], tuple((field["fieldPath"], field["order"]) for field in used)
