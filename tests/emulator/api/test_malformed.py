"""Whatever is malformed, wherever it enters, on every route: a problem document, never a 5xx, never HTML."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from functions.triggers.api.problems import MEDIA_TYPE, Problem
from tests.emulator.api.conftest import Caller, Desk
from tests.emulator.api.test_access import ROUTES
from tests.members import sign_in

SEGMENTS = {
    "dot": ".",
    "dots": "..",
    "reserved": "__x__",
    "underscores": "____",
    "slash": "a%2Fb",
    "dots up": "..%2F..%2Fpolicy",
    "line break": "%0a",
    "line break at the end": "a%0a",
    "carriage return": "a%0d%0aX: y",
    "nul": "%00",
    "delete": "%7f",
    "no utf-8": "%ff",
    "overlong": "%c0%af",
    "half a surrogate pair": "%ed%a0%80",
    "right to left": "%e2%80%ae",
    "long": "a" * 1501,
    "very long": "a" * 20_000,
    "empty": "",
}
"""As they stand in a URL."""
PATHS = [
    *("/", "//", "/v1", "/v1/", "/v1/nope", "/v1/policy/", "/v1/policy//", "/v1//policy", "//v1//policy", "/v2/policy"),
    *(
        "/v1/./policy",
        "/v1/policy/..",
        "/V1/policy",
        "/v1/policy%0a",
        "/v1%0a/policy",
        "/v1/%ff",
        "/%00",
        "/v1\\policy",
    ),
    *(
        "/v1/signals//redeem",
        "/v1/signals/",
        "/robots.txt",
        "/favicon.ico",
        "/v1/policy;x=1",
        "/%2e%2e",
        "//example.com",
    ),
]
NO_KEYS = ["", " ", "a b", "\x7f", "\xff", "€".encode().decode("latin-1"), "a" * 129, "a\tb"]
NO_VERSIONS = [
    *NO_KEYS,
    "*",
    "0",
    '"-1"',
    'W/"1"',
    '"' * 3,
    '""',
    '"0", "1"',
    '"' + "9" * 10 + '"',
    '"٣"'.encode().decode("latin-1"),
]
FIXED = {"nonce": "0f" * 16, "session_id": "s", "alert_id": "a", "strategy_id": "Trend", "date": "2026-01-05"}
FIXED |= {"channel_id": "ops", "test_id": f"test-{'0f' * 16}"}
WITH_PATHS = [(route, name) for route in ROUTES for name in re.findall(r"{(\w+)}", route[1])]
WITH_QUERIES = {
    "decisions": ("limit", "page_token"),
    "summary": ("hours",),
    "explanations": ("strategy_id", "at"),
    "performance": ("limit", "page_token", "period", "strategy_id"),
    "strategies/Trend/curve": ("days",),
    "alerts": ("limit", "page_token", "state"),
    "policy/history": ("limit", "before"),
}
NAMES_OF_ANYTHING = {"strategy_id"}
"""What a query may ask for although nobody has it."""
WITH_KEYS = {"orchestrations": "POST", f"signals/{'0f' * 16}/redeem": "POST", "policy": "PUT", "trading-state": "PUT"}


def assert_refused(answer: TestResponse, what: Any) -> Problem:
    """Return the problem document that an answer is; one without a body has its type and status."""
    assert 400 <= answer.status_code < 500, (what, answer.status_code, answer.text[:500])
    assert answer.content_type == MEDIA_TYPE, (what, answer.content_type)
    problem = Problem.model_validate_json(answer.text)
    assert problem.status == answer.status_code
    return problem


def test_the_tables_hold_every_parameter() -> None:
    assert {name for _, name in WITH_PATHS} == set(FIXED)


@pytest.mark.parametrize("kind", SEGMENTS)
def test_path_parameters(kind: str, admin: Caller) -> None:
    for (method, path), name in WITH_PATHS:
        filled = path.format(**FIXED | {name: SEGMENTS[kind]})
        assert_refused(admin(method, filled), (method, filled))


@pytest.mark.parametrize("kind", SEGMENTS)
def test_query_parameters(kind: str, admin: Caller) -> None:
    value = SEGMENTS[kind]
    for path, names in WITH_QUERIES.items():
        for name in names:
            answer = admin("GET", f"{path}?{name}={value}")
            if name not in NAMES_OF_ANYTHING or answer.status_code != 200:
                assert_refused(answer, (path, name))
        assert_refused(admin("GET", f"{path}?{value}=1&a=b"), (path, "a name of no parameter"))
        twice = admin("GET", f"{path}?{names[0]}=1&{names[0]}={value}")
        assert twice.status_code < 500
        assert twice.mimetype in {MEDIA_TYPE, "application/json"}


@pytest.mark.parametrize("value", NO_KEYS)
def test_idempotency_keys(value: str, admin: Caller) -> None:
    for path, method in WITH_KEYS.items():
        body = (
            {"json": {"state": "RUN", "reason": "a test"} if path == "trading-state" else {}} if method == "PUT" else {}
        )
        answer = admin(method, path, headers={"If-Match": '"0"', "Idempotency-Key": value}, **body)
        assert assert_refused(answer, (method, path)).reason_code == "MALFORMED_REQUEST"


@pytest.mark.parametrize("value", NO_VERSIONS)
def test_versions_that_a_change_is_meant_for(value: str, admin: Caller) -> None:
    answer = admin("PUT", "policy", headers={"If-Match": value}, json={})
    assert assert_refused(answer, value).reason_code == "MALFORMED_REQUEST"


@pytest.mark.parametrize(
    "tenant", ["", " ", ".", "..", "/", "a/b", "acme/", "../acme", "__x__", "____", "a" * 900, "\n", "acme\x00"]
)
def test_tenants_that_tokens_claim(tenant: str, desk: Desk) -> None:
    token = sign_in(desk.emulators, tenant, "admin", membership=None)
    for method, path in ROUTES:
        if path != "healthz":
            problem = assert_refused(Caller(desk.app, token)(method, path.format(**FIXED)), (method, path))
            assert problem.reason_code == "NOT_A_MEMBER"


@pytest.mark.parametrize("uid", ["a/b", "/", ".", "..", "__x__", "tenants/acme/users/admin"])
def test_users_whose_id_names_no_document(uid: str, desk: Desk) -> None:
    token = sign_in(desk.emulators, "acme", "admin", uid=uid, membership=None)
    assert assert_refused(Caller(desk.app, token)("GET", "policy"), uid).reason_code == "NOT_A_MEMBER"
    assert assert_refused(Caller(desk.app, token)("PUT", "policy", json={}), uid).reason_code == "NOT_A_MEMBER"


@pytest.mark.parametrize(
    "value", ["Bearer \xff", "Bearer a.b.c", "Bearer a\tb", "\xff", "Bearer " + "a." * 4000, "Bearer ."]
)
def test_tokens_that_are_none(value: str, desk: Desk) -> None:
    answer = desk.app.test_client().get("/v1/policy", headers={"Authorization": value})
    assert assert_refused(answer, value).reason_code == "UNAUTHENTICATED"


@pytest.mark.parametrize("path", PATHS)
def test_paths_of_no_route(path: str, desk: Desk, admin: Caller) -> None:
    client = desk.app.test_client()
    for method, headers in itertools.product(
        ("GET", "POST", "PUT", "TRACE"), ({}, {"Authorization": f"Bearer {admin.token}"})
    ):
        environment = {"PATH_INFO": unquoted(path), "REQUEST_URI": path}
        answer = client.open("/", method=method, headers=headers, environ_overrides=environment)
        assert assert_refused(answer, (method, path)).reason_code == "NOT_FOUND"


def unquoted(path: str) -> str:
    """Return a path as a server hands it to the application."""
    return re.sub("%([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), path)


@pytest.mark.parametrize("path", ["//v1/policy", "///v1/policy"])
def test_slashes_before_a_route_are_the_route_and_no_redirect(path: str, desk: Desk, admin: Caller) -> None:
    headers = {"Authorization": f"Bearer {admin.token}"}
    answer = desk.app.test_client().get(
        "/", headers=headers, environ_overrides={"PATH_INFO": path, "REQUEST_URI": path}
    )
    assert (answer.status_code, answer.mimetype) == (200, "application/json")


def methods_of(path: str) -> Iterator[str]:
    known = {method for method, one in ROUTES if one == path}
    yield from sorted({"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "FOO"} - known)


@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES} | {"openapi.json"}))
def test_methods_that_a_route_does_not_have(path: str, admin: Caller) -> None:
    for method in methods_of(path):
        if (path, method) == ("openapi.json", "GET"):
            continue
        answer = admin(method, path.format(**FIXED))
        assert assert_refused(answer, (method, path)).reason_code == "METHOD_NOT_ALLOWED"
        assert answer.headers["Allow"]


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", '"a"', "NaN", '{"a": "\\ud800"}', "\xff", "{}" * 3, "[" * 5000]
)
def test_bodies(text: str, admin: Caller) -> None:
    for method, path in ROUTES:
        if method == "PUT" or path in {"fills", "ledger"}:
            sent = {"data": text.encode("latin-1"), "content_type": "application/json", "headers": {"If-Match": '"0"'}}
            assert_refused(admin(method, path, **sent), (method, path))
