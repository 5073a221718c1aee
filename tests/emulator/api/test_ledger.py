"""What clients tell of the ledger: fills as brokers write them, and every other kind of entry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.adapters.firestore import paths
from functions.adapters.firestore.entry_ledger import FirestoreEntryLedger
from functions.adapters.firestore.trading_store import FirestoreBookStore
from functions.adapters.system import SystemClock
from functions.domain.ledger.books import Checkpoint, PeriodResult, compute_period
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.breakers import BreakerState
from functions.services.kernel.commits import Commits
from functions.services.ledger.read_ledger import SkippedDocuments, read_events
from functions.services.trading.check_book import BookStatus, CheckBook
from functions.services.trading.open_book import OpenBook, Operator
from tests.emulator.api.conftest import Caller, Desk
from tests.emulator.api.test_trading import errors_of

ALPACA_FILL = {
    "activity_type": "FILL",
    "id": "20190524113406977::8efc7b9a-8b2b-4000-9955-d36e7db0df74",
    "order_id": "904837e3-3b76-47ec-b432-046db621571b",
    "price": "1.63",
    "qty": "1.5",
    "side": "sell_short",
    "symbol": "LPCN",
    "type": "fill",
}
"""As its API lists account activities."""


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


def fill(broker_fill_id: str, **fields: Any) -> dict[str, Any]:
    known = {"strategy_id": "Trend", "symbol": "KO", "side": "buy", "qty": 10, "price": 50.0, "ts": ago(hours=2)}
    return {**known, "broker_fill_id": broker_fill_id, **fields}


def report(trader: Caller, *fills: dict[str, Any]) -> list[dict[str, Any]]:
    answer = trader("POST", "fills", json={"fills": fills})
    assert answer.status_code in {200, 207}, answer.get_data(as_text=True)
    results: list[dict[str, Any]] = answer.get_json()["results"]
    return results


def tell(trader: Caller, *entries: dict[str, Any]) -> list[dict[str, Any]]:
    answer = trader("POST", "ledger", json={"entries": entries})
    assert answer.status_code in {200, 207}, answer.get_data(as_text=True)
    results: list[dict[str, Any]] = answer.get_json()["results"]
    return results


def open_book(desk: Desk) -> None:
    store, ledger = FirestoreBookStore(desk.db), FirestoreEntryLedger(desk.db)
    use_case = OpenBook(store, ledger, SystemClock(), Commits(lambda _: None))
    use_case.open("acme", Operator("olga"), (), {}, is_written=True)


def held(desk: Desk) -> dict[tuple[str, str], tuple[float, float]]:
    """Return quantities and average prices, once the nightly comparison finds nothing."""
    check = CheckBook(FirestoreBookStore(desk.db), FirestoreEntryLedger(desk.db)).run("acme")
    assert check.status is BookStatus.SAME, check
    book = PositionBook.from_document(paths.positions(desk.db, "acme").get().to_dict())
    return {key: (round(one.qty, 9), one.average_price) for key, one in book.holdings.items()}


def results_of(desk: Desk, mark: float) -> dict[str, PeriodResult]:
    """Return what the ledger comes to, by strategy."""
    now, skipped = datetime.now(UTC) + timedelta(minutes=1), SkippedDocuments()
    documents = FirestoreEntryLedger(desk.db).fills("acme", None, now)
    found, _ = compute_period(Checkpoint.empty(), read_events("acme", documents, skipped), {"KO": mark}, now)
    assert skipped.count == 0, skipped.examples
    return {one.strategy_id: one for one in found}


def ledger_size(desk: Desk) -> int:
    return len(list(paths.ledger_trades(desk.db, "acme").stream()))


# Fills


def test_two_executions_of_one_trade_id_are_both_recorded(desk: Desk, trader: Caller) -> None:
    both = fill("28457"), fill("28457", symbol="PEP")
    assert [one["status"] for one in report(trader, *both)] == ["RECORDED", "RECORDED"]
    assert [one["status"] for one in report(trader, *both)] == ["DUPLICATE", "DUPLICATE"]
    assert ledger_size(desk) == 2


def test_a_brokers_own_words_are_taken(desk: Desk, trader: Caller) -> None:
    open_book(desk)
    taken = {name: ALPACA_FILL[name] for name in ("symbol", "side", "qty", "price", "order_id")}
    (result,) = report(
        trader, {**taken, "strategy_id": "Trend", "broker_fill_id": ALPACA_FILL["id"], "ts": ago(hours=1)}
    )
    assert result["status"] == "RECORDED"
    assert held(desk) == {("Trend", "LPCN"): (-1.5, 1.63)}


def test_a_makers_rebate_holds_up_no_batch(desk: Desk, trader: Caller) -> None:
    batch = [fill(str(number)) for number in range(99)]
    statuses = [one["status"] for one in report(trader, *batch, fill("maker", fees=-0.20))]
    assert statuses == ["RECORDED"] * 100
    assert results_of(desk, 50.0)["Trend"].fees == pytest.approx(-0.2)


def test_a_fee_in_coin_is_off_the_position(desk: Desk, trader: Caller) -> None:
    open_book(desk)
    coin = fill("1", symbol="BTC/USD", qty="0.1", price="10000", fee_currency="BTC", fee_qty="0.00025")
    report(trader, coin)
    assert held(desk) == {("Trend", "BTCUSD"): (0.09975, 10_000.0)}
    (error,) = errors_of(trader("POST", "fills", json={"fills": [fill("2"), fill("3", fee_currency="X", fee_qty=1)]}))
    assert error.startswith("fills.1.fee_currency: must be USD, or any other with fee_rate, USD per unit of it")
    assert ledger_size(desk) == 1, "none of a batch with a malformed field"


def test_a_fill_without_a_strategy_is_unowned(desk: Desk, trader: Caller) -> None:
    open_book(desk)
    unowned = fill("1")
    del unowned["strategy_id"]
    assert report(trader, unowned)[0]["status"] == "RECORDED"
    assert (held(desk), list(results_of(desk, 50.0))) == ({}, ["unowned"])
    (error,) = errors_of(trader("POST", "fills", json={"fills": [fill("2", strategy_id="unowned")]}))
    assert "fills.0.strategy_id" in error
    assert "must be left out if no strategy owns it" in error


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"qty": "ten"}, "fills.1.qty"),
        ({"qty": "0.000"}, "fills.1.qty"),
        ({"price": "-5"}, "fills.1.price"),
        ({"side": "hold"}, "fills.1.side"),
        ({"fees": "NaN"}, "fills.1.fees"),
        ({"fee_rate": 0}, "fills.1.fee_rate"),
    ],
)
def test_a_malformed_fill_is_named_by_its_place(trader: Caller, fields: dict[str, Any], named: str) -> None:
    (error,) = errors_of(trader("POST", "fills", json={"fills": [fill("1"), fill("2", **fields)]}))
    assert error.startswith(f"{named}: ")


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_brokers_correction_of_an_execution_takes_its_place(
    desk: Desk, trader: Caller, order: tuple[int, int]
) -> None:
    open_book(desk)
    ib = "0000e0d5.5d3f1a2b.01"
    told = {1: fill(f"{ib}.01", qty=100, price=50.0), 2: fill(f"{ib}.02", qty=100, price=49.0, ts=ago(hours=1))}
    for revision in (*order, *order):
        report(trader, told[revision])
    assert held(desk) == {("Trend", "KO"): (100.0, 49.0)}
    assert ledger_size(desk) == 2


def test_one_book_for_every_spelling(desk: Desk, trader: Caller) -> None:
    open_book(desk)
    report(trader, fill("1", symbol="aapl"), fill("2", symbol="AAPL", side="sell", price=51.0, ts=ago(hours=1)))
    assert held(desk) == {}
    assert results_of(desk, 50.0)["Trend"].realized_pnl == pytest.approx(10.0)


# Other entries


def test_a_split_is_neither_a_loss_nor_a_short(desk: Desk, trader: Caller) -> None:
    open_book(desk)
    report(trader, fill("1"))
    split = {"kind": "split", "ref": "ca-1", "symbol": "KO", "ratio": "4", "ts": ago(hours=1)}
    assert [tell(trader, split)[0]["status"] for _ in range(3)] == ["RECORDED", "DUPLICATE", "DUPLICATE"]
    assert held(desk) == {("Trend", "KO"): (40.0, 12.5)}
    report(trader, fill("2", side="sell", qty=40, price=12.5, ts=ago(minutes=1)))
    assert (held(desk), results_of(desk, 12.5)["Trend"].realized_pnl) == ({}, 0.0)


def test_a_dividend_is_income(desk: Desk, trader: Caller) -> None:
    report(trader, fill("1"))
    tell(trader, {"kind": "dividend", "ref": "d-1", "symbol": "KO", "per_unit": 0.46, "ts": ago(hours=1)})
    trend = results_of(desk, 49.54)["Trend"]
    assert (trend.income, trend.pnl) == pytest.approx((4.6, 0.0))


def test_a_trade_that_the_exchange_busts_never_was(desk: Desk, trader: Caller) -> None:
    open_book(desk)
    kept, busted = report(trader, fill("1"), fill("2", price=100.0, ts=ago(hours=1)))
    (result,) = tell(trader, {"kind": "void", "ref": "bust", "of": busted["fill_id"]})
    assert result["status"] == "RECORDED"
    assert held(desk) == {("Trend", "KO"): (10.0, 50.0)}
    assert results_of(desk, 50.0)["Trend"].realized_pnl == 0.0
    (fixed,) = tell(trader, {"kind": "correction", "ref": "fix", "of": kept["fill_id"], "qty": 8, "fees": -0.1})
    assert held(desk) == {("Trend", "KO"): (8.0, 50.0)}
    tell(trader, {"kind": "void", "ref": "both", "of": fixed["entry_id"]})
    assert held(desk) == {("Trend", "KO"): (10.0, 50.0)}


def test_cash_and_flows_are_told(desk: Desk, trader: Caller) -> None:
    at = ago(hours=1)
    told = tell(
        trader,
        {"kind": "fee", "ref": "1", "amount": 2.5, "strategy_id": "Trend", "ts": at},
        {"kind": "interest", "ref": "1", "amount": "-1.25", "ts": at},
        {"kind": "funding", "ref": "1", "amount": 0.5, "strategy_id": "Trend", "ts": at},
        {"kind": "deposit", "ref": "1", "amount": 100, "ts": at},
        {"kind": "withdrawal", "ref": "1", "amount": 40, "ts": at, "account_id": "primary"},
        {"kind": "deposit", "ref": "1", "amount": 101, "ts": at},
    )
    assert [one["status"] for one in told] == [*["RECORDED"] * 5, "REJECTED"]
    assert told[-1]["reason_code"] == "ENTRY_CONFLICT"
    assert told[-1]["entry_id"] == told[3]["entry_id"]
    results = results_of(desk, 50.0)
    assert (results["Trend"].pnl, results["Trend"].fees, results["Trend"].income) == (-2.0, 2.5, 0.5)
    assert results["unowned"].pnl == -1.25
    session = paths.current_session(desk.db, "acme").get().to_dict() or {}
    assert [one.usd for one in BreakerState.from_document(session["breaker"]).flows] == [100.0, -40.0]
    assert session["ledger_version"] == trader("GET", "reservations").get_json()["ledger_version"] == 5


def test_paper_positions_of_every_user_are_split(desk: Desk, trader: Caller) -> None:
    for uid in (None, "ann"):
        paths.modes(desk.db, "acme", uid).set({"strategies_json": "{}", "paper_json": '{"Shy":{"KO":10.0}}'})
    paths.current_session(desk.db, "acme").set({"session_id": "s"})
    tell(trader, {"kind": "split", "ref": "ca-1", "symbol": "KO", "ratio": 4, "ts": ago(hours=1)})
    stored = [paths.modes(desk.db, "acme", uid).get().to_dict() or {} for uid in (None, "ann")]
    assert [one["paper_json"] for one in stored] == ['{"Shy":{"KO":40.0}}'] * 2


MALFORMED: list[tuple[dict[str, Any], str]] = [
    (
        {"kind": "fill"},
        "entries.1: Value error, kind must be one of void, correction, split, dividend, fee, interest, funding, ",
    ),
    ({}, "entries.1: Value error, kind must be one of"),
    ({"kind": "split", "symbol": "KO", "ratio": 0, "ts": "2020-03-16T00:00:00Z"}, "entries.1.ratio: "),
    ({"kind": "split", "symbol": "KO", "ratio": 4}, "entries.1.ts: "),
    (
        {"kind": "dividend", "symbol": "KO", "per_unit": 1, "ts": "2020-03-16T00:00:00Z"},
        "entries.1.ts: must be at most 7 ",
    ),
    ({"kind": "fee", "amount": 0, "ts": ago(hours=1)}, "entries.1.amount: must be a number other than 0"),
    ({"kind": "deposit", "amount": "-5", "ts": ago(hours=1)}, "entries.1.amount: "),
    ({"kind": "void", "of": "gone"}, "entries.1.of: must be the id of a ledger document"),
    ({"kind": "correction", "of": "gone"}, "entries.1: Value error, at least one figure must be given"),
    ({"kind": "void", "of": "gone", "ratio": 4}, "entries.1.ratio: Extra inputs"),
]


@pytest.mark.parametrize(("entry", "told"), MALFORMED)
def test_a_malformed_entry_is_named_by_its_place_and_none_is_recorded(
    desk: Desk, trader: Caller, entry: dict[str, Any], told: str
) -> None:
    good = {"kind": "deposit", "ref": "1", "amount": 5, "ts": ago(hours=1)}
    errors = errors_of(trader("POST", "ledger", json={"entries": [good, {"ref": "2", **entry}]}))
    assert any(error.startswith(told) for error in errors), errors
    assert ledger_size(desk) == 0
