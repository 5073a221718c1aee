"""Who may call what: every route of the OpenAPI document, by role, tenant and token."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from firebase_admin import auth, exceptions
from google.auth.exceptions import TransportError

from functions.adapters.firestore import paths
from functions.triggers.api.app import build_app
from tests.emulator.api.conftest import Caller, Desk
from tests.members import create_tenant, sign_in
from tools.openapi import openapi_text

ROUTES: dict[tuple[str, str], str | None] = {
    ("GET", "healthz"): None,
    ("POST", "orchestrations"): "trader",
    ("GET", "signals/latest"): "trader",
    ("POST", "signals/{nonce}/redeem"): "trader",
    ("POST", "signals/{nonce}/release"): "trader",
    ("POST", "fills"): "trader",
    ("POST", "ledger"): "trader",
    ("PUT", "market-data"): "trader",
    ("PUT", "account"): "trader",
    ("GET", "decisions"): "viewer",
    ("GET", "decisions/{session_id}"): "viewer",
    ("GET", "summary"): "viewer",
    ("GET", "explanations"): "viewer",
    ("GET", "performance"): "viewer",
    ("GET", "strategies/{strategy_id}/curve"): "viewer",
    ("GET", "lots"): "viewer",
    ("GET", "positions"): "viewer",
    ("GET", "reservations"): "viewer",
    ("GET", "alerts"): "viewer",
    ("POST", "alerts/{alert_id}/ack"): "trader",
    ("GET", "reports/{date}"): "viewer",
    ("GET", "policy"): "viewer",
    ("PUT", "policy"): "admin",
    ("POST", "policy/preview"): "viewer",
    ("GET", "policy/history"): "admin",
    ("PUT", "trading-state"): "admin",
    ("GET", "broker"): "viewer",
    ("GET", "channels"): "admin",
    ("POST", "channels/{channel_id}/tests"): "admin",
    ("GET", "channels/{channel_id}/tests/{test_id}"): "admin",
}
RANKS = ["viewer", "trader", "admin"]


def visit(caller: Caller, method: str, path: str) -> tuple[int, str]:
    names = {"session_id": "s", "alert_id": "a", "strategy_id": "Trend", "date": "2026-01-05", "channel_id": "ops"}
    filled = path.format(nonce="0f" * 16, test_id=f"test-{'0f' * 16}", **names)
    answer = caller(
        method, filled, json={} if method == "PUT" or path in {"fills", "ledger", "policy/preview"} else None
    )
    return answer.status_code, (answer.get_json() or {}).get("reason_code", "")


def test_the_table_holds_every_route() -> None:
    documented = json.loads(openapi_text())["paths"]
    routes = {(method.upper(), path.removeprefix("/v1/")) for path, one in documented.items() for method in one}
    assert routes == set(ROUTES)


def test_the_document_is_what_the_function_serves(desk: Desk) -> None:
    served = Caller(desk.app, None)("GET", "openapi.json")
    assert (served.status_code, served.get_json()) == (200, json.loads(openapi_text()))
    assert json.loads(openapi_text())["openapi"].startswith("3.1")


def test_each_role_gets_as_far_as_the_table_says(desk: Desk) -> None:
    callers = {role: desk.member(role) for role in RANKS}
    for (method, path), needed in ROUTES.items():
        for role, caller in callers.items():
            status, reason = visit(caller, method, path)
            is_allowed = needed is None or RANKS.index(role) >= RANKS.index(needed)
            assert (reason != "ROLE_TOO_LOW") == is_allowed, (method, path, role)
            assert (status != 403) == is_allowed


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer abc", "Bearer " + "x" * 9000])
def test_without_a_valid_token_every_route_is_401_before_anything_is_read(desk: Desk, header: str | None) -> None:
    for (method, path), needed in ROUTES.items():
        if needed is not None:
            headers = {} if header is None else {"Authorization": header}
            answer = desk.app.test_client().open(f"/v1/{path}", method=method, headers=headers, data="{")
            assert (answer.status_code, answer.get_json()["reason_code"]) == (401, "UNAUTHENTICATED")
            assert answer.content_type == "application/problem+json"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("claims", "membership"),
    [
        ({"tenant_id": "other", "role": "admin"}, {"role": "admin"}),  # the other tenant has no such member
        ({"tenant_id": "acme", "role": "admin"}, None),
        ({"tenant_id": "acme", "role": "admin"}, {"role": "admin", "disabled": True}),
        ({"tenant_id": "acme", "role": "admin"}, {"role": "owner"}),
        ({"tenant_id": "acme"}, {"role": "admin"}),
        ({"tenant_id": ["acme"], "role": "admin"}, {"role": "admin"}),
        ({"tenant_id": "acme/users", "role": "admin"}, {"role": "admin"}),
        ({"tenant_id": "acme", "role": {"admin": True}}, {"role": "admin"}),
        ({}, {"role": "admin"}),
    ],
)
def test_across_tenants_and_with_forged_claims_it_is_403(
    desk: Desk, claims: dict[str, Any], membership: dict[str, Any] | None
) -> None:
    create_tenant(desk.db, "other")
    token = sign_in(desk.emulators, "acme", "admin", claims=claims, membership=membership)
    answer = Caller(desk.app, token)("GET", "policy")
    assert (answer.status_code, answer.get_json()["reason_code"]) == (403, "NOT_A_MEMBER")


@pytest.mark.parametrize(("claim", "stored"), [("admin", "viewer"), ("viewer", "admin")])
def test_the_lower_of_claim_and_membership_holds(desk: Desk, claim: str, stored: str) -> None:
    caller = Caller(desk.app, sign_in(desk.emulators, "acme", claim, membership={"role": stored}))
    assert caller("GET", "policy").status_code == 200
    assert caller("GET", "signals/latest").get_json()["reason_code"] == "ROLE_TOO_LOW"


def test_a_disabled_tenant_is_closed(desk: Desk, trader: Caller) -> None:
    paths.tenant(desk.db, "acme").update({"status": "disabled"})
    assert trader("GET", "policy").get_json()["reason_code"] == "TENANT_DISABLED"


def test_a_revoked_token_ends_at_once_for_admin_routes(desk: Desk) -> None:
    uid = "revoked-admin"
    caller = Caller(desk.app, sign_in(desk.emulators, "acme", "admin", uid=uid))
    assert caller("GET", "policy/history").status_code == 200
    auth.update_user(uid, disabled=True)
    answer = caller("GET", "policy/history")
    assert (answer.status_code, answer.get_json()["detail"][:20]) == (401, "the user is disabled")


WRITES = [route for route in ROUTES if route[0] != "GET"]


@pytest.mark.parametrize(("route", "role"), [(route, role) for route in WRITES for role in RANKS])
def test_no_write_takes_the_token_of_a_user_who_was_disabled(desk: Desk, route: tuple[str, str], role: str) -> None:
    caller = Caller(desk.app, sign_in(desk.emulators, "acme", role, uid="leaver"))
    auth.update_user("leaver", disabled=True)
    assert visit(caller, *route) == (401, "UNAUTHENTICATED")


def test_writes_end_with_revoked_sessions_and_deleted_users_and_say_which(desk: Desk) -> None:
    release = ("POST", f"signals/{'0f' * 16}/release")
    caller = Caller(desk.app, sign_in(desk.emulators, "acme", "trader", uid="leaver"))
    assert caller(*release).get_json()["reason_code"] == "NOT_REDEEMED"
    time.sleep(1.1)  # revocation counts in seconds
    auth.revoke_refresh_tokens("leaver")
    assert caller(*release).get_json()["detail"].startswith("the ID token was revoked: ")
    assert caller("GET", "policy").status_code == 200, "reads do not wait for Firebase Authentication"
    auth.delete_user("leaver")
    assert caller(*release).get_json()["detail"].startswith("the user was deleted: ")


@pytest.mark.parametrize(
    "failure",
    [
        exceptions.InternalError("500"),
        exceptions.ResourceExhaustedError("quota"),
        exceptions.DeadlineExceededError("slow"),
        TransportError("no route"),  # type: ignore[no-untyped-call]
    ],
)
def test_where_firebase_authentication_cannot_be_asked_a_write_is_to_be_repeated_and_reads_go_on(
    desk: Desk, trader: Caller, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(auth.Client, "get_user", fails)
    answer = trader("POST", f"signals/{'0f' * 16}/release")
    assert (answer.status_code, answer.get_json()["reason_code"]) == (503, "STORE_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "1"
    assert trader("GET", "policy").status_code == 200


def test_another_tenants_records_are_not_there(desk: Desk, trader: Caller) -> None:
    signals = desk.cycle()
    session_id = signals["Trend"]["session_id"]
    create_tenant(desk.db, "other")
    stranger = Caller(desk.app, sign_in(desk.emulators, "other", "admin"))
    assert trader("GET", f"decisions/{session_id}").status_code == 200
    assert stranger("GET", f"decisions/{session_id}").status_code == 404
    assert stranger("GET", "decisions").get_json()["items"] == []
    assert stranger("GET", f"decisions?page_token={session_id}").status_code == 422
    assert stranger("POST", f"signals/{signals['Trend']['nonce']}/redeem").status_code == 404
    assert stranger("GET", "signals/latest").status_code == 404


def test_browsers_may_call_only_from_configured_origins(desk: Desk) -> None:
    asked = {"Origin": "https://desk.example", "Access-Control-Request-Method": "GET"}
    assert "Access-Control-Allow-Origin" not in desk.app.test_client().options("/v1/policy", headers=asked).headers
    open_app = build_app(["https://desk.example"]).test_client()
    allowed = open_app.options("/v1/policy", headers=asked | {"Access-Control-Request-Headers": "authorization"})
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, asked["Origin"])
    assert allowed.headers["Access-Control-Allow-Headers"] == "authorization"
    stranger = {**asked, "Origin": "https://evil.example"}
    assert "Access-Control-Allow-Origin" not in open_app.options("/v1/policy", headers=stranger).headers
