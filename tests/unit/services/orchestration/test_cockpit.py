"""What people look at between cycles: carried along, counted from the session before, and never in a cycle's way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from functions.domain.orchestration.cockpit import MOST_ENTRIES
from functions.domain.orchestration.position_book import Holding, PositionBook
from functions.domain.track_record.breaker_state import BreakerState
from tests.fakes import MARCH_16, FakeClock, FakeCycleStore
from tests.unit.services.orchestration.test_run_cycle import BUY, TENANT, decided

HOLD = {"action": "HOLD", "ticker": "KO", "reasoning": "wait"}
HELD = {("Trend", "KO"): Holding(10.0, 40.0, "KO"), ("Trend", "XOM"): Holding(-5.0, 60.0, "XOM")}


class Desk:
    """A tenant whose prices and equity are put, cycle by cycle."""

    def __init__(self) -> None:
        self.store = FakeCycleStore()
        self.clock = FakeClock()
        self.hold(HELD)

    def hold(self, holdings: Mapping[tuple[str, str], Holding]) -> None:
        book = PositionBook(opened_at=MARCH_16, opened_by="ops", holdings=holdings)
        self.store.put(f"{TENANT}/state/positions", book.to_document(MARCH_16))

    def cycle(
        self, after: timedelta, equity: float | None, prices: Mapping[str, float], trend: Mapping[str, Any] = HOLD
    ) -> dict[str, Any]:
        """Run a cycle some time after the first, and return what it left."""
        now = self.clock.time = MARCH_16 + after
        account = {"buying_power": 50_000, "as_of": now} | ({} if equity is None else {"equity": equity})
        self.store.put(f"{TENANT}/accounts/primary", account)
        symbols = {symbol: {"price": price} for symbol, price in prices.items()}
        self.store.put(f"{TENANT}/market_data/latest", {"as_of": now, "symbols": symbols})
        decided(self.store, {"Trend": trend}, clock=self.clock)
        return self.seen

    @property
    def seen(self) -> dict[str, Any]:
        return self.store.documents[f"{TENANT}/state/cockpit"]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def text(document: Mapping[str, Any], name: str) -> Any:
    return json.loads(document[f"{name}_json"])


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def test_the_first_day_counts_from_the_first_cycle(desk: Desk) -> None:
    desk.cycle(0 * MINUTE, 100_000, {"KO": 45.0, "XOM": 62.0})
    seen = desk.cycle(5 * MINUTE, 100_500, {"KO": 46.0, "XOM": 62.0})
    assert (seen["base_equity"], seen["equity"], seen["base_at"]) == (100_000, 100_500, MARCH_16)
    assert text(seen, "marks") == {"KO": [46.0, 45.0, True], "XOM": [62.0, 62.0, True]}
    assert text(seen, "history") == []


def test_a_new_session_counts_from_the_last_cycle_of_the_one_before(desk: Desk) -> None:
    desk.cycle(0 * MINUTE, 100_000, {"KO": 45.0, "XOM": 62.0})
    desk.cycle(5 * MINUTE, 100_500, {"KO": 46.0, "XOM": 61.0})
    desk.hold({("Trend", "KO"): Holding(10.0, 40.0, "KO"), ("Trend", "AAPL"): Holding(1.0, 99.0, "AAPL")})
    seen = desk.cycle(DAY, 101_000, {"KO": 47.0, "XOM": 60.0, "AAPL": 100.0})
    assert (seen["day"], seen["base_equity"], seen["base_at"]) == ("2020-03-17", 100_500, MARCH_16 + 5 * MINUTE)
    assert text(seen, "history") == [["2020-03-16", 100_500, 0, None]]
    assert text(seen, "marks") == {
        "KO": [47.0, 46.0, True],
        "XOM": [60.0, 61.0, False],  # bought back since: a page still needs its price of then
        "AAPL": [100.0, None, True],  # nobody held it then
    }
    assert (seen["cycles"], desk.cycle(DAY + MINUTE, 101_000, {})["cycles"]) == (1, 2)
    later = desk.cycle(2 * DAY, 101_000, {"KO": 48.0})
    assert "XOM" not in text(later, "marks")


def test_equity_nobody_knows_is_not_made_up(desk: Desk) -> None:
    seen = desk.cycle(0 * MINUTE, None, {"KO": 45.0})
    assert (seen["equity"], seen["base_equity"], seen["peak"]) == (None, None, None)
    assert text(seen, "strategies")["Trend"]["in_use"] is None, "XOM has no price"
    desk.cycle(5 * MINUTE, 100_000, {"KO": 45.0})
    seen = desk.cycle(10 * MINUTE, None, {"KO": 45.0})
    assert (seen["equity"], seen["equity_as_of"]) == (100_000, MARCH_16 + 5 * MINUTE), "the last that was known"


def test_money_that_came_in_is_told_apart_from_profit(desk: Desk) -> None:
    desk.cycle(0 * MINUTE, 100_000, {})
    session = desk.store.documents[f"{TENANT}/state/session"]
    breaker = BreakerState.from_document(session["breaker"]).with_flow(5_000, MARCH_16 + 30 * MINUTE, MARCH_16)
    desk.store.put(f"{TENANT}/state/session", {**session, "breaker": breaker.to_document()})
    assert desk.cycle(10 * MINUTE, 100_000, {})["flows"] == 0, "not in this snapshot yet"
    assert desk.cycle(60 * MINUTE, 105_100, {})["flows"] == 5_000
    assert text(desk.cycle(DAY, 105_100, {}), "history") == [["2020-03-16", 105_100, 5_000, None]]


def test_a_benchmarks_price_is_kept_of_each_session_and_of_no_other_symbol(desk: Desk) -> None:
    desk.cycle(0 * MINUTE, 100_000, {"SPY": 300.0})
    desk.cycle(5 * MINUTE, 100_000, {"SPY": 303.0})
    desk.cycle(10 * MINUTE, 100_000, {})  # no price is no news: the last one counts
    seen = desk.cycle(DAY, 100_000, {})
    assert text(seen, "history") == [["2020-03-16", 100_000, 0, 303.0]]
    assert (seen["benchmark"], seen["benchmark_price"]) == ("SPY", None), "yesterday's is not today's"
    assert desk.cycle(DAY + MINUTE, 100_000, {"SPY": 306.0})["benchmark_price"] == 306.0
    desk.store.put(f"{TENANT}/config/maestro", {"benchmark": "qqq"})
    other = desk.cycle(DAY + 2 * MINUTE, 100_000, {"SPY": 306.0, "QQQ": 200.0})
    assert (other["benchmark"], other["benchmark_price"]) == ("QQQ", 200.0)
    assert text(other, "history") == [["2020-03-16", 100_000, 0, None]]
    desk.store.put(f"{TENANT}/config/maestro", {"benchmark": None})
    assert desk.cycle(DAY + 3 * MINUTE, 100_000, {"QQQ": 200.0})["benchmark"] is None


def test_one_of_before_there_was_a_benchmark_is_carried_on(desk: Desk) -> None:
    desk.cycle(0 * MINUTE, 100_000, {"SPY": 300.0})
    before = {name: one for name, one in desk.seen.items() if not name.startswith("benchmark")}
    desk.store.put(f"{TENANT}/state/cockpit", {**before, "history_json": '[["2020-03-13", 99000, 0]]'})
    seen = desk.cycle(5 * MINUTE, 100_500, {"SPY": 301.0})
    assert text(seen, "history") == [["2020-03-13", 99_000, 0, None]]
    assert (seen["cycles"], seen["benchmark_price"]) == (2, 301.0)


def test_what_a_strategy_uses_is_longs_and_shorts_at_the_markets_price(desk: Desk) -> None:
    seen = desk.cycle(0 * MINUTE, 100_000, {"KO": 45.0, "XOM": 62.0})
    assert text(seen, "strategies")["Trend"]["in_use"] == pytest.approx(10 * 45 + 5 * 62)


def test_a_figure_beyond_all_bounds_is_unknown_and_stops_no_cycle(desk: Desk) -> None:
    desk.hold({("Trend", "KO"): Holding(1e200, 40.0, "KO")})
    assert text(desk.cycle(0 * MINUTE, 100_000, {"KO": 1e200}), "strategies")["Trend"]["in_use"] is None


def test_the_day_lists_what_was_asked_and_what_was_left_and_the_last_signal_outlives_it(desk: Desk) -> None:
    desk.store.put(f"{TENANT}/config/maestro", {"trading_state": "HALT"})
    seen = desk.cycle(0 * MINUTE, 100_000, {"KO": 45.0, "XOM": 62.0}, BUY)
    (entry,) = text(seen, "day")
    assert (entry["was"], entry["action"], entry["symbol"], entry["asked"]) == ("BUY", "HOLD", "KO", 0.4)
    assert entry["why"] == "TRADING_HALTED"
    assert (seen["proposed"], seen["changed"]) == (1, 1)
    later = desk.cycle(DAY, 100_000, {"KO": 45.0, "XOM": 62.0})
    assert text(later, "day") == []
    assert text(later, "strategies")["Trend"]["last"] == ["BUY", "KO", MARCH_16.isoformat()]
    for minutes in range(1, MOST_ENTRIES + 5):
        later = desk.cycle(DAY + minutes * MINUTE, 100_000, {"KO": 45.0}, BUY)
    assert len(text(later, "day")) == MOST_ENTRIES
    assert later["proposed"] == MOST_ENTRIES + 4


@pytest.mark.parametrize(
    "damage",
    [
        {"day": 7},
        {"history_json": "["},
        {"history_json": '[["2020-03-13", 1, 0, "high"]]'},
        {"history_json": "[[20200312, 1, 0], [20200313, 1, 0]]"},
        {"history_json": "[[null, 1, 0, 1]]"},
        {"history_json": f'[["2020-03-13", 1{"0" * 400}, 0]]'},
        {"day_json": "[" * 100_000},
        {"marks_json": '{"KO": 1}'},
        {"strategies_json": "{}", "flows": None},
        {"benchmark_price": "high"},
    ],
)
def test_a_damaged_one_starts_over_and_stops_no_cycle(
    desk: Desk, damage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    desk.cycle(0 * MINUTE, 100_000, {"KO": 45.0, "XOM": 62.0})
    desk.store.put(f"{TENANT}/state/cockpit", {**desk.seen, **damage})
    seen = desk.cycle(5 * MINUTE, 100_500, {"KO": 46.0, "XOM": 62.0})
    assert (seen["base_equity"], seen["cycles"]) == (100_500, 1)
    assert "starts over" in caplog.text


def test_a_session_over_midnight_is_one_day(desk: Desk) -> None:
    desk.store.put(f"{TENANT}/config/maestro", {"market": "XASX"})
    before_midnight = timedelta(hours=3, minutes=50)  # 23:45 UTC, 10:45 on the 17th in Sydney
    assert desk.cycle(before_midnight, 100_000, {})["day"] == "2020-03-17"
    seen = desk.cycle(before_midnight + 60 * MINUTE, 100_500, {})
    assert (seen["day"], seen["cycles"], seen["base_equity"]) == ("2020-03-17", 2, 100_000)


def test_a_market_whose_day_is_an_earlier_one_leaves_each_session_once_and_in_order(desk: Desk) -> None:
    desk.cycle(-DAY, 99_000, {})
    desk.store.put(f"{TENANT}/config/maestro", {"market": "XASX"})
    assert desk.cycle(timedelta(hours=3, minutes=50), 100_000, {})["day"] == "2020-03-17"
    desk.store.put(f"{TENANT}/config/maestro", {"market": "XNYS"})
    seen = desk.cycle(timedelta(hours=3, minutes=55), 100_100, {})
    assert (seen["day"], seen["base_equity"]) == ("2020-03-16", 100_000)
    assert [day for day, *_ in text(desk.cycle(DAY, 100_200, {}), "history")] == ["2020-03-15", "2020-03-16"]


def test_a_users_own_cycle_leaves_the_tenants_as_it_is(desk: Desk) -> None:
    desk.cycle(0 * MINUTE, 100_000, {})
    decided(desk.store, {"Trend": BUY}, uid="ann", clock=desk.clock)
    assert desk.seen["cycles"] == 1
