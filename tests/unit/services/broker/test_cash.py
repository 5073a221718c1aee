"""Cash, once a day: what the ledger recorded makes it to the cent, whenever it was told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.domain.kernel.book_names import UNOWNED
from functions.domain.ledger.events import EntryKind
from functions.domain.orchestration.drift import Difference, DriftKind, Drifts, Subject
from functions.domain.trading.reported_entries import ReportedEntry
from functions.domain.trading.reported_fills import ReportedFill
from tests.unit.services.broker.test_reconcile import WatchedDesk

NIGHT = timedelta(hours=24)


@pytest.fixture
def desk() -> WatchedDesk:
    desk = WatchedDesk()
    desk.open()
    desk.trade("KO", 3.0)
    desk.see({"KO": 3.0}, cash=1000.0)
    return desk


def tell(desk: WatchedDesk, kind: EntryKind, **fields: Any) -> None:
    ts = fields.pop("ts", desk.clock.time)
    ref = f"{kind} {desk.clock.time} {fields}"
    desk.entries.run("acme", "ann", [ReportedEntry(kind=kind, ref=ref, fields={**fields, "ts": ts})], {})


def cash_of(drifts: Drifts) -> Difference | None:
    return next((one for one in drifts.differences if one.subject is Subject.CASH), None)


def next_day(desk: WatchedDesk, positions: dict[str, float], cash: float | None) -> Difference | None:
    desk.clock.time += NIGHT
    return cash_of(desk.see(positions, cash=cash))


def test_every_kind_of_entry_changes_cash_as_the_account_says(desk: WatchedDesk) -> None:
    at = desk.clock.time
    trade = ReportedFill(symbol="KO", side="buy", qty=0.0, price=0.0, ts=at)
    fills = [
        {"strategy_id": "Trend", "side": "buy", "qty": 2.0, "price": 11.0, "fees": 0.5, "slippage": 0.2},  # −22.50
        {"strategy_id": "Trend", "side": "sell", "qty": 1.0, "price": 12.0},  # +12
        {"strategy_id": UNOWNED, "side": "sell_short", "qty": 4.0, "price": 10.0, "symbol": "MSFT"},  # +40
        # −50, and 0.01 coins of what they bought
        {"side": "buy", "qty": 0.5, "price": 100.0, "symbol": "BTC/USD", "fee_currency": "BTC", "fee_qty": 0.01},
    ]
    for number, one in enumerate(fills):
        fill = {name: getattr(trade, name) for name in ("symbol", "ts")} | one
        desk.report([ReportedFill(**fill, broker_fill_id=f"b{number}")])
    later = at + timedelta(minutes=1)
    desk.clock.time = later
    tell(desk, EntryKind.SPLIT, symbol="KO", ratio=2.0)
    desk.clock.time += timedelta(minutes=1)
    tell(desk, EntryKind.DIVIDEND, symbol="KO", per_unit=0.25)  # 8 units: +2
    tell(desk, EntryKind.DEPOSIT, amount=100.0)
    tell(desk, EntryKind.WITHDRAWAL, amount=30.0)
    tell(desk, EntryKind.FEE, amount=1.25)
    tell(desk, EntryKind.INTEREST, amount=0.5)
    expected = 1000.0 - 22.5 + 12 + 40 - 50 + 2 + 100 - 30 - 1.25 + 0.5
    held = {"KO": 8.0, "MSFT": -4.0, "BTC/USD": 0.49}
    assert next_day(desk, held, expected) is None
    cash = desk.drifts().cash
    assert cash is not None
    assert cash.usd == expected
    assert next_day(desk, held, expected) is None
    wrong = next_day(desk, held, expected - 0.02)
    assert wrong is not None
    assert wrong.book == pytest.approx(expected, abs=1e-9)


def test_what_is_told_late_counts_when_it_is_told(desk: WatchedDesk) -> None:
    happened = desk.clock.time - timedelta(days=2)
    first = next_day(desk, {"KO": 3.0}, 998.0)  # booked at the broker, and not told yet
    assert first is not None
    assert (first.kind, first.is_drift) == (DriftKind.FEE, False)
    tell(desk, EntryKind.FEE, amount=2.0, ts=happened)
    assert next_day(desk, {"KO": 3.0}, 998.0) is None


def test_a_void_gives_back_what_was_paid(desk: WatchedDesk) -> None:
    ((path, fill),) = ((path, one) for path, one in desk.cycles.documents.items() if "/ledger_trades/" in path)
    of = path.rpartition("/")[2]
    desk.entries.run("acme", "ann", [ReportedEntry(kind=EntryKind.VOID, ref="bust", fields={"of": of})], {})
    assert next_day(desk, {}, 1000.0 + fill["qty"] * fill["price"]) is None


def test_the_same_difference_on_two_days_is_drift_and_goes_once_it_is_booked(desk: WatchedDesk) -> None:
    first = next_day(desk, {"KO": 3.0}, 950.0)
    assert first is not None
    assert (first.broker, first.book, first.is_drift, first.kind) == (950.0, 1000.0, False, DriftKind.UNKNOWN)
    again = next_day(desk, {"KO": 3.0}, 950.0)
    assert again is not None
    assert (again.is_drift, again.since) == (True, first.since)
    desk.put_policy(on_drift="halt")
    held = desk.cycle(proposed={"Trend": {"action": "BUY", "ticker": "PEP", "allocation": 0.1}})["Trend"]
    assert (held["action"], held["reason_code"]) == ("HOLD", "BOOK_DRIFT")
    tell(desk, EntryKind.WITHDRAWAL, amount=50.0)
    assert next_day(desk, {"KO": 3.0}, 950.0) is None


def test_another_difference_starts_over(desk: WatchedDesk) -> None:
    assert next_day(desk, {"KO": 3.0}, 950.0) is not None
    other = next_day(desk, {"KO": 3.0}, 940.0)
    assert other is not None
    assert not other.is_drift


def test_it_is_compared_once_a_day_and_only_where_all_else_agrees_and_is_known(desk: WatchedDesk) -> None:
    assert cash_of(desk.see({"KO": 3.0}, cash=1.0)) is None, "the day it was begun"
    assert next_day(desk, {"KO": 9.0}, 1.0) is None, "positions differ"
    assert cash_of(desk.see({"KO": 3.0}, cash=1.0, complete=False)) is None
    assert cash_of(desk.see({"KO": 3.0}, cash=None)) is None
    assert cash_of(desk.see({"KO": 3.0}, cash=1.0)) is not None
    writes = desk.drifts_store.writes
    assert cash_of(desk.see({"KO": 3.0}, cash=1000.0)) is not None, "tomorrow"
    assert desk.drifts_store.writes == writes


def test_what_an_operator_booked_cost_nothing(desk: WatchedDesk) -> None:
    desk.put_account(("KO", 5.0))
    desk.put_prices(KO=10.0)
    desk.open("KO=Trend")
    assert next_day(desk, {"KO": 5.0}, 1000.0) is None
