"""Duplicates and late repeats of every keyed write, in random order: what the first of each did is what there is."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.adapters.firestore import paths
from tests.emulator.api.conftest import Caller, Desk

REPEATS = 300
"""In all."""
Request = Callable[[], Any]


def state_of(desk: Desk) -> dict[str, str]:
    """Return everything that keyed writes leave, as text: NaN is like no other NaN."""
    tenant = desk.db.document("tenants", "acme")
    folders = ("config", "redemptions", "cycles", "idempotency", "state")
    stored = {one.reference.path: one.to_dict() for name in folders for one in tenant.collection(name).stream()}
    history = tenant.collection("config").document("maestro").collection("history")
    stored |= {one.reference.path: one.to_dict() for one in history.stream()}
    stored |= {one.id: one.to_dict() for one in paths.orchestration_logs(desk.db).stream()}
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


def keyed(caller: Caller, method: str, path: str, key: str, body: Any = None, **headers: str) -> Request:
    headers = {"Idempotency-Key": key, **headers}
    options = {} if body is None else {"json": body}
    return lambda: caller(method, path, headers=headers, **options)
