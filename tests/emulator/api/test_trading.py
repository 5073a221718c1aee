"""A trading client's day through the API: cycles, signals, redemption, fills."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.adapters.firestore import paths
from functions.adapters.firestore.cycle_store import FirestoreCycleStore
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.domain.ledger.fills import parse_fill
from tests.emulator.api.conftest import BUYING_POWER, Caller, Desk

NOW = datetime.now(UTC)
QUOTES = {"AAPL": {"price": 100.0, "volume": 1e6, "history": [100.0 + day / 10 for day in range(60)]}}


def market_data(as_of: datetime = NOW, **fields: Any) -> dict[str, Any]:
    return {"as_of": as_of.isoformat(), "symbols": QUOTES, **fields}


def account(as_of: datetime = NOW, **fields: Any) -> dict[str, Any]:
    return {"as_of": as_of.isoformat(), "equity": 1e5, "buying_power": 1e5, "cash": 1e5, "positions": [], **fields}


def fill(signal: dict[str, Any], **fields: Any) -> dict[str, Any]:
    known = {"strategy_id": signal["strategy_name"], "symbol": signal["ticker"], "side": signal["action"].lower()}
    known |= {"qty": 10, "price": 100.0, "ts": datetime.now(UTC).isoformat(), "fees": 1.0, "nonce": signal["nonce"]}
    return known | fields


def test_from_market_data_to_a_decision_and_back(desk: Desk, trader: Caller) -> None:
    assert trader("PUT", "market-data", json=market_data()).status_code == 200
    assert trader("PUT", "account", json=account()).status_code == 200
    ran = trader("POST", "orchestrations", headers={"Idempotency-Key": "first"})
    assert ran.status_code == 200
    orchestration = ran.get_json()
    session_id = orchestration["decision"]["session_id"]
    assert set(orchestration["signals"]) == set(orchestration["decision"]["signals"])
    latest = trader("GET", "signals/latest").get_json()
    assert (latest["session_id"], latest["buying_power"], latest["reserved"]) == (session_id, 1e5, 0.0)
    assert latest["signals"] == orchestration["signals"]
    decision = trader("GET", f"decisions/{session_id}").get_json()
    assert decision == orchestration["decision"]
    assert "nonce" not in str(decision), "decisions are for all members; nonces for those who trade"
    assert trader("GET", "decisions").get_json()["items"] == [decision]


def test_a_repeated_orchestration_is_the_same_cycle(desk: Desk, trader: Caller) -> None:
    trader("PUT", "market-data", json=market_data())
    trader("PUT", "account", json=account())
    first, again = (trader("POST", "orchestrations", headers={"Idempotency-Key": "k"}).get_json() for _ in range(2))
    assert first == again
    other = desk.member()("POST", "orchestrations", headers={"Idempotency-Key": "k"}).get_json()
    assert other["decision"]["session_id"] != first["decision"]["session_id"], "keys are the caller's own"
    unkeyed = trader("POST", "orchestrations").get_json()
    assert unkeyed["decision"]["session_id"] not in {first["decision"]["session_id"], other["decision"]["session_id"]}


def test_redeem_fill_and_release(desk: Desk, trader: Caller) -> None:
    signals = desk.cycle()
    trend, value = signals["Trend"], signals["Value"]
    redeemed = trader("POST", f"signals/{trend['nonce']}/redeem", headers={"Idempotency-Key": "k"})
    assert redeemed.status_code == 200
    assert redeemed.get_json() | {"status": "RESERVED", "notional": 30_000.0, "symbol": "AAPL"} == redeemed.get_json()
    retry = trader("POST", f"signals/{trend['nonce']}/redeem", headers={"Idempotency-Key": "k"})
    assert retry.get_json() == redeemed.get_json()
    again = trader("POST", f"signals/{trend['nonce']}/redeem")
    assert (again.status_code, again.get_json()["reason_code"]) == (409, "ALREADY_REDEEMED")
    assert trend["nonce"] not in again.get_data(as_text=True), "no whole nonces in messages"
    assert trader("GET", "signals/latest").get_json()["reserved"] == 30_000.0

    filled = trader("POST", "fills", json={"fills": [fill(trend, broker_fill_id="b1", is_order_complete=True)]})
    assert (filled.status_code, filled.get_json()["results"][0]["status"]) == (200, "RECORDED")
    assert trader("GET", "signals/latest").get_json()["reserved"] == 1_000.0, "spent; the rest is free again"
    assert trader("POST", f"signals/{trend['nonce']}/release").get_json()["reason_code"] == "ALREADY_FILLED"

    trader("POST", f"signals/{value['nonce']}/redeem")
    released = trader("POST", f"signals/{value['nonce']}/release")
    assert (released.status_code, released.get_json()["status"]) == (200, "RELEASED")
    assert trader("GET", "signals/latest").get_json()["reserved"] == 1_000.0


def test_fills_land_in_the_ledger_as_the_ledger_reads_them(desk: Desk, trader: Caller) -> None:
    trend = desk.cycle()["Trend"]
    trader("POST", f"signals/{trend['nonce']}/redeem")
    good, conflicting = fill(trend, broker_fill_id="b1"), fill(trend, broker_fill_id="b1", qty=11)
    wrong_side = fill(trend, broker_fill_id="b2", side="sell")
    answer = trader("POST", "fills", json={"fills": [good, good, conflicting, wrong_side]})
    assert answer.status_code == 207
    results = [(one["status"], one["reason_code"]) for one in answer.get_json()["results"]]
    assert results == [
        ("RECORDED", None),
        ("DUPLICATE", None),
        ("REJECTED", "FILL_CONFLICT"),
        ("REJECTED", "FILL_MISMATCH"),
    ]
    assert trader("POST", "fills", json={"fills": [good]}).get_json()["results"][0]["status"] == "DUPLICATE"
    (stored,) = paths.ledger_trades(desk.db, "acme").stream()
    document = stored.to_dict() or {}
    parsed = parse_fill(stored.id, document)
    assert (parsed.key.strategy_id, parsed.signed_quantity, parsed.price, parsed.fees) == ("Trend", 10.0, 100.0, 1.0)
    named = ("tenant_id", "nonce", "session_id", "broker_fill_id")
    assert [document[name] for name in named] == ["acme", trend["nonce"], trend["session_id"], "b1"]


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [("Idle", 409, "NOT_REDEEMABLE"), ("unknown", 404, "SIGNAL_UNKNOWN"), ("old", 410, "SESSION_SUPERSEDED")],
)
def test_what_cannot_be_redeemed_says_why(desk: Desk, trader: Caller, name: str, status: int, reason: str) -> None:
    old = desk.cycle()["Trend"]["nonce"]
    nonce = {"unknown": "0f" * 16, "old": old}.get(name) or desk.cycle()[name]["nonce"]
    desk.cycle() if name == "old" else None
    answer = trader("POST", f"signals/{nonce}/redeem")
    assert (answer.status_code, answer.get_json()["reason_code"]) == (status, reason)


def test_an_expired_signal_and_a_shadowed_one(desk: Desk, trader: Caller) -> None:
    paths.policy(desk.db, "acme").set({"signal_ttl_seconds": 1, "insufficient_data_mode": "SHADOW_MODE"})
    nonce = desk.cycle()["Trend"]["nonce"]
    assert trader("POST", f"signals/{nonce}/redeem").get_json()["reason_code"] == "NOT_REDEEMABLE"
    paths.policy(desk.db, "acme").set({"signal_ttl_seconds": 1})
    expired = desk.cycle({"Exit": {"action": "SELL", "ticker": "KO"}})["Exit"]
    while datetime.now(UTC) < datetime.fromisoformat(expired["expires_at"]):
        pass
    answer = trader("POST", f"signals/{expired['nonce']}/redeem")
    assert (answer.status_code, answer.get_json()["reason_code"]) == (410, "SIGNAL_EXPIRED")


def test_what_buying_power_does_not_cover_is_refused(desk: Desk, trader: Caller) -> None:
    first = desk.cycle()["Trend"]["nonce"]
    trader("POST", f"signals/{first}/redeem")
    poor = desk.cycle(buying_power=40_000.0)
    answer = trader("POST", f"signals/{poor['Trend']['nonce']}/redeem")
    assert (answer.status_code, answer.get_json()["reason_code"]) == (409, "INSUFFICIENT_BUYING_POWER")
    assert answer.get_json()["detail"] == "the signal needs 12000.00 USD, 10000.00 USD of buying power are left"


def test_an_older_snapshot_never_replaces_a_newer_one(trader: Caller, desk: Desk) -> None:
    older = NOW - timedelta(minutes=5)
    for path, body in (("account", account), ("market-data", market_data)):
        assert trader("PUT", path, json=body(NOW)).status_code == 200
        answer = trader("PUT", path, json=body(older))
        assert (answer.status_code, answer.get_json()["reason_code"]) == (409, "OUTDATED_SNAPSHOT")
        assert trader("PUT", path, json=body(NOW)).status_code == 200, "the same again changes nothing"
    trader("PUT", "account", json={"as_of": NOW.isoformat(), "equity": 5, "buying_power": 5})
    stored = paths.account(desk.db, "acme").get().to_dict()
    assert stored == {"as_of": NOW, "equity": 5.0, "buying_power": 5.0}, "what is left out is gone, and says nothing"


def errors_of(answer: Any) -> list[str]:
    assert answer.status_code == 422
    return [f"{one['field']}: {one['detail']}" for one in answer.get_json()["errors"]]


@pytest.mark.parametrize(("path", "body"), [("account", account), ("market-data", market_data)])
@pytest.mark.parametrize("ahead", [timedelta(seconds=90), timedelta(days=1), timedelta(days=400)])
def test_a_snapshot_of_the_future_is_refused_and_holds_up_no_right_one(
    trader: Caller, path: str, body: Any, ahead: timedelta
) -> None:
    now = datetime.now(UTC)
    (error,) = errors_of(trader("PUT", path, json=body(now + ahead)))
    assert error.startswith("as_of: must be at most 60 s ahead of the server's clock, ")
    assert trader("PUT", path, json=body(now)).status_code == 200


def test_a_future_that_a_users_own_writer_stored_holds_up_no_right_snapshot(trader: Caller, desk: Desk) -> None:
    now = datetime.now(UTC)
    paths.account(desk.db, "acme").set({"equity": 1e5, "buying_power": 1e5, "as_of": now + timedelta(days=1)})
    trader("PUT", "market-data", json=market_data(now))
    held = trader("POST", "orchestrations").get_json()["decision"]
    assert [one["reason_code"] for one in held["input_issues"]] == ["MALFORMED_ACCOUNT"]
    assert trader("PUT", "account", json=account(now)).status_code == 200
    assert trader("POST", "orchestrations").get_json()["decision"]["input_issues"] == []


def test_answers_carry_the_ledgers_version_and_a_snapshot_may_name_it(trader: Caller, desk: Desk) -> None:
    signal = desk.cycle()["Trend"]
    assert trader("GET", "signals/latest").get_json()["ledger_version"] == 0
    assert trader("POST", f"signals/{signal['nonce']}/redeem").status_code == 200
    recorded = trader("POST", "fills", json={"fills": [fill(signal, broker_fill_id="b1")]}).get_json()
    assert recorded["ledger_version"] == trader("GET", "signals/latest").get_json()["ledger_version"] == 1
    assert trader("PUT", "account", json=account(datetime.now(UTC), ledger_version=1)).status_code == 200
    (error,) = errors_of(trader("PUT", "account", json=account(datetime.now(UTC), ledger_version=2)))
    assert error == "ledger_version: must be at most the ledger's, 1, was 2"
    trader("PUT", "market-data", json=market_data())
    assert trader("POST", "orchestrations").status_code == 200
    reserved = trader("GET", "reservations").get_json()
    assert reserved["ledger_version"] == 1
    assert [(one["status"], one["spent"]) for one in reserved["items"]] == [("RESERVED", 0.0)], (
        "1,000 are in the account"
    )


MALFORMED: list[tuple[str, Any, str]] = [
    ("fills", {"fills": []}, "fills"),
    ("fills", {"fills": [{}] * 101}, "fills"),
    ("fills", {"fills": [{"qty": 1}]}, "fills.0.symbol"),
    ("fills", {"fills": [{"qty": 1}]}, "fills.0.price"),
    ("account", account(equity="lots"), "equity"),
    ("account", account(buying_power="1e3"), "buying_power"),
    ("account", account(as_of=NOW) | {"as_of": "yesterday"}, "as_of"),
    ("account", account() | {"as_of": "2026-01-05T15:00:00"}, "as_of"),
    ("account", account() | {"as_of": "0001-01-01T00:00:00+14:00"}, "as_of"),
    ("account", account(positions=[{"__proto__": 1}]), "positions.0.__proto__.[key]"),
    ("account", account(positions=[{"meta": {"deep": 1}}]), "positions.0.meta"),
    ("account", account(surprise=1), "surprise"),
    ("market-data", market_data(symbols={}), "symbols"),
    ("market-data", market_data(symbols={"AAPL": {"price": 0}}), "symbols.AAPL.price"),
    ("market-data", market_data(symbols={"a b": {"price": 1}}), "symbols.a b.[key]"),
    ("market-data", market_data(symbols={"AAPL": {"price": 1, "history": [1, "x"]}}), "symbols.AAPL.history.1"),
    ("account", [], "body"),
    ("account", "text", "body"),
]


@pytest.mark.parametrize(("path", "body", "field"), MALFORMED)
def test_bad_input_is_named_field_by_field(trader: Caller, path: str, body: Any, field: str) -> None:
    answer = trader("POST" if path == "fills" else "PUT", path, json=body)
    problem = answer.get_json()
    assert (answer.status_code, problem["reason_code"]) == (422, "MALFORMED_REQUEST")
    assert any(one["field"].startswith(field) for one in problem["errors"])


@pytest.mark.parametrize(
    ("request_", "status", "reason"),
    [
        ({"data": "{"}, 400, "MALFORMED_JSON"),
        ({"data": ""}, 400, "MALFORMED_JSON"),
        ({"data": b"\xff\xfe"}, 400, "MALFORMED_JSON"),
        ({"data": '{"as_of": "\\ud800"}'}, 400, "MALFORMED_JSON"),
        ({"data": "[" * 100_000}, 400, "MALFORMED_JSON"),
        ({"data": "null"}, 422, "MALFORMED_REQUEST"),
        ({"data": "{}", "content_type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"data": "1" * 1_000_000}, 413, "TOO_LARGE"),
    ],
)
def test_what_is_no_json_or_too_much_of_it(trader: Caller, request_: dict[str, Any], status: int, reason: str) -> None:
    answer = trader("PUT", "account", **{"content_type": "application/json", **request_})
    assert (answer.status_code, answer.get_json()["reason_code"]) == (status, reason)
    assert answer.content_type == "application/problem+json"


def market_data_of(symbols: int, closes: int) -> dict[str, Any]:
    history = [100.25 + number for number in range(closes)]
    quotes = {f"S{number}": {"price": 101.5, "history": history} for number in range(symbols)}
    return {"as_of": datetime.now(UTC).isoformat(), "symbols": quotes}


def test_market_data_of_the_stated_size_is_stored_and_seen_as_it_was_sent(desk: Desk, trader: Caller) -> None:
    sent = market_data_of(500, 600)
    assert trader("PUT", "market-data", json=sent).status_code == 200
    store = FirestoreCycleStore(desk.db)
    seen = store.read("acme", None, None).market_data
    assert seen is not None
    assert seen["symbols"] == sent["symbols"]
    assert FirestoreLedgerStore(desk.db).settings("acme").market_data == seen
    assert trader("PUT", "market-data", json=market_data_of(2, 3)).status_code == 200
    assert len((store.read("acme", None, None).market_data or {})["symbols"]) == 2
    folder = desk.db.collection("tenants", "acme", "market_data")
    assert [document.id for document in folder.stream()] == ["latest"], "parts that are over are gone"


def test_what_is_more_than_the_stated_size_is_refused_with_the_limit(trader: Caller) -> None:
    positions = [dict.fromkeys(string.ascii_letters, 1)] * 2000  # a number takes 8 bytes, and 1 in JSON
    account = {"as_of": datetime.now(UTC).isoformat(), "equity": 1.0, "buying_power": 1.0, "positions": positions}
    for path, body, limit in (
        ("market-data", market_data_of(501, 600), "at most 300,000 can be stored"),
        ("account", account, "at most 1,000,000 can be stored"),
        ("account", {"as_of": "x" * 900_000}, "at most 900,000 bytes"),
        ("market-data", {"as_of": "x" * 8_000_000}, "at most 8,000,000 bytes"),
    ):
        answer = trader("PUT", path, json=body)
        assert (answer.status_code, answer.get_json()["reason_code"]) == (413, "TOO_LARGE")
        assert limit in answer.get_json()["detail"]


def test_unknown_routes_and_methods_are_problems_too(trader: Caller) -> None:
    assert trader("GET", "nowhere").get_json()["reason_code"] == "NOT_FOUND"
    answer = trader("DELETE", "policy")
    assert (answer.status_code, answer.get_json()["reason_code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "PUT" in answer.headers["Allow"]


def test_numbers_of_the_account_may_be_text(desk: Desk, trader: Caller) -> None:
    assert trader("PUT", "account", json=account(equity="1000.5", buying_power="2000")).status_code == 200
    assert (paths.account(desk.db, "acme").get().to_dict() or {})["buying_power"] == 2_000.0


def test_an_accounts_figures_are_stored_as_they_are_and_unknown_ones_not_at_all(desk: Desk, trader: Caller) -> None:
    said = account(equity="1000.123456789012", buying_power=-250.5, cash=None)
    assert trader("PUT", "account", json=said).status_code == 200
    stored = paths.account(desk.db, "acme").get().to_dict() or {}
    assert (stored["equity"], stored["buying_power"]) == (1000.123456789012, -250.5)
    assert trader("PUT", "account", json=account(equity=None, buying_power="0.000000000001")).status_code == 200
    stored = paths.account(desk.db, "acme").get().to_dict() or {}
    assert stored.keys() & {"equity", "buying_power"} == {"buying_power"}


def test_a_cycles_buying_power_is_the_accounts(desk: Desk, trader: Caller) -> None:
    desk.cycle()
    assert trader("GET", "signals/latest").get_json()["buying_power"] == BUYING_POWER
