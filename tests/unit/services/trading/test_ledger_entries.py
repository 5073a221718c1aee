"""What is told of the ledger is counted once, and position book, orders, paper positions and breakers follow."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.domain.kernel.errors import FillError, InputError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.books import Checkpoint, PeriodResult, compute_period
from functions.domain.ledger.entry_ids import digest
from functions.domain.ledger.events import EntryKind
from functions.domain.orchestration.cycle_documents import modes_document
from functions.domain.orchestration.position_book import Holding
from functions.domain.trading.gifts import Gift
from functions.domain.trading.reported_entries import ReportedEntry
from functions.domain.trading.reported_fills import FillResult, ReportedFill
from functions.services.trading.check_book import BookStatus
from tests.fakes import MARCH_16
from tests.unit.services.trading.test_every_history import that_hold
from tests.unit.services.trading.test_open_book import BookDesk

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
BUY = ReportedFill(strategy_id="Trend", symbol="KO", side="buy", qty=10, price=50.0, ts=MARCH_16 - DAY)
IB = "0000e0d5.5d3f1a2b.01"


@pytest.fixture
def desk() -> BookDesk:
    desk = BookDesk()
    desk.open()
    return desk


def report(desk: BookDesk, broker_fill_id: str, fill: ReportedFill = BUY, **fields: Any) -> FillResult:
    told = replace(fill, broker_fill_id=broker_fill_id, **fields)
    return desk.fills.run("acme", "ann", [told], {}).results[0]


def tell(desk: BookDesk, kind: str, ref: str = "r1", **fields: Any) -> FillResult:
    entry = ReportedEntry(kind=EntryKind(kind), ref=ref, fields=fields)
    return desk.entries.run("acme", "ann", [entry], {}).results[0]


def results(desk: BookDesk, mark: float = 50.0) -> dict[str, PeriodResult]:
    """Return what the ledger comes to, by strategy."""
    events = that_hold(desk.cycles.those_below("tenants/acme/ledger_trades"))
    found, _ = compute_period(Checkpoint.empty(), events, {"KO": mark, "BTC/USD": 10_000.0}, MARCH_16 + DAY)
    return {one.strategy_id: one for one in found}


def versions(desk: BookDesk) -> dict[str, int]:
    return dict(desk.cycles.versions)


# Which execution it is


@pytest.mark.parametrize("other", [{"symbol": "PEP"}, {"order_id": "o2"}, {"account_id": "second"}])
def test_two_executions_of_one_trade_id_are_both_in_the_ledger(desk: BookDesk, other: dict[str, str]) -> None:
    first = replace(BUY, order_id="o1", account_id="primary")
    assert report(desk, "28457", first).status == "RECORDED"
    assert report(desk, "28457", first, **other).status == "RECORDED"
    assert report(desk, "28457", first).status == report(desk, "28457", first, **other).status == "DUPLICATE"
    assert len(desk.ledger()) == 2


def test_two_spellings_of_a_symbol_are_one_execution(desk: BookDesk) -> None:
    assert report(desk, "1", symbol="BTC/USD").status == "RECORDED"
    assert report(desk, "1", symbol="btcusd").status == "DUPLICATE"


@pytest.mark.parametrize(
    ("fields", "status", "in_ledger"),
    [
        ({}, "DUPLICATE", 1),
        ({"qty": 11}, "REJECTED", 1),
        ({"symbol": "PEP"}, "RECORDED", 2),
        ({"order_id": "o2"}, "RECORDED", 2),
    ],
)
def test_a_fill_from_before_ids_had_symbol_and_order_is_known_by_them(
    desk: BookDesk, fields: dict[str, Any], status: str, in_ledger: int
) -> None:
    old = replace(BUY, broker_fill_id="28457", order_id="o1").to_ledger("acme", "ann", None, MARCH_16)
    entry_id = f"b_{digest([None, '28457'])}"
    desk.cycles.put(f"tenants/acme/ledger_trades/{entry_id}", {**old, "ledger_version": 1})
    result = (
        report(desk, "28457", order_id="o1") if not fields else report(desk, "28457", **{"order_id": "o1"} | fields)
    )
    assert (result.status, len(desk.ledger())) == (status, in_ledger)
    assert (result.fill_id == entry_id) == (in_ledger == 1)


# Executions that the broker corrects by a further revision

FIRST: dict[str, Any] = {"qty": 100, "price": 50.0, "ts": MARCH_16 - DAY}
SECOND: dict[str, Any] = {"qty": 100, "price": 49.0, "ts": MARCH_16 - DAY + HOUR}


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
@pytest.mark.parametrize("is_own", [(False, False), (True, True), (True, False), (False, True)])
def test_the_last_revision_of_an_execution_holds_whatever_order_they_come_in(
    desk: BookDesk, order: tuple[int, int], is_own: tuple[bool, bool]
) -> None:
    for revision, own in zip(order, is_own, strict=True):
        figures = FIRST if revision == 1 else SECOND
        if own:
            name = f"own{revision}"
            desk.write(name, broker_fill_id=f"{IB}.0{revision}", **figures)
            for _ in range(2):
                desk.deliver(name)
        else:
            assert report(desk, f"{IB}.0{revision}", **figures).status == "RECORDED"
            assert report(desk, f"{IB}.0{revision}", **figures).status == "DUPLICATE"
    assert desk.book().holdings == {("Trend", "KO"): Holding(100.0, 49.0, "KO")}
    assert results(desk)["Trend"].unrealized_pnl == 100.0
    assert len({one["ts"] for one in desk.ledger()}) == 1, "so that whoever reads one reads both"
    reported = {one.get("reported_ts", one["ts"]) for one in desk.ledger()}
    assert reported == {FIRST["ts"], SECOND["ts"]}
    assert desk.check().status is BookStatus.SAME
    assert desk.spent() == (5_000.0 if order == (1, 2) else 4_900.0), "one purchase; what was spent stays spent"


def test_revisions_of_other_orders_are_other_executions(desk: BookDesk) -> None:
    report(desk, f"{IB}.01", order_id="o1")
    report(desk, f"{IB}.02", order_id="o2")
    assert desk.quantities() == {("Trend", "KO"): 20.0}


def test_a_revision_of_what_was_recorded_before_ids_had_symbol_and_order_takes_its_place(desk: BookDesk) -> None:
    old = replace(BUY, broker_fill_id=f"{IB}.01").to_ledger("acme", "ann", None, MARCH_16)
    desk.cycles.put(f"tenants/acme/ledger_trades/b_{digest([None, f'{IB}.01'])}", {**old, "ledger_version": 1})
    report(desk, f"{IB}.02", qty=8)
    assert desk.quantities() == {("Trend", "KO"): 8.0}


# Fills


def test_a_coin_fee_is_off_the_position_and_the_order_is_filled_by_what_was_executed(desk: BookDesk) -> None:
    desk.cycle(proposed={"Big": {"action": "BUY", "ticker": "BTC/USD", "allocation": 0.1}}, market={"BTC/USD": 10_000})
    signals = desk.signals.latest("acme")
    assert signals is not None
    redemption = desk.redeem(signals[0].signals["Big"]["nonce"])
    desk.fill(redemption, 0.1, 10_000.0, fee_currency="BTC", fee_qty=0.00025)
    assert desk.quantities()["Big", "BTCUSD"] == pytest.approx(0.09975)
    stored = desk.cycles.documents[f"tenants/acme/redemptions/{redemption.nonce}"]
    assert (stored["filled_qty"], stored["status"]) == (0.1, "FILLED")
    assert results(desk)["Big"].fees == pytest.approx(2.5)
    assert desk.check().status is BookStatus.SAME


def test_a_coin_that_nobody_can_price_is_refused_by_name(desk: BookDesk) -> None:
    with pytest.raises(FillError, match=r"fills\.0\.fee_currency must be USD, or any other with fee_rate"):
        report(desk, "1", fee_currency="BNB", fee_qty=0.1)
    with pytest.raises(InputError, match=r"fills\.0\.fee_qty must be given with fee_currency"):
        report(desk, "1", fee_currency="BNB", fees=0.1)
    assert report(desk, "1", fee_currency="BNB", fee_qty=0.1, fee_rate=300.0).status == "RECORDED"
    assert results(desk)["Trend"].fees == pytest.approx(30.0)


def test_a_rebate_is_earned(desk: BookDesk) -> None:
    report(desk, "1", fees=-0.2)
    assert results(desk)["Trend"].fees == -0.2
    assert results(desk)["Trend"].unrealized_pnl == pytest.approx(0.2)


def test_what_no_strategy_owns_is_booked_spent_and_in_no_strategys_position(desk: BookDesk) -> None:
    assert report(desk, "1", strategy_id="unowned").reason_code is None
    desk.write("own", strategy_id=None, uid=None)
    desk.deliver("own")
    assert (desk.quantities(), desk.spent()) == ({}, 950.0)
    assert report(desk, "2", strategy_id="unowned", side="sell", qty=50).reason_code is None, "nobody's to oversell"
    assert results(desk).keys() == {"unowned"}
    assert desk.check().status is BookStatus.SAME


def test_no_strategy_is_named_as_what_nobody_owns(desk: BookDesk) -> None:
    signals = desk.cycle(proposed={"unowned": {"action": "BUY", "ticker": "KO", "allocation": 0.1}})
    assert signals["unowned"]["action"] == "HOLD"
    assert "strategy must be a name other than unowned" in signals["unowned"]["reasoning"]
    with pytest.raises(InputError, match="a name other than unowned"):
        Gift.parse("KO=unowned@50")


def test_one_book_whatever_the_spelling_and_the_strategys_own_in_its_signals(desk: BookDesk) -> None:
    report(desk, "1", symbol="aapl", price=100.0)
    signals = desk.cycle(proposed={"Trend": {"action": "SELL", "ticker": "aapl"}})
    assert signals["Trend"]["ticker"] == "aapl"
    report(desk, "2", symbol="AAPL", side="sell_short", price=110.0)
    assert (desk.quantities(), results(desk)["Trend"].realized_pnl) == ({}, 100.0)


# Voids and corrections


def test_a_busted_trade_never_was(desk: BookDesk) -> None:
    report(desk, "1")
    busted = report(desk, "2", price=100.0, ts=MARCH_16 - HOUR)
    spent = desk.spent()
    for status in ("RECORDED", "DUPLICATE", "DUPLICATE"):
        assert tell(desk, "void", of=busted.fill_id).status == status
    assert desk.book().holdings == {("Trend", "KO"): Holding(10.0, 50.0, "KO")}
    assert (results(desk)["Trend"].realized_pnl, results(desk)["Trend"].fills) == (0.0, 1)
    assert desk.spent() == spent, "what was spent stays spent until the account tells"
    void = desk.document(tell(desk, "void", of=busted.fill_id).fill_id)
    told = {name: void[name] for name in ("uid", "strategy_id", "symbol", "side", "of", "ts", "ledger_version")}
    known = {"uid": "ann", "strategy_id": "Trend", "symbol": "KO", "side": "buy", "ledger_version": 3}
    assert told == {**known, "of": busted.fill_id, "ts": MARCH_16 - HOUR}
    assert desk.check().status is BookStatus.SAME


def test_a_correction_holds_instead_and_the_last_one_does(desk: BookDesk) -> None:
    first = report(desk, "1", qty=200, fees=1.0)
    fixed = tell(desk, "correction", of=first.fill_id, qty=100.0, price=49.0)
    assert desk.book().holdings == {("Trend", "KO"): Holding(100.0, 49.0, "KO")}
    assert results(desk)["Trend"].fees == 1.0, "what is left out stays as it was told"
    tell(desk, "correction", "r2", of=fixed.fill_id, qty=120.0)
    assert desk.book().holdings == {("Trend", "KO"): Holding(120.0, 49.0, "KO")}
    tell(desk, "void", "r3", of=fixed.fill_id)
    tell(desk, "void", "r4", of=first.fill_id)
    assert desk.quantities() == {}
    assert desk.check().status is BookStatus.SAME


def test_a_purchase_corrected_to_a_dearer_one_costs_the_difference(desk: BookDesk) -> None:
    first = report(desk, "1")
    tell(desk, "correction", of=first.fill_id, price=51.0)
    tell(desk, "correction", "r2", of=first.fill_id, price=40.0)
    assert desk.spent() == 510.0


@pytest.mark.parametrize(
    ("kind", "of", "told"),
    [
        ("void", "nothing", "entries.0.of must be the id of a ledger document, as the API answered it, was 'nothing'"),
        ("void", "void", "entries.0.of must be the id of an entry that is not a void, which is final"),
        ("correction", "split", "entries.0.of must be the id of a fill; void a split, and record another"),
        ("void", "old", "entries.0.of must be at most 7 days ago"),
    ],
)
def test_what_cannot_be_amended_is_refused_by_name_and_nothing_is_recorded(
    desk: BookDesk, kind: str, of: str, told: str
) -> None:
    old = replace(BUY, broker_fill_id="old", ts=MARCH_16 - 8 * DAY)
    ids = {"old": desk.fills.run("acme", "ann", [old], {}, is_backfill=True).results[0].fill_id}
    ids["void"] = tell(desk, "void", "v", of=report(desk, "1").fill_id).fill_id
    ids["split"] = tell(desk, "split", "s", symbol="KO", ratio=2.0, ts=MARCH_16).fill_id
    before = versions(desk)
    with pytest.raises(InputError, match=told):
        tell(desk, kind, "new", of=ids.get(of, of), **({"qty": 1.0} if kind == "correction" else {}))
    assert versions(desk) == before
    entry = ReportedEntry(kind=EntryKind.VOID, ref="operators", fields={"of": ids["old"]})
    assert desk.entries.run("acme", "ann", [entry], {}, is_backfill=True).results[0].status == "RECORDED"


def test_the_same_reference_with_other_figures_is_rejected_and_changes_nothing(desk: BookDesk) -> None:
    assert tell(desk, "deposit", amount=100.0, ts=MARCH_16).status == "RECORDED"
    before = versions(desk)
    result = tell(desk, "deposit", amount=101.0, ts=MARCH_16)
    assert (result.status, result.reason_code) == ("REJECTED", ReasonCode.ENTRY_CONFLICT)
    assert versions(desk) == before


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"ts": MARCH_16 + timedelta(seconds=61)}, "entries.0.ts must be at most 60 s ahead"),
        ({"ts": MARCH_16 - 8 * DAY}, "entries.0.ts must be at most 7 days ago"),
        ({"ratio": -1.0}, "entries.0.ratio must be > 0"),
    ],
)
def test_a_malformed_entry_is_refused_by_name(desk: BookDesk, fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        tell(desk, "split", **{"symbol": "KO", "ratio": 2.0, "ts": MARCH_16, **fields})
    assert desk.ledger() == []


# Splits and dividends


def test_a_split_is_no_profit_whenever_it_is_told(desk: BookDesk) -> None:
    report(desk, "1", ts=MARCH_16 - 3 * DAY)
    report(desk, "2", ts=MARCH_16 - HOUR, side="sell", qty=20, price=12.5)  # after the split, which is not known yet
    for _ in range(2):
        tell(desk, "split", symbol="ko", ratio=4.0, ts=MARCH_16 - DAY)
    assert desk.book().holdings == {("Trend", "KO"): Holding(20.0, 12.5, "KO")}
    report(desk, "3", ts=MARCH_16 - 2 * DAY, qty=5)  # of before it, told later
    assert desk.book().holding("Trend", "KO") == Holding(40.0, 12.5, "KO")
    assert results(desk, 12.5)["Trend"].pnl == 0.0
    assert desk.check().status is BookStatus.SAME


def test_a_voided_split_never_was(desk: BookDesk) -> None:
    report(desk, "1")
    split = tell(desk, "split", symbol="KO", ratio=4.0, ts=MARCH_16)
    assert desk.quantities() == {("Trend", "KO"): 40.0}
    tell(desk, "void", of=split.fill_id)
    assert desk.book().holdings == {("Trend", "KO"): Holding(10.0, 50.0, "KO")}
    assert desk.book().splits == {}
    report(desk, "2", ts=MARCH_16 - HOUR)
    assert desk.quantities() == {("Trend", "KO"): 20.0}


def test_entries_of_one_instant_in_one_batch_are_all_counted(desk: BookDesk) -> None:
    bought = [report(desk, str(number)).fill_id for number in range(3)]
    told: list[tuple[str, dict[str, Any]]] = [
        *(("void", {"of": one}) for one in bought[1:]),
        ("split", {"symbol": "KO", "ratio": 2.0, "ts": MARCH_16}),
        ("split", {"symbol": "ko", "ratio": 3.0, "ts": MARCH_16}),
        ("deposit", {"amount": 5.0, "ts": MARCH_16 - DAY}),
    ]
    entries = [
        ReportedEntry(kind=EntryKind(kind), ref=str(number), fields=one) for number, (kind, one) in enumerate(told)
    ]
    recorded = desk.entries.run("acme", "ann", entries, {})
    assert [one.status for one in recorded.results] == ["RECORDED"] * 5
    assert recorded.ledger_version == desk.ledger_version() == 8
    assert (desk.quantities(), flows(desk)) == ({("Trend", "KO"): 60.0}, [5.0])
    assert desk.check().status is BookStatus.SAME


def test_a_dividend_is_earned_by_who_held(desk: BookDesk) -> None:
    report(desk, "1")
    tell(desk, "dividend", symbol="KO", per_unit=0.5, ts=MARCH_16)
    assert (results(desk)["Trend"].income, results(desk)["Trend"].pnl) == (5.0, 5.0)
    assert desk.quantities() == {("Trend", "KO"): 10.0}


def test_an_exit_under_way_has_its_sizes_in_new_units(desk: BookDesk) -> None:
    report(desk, "1", strategy_id="Exit")
    redemption = desk.redeem(desk.cycle()["Exit"]["nonce"])
    assert redemption.max_qty == 10.0
    desk.fill(redemption, 4.0)
    desk.clock.time += timedelta(seconds=30)
    tell(desk, "split", symbol="KO", ratio=4.0, ts=desk.clock.time)
    (order,) = desk.book().orders.values()
    assert (order.qty, order.filled_qty, desk.quantities()) == (40.0, 16.0, {("Exit", "KO"): 24.0})
    result = desk.report(
        [
            replace(
                BUY,
                strategy_id="Exit",
                side="sell",
                qty=24,
                nonce=redemption.nonce,
                broker_fill_id="rest",
                ts=desk.clock.time,
            )
        ]
    )[0]
    assert (result.status, result.reason_code, desk.quantities()) == ("RECORDED", None, {})
    stored = desk.cycles.documents[f"tenants/acme/redemptions/{redemption.nonce}"]
    assert (stored["max_qty"], stored["filled_qty"], stored["status"]) == (40.0, 40.0, "FILLED")


def test_an_exit_redeemed_since_the_split_keeps_the_size_it_was_told(desk: BookDesk) -> None:
    report(desk, "1", strategy_id="Exit")
    redemption = desk.redeem(desk.cycle()["Exit"]["nonce"])
    tell(desk, "split", symbol="KO", ratio=4.0, ts=MARCH_16 - HOUR)
    (order,) = desk.book().orders.values()
    stored = desk.cycles.documents[f"tenants/acme/redemptions/{redemption.nonce}"]
    assert (order.qty, stored["max_qty"], desk.quantities()) == (10.0, 10.0, {("Exit", "KO"): 40.0})


# Paper positions


def put_paper(desk: BookDesk, uid: str | None = None, **held: dict[str, float]) -> None:
    suffix = "" if uid is None else f"__{uid}"
    desk.cycles.put(f"tenants/acme/state/modes{suffix}", modes_document({}, MARCH_16, held))


def paper(desk: BookDesk, uid: str | None = None) -> Any:
    suffix = "" if uid is None else f"__{uid}"
    return json.loads(desk.cycles.documents[f"tenants/acme/state/modes{suffix}"]["paper_json"])


def trade_on_paper(desk: BookDesk, name: str, side: str, qty: float, ts: datetime, **fields: Any) -> None:
    record = {"timestamp": ts, "strategy_name": "Shy", "symbol": "KO", "side": side, "qty": qty, "price": 12.5}
    desk.cycles.put(f"tenants/acme/shadow_pnl/{name}", {**record, **fields})


def test_a_split_scales_what_is_held_on_paper_once(desk: BookDesk) -> None:
    put_paper(desk, Shy={"KO": 10.0, "PEP": 3.0}, Coy={"ko": 1.0})
    put_paper(desk, "ann", Shy={"KO": 2.0})
    for _ in range(2):
        split = tell(desk, "split", symbol="KO", ratio=4.0, ts=MARCH_16)
    assert paper(desk) == {"Shy": {"KO": 40.0, "PEP": 3.0}, "Coy": {"ko": 4.0}}
    assert paper(desk, "ann") == {"Shy": {"KO": 8.0}}
    for ref in ("first", "again"):
        tell(desk, "void", ref, of=split.fill_id)
    assert paper(desk) == {"Shy": {"KO": 10.0, "PEP": 3.0}, "Coy": {"ko": 1.0}}


def test_what_was_traded_on_paper_since_a_split_told_late_is_in_new_units_already(desk: BookDesk) -> None:
    put_paper(desk, Shy={"KO": 5.0})  # 10 before it, 5 sold since, of 40
    put_paper(desk, "ann", Shy={"KO": 10.0})
    trade_on_paper(desk, "since", "sell", 5.0, MARCH_16 - HOUR, uid=None)
    trade_on_paper(desk, "own", "sell", 3.0, MARCH_16 - HOUR)  # a user's own: it changes no paper position
    trade_on_paper(desk, "before", "buy", 10.0, MARCH_16 - 2 * DAY, uid=None)
    tell(desk, "split", symbol="KO", ratio=4.0, ts=MARCH_16 - DAY)
    assert (paper(desk), paper(desk, "ann")) == ({"Shy": {"KO": 35.0}}, {"Shy": {"KO": 40.0}})


def test_what_was_sold_on_paper_in_old_sizes_since_is_held_again(desk: BookDesk) -> None:
    put_paper(desk)
    trade_on_paper(desk, "since", "sell", 10.0, MARCH_16 - HOUR, uid=None)
    tell(desk, "split", symbol="KO", ratio=4.0, ts=MARCH_16 - DAY)
    assert paper(desk) == {"Shy": {"KO": 30.0}}


def test_damaged_paper_positions_hold_up_no_split(desk: BookDesk, caplog: pytest.LogCaptureFixture) -> None:
    report(desk, "1")
    desk.cycles.put("tenants/acme/state/modes", {"paper_json": "{"})
    with caplog.at_level(logging.ERROR):
        tell(desk, "split", symbol="KO", ratio=4.0, ts=MARCH_16)
    assert "Paper positions not split" in caplog.text
    assert desk.quantities() == {("Trend", "KO"): 40.0}


# Flows


def flows(desk: BookDesk) -> list[float]:
    return [one.usd for one in desk.current().breaker.flows]


def test_a_flow_reaches_the_breakers_once_and_its_void_takes_it_back(desk: BookDesk) -> None:
    for _ in range(2):
        tell(desk, "deposit", amount=500.0, ts=MARCH_16)
    paid = tell(desk, "withdrawal", amount=200.0, ts=MARCH_16)
    assert flows(desk) == [500.0, -200.0]
    for ref in ("first", "again"):
        tell(desk, "void", ref, of=paid.fill_id)
    assert flows(desk) == [500.0, -200.0, 200.0]


def test_a_cycle_finds_the_flow_and_what_a_cycle_left_stays(desk: BookDesk) -> None:
    desk.cycle()
    tell(desk, "withdrawal", amount=5_000.0, ts=MARCH_16 + timedelta(seconds=30))
    observed = desk.current().breaker.observed_as_of
    desk.clock.time += timedelta(minutes=5)
    desk.cycle(account={"equity": 5_000.0, "buying_power": 5_000.0, "as_of": desk.clock.time})
    assert observed is not None
    assert [one.factor for one in desk.current().breaker.flows] == [pytest.approx(0.5)]


def test_a_flow_that_shows_a_trip_to_be_for_no_loss_releases_it_and_says_so(
    desk: BookDesk, caplog: pytest.LogCaptureFixture
) -> None:
    start = desk.clock.time
    desk.put_policy(max_drawdown=0.2, breaker_confirmations=1)
    for minutes, equity in {0: 100_000, 5: 70_000, 10: 70_700}.items():
        desk.clock.time = start + timedelta(minutes=minutes)
        desk.cycle(account={"equity": equity, "buying_power": equity, "as_of": desk.clock.time})
    assert desk.current().breaker.is_tripped(desk.clock.time)
    for _ in range(2):
        tell(desk, "withdrawal", amount=30_000.0, ts=start + timedelta(minutes=2))
    assert not desk.current().breaker.is_tripped(desk.clock.time)
    assert sum("is released: the recorded flows of money show there was no loss" in one for one in caplog.messages) == 1


# What users' own code writes


@pytest.mark.parametrize("order", [("void", "fill"), ("fill", "void")])
def test_an_own_void_holds_in_whatever_order_both_are_delivered(desk: BookDesk, order: tuple[str, str]) -> None:
    desk.write("fill")
    desk.cycles.put("tenants/acme/ledger_trades/void", {"kind": "void", "of": "fill"})
    for name in (*order, *order):
        desk.deliver(name)
    assert (desk.quantities(), desk.ledger_version()) == ({}, 2)
    void = desk.document("void")
    assert (void["ts"], void["created_at"], void["symbol"]) == (MARCH_16, MARCH_16, "KO")
    assert desk.check().status is BookStatus.SAME


def test_own_entries_of_every_kind_are_taken_in_once(desk: BookDesk) -> None:
    desk.write("fill")
    put_paper(desk, Shy={"KO": 1.0})
    entries = {
        "split": {"kind": "split", "symbol": "KO", "ratio": "2", "ts": MARCH_16 + timedelta(seconds=1)},
        "paid": {"kind": "deposit", "amount": 5, "timestamp": MARCH_16},
        "fee": {"kind": "fee", "amount": 1, "uid": "ann", "strategy_id": "Trend", "ts": MARCH_16.isoformat()},
        "fix": {"kind": "correction", "of": "fill", "quantity": 7, "ts": MARCH_16 + HOUR},
    }
    for name, document in entries.items():
        desk.cycles.put(f"tenants/acme/ledger_trades/{name}", document)
    for name in ("fill", *entries, "fill", *entries):
        desk.deliver(name)
    assert desk.quantities() == {("Trend", "KO"): 14.0}
    assert (paper(desk), flows(desk)) == ({"Shy": {"KO": 2.0}}, [5.0])
    fix = desk.document("fix")
    assert (fix["ts"], fix["reported_ts"], fix["price"], "qty" in fix) == (MARCH_16, MARCH_16 + HOUR, 45.0, False)
    assert all(isinstance(desk.document(name)["ts"], datetime) for name in entries)
    assert desk.check().status is BookStatus.SAME


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "gift", "ts": MARCH_16},
        {"kind": "void", "of": "gone"},
        {"kind": "split", "symbol": "KO", "ts": MARCH_16},
    ],
)
def test_an_own_document_that_nobody_can_read_is_left_out_and_told(
    desk: BookDesk, caplog: pytest.LogCaptureFixture, document: dict[str, Any]
) -> None:
    desk.cycles.put("tenants/acme/ledger_trades/odd", document)
    before = versions(desk)
    assert desk.deliver("odd") is None
    assert caplog.records[-1].__dict__["reason_code"] == "MALFORMED_FILL"
    assert versions(desk) == before
