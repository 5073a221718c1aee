"""What the dashboard asks the API for, because clients may not read it: curves, open lots, positions, reservations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from functions.adapters.firestore import paths
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.market_calendar import Calendars
from functions.adapters.system import SystemClock
from functions.domain.kernel.markets import ALWAYS_OPEN
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.modes import read_modes
from functions.services.kernel.ports import Clock
from functions.services.ledger.take_snapshots import TakeSnapshots
from tests.emulator.api.conftest import Caller, Desk
from tests.emulator.api.test_trading import fill
from tests.emulator.ledger.test_snapshots import MONDAY, put_fill
from tests.fakes import FakeClock


@pytest.fixture
def viewer(desk: Desk) -> Caller:
    return desk.member("viewer")


def take_snapshots(desk: Desk, last_day: date, clock: Clock | None = None) -> None:
    TakeSnapshots(FirestoreLedgerStore(desk.db), Calendars(), clock or SystemClock()).run("acme", last_day, {})


def put_market_data(desk: Desk, prices: list[float], as_of: date) -> None:
    quote = {"price": prices[-1], "history": prices}
    at = datetime(as_of.year, as_of.month, as_of.day, 20, tzinfo=UTC)
    paths.market_data(desk.db, "acme").set({"as_of": at, "symbols": {"KO": quote}})


def test_a_curve_and_open_lots_from_the_ledger(desk: Desk, viewer: Caller) -> None:
    put_fill(desk.db, "f1", MONDAY, "buy", 10, 50.0)
    put_fill(desk.db, "f2", MONDAY + timedelta(days=1), "sell", 4, 55.0)
    put_market_data(desk, [50.0, 55.0, 54.0], MONDAY + timedelta(days=2))
    assert viewer("GET", "lots").get_json() == {"as_of": None, "items": [], "is_truncated": False}
    take_snapshots(desk, MONDAY + timedelta(days=2))

    (held,) = viewer("GET", "lots").get_json()["items"]
    strategy = held["strategy_id"]
    assert held | {"symbol": "KO", "qty": 6.0, "average_price": 50.0, "mark": 54.0, "book": "live", "lots": 1} == held
    assert held["unrealized_pnl"] == pytest.approx(6 * 4.0, abs=2)  # less the costs carried

    answer = viewer("GET", f"strategies/{strategy}/curve")
    assert answer.status_code == 200
    curve = answer.get_json()
    assert curve["days"] == [(MONDAY + timedelta(days=day)).isoformat() for day in range(3)]
    stored = viewer("GET", f"performance?period=day&strategy_id={strategy}").get_json()["items"]
    assert curve["live"]["return_fraction"] == pytest.approx([one["return_fraction"] for one in stored[::-1]])
    assert curve["shadow"]["equity"] == [None, None, None]
    assert curve["sharpe"] == [None, None, None], "three days are too few"
    assert (curve["lookback_days"], curve["thresholds"]) == (30, {"reduce": 1.0, "shadow": 0.5})
    assert curve["mode"] == [None, None, None], "no cycle has run"
    assert viewer("GET", f"strategies/{strategy}/curve?days=1").get_json()["days"] == curve["days"][-1:]


def daily_document(start: datetime, uid: str) -> dict[str, Any]:
    known = {"strategy_id": "Trend", "uid": uid, "book": "live", "period": "day", "period_start": start, "fills": 0}
    return known | {"pnl": 1.0, "capital_base": 100.0, "unrealized_pnl": 0.0}


def test_the_mode_of_the_day_is_on_record(desk: Desk, viewer: Caller) -> None:
    paths.policy(desk.db, "acme").set({"insufficient_data_mode": "REDUCED", "market": ALWAYS_OPEN})
    desk.cycle({"Trend": {"action": "HOLD", "reasoning": "nothing"}})
    since = read_modes(paths.modes(desk.db, "acme", None).get().to_dict())["Trend"].since
    yesterday, today = since.date() - timedelta(days=1), since.date()
    put_fill(desk.db, "f1", yesterday, "buy", 10, 50.0)
    take_snapshots(desk, today, FakeClock(since + timedelta(days=1)))
    curve = viewer("GET", "strategies/Trend/curve").get_json()
    assert dict(zip(curve["days"], curve["mode"], strict=True)) == {f"{yesterday}": None, f"{today}": "REDUCED"}


def test_a_strategy_without_a_record_is_404(viewer: Caller) -> None:
    answer = viewer("GET", "strategies/Nobody/curve")
    assert (answer.status_code, answer.get_json()["reason_code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("days", ["0", "501", "x"])
def test_too_many_days_are_refused_by_name(viewer: Caller, days: str) -> None:
    answer = viewer("GET", f"strategies/Trend/curve?days={days}")
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "days")


def test_a_strategy_on_paper_only_has_idle_days(desk: Desk, viewer: Caller) -> None:
    for day, pnl in enumerate((1.0, 0.0)):
        document = daily_document(datetime(2020, 1, 2 + day, tzinfo=UTC), uid="shadow") | {"book": "shadow", "pnl": pnl}
        paths.strategy_performance(desk.db, "acme").document(f"{day}").set(document)
    curve = viewer("GET", "strategies/Trend/curve").get_json()
    assert (curve["book"], curve["shadow"]["equity"]) == (["shadow", None], [1.01, 1.01])


def test_a_damaged_day_is_no_answer(desk: Desk, viewer: Caller) -> None:
    document = daily_document(datetime(2020, 1, 2, tzinfo=UTC), uid="ann") | {"pnl": "much"}
    paths.strategy_performance(desk.db, "acme").document("ann__Trend__2020-01-02").set(document)
    answer = viewer("GET", "strategies/Trend/curve")
    assert (answer.status_code, answer.get_json()["reason_code"]) == (500, "DAMAGED_DOCUMENT")
    assert (
        "strategy_performance/ann__Trend__2020-01-02: pnl must be a finite number, and is another text"
        in answer.get_json()["detail"]
    )


def test_a_damaged_policy_leaves_the_defaults(desk: Desk, viewer: Caller) -> None:
    paths.policy(desk.db, "acme").set({"PERFORMANCE_LOOKBACK_DAYS": "many"})
    document = daily_document(datetime(2020, 1, 2, tzinfo=UTC), uid="ann")
    paths.strategy_performance(desk.db, "acme").document("0").set(document)
    curve = viewer("GET", "strategies/Trend/curve").get_json()
    assert (curve["lookback_days"], curve["thresholds"]) == (30, {"reduce": 1.0, "shadow": 0.5})


def test_open_lots_that_cannot_be_read_are_no_answer(desk: Desk, viewer: Caller) -> None:
    at = datetime(2020, 3, 3, tzinfo=UTC)
    paths.checkpoints(desk.db, "acme").document("2020-03-02").set({"at": at, "books": ["x"], "lots": []})
    answer = viewer("GET", "lots")
    assert (answer.status_code, answer.get_json()["reason_code"]) == (500, "DAMAGED_DOCUMENT")
    assert "the next nightly snapshot rebuilds them" in answer.get_json()["detail"]


def test_positions_move_with_redemptions_and_fills(desk: Desk, viewer: Caller, trader: Caller) -> None:
    closed = viewer("GET", "positions").get_json()
    assert (closed["is_open"], closed["positions"], closed["unowned"]) == (False, [], None)
    now = datetime.now(UTC)
    opened = PositionBook(opened_at=now, opened_by="ann").with_fill("Exit", "KO", 10.0, 50.0)
    paths.positions(desk.db, "acme").set(opened.to_document(now))
    put_market_data(desk, [52.0], now.date())
    paths.account(desk.db, "acme").set({"as_of": now, "positions": [{"symbol": "KO", "qty": 12}]})
    signals = desk.cycle()
    trend, leave = signals["Trend"], signals["Exit"]
    for signal in (trend, leave):
        assert trader("POST", f"signals/{signal['nonce']}/redeem").status_code == 200
    answer = viewer("GET", "positions")
    found = answer.get_json()
    (held,) = found["positions"]
    shown = {"strategy_id": "Exit", "symbol": "KO", "qty": 10.0, "average_price": 50.0, "price": 52.0}
    assert held == shown | {"unrealized_pnl": 20.0, "mode": "ACTIVE", "exits_under_way": 10.0}
    by_strategy = {one["strategy_id"]: one for one in found["orders_under_way"]}
    assert by_strategy["Exit"] | {"intent": "EXIT", "qty": 10.0, "is_lapsed": False} == by_strategy["Exit"]
    assert by_strategy["Trend"] | {"intent": "ENTRY", "qty": None, "symbol": "AAPL"} == by_strategy["Trend"]
    assert by_strategy["Trend"]["nonce_prefix"] == trend["nonce"][:8]
    assert trend["nonce"] not in answer.get_data(as_text=True)
    assert found["unowned"] == [{"symbol": "KO", "qty": 2.0}]

    sold = fill(leave, symbol="KO", side="sell", qty=4.0, price=51.0, broker_fill_id="b1")
    assert trader("POST", "fills", json={"fills": [sold]}).status_code == 200
    (held,) = viewer("GET", "positions").get_json()["positions"]
    assert (held["qty"], held["exits_under_way"]) == (6.0, 6.0)


def test_a_damaged_book_is_no_answer(desk: Desk, viewer: Caller) -> None:
    paths.positions(desk.db, "acme").set({"holdings_json": "["})
    answer = viewer("GET", "positions")
    assert (answer.status_code, answer.get_json()["reason_code"]) == (500, "DAMAGED_DOCUMENT")
    assert "open the book again" in answer.get_json()["detail"]


def test_reservations_from_redemption_to_fill_and_release(desk: Desk, viewer: Caller, trader: Caller) -> None:
    assert viewer("GET", "reservations").get_json()["items"] == []
    signals = desk.cycle()
    trend, value, leave = signals["Trend"], signals["Value"], signals["Exit"]
    for signal in (trend, value, leave):
        assert trader("POST", f"signals/{signal['nonce']}/redeem").status_code == 200
    answer = viewer("GET", "reservations")
    reserved = answer.get_json()
    assert (reserved["buying_power"], reserved["held"]) == (100_000.0, 60_000.0)
    by_strategy = {one["strategy_id"]: one for one in reserved["items"]}
    assert by_strategy["Trend"] | {"action": "BUY", "symbol": "AAPL", "notional": 30_000.0} == by_strategy["Trend"]
    assert by_strategy["Trend"]["nonce_prefix"] == trend["nonce"][:8]
    assert trend["nonce"] not in answer.get_data(as_text=True)

    trader("POST", "fills", json={"fills": [fill(trend, broker_fill_id="b1")]})
    trader("POST", f"signals/{value['nonce']}/release")
    reserved = viewer("GET", "reservations").get_json()
    by_strategy = {one["strategy_id"]: one for one in reserved["items"]}
    assert "Value" not in by_strategy
    assert (by_strategy["Trend"]["notional"], by_strategy["Trend"]["spent"]) == (29_000.0, 1_000.0)
    assert reserved["held"] == 30_000.0


def test_a_lapsed_reservation_holds_nothing(desk: Desk, viewer: Caller, trader: Caller) -> None:
    paths.policy(desk.db, "acme").set({"reservation_ttl_seconds": 1})
    trend = desk.cycle()["Trend"]
    trader("POST", f"signals/{trend['nonce']}/redeem")
    past = datetime.now(UTC) - timedelta(seconds=1)
    paths.current_session(desk.db, "acme").update({f"reservations.`{trend['nonce']}`.lapses_at": past})
    reserved = viewer("GET", "reservations").get_json()
    assert reserved["held"] == 0.0
    assert [(one["is_lapsed"], one["notional"]) for one in reserved["items"]] == [(True, 0.0)]
