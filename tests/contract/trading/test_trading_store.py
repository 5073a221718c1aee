"""What every TradingStore must do: the in-memory one and Firestore's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore.entry_ledger import FirestoreEntryLedger
from functions.adapters.firestore.trading_store import FirestoreBookStore
from functions.domain.kernel.errors import StoreConflict
from functions.services.kernel.ports import Document, Versioned
from functions.services.trading.ports import AccountAndPrices, BookStore, EntryLedger, TradingRecords, TradingWrites
from tests.fakes import MARCH_16, FakeClock, FakeCycleStore, FakeLedger, FakeTradingStore
from tools.lab.engine.stores.documents import Documents
from tools.lab.engine.stores.ledger_store import MemoryLedgerStore
from tools.lab.engine.stores.trading_store import MemoryTradingStore

NONCE = "0f" * 16
RESERVATIONS = {NONCE: {"notional": 10.0, "lapses_at": MARCH_16 + timedelta(minutes=5)}}
Put = Callable[[str, dict[str, Any]], Any]


@pytest.fixture(params=["fake", "lab", "emulator"])
def store_and_put(request: pytest.FixtureRequest, own_db: Client) -> tuple[BookStore, Put]:
    if request.param == "fake":
        fake = FakeCycleStore()
        return FakeTradingStore(fake), fake.put
    if request.param == "lab":
        documents = Documents(FakeClock())
        return MemoryTradingStore(documents), documents.put
    return FirestoreBookStore(own_db), lambda path, document: own_db.document(path).set(document)


def values(records: TradingRecords) -> dict[str, Document]:
    return {name: stored.value for name, stored in records.fills.items()}


def test_a_tenant_without_anything_reads_as_nothing(store_and_put: tuple[BookStore, Put]) -> None:
    store, _ = store_and_put
    records = store.read("acme", [NONCE], ["f1"])
    assert (records.policy, records.session.value, records.session.version) == (None, None, None)
    assert (records.redemptions, records.fills, store.issued("acme", "s")) == ({}, {}, None)


def test_what_is_committed_is_read_and_the_sessions_other_fields_stay(store_and_put: tuple[BookStore, Put]) -> None:
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
    assert records.redemptions == {NONCE: {"status": "RESERVED"}}
    assert values(records) == {"f1": {"qty": 1.0}}
    assert store.issued("acme", "s1") == {"session_id": "s1"}
    released = TradingWrites(session={"reservations": {}}, redemptions={NONCE: {"status": "RELEASED"}})
    store.commit("acme", released, records.session.version)
    records = store.read("acme", [NONCE])
    assert (records.session.value or {})["reservations"] == {}
    assert records.redemptions == {NONCE: {"status": "RELEASED"}}


def test_a_commit_over_a_changed_session_conflicts_and_writes_nothing(store_and_put: tuple[BookStore, Put]) -> None:
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
        TradingWrites(session={}, new_book_changes={"c1": {"n": 2}}),
    ],
)
def test_what_exists_is_not_created_again(store_and_put: tuple[BookStore, Put], writes: TradingWrites) -> None:
    store, put = store_and_put
    put(f"tenants/acme/redemptions/{NONCE}", {"n": 1})
    put("tenants/acme/ledger_trades/f1", {"n": 1})
    put("tenants/acme/state/positions/history/c1", {"n": 1})
    with pytest.raises(StoreConflict):
        store.commit("acme", writes, None)
    records = store.read("acme", [NONCE], ["f1"])
    assert (records.redemptions, values(records)) == ({NONCE: {"n": 1}}, {"f1": {"n": 1}})


def test_a_ledger_document_is_adopted_over_what_was_read_or_not_at_all(store_and_put: tuple[BookStore, Put]) -> None:
    store, put = store_and_put
    put("tenants/acme/ledger_trades/f1", {"qty": 1.0})
    records = store.read("acme", [], ["f1"])
    put("tenants/acme/ledger_trades/f1", {"qty": 2.0})
    writes = TradingWrites(
        session={"ledger_version": 1},
        adopted_fills={"f1": Versioned({"ledger_version": 1}, records.fills["f1"].version)},
    )
    with pytest.raises(StoreConflict):
        store.commit("acme", writes, None)
    again = store.read("acme", [], ["f1"])
    assert (again.session.value, values(again)) == (None, {"f1": {"qty": 2.0}})
    adopted = {"f1": Versioned({"ledger_version": 1}, again.fills["f1"].version)}
    store.commit("acme", TradingWrites(session={"ledger_version": 1}, adopted_fills=adopted), None)
    assert values(store.read("acme", [], ["f1"])) == {"f1": {"qty": 2.0, "ledger_version": 1}}
    assert store.read("acme", [], ["f1"]).fills["f1"].created_at == records.fills["f1"].created_at


def test_what_is_created_after_a_read_is_newer_than_it_and_what_was_before_is_not(
    store_and_put: tuple[BookStore, Put],
) -> None:
    """Whoever opens the book counts the one, and leaves the other to its event."""
    store, put = store_and_put
    for number in range(20):
        name = f"f{number}"
        before = store.read("acme", [], [name])
        put(f"tenants/acme/ledger_trades/{name}", {"n": number})
        after = store.read("acme", [], [name])
        created_at = after.fills[name].created_at
        assert created_at is not None
        assert before.read_at < created_at <= after.read_at


def test_reserved_redemptions_are_those_that_lapse_since_a_time(store_and_put: tuple[BookStore, Put]) -> None:
    store, put = store_and_put
    for minutes, status in ((3, "RESERVED"), (1, "RESERVED"), (-1, "RESERVED"), (2, "FILLED")):
        document = {"status": status, "lapses_at": MARCH_16 + timedelta(minutes=minutes)}
        put(f"tenants/acme/redemptions/r{minutes}", document)
    found = store.reserved_redemptions("acme", MARCH_16)
    assert [one["lapses_at"] - MARCH_16 for one in found] == [timedelta(minutes=1), timedelta(minutes=3)]


def test_modes_are_the_tenants_and_every_users_and_a_commit_sets_fields_of_them(
    store_and_put: tuple[BookStore, Put],
) -> None:
    store, put = store_and_put
    assert store.modes("acme") == {}
    for name in ("modes", "modes__ann", "modes__a__b", "session", "positions", "modest", "windows__ann"):
        put(f"tenants/acme/state/{name}", {"paper_json": name, "updated_at": MARCH_16})
    put("tenants/other/state/modes", {"paper_json": "{}"})
    assert {uid: one["paper_json"] for uid, one in store.modes("acme").items()} == {
        None: "modes",
        "ann": "modes__ann",
        "a__b": "modes__a__b",
    }
    writes = TradingWrites(session={"ledger_version": 1}, modes={None: {"paper_json": "1"}, "ann": {"paper_json": "2"}})
    with pytest.raises(StoreConflict):
        store.commit("acme", writes, None)
    store.commit("acme", writes, store.read("acme", []).session.version)
    found = store.modes("acme")
    assert found[None] == {"paper_json": "1", "updated_at": MARCH_16}
    assert (found["ann"]["paper_json"], found["a__b"]["paper_json"]) == ("2", "modes__a__b")


def test_account_and_prices_are_as_stored(store_and_put: tuple[BookStore, Put]) -> None:
    store, put = store_and_put
    assert store.account_and_prices("acme") == AccountAndPrices(None, None)
    put("tenants/acme/accounts/primary", {"equity": 1.0})
    put("tenants/acme/market_data/latest", {"symbols": {}})
    assert store.account_and_prices("acme") == AccountAndPrices({"equity": 1.0}, {"symbols": {}})


@pytest.fixture(params=["fake", "lab", "emulator"])
def ledger_and_put(request: pytest.FixtureRequest, own_db: Client) -> tuple[EntryLedger, Put]:
    if request.param == "fake":
        fake = FakeCycleStore()
        return FakeLedger(fake), fake.put
    if request.param == "lab":
        documents = Documents(FakeClock())
        return MemoryLedgerStore(documents), documents.put
    return FirestoreEntryLedger(own_db), lambda path, document: own_db.document(path).set(document)


def test_the_ledger_is_read_by_time_whatever_else_is_in_it(ledger_and_put: tuple[EntryLedger, Put]) -> None:
    ledger, put = ledger_and_put
    times = {"b": MARCH_16 + timedelta(days=400), "a": MARCH_16, "old": MARCH_16 - timedelta(days=90_000)}
    for name, ts in {**times, "text": "2020-03-16", "number": 5, "none": None}.items():
        put(f"tenants/acme/ledger_trades/{name}", {"ts": ts, "qty": 1.0})
    put("tenants/acme/ledger_trades/other", {"timestamp": MARCH_16})
    assert [one.entry_id for one in ledger.entries("acme", None)] == ["old", "a", "b"]
    assert [one.entry_id for one in ledger.entries("acme", MARCH_16)] == ["a", "b"]
    assert [name for name, _ in ledger.untimed_fills("acme")] == ["text"]
    assert next(iter(ledger.entries("acme", MARCH_16))).document == {"ts": MARCH_16, "qty": 1.0}


def test_an_instant_is_read_alone_and_revisions_by_what_comes_before_them(
    ledger_and_put: tuple[EntryLedger, Put],
) -> None:
    ledger, put = ledger_and_put
    broker_ids = {"a": "e.01", "b": "e.02", "c": "e", "d": "e.", "f": "ea.01", "g": "e/01", "h": None}
    for name, broker_fill_id in broker_ids.items():
        ts = MARCH_16 + timedelta(microseconds=name > "c")
        put(f"tenants/acme/ledger_trades/{name}", {"ts": ts, "broker_fill_id": broker_fill_id})
    put("tenants/acme/ledger_trades/text", {"ts": MARCH_16.isoformat()})
    assert sorted(one.entry_id for one in ledger.at_instant("acme", MARCH_16)) == ["a", "b", "c"]
    assert sorted(one.entry_id for one in ledger.revisions("acme", "e")) == ["a", "b", "d"]
    assert list(ledger.at_instant("acme", MARCH_16 - timedelta(days=1))) == []


def test_what_is_traded_on_paper_is_read_by_time(ledger_and_put: tuple[EntryLedger, Put]) -> None:
    ledger, put = ledger_and_put
    for number in range(3):
        record = {"timestamp": MARCH_16 + timedelta(minutes=number), "qty": 1.0}
        put(f"tenants/acme/shadow_pnl/p{number}", record)
    found = ledger.shadow_fills("acme", MARCH_16 + timedelta(minutes=1), MARCH_16 + timedelta(days=1))
    assert sorted(name for name, _ in found) == ["p1", "p2"]
