"""Connections to brokers: the same in memory and on Firestore."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore.connection_store import FirestoreConnectionStore, FirestoreSymbolStore
from functions.domain.broker.activities import ActivityCursor
from functions.domain.broker.connection import MOST_TOLD
from functions.domain.kernel.errors import DamagedDocument, StoreConflict
from functions.domain.orchestration.broker_feed import ConnectionStatus, Feed, FeedStatus
from functions.services.broker.connection_ports import ConnectionStore, DeclaredSymbols
from tests.broker_documents import CONNECTION
from tests.broker_fakes import FakeConnections
from tests.fakes import MARCH_16, FakeCycleStore

FED = Feed(slot="2020-03-16T19:55:00Z", at=MARCH_16, status=FeedStatus.FAILED, detail="it hangs", booked=3)


@pytest.fixture(params=["memory", "firestore"])
def store(request: pytest.FixtureRequest, own_db: Client) -> ConnectionStore:
    return FakeConnections(FakeCycleStore()) if request.param == "memory" else FirestoreConnectionStore(own_db)


def test_a_connection_is_read_as_it_was_written(store: ConnectionStore) -> None:
    assert store.read("acme").value is None
    told = CONNECTION.telling(["look here", "look here"], MARCH_16).fed(FED, is_failed=True)
    store.write("acme", told, None)
    assert store.read("acme").value == told
    assert (told.failing_since, len(told.told)) == (MARCH_16, 1)


def test_of_two_who_write_over_the_same_version_one_is_refused(store: ConnectionStore) -> None:
    first = store.write("acme", CONNECTION, None)
    with pytest.raises(StoreConflict):
        store.write("acme", CONNECTION, None)
    moved = replace(CONNECTION, cursor=ActivityCursor("c2"))
    second = store.write("acme", moved, first)
    with pytest.raises(StoreConflict):
        store.write("acme", CONNECTION, first)
    assert store.read("acme").value == moved
    store.write("acme", replace(moved, status=ConnectionStatus.DISCONNECTED), second)


def test_an_account_is_whoevers_claimed_it_first_until_they_let_it_go(store: ConnectionStore) -> None:
    assert store.owner(CONNECTION) is None
    assert [store.claim(CONNECTION, one) for one in ("acme", "beta", "acme")] == ["acme", "acme", "acme"]
    store.release(CONNECTION, "beta")
    assert store.owner(CONNECTION) == "acme"
    assert store.claim(CONNECTION, "beta") == "acme"
    store.release(CONNECTION, "acme")
    assert store.claim(CONNECTION, "beta") == "beta"
    other = replace(CONNECTION, account_id="an/odd ïd")
    assert store.claim(other, "acme") == "acme"


def test_who_is_connected_is_told_at_once(store: ConnectionStore) -> None:
    store.write("acme", CONNECTION, None)
    store.write("beta", replace(CONNECTION, status=ConnectionStatus.DISCONNECTED), None)
    assert store.connected(["acme", "beta", "cyd"]) == {"acme"}
    assert store.connected([]) == frozenset()


def test_what_strategies_declare_is_read_and_what_is_damaged_told(own_db: Client) -> None:
    store = FirestoreConnectionStore(own_db)
    assert store.declared_symbols() == DeclaredSymbols()
    FirestoreSymbolStore(own_db).write_symbols(["SPY"], {"Sample": ["KO"]})
    assert store.declared_symbols() == DeclaredSymbols(("SPY",), {"Sample": ("KO",)})
    store.write("acme", CONNECTION, None)
    own_db.document("tenants/acme/state/broker").update({"cursor": 7})
    with pytest.raises(DamagedDocument, match=r"tenants/acme/state/broker: cursor must be a text.*delete"):
        store.read("acme")
    own_db.document("tenants/acme/state/broker").delete()
    assert store.read("acme").value is None


def test_members_read_a_copy_without_number_id_and_cursor_that_every_write_renews(own_db: Client) -> None:
    store = FirestoreConnectionStore(own_db)
    own_db.document("tenants/acme/state/broker").set(CONNECTION.to_document())  # of before there was a copy
    stored = store.read("acme")
    assert stored.value == CONNECTION
    known = replace(CONNECTION, account_number="PA3ALX4NGLN0")
    second = store.write("acme", known.fed(FED, is_failed=True), stored.version)
    copy = own_db.document("tenants/acme/state/connection")
    assert copy.get().to_dict() == {
        "broker": "alpaca",
        "is_live": False,
        "account": "…GLN0",
        "status": "CONNECTED",
        "feed": FED.to_document(),
        "failing_since": MARCH_16,
    }
    store.write("acme", known.disconnected(MARCH_16), second)
    assert (copy.get().to_dict() or {})["status"] == "DISCONNECTED"
    assert replace(known, account_number=None).to_members_document()["account"] == "…1831"


def test_a_brokers_message_that_quotes_the_account_is_kept_without_its_number() -> None:
    known = replace(CONNECTION, account_number="PA3ALX4NGLN0")
    refused = replace(FED, detail=f"account PA3ALX4NGLN0 ({known.account_id}) is restricted")
    document = known.telling([refused.detail], MARCH_16).fed(refused, is_failed=True).to_document()
    said = f"account …GLN0 (…{known.account_id[-4:]}) is restricted"
    assert (document["feed"]["detail"], document["told"][0]["text"]) == (said, said)


def test_the_newest_of_what_was_told_are_kept() -> None:
    told = CONNECTION
    for number in range(MOST_TOLD + 5):
        told = told.telling([f"t{number}"], MARCH_16 + timedelta(seconds=number))
    assert [one["text"] for one in told.told] == [f"t{number}" for number in range(5, MOST_TOLD + 5)]
