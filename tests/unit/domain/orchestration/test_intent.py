"""What a proposal means for the position it meets: one row per case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.intent import Intent, Judgement, judge
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.position_book import Order, PositionBook
from functions.domain.orchestration.signals import Action, parse_signal
from functions.strategies.trend import MovingAverageTrend

NOW = datetime(2020, 3, 16, tzinfo=UTC)
LAPSED = NOW - timedelta(hours=1)
OPEN = PositionBook(opened_at=NOW)
LONG = OPEN.with_fill("A", "KO", 10.0, 40.0)
SHORT = OPEN.with_fill("A", "KO", -100.0, 40.0)
CLOSED = PositionBook()
UNDER_WAY = Order(strategy_id="A", symbol="KO", is_entry=False, qty=10.0, lapses_at=NOW + timedelta(minutes=15))
ENTRY = Order(strategy_id="A", symbol="KO", is_entry=True, lapses_at=LAPSED)
SHORT_ENTRY = replace(ENTRY, is_short=True)
BUY, SELL, HOLD = Action
NOTHING_TO_EXIT, UNDER = ReasonCode.NOTHING_TO_EXIT, ReasonCode.EXIT_UNDER_WAY


def with_orders(book: PositionBook, *orders: Order) -> PositionBook:
    for number, order in enumerate(orders):
        book = book.with_order(str(number), order, NOW)
    return book


def judged(
    book: PositionBook,
    signal: dict[str, Any],
    *,
    allow_shorts: bool = False,
    price: float | None = 40.0,
    account: dict[str, Any] | None = None,
) -> Judgement:
    positions = KnownPositions(book, account or {}, NOW)
    proposal = parse_signal("A", {"ticker": "KO", **signal})
    return judge(proposal, positions, allow_shorts=allow_shorts, price=price, buying_power=10_000.0)


def of_account(qty: float, as_of: datetime = NOW, **fields: Any) -> dict[str, Any]:
    return {"positions": [{"symbol": "ko", "qty": qty, **fields}], "as_of": as_of}


PART_FILLED = replace(UNDER_WAY, qty=15.0, filled_qty=5.0)
SELL_OTHER = {"action": "SELL", "ticker": "PEP"}
SELL_ALL, SELL_HALF = {"action": "SELL"}, {"action": "SELL", "allocation": 0.5}
CLOSE, BUY_SOME = {"action": "CLOSE_ALL"}, {"action": "BUY", "allocation": 0.1}


@pytest.mark.parametrize(
    ("book", "signal", "allow_shorts", "expected"),
    [
        # long
        (LONG, SELL_ALL, False, (Intent.EXIT, SELL, 10.0, None)),
        (LONG, {"action": "SELL", "ticker": "ko"}, False, (Intent.EXIT, SELL, 10.0, None)),
        (LONG, SELL_HALF, False, (Intent.EXIT, SELL, 5.0, None)),
        (LONG, {"action": "SELL", "allocation": 0}, False, (Intent.EXIT, SELL, 0.0, None)),
        (LONG, CLOSE, False, (Intent.EXIT, SELL, 10.0, None)),
        (LONG, {"action": "SELL", "qty": 25}, False, (Intent.EXIT, SELL, 10.0, ReasonCode.SHORTS_NOT_ALLOWED)),
        (LONG, {"action": "SELL", "qty": 25}, True, (Intent.FLIP, SELL, 10.0, ReasonCode.FLIP_EXIT_FIRST)),
        (LONG, BUY_SOME, False, (Intent.ENTRY, BUY, None, None)),
        # short
        (SHORT, {"action": "BUY", "allocation": 0.1, "qty": 100}, False, (Intent.EXIT, BUY, 100.0, None)),
        (SHORT, BUY_SOME, False, (Intent.EXIT, BUY, 25.0, None)),
        (SHORT, {"action": "BUY", "allocation": 1}, True, (Intent.FLIP, BUY, 100.0, ReasonCode.FLIP_EXIT_FIRST)),
        (SHORT, CLOSE, False, (Intent.EXIT, BUY, 100.0, None)),
        (SHORT, SELL_ALL, False, (Intent.NOTHING, HOLD, None, NOTHING_TO_EXIT)),
        (SHORT, SELL_HALF, False, (Intent.NOTHING, HOLD, None, ReasonCode.SHORTS_NOT_ALLOWED)),
        (SHORT, SELL_HALF, True, (Intent.ENTRY, SELL, None, None)),
        # flat
        (OPEN, SELL_ALL, True, (Intent.NOTHING, HOLD, None, NOTHING_TO_EXIT)),
        (OPEN, SELL_HALF, False, (Intent.NOTHING, HOLD, None, NOTHING_TO_EXIT)),
        (OPEN, SELL_HALF, True, (Intent.ENTRY, SELL, None, None)),
        (OPEN, CLOSE, True, (Intent.NOTHING, HOLD, None, NOTHING_TO_EXIT)),
        (OPEN, BUY_SOME, False, (Intent.ENTRY, BUY, None, None)),
        (OPEN, {"action": "HOLD"}, False, (Intent.NOTHING, HOLD, None, None)),
        # nobody knows
        (CLOSED, SELL_ALL, False, (Intent.EXIT, SELL, None, None)),
        (CLOSED, CLOSE, True, (Intent.EXIT, SELL, None, None)),
        (CLOSED, BUY_SOME, False, (Intent.ENTRY, BUY, None, None)),
        # an exit is under way
        (with_orders(LONG, UNDER_WAY), SELL_ALL, False, (Intent.NOTHING, HOLD, None, UNDER)),
        (with_orders(LONG, replace(UNDER_WAY, qty=4.0)), SELL_ALL, False, (Intent.EXIT, SELL, 6.0, None)),
        (with_orders(LONG, replace(UNDER_WAY, qty=5.0)), SELL_HALF, False, (Intent.NOTHING, HOLD, None, UNDER)),
        (with_orders(LONG, PART_FILLED), CLOSE, False, (Intent.NOTHING, HOLD, None, UNDER)),
        (with_orders(LONG, replace(UNDER_WAY, qty=None)), SELL_ALL, False, (Intent.NOTHING, HOLD, None, UNDER)),
        (with_orders(LONG, replace(UNDER_WAY, lapses_at=LAPSED)), SELL_ALL, False, (Intent.EXIT, SELL, 10.0, None)),
        (with_orders(LONG, replace(UNDER_WAY, strategy_id="B")), SELL_ALL, False, (Intent.EXIT, SELL, 10.0, None)),
        (with_orders(SHORT, replace(UNDER_WAY, qty=40.0)), CLOSE, False, (Intent.EXIT, BUY, 60.0, None)),
        # an entry may have been filled unknown to Maestro
        (with_orders(OPEN, ENTRY), SELL_ALL, False, (Intent.EXIT, SELL, None, None)),
        (with_orders(OPEN, ENTRY), CLOSE, True, (Intent.EXIT, SELL, None, None)),
        (with_orders(OPEN, ENTRY), BUY_SOME, False, (Intent.ENTRY, BUY, None, None)),
        (with_orders(OPEN, ENTRY, UNDER_WAY), SELL_ALL, False, (Intent.NOTHING, HOLD, None, UNDER)),
        (with_orders(OPEN, ENTRY), SELL_OTHER, False, (Intent.NOTHING, HOLD, None, NOTHING_TO_EXIT)),
        (with_orders(SHORT, ENTRY), SELL_ALL, False, (Intent.EXIT, SELL, None, None)),
        (with_orders(SHORT, ENTRY), SELL_HALF, True, (Intent.ENTRY, SELL, None, None)),
        (with_orders(OPEN, SHORT_ENTRY), SELL_HALF, True, (Intent.ENTRY, SELL, None, None)),
        (with_orders(OPEN, SHORT_ENTRY), SELL_ALL, True, (Intent.NOTHING, HOLD, None, NOTHING_TO_EXIT)),
        (with_orders(OPEN, SHORT_ENTRY), CLOSE, True, (Intent.EXIT, BUY, None, None)),
        (with_orders(OPEN, SHORT_ENTRY), BUY_SOME, True, (Intent.ENTRY, BUY, None, None)),
    ],
)  # fmt: skip
def test_what_a_signal_of_one_symbol_means(
    book: PositionBook,
    signal: dict[str, Any],
    allow_shorts: bool,
    expected: tuple[Intent, Action, float | None, ReasonCode | None],
) -> None:
    found = judged(book, signal, allow_shorts=allow_shorts)
    assert (found.intent, found.action, found.qty, found.reason_code) == expected


@pytest.mark.parametrize(
    ("account", "qty"),
    [
        ({}, None),
        ({"positions": None, "as_of": NOW}, None),
        (of_account(30.0), 25.0),
        (of_account(4.0), None),
        (of_account(5.0), None),
        (of_account(5.0, NOW + timedelta(hours=1)), 0.0),
        (of_account(5.0, NOW + timedelta(hours=1), side="long", book="shadow"), None),
        (of_account(4.0, NOW + timedelta(hours=1)), None),
        (of_account(float("nan"), NOW + timedelta(hours=1)), None),
        ({"positions": [], "as_of": "yesterday"}, None),
    ],
)
def test_an_unknown_exit_takes_what_others_leave_and_an_account_that_may_be_older_than_the_fill_stops_none(
    account: dict[str, Any], qty: float | None
) -> None:
    book = with_orders(OPEN.with_fill("B", "KO", 5.0, 40.0), replace(ENTRY, lapses_at=NOW))
    found = judged(book, SELL_ALL, account=account)
    assert (found.intent, found.qty, found.is_live) == (Intent.EXIT, qty, True)


@pytest.mark.parametrize(("listed", "qty"), [(-20.0, 20.0), (5.0, None)])
def test_a_short_that_only_the_account_shows_is_bought_back_by_as_much(listed: float, qty: float | None) -> None:
    found = judged(with_orders(OPEN, SHORT_ENTRY), BUY_SOME, account=of_account(listed), allow_shorts=True)
    assert (found.intent, found.qty) == (Intent.ENTRY if qty is None else Intent.EXIT, qty)
    found = judged(with_orders(OPEN, SHORT_ENTRY), CLOSE, account=of_account(listed), allow_shorts=True)
    assert (found.intent, found.action, found.qty) == (Intent.EXIT, BUY, qty)


def test_a_cover_whose_price_or_buying_power_nobody_knows_is_whole() -> None:
    assert judged(SHORT, BUY_SOME, price=None).qty == 100.0


EVERYTHING: dict[str, Any] = {"action": "SELL", "ticker": None}
CLOSE_EVERYTHING: dict[str, Any] = {"action": "CLOSE_ALL", "ticker": None}
SEVERAL = LONG.with_fill("A", "brk-b", 2.0, 300.0).with_fill("A", "PEP", -7.0, 150.0).with_fill("A", "XOM", -9.0, 30.0)
LEAVING_LONGS = replace(UNDER_WAY, symbol="", qty=None, qty_by_symbol={"KO": 10.0, "BRK-B": 2.0})


def test_a_sell_of_everything_names_what_is_left_of_every_long() -> None:
    found = judged(with_orders(SEVERAL, replace(UNDER_WAY, qty=4.0)), EVERYTHING)
    assert (found.intent, found.action, found.qty) == (Intent.EXIT, SELL, None)
    assert dict(found.qty_by_symbol) == {"brk-b": 2.0, "KO": 6.0}


def test_close_all_goes_on_with_the_shorts_one_by_one_while_the_longs_are_under_way() -> None:
    book = with_orders(SEVERAL, LEAVING_LONGS)
    assert judged(book, EVERYTHING).reason_code is UNDER
    first = judged(book, CLOSE_EVERYTHING)
    assert (first.action, first.symbol, first.qty) == (BUY, "PEP", 7.0)
    book = with_orders(SEVERAL, LEAVING_LONGS, replace(UNDER_WAY, symbol="PEP", qty=7.0))
    second = judged(book, CLOSE_EVERYTHING)
    assert (second.action, second.symbol, second.qty) == (BUY, "XOM", 9.0)


def test_an_exit_from_everything_holds_up_no_symbol_that_it_does_not_name() -> None:
    book = with_orders(SEVERAL.with_fill("A", "NEW", 3.0, 1.0), LEAVING_LONGS)
    assert judged(book, {"action": "SELL", "ticker": "NEW"}).qty == 3.0
    assert judged(book, SELL_ALL).reason_code is UNDER


def test_what_may_be_held_unknown_leaves_while_exits_from_what_is_known_are_under_way() -> None:
    book = with_orders(LONG, UNDER_WAY, replace(ENTRY, symbol="PEP"))
    found = judged(book, EVERYTHING)
    assert (found.intent, found.action, found.symbol, found.qty) == (Intent.EXIT, SELL, "PEP", None)
    assert judged(with_orders(OPEN, ENTRY), EVERYTHING).to_fields() == {"intent": "EXIT", "max_qty": None}


def test_what_the_account_shows_to_be_gone_holds_up_nothing_else_that_is_unknown() -> None:
    book = with_orders(LONG, UNDER_WAY, replace(ENTRY, symbol="PEP"), replace(ENTRY, symbol="XOM"))
    found = judged(book, EVERYTHING, account={"positions": [{"symbol": "XOM", "qty": 4.0}], "as_of": NOW})
    assert (found.symbol, found.qty) == ("XOM", 4.0)


def test_of_nothing_there_is_nothing_to_leave() -> None:
    assert judged(OPEN, EVERYTHING).reason_code is NOTHING_TO_EXIT
    assert judged(OPEN, CLOSE_EVERYTHING).reason_code is NOTHING_TO_EXIT
    assert judged(SHORT, EVERYTHING).reason_code is NOTHING_TO_EXIT
    assert judged(CLOSED, EVERYTHING).intent is Intent.EXIT


def test_with_a_closed_book_the_account_says_whose_a_position_is_and_limits_nothing() -> None:
    """What it lists makes a shadowed strategy's exit a live one; of long ago, it has no say in its size."""
    found = judged(CLOSED, SELL_ALL, account=of_account(10.0, strategy_id="A"))
    assert (found.intent, found.qty, found.is_live) == (Intent.EXIT, None, True)
    assert not judged(CLOSED, SELL_ALL, account=of_account(10.0)).is_live


def test_a_strategys_own_sell_opens_no_short_where_shorts_are_allowed() -> None:
    leaving = MovingAverageTrend().sell("KO", "down")
    for proposal, intent in ((leaving, Intent.NOTHING), ({**leaving, "exit_only": False}, Intent.ENTRY)):
        signal = parse_signal("A", proposal)
        positions = KnownPositions(OPEN, {}, NOW)
        assert judge(signal, positions, allow_shorts=True, price=50.0, buying_power=1e4).intent is intent
