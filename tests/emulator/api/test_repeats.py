"""Duplicates and late repeats of every keyed write, in random order: what the first of each did is what there is."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.adapters.firestore import paths
from tests.emulator.api.conftest import Caller, Desk

REPEATS = int(os.environ.get("REPEATS", "300"))
"""In all."""
Request = Callable[[], Any]
Asked = tuple[str, str, str, Any, dict[str, str]]
"""Method, route, path, body and headers."""


def state_of(desk: Desk) -> dict[str, str]:
    """Return everything that keyed writes leave, as text: NaN is like no other NaN."""
    tenant = desk.db.document("tenants", "acme")
    folders = ("config", "redemptions", "cycles", "idempotency", "state")
    stored = {one.reference.path: one.to_dict() for name in folders for one in tenant.collection(name).stream()}
    history = tenant.collection("config").document("maestro").collection("history")
    stored |= {one.reference.path: one.to_dict() for one in history.stream()}
    stored |= {one.id: one.to_dict() for one in paths.orchestration_logs(desk.db).stream()}
    stored.pop(paths.alert_cursor(desk.db, "acme").path, None)  # a trigger's, in its own time
    return {path: repr(sorted((document or {}).items())) for path, document in stored.items()}


@pytest.mark.parametrize("seed", [1])
def test_repeats_in_any_order_leave_what_the_first_of_each_did(desk: Desk, seed: int) -> None:
    choose = random.Random(seed)
    admin, trader = desk.member("admin"), desk.member("trader")
    now = datetime.now(UTC).isoformat()
    trader("PUT", "market-data", json={"as_of": now, "symbols": {"AAPL": {"price": 100.0}}})
    trader("PUT", "account", json={"as_of": now, "equity": 1e5, "buying_power": 1e5})
    cycle = keyed(trader, "POST", "orchestrations", "cycle")
    cycle()
    signals = desk.cycle()
    writes = [
        cycle,
        keyed(trader, "POST", f"signals/{signals['Trend']['nonce']}/redeem", "entry"),
        keyed(trader, "POST", f"signals/{signals['Exit']['nonce']}/redeem", "exit"),
        keyed(admin, "PUT", "policy", "policy", {"base_capital": 5_000}, **{"If-Match": '"0"'}),
        keyed(admin, "PUT", "trading-state", "halt", {"state": "HALT", "reason": "3 a.m."}),
        keyed(admin, "PUT", "trading-state", "run", {"state": "RUN", "reason": "all is well"}),
    ]
    first = [write() for write in writes]
    assert [answer.status_code for answer in first] == [200] * len(writes)
    before = state_of(desk)
    for _ in range(REPEATS):
        number = choose.randrange(len(writes))
        again = writes[number]()
        assert (again.status_code, again.get_json()) == (200, first[number].get_json())
    assert state_of(desk) == before


NEEDS_A_QUEUE = ("post", "/v1/channels/{channel_id}/tests")
"""Its keys are tried in test_admin.py."""


def test_a_key_belongs_to_one_request_whichever_route_it_came_on(desk: Desk, admin: Caller) -> None:
    """Every keyed route, and each that says more than its path with another body, too."""
    signals = desk.cycle()

    def redeem(name: str) -> Asked:
        return "POST", "signals/{nonce}/redeem", f"signals/{signals[name]['nonce']}/redeem", None, {}

    def policy(capital: int, version: int) -> Asked:
        return "PUT", "policy", "policy", {"base_capital": capital}, {"If-Match": f'"{version}"'}

    def switch(state: str) -> Asked:
        return "PUT", "trading-state", "trading-state", {"state": state, "reason": "3 a.m."}, {}

    cycle: Asked = ("POST", "orchestrations", "orchestrations", None, {})
    requests = [
        policy(5_000, 0),
        policy(6_000, 1),
        redeem("Trend"),
        redeem("Exit"),
        switch("RUN"),
        switch("HALT"),
        cycle,
    ]
    tried = {(method.lower(), f"/v1/{route}") for method, route, *_ in requests}
    assert tried | {NEEDS_A_QUEUE} == keyed_operations(desk)

    for number, (method, _, path, body, headers) in enumerate(requests):
        first = keyed(admin, method, path, f"k{number}", body, **headers)()
        assert first.status_code == 200, first.get_json()
    before = state_of(desk)
    for number, first_asked in enumerate(requests):
        for other in requests:
            if other is first_asked:
                continue
            method, _, path, body, headers = other
            answer = keyed(admin, method, path, f"k{number}", body, **headers)()
            refusal = (answer.status_code, answer.get_json().get("reason_code"))
            assert refusal == (409, "IDEMPOTENCY_KEY_REUSED"), (first_asked, other)
    assert state_of(desk) == before


def keyed_operations(desk: Desk) -> set[tuple[str, str]]:
    """Return method and path of every route that takes an Idempotency-Key, by the API's own contract."""
    contract = desk.app.test_client().get("/v1/openapi.json").get_json()
    return {
        (method, path)
        for path, operations in contract["paths"].items()
        for method, operation in operations.items()
        if any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ()))
    }


def keyed(caller: Caller, method: str, path: str, key: str, body: Any = None, **headers: str) -> Request:
    headers = {"Idempotency-Key": key, **headers}
    options = {} if body is None else {"json": body}
    return lambda: caller(method, path, headers=headers, **options)
