"""What every TradingStore must do: the in-memory one and Firestore's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore.trading_store import FirestoreTradingStore
from functions.domain.kernel.errors import StoreConflict
from functions.services.trading.ports import TradingStore, TradingWrites
from tests.fakes import MARCH_16, FakeCycleStore, FakeTradingStore

NONCE = "0f" * 16
RESERVATIONS = {NONCE: {"notional": 10.0, "lapses_at": MARCH_16 + timedelta(minutes=5)}}
Put = Callable[[str, dict[str, Any]], Any]


@pytest.fixture(params=["fake", "emulator"])
def store_and_put(request: pytest.FixtureRequest, own_db: Client) -> tuple[TradingStore, Put]:
    if request.param == "fake":
        fake = FakeCycleStore()
        return FakeTradingStore(fake), fake.put
    return FirestoreTradingStore(own_db), lambda path, document: own_db.document(path).set(document)


def test_a_tenant_without_anything_reads_as_nothing(store_and_put: tuple[TradingStore, Put]) -> None:
    store, _ = store_and_put
    records = store.read("acme", [NONCE], ["f1"])
    assert (records.policy, records.session.value, records.session.version) == (None, None, None)
    assert (records.redemptions, records.fills, store.issued("acme", "s")) == ({}, {}, None)


def test_what_is_committed_is_read_and_the_sessions_other_fields_stay(store_and_put: tuple[TradingStore, Put]) -> None:
    store, put = store_and_put
    put("tenants/acme/config/maestro", {"enabled": True})
    put("tenants/acme/sessions/s1", {"session_id": "s1"})
    put("tenants/acme/state/session", {"session_id": "s1", "buying_power": 100.0})
    writes = TradingWrites(
        session={"reservations": RESERVATIONS},
        new_redemptions={NONCE: {"status": "RESERVED"}},
        new_fills={"f1": {"qty": 1.0}},
    )
    store.commit("acme", writes, store.read("acme", []).session.version)
    records = store.read("acme", [NONCE], ["f1", "f2"])
    assert records.policy == {"enabled": True}
    assert records.session.value == {"session_id": "s1", "buying_power": 100.0, "reservations": RESERVATIONS}
    assert (records.redemptions, records.fills) == ({NONCE: {"status": "RESERVED"}}, {"f1": {"qty": 1.0}})
    assert store.issued("acme", "s1") == {"session_id": "s1"}
    released = TradingWrites(session={"reservations": {}}, redemptions={NONCE: {"status": "RELEASED"}})
    store.commit("acme", released, records.session.version)
    records = store.read("acme", [NONCE])
    assert (records.session.value or {})["reservations"] == {}
    assert records.redemptions == {NONCE: {"status": "RELEASED"}}


def test_a_commit_over_a_changed_session_conflicts_and_writes_nothing(store_and_put: tuple[TradingStore, Put]) -> None:
    store, put = store_and_put
    put("tenants/acme/state/session", {"session_id": "s1"})
    version = store.read("acme", []).session.version
    put("tenants/acme/state/session", {"session_id": "s2"})
    writes = TradingWrites(session={"reservations": RESERVATIONS}, new_redemptions={NONCE: {}}, new_fills={"f1": {}})
    with pytest.raises(StoreConflict):
        store.commit("acme", writes, version)
    records = store.read("acme", [NONCE], ["f1"])
    assert (records.session.value, records.redemptions, records.fills) == ({"session_id": "s2"}, {}, {})


@pytest.mark.parametrize(
    "writes",
    [
        TradingWrites(session={}, new_redemptions={NONCE: {"n": 2}}),
        TradingWrites(session={}, new_fills={"f1": {"n": 2}}),
    ],
)
def test_what_exists_is_not_created_again(store_and_put: tuple[TradingStore, Put], writes: TradingWrites) -> None:
    store, put = store_and_put
    put(f"tenants/acme/redemptions/{NONCE}", {"n": 1})
    put("tenants/acme/ledger_trades/f1", {"n": 1})
    with pytest.raises(StoreConflict):
        store.commit("acme", writes, None)
    records = store.read("acme", [NONCE], ["f1"])
    assert (records.redemptions, records.fills) == ({NONCE: {"n": 1}}, {"f1": {"n": 1}})
