"""What every CycleStore must do: the in-memory one and Firestore's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore.cycle_store import FirestoreCycleStore
from functions.domain.kernel.errors import StoreConflict
from functions.services.orchestration.ports import CycleStore, CycleWrites
from tests.fakes import FakeClock, FakeCycleStore
from tools.lab.engine.stores.cycle_store import MemoryCycleStore
from tools.lab.engine.stores.documents import Documents

SLOT = "2020-03-16T19:55:00Z"
Put = Callable[[str, dict[str, Any]], Any]


@pytest.fixture(params=["fake", "lab", "emulator"])
def store_and_put(request: pytest.FixtureRequest, own_db: Client) -> tuple[CycleStore, Put]:
    if request.param == "fake":
        fake = FakeCycleStore()
        return fake, fake.put
    if request.param == "lab":
        documents = Documents(FakeClock())
        return MemoryCycleStore(documents), documents.put
    return FirestoreCycleStore(own_db), lambda path, document: own_db.document(path).set(document)


def writes(session_id: str, slot: str | None = SLOT, **changes: Any) -> CycleWrites:
    fields: dict[str, Any] = {
        "session_id": session_id,
        "log": {"session_id": session_id},
        "session": {"signals_json": "{}"},
        "current_session": {"session_id": session_id},
        "modes": None,
        "shadow_records": {},
        "new_cycles": {slot: {"session_id": session_id}} if slot else {},
    }
    return CycleWrites(**(fields | changes))


def test_a_tenant_without_anything_reads_as_nothing(store_and_put: tuple[CycleStore, Put]) -> None:
    state = store_and_put[0].read("acme", None, SLOT)
    assert (state.policy, state.session.value, state.session.version, state.cycle_record) == (None, None, None, None)


def test_what_is_committed_is_read(store_and_put: tuple[CycleStore, Put]) -> None:
    store, put = store_and_put
    put("tenants/acme/config/maestro", {"enabled": True})
    put("systemStatus/market_regime", {"regime": "calm"})
    store.commit("acme", None, writes("one", modes={"strategies_json": "{}"}), None)
    state = store.read("acme", None, SLOT)
    assert (state.policy, state.regime) == ({"enabled": True}, {"regime": "calm"})
    assert state.session.value == {"session_id": "one"}
    assert state.modes == {"strategies_json": "{}"}
    assert state.cycle_record == {"session_id": "one"}
    assert store.read("other", None, SLOT).session.value is None


def test_users_have_windows_and_modes_of_their_own(store_and_put: tuple[CycleStore, Put]) -> None:
    store, put = store_and_put
    put("tenants/acme/state/windows__ann", {"whose": "ann"})
    store.commit("acme", "ann", writes("one", modes={"strategies_json": "{1}"}), None)
    assert store.read("acme", "ann", None).windows == {"whose": "ann"}
    assert store.read("acme", "ann", None).modes == {"strategies_json": "{1}"}
    assert store.read("acme", None, None).modes is None


def test_a_commit_keeps_the_sessions_other_fields(store_and_put: tuple[CycleStore, Put]) -> None:
    store, put = store_and_put
    put("tenants/acme/state/session", {"session_id": "zero", "reservations": {"n": 10.0}})
    store.commit("acme", None, writes("one"), store.read("acme", None, None).session.version)
    assert store.read("acme", None, None).session.value == {"session_id": "one", "reservations": {"n": 10.0}}


def test_a_commit_over_a_changed_session_conflicts_and_writes_nothing(store_and_put: tuple[CycleStore, Put]) -> None:
    store, put = store_and_put
    store.commit("acme", None, writes("one"), None)
    version = store.read("acme", None, None).session.version
    put("tenants/acme/state/session", {"session_id": "redeemed"})
    with pytest.raises(StoreConflict):
        store.commit("acme", None, writes("two", slot="2020-03-16T20:00:00Z"), version)
    with pytest.raises(StoreConflict):
        store.commit("acme", None, writes("three", slot="2020-03-16T20:00:00Z"), None)
    state = store.read("acme", None, "2020-03-16T20:00:00Z")
    assert (state.session.value, state.cycle_record) == ({"session_id": "redeemed"}, None)


def test_a_slot_is_committed_once(store_and_put: tuple[CycleStore, Put]) -> None:
    store, _ = store_and_put
    store.commit("acme", None, writes("one"), None)
    version = store.read("acme", None, None).session.version
    with pytest.raises(StoreConflict):
        store.commit("acme", None, writes("two"), version)
    with pytest.raises(StoreConflict):
        store.record_superseded("acme", SLOT, {"status": "SUPERSEDED"})
    assert store.read("acme", None, SLOT).cycle_record == {"session_id": "one"}


def test_a_key_is_used_once(store_and_put: tuple[CycleStore, Put]) -> None:
    store, _ = store_and_put
    assert store.read("acme", None, None, "k1").keyed is None
    store.commit("acme", None, writes("one", slot=None, new_keyed={"k1": {"answer": "one"}}), None)
    state = store.read("acme", None, None, "k1")
    assert (state.keyed, state.cycle_record) == ({"answer": "one"}, None)
    with pytest.raises(StoreConflict):
        store.commit("acme", None, writes("two", slot=None, new_keyed={"k1": {"answer": "two"}}), state.session.version)
    state = store.read("acme", None, None, "k1")
    assert (state.keyed, state.session.value) == ({"answer": "one"}, {"session_id": "one"})
    assert store.read("acme", None, None, "k2").keyed is None


def test_of_many_racing_commits_one_wins(store_and_put: tuple[CycleStore, Put]) -> None:
    store, _ = store_and_put
    racers = 16
    start = threading.Barrier(racers)

    def race(number: int) -> bool:
        start.wait()
        try:
            store.commit("acme", None, writes(f"session-{number}"), None)
        except StoreConflict:
            return False
        return True

    with ThreadPoolExecutor(racers) as pool:
        won = list(pool.map(race, range(racers)))
    assert won.count(True) == 1
    assert store.read("acme", None, SLOT).session.value == {"session_id": f"session-{won.index(True)}"}
