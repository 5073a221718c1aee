"""What people see of the position book: what is held, what it is worth, what is under way, and what is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.monitoring.live_positions import (
    MOST_ORDERS,
    MOST_POSITIONS,
    LivePositions,
    Surroundings,
    UnownedPosition,
    live_positions,
)
from functions.domain.orchestration.position_book import OPEN_OUTCOME_KEPT, Order, PositionBook
from tests.fakes import MARCH_16

OPEN = PositionBook(opened_at=MARCH_16, opened_by="ann")
LATER = MARCH_16 + timedelta(minutes=15)
NOTHING_BESIDE = Surroundings(account_snapshot={}, prices={}, modes={}, account_as_of=None, market_data_as_of=None)


def order(symbol: str = "KO", *, strategy: str = "Trend", **fields: Any) -> Order:
    known: dict[str, Any] = {"strategy_id": strategy, "symbol": symbol, "is_entry": False, "lapses_at": LATER}
    return Order(**known | fields)


def shown(book: PositionBook, **around: Any) -> LivePositions:
    return live_positions(book, replace(NOTHING_BESIDE, **around), MARCH_16)


def test_a_position_is_shown_with_its_profit_at_the_price_there_is() -> None:
    book = OPEN.with_fill("Trend", "BTC/USD", 2.0, 100.0).with_fill("Value", "KO", -3.0, 50.0)
    long, short = shown(book, prices={"BTC-USD": 110.0}, modes={"Trend": AgentMode.SHADOW_MODE}).positions
    assert (long.strategy_id, long.symbol, long.qty, long.average_price) == ("Trend", "BTC/USD", 2.0, 100.0)
    assert (long.price, long.unrealized_pnl, long.mode) == (110.0, 20.0, AgentMode.SHADOW_MODE)
    assert (short.qty, short.price, short.unrealized_pnl, short.mode) == (-3.0, None, None, None)


def test_a_short_gains_when_the_price_falls() -> None:
    (short,) = shown(OPEN.with_fill("Value", "KO", -3.0, 50.0), prices={"KO": 40.0}).positions
    assert short.unrealized_pnl == 30.0


def test_exits_under_way_are_what_they_are_still_to_trade() -> None:
    held = OPEN.with_fill("Trend", "KO", 10.0, 50.0)
    assert shown(held).positions[0].exits_under_way == 0.0
    selling = held.with_order("n1", order(qty=6.0), MARCH_16)
    assert shown(selling).positions[0].exits_under_way == 6.0
    partly = selling.with_order_filled("n1", "KO", 2.0).with_fill("Trend", "KO", -2.0, 51.0)
    assert shown(partly).positions[0].exits_under_way == 4.0
    assert live_positions(partly, NOTHING_BESIDE, LATER).positions[0].exits_under_way == 0.0, "a lapsed exit is over"
    of_everything = held.with_order("n1", order(""), MARCH_16)
    assert shown(of_everything).positions[0].exits_under_way == 10.0
    of_another = held.with_order("n1", order(strategy="Value", qty=6.0), MARCH_16)
    assert shown(of_another).positions[0].exits_under_way == 0.0


def test_an_order_under_way_shows_only_the_beginning_of_its_nonce() -> None:
    nonce = "0123456789abcdef" * 2
    (one,) = shown(OPEN.with_order(nonce, order(qty=6.0), MARCH_16)).orders_under_way
    assert (one.nonce_prefix, one.symbol, one.intent, one.qty, one.filled_qty) == ("01234567", "KO", "EXIT", 6.0, 0.0)
    assert not one.is_lapsed


def test_a_lapsed_entry_stays_as_long_as_it_may_be_filled_and_a_lapsed_exit_does_not() -> None:
    book = OPEN.with_order("n1", order(is_entry=True), MARCH_16).with_order("n2", order(), MARCH_16)
    found = live_positions(book, NOTHING_BESIDE, LATER)
    assert [(one.intent, one.is_lapsed) for one in found.orders_under_way] == [("ENTRY", True)]
    assert live_positions(book, NOTHING_BESIDE, LATER + OPEN_OUTCOME_KEPT).orders_under_way == ()


def test_what_no_strategy_holds_is_unowned_and_without_an_account_nobody_knows() -> None:
    book = OPEN.with_fill("Trend", "KO", 10.0, 50.0)
    account = {"positions": [{"symbol": "KO", "qty": 12}, {"symbol": "PEP", "qty": 5, "side": "short"}]}
    assert shown(book).unowned is None
    assert shown(book, account_snapshot={"positions": [{"symbol": "KO", "qty": 10}]}).unowned == ()
    owned_by_nobody = (UnownedPosition("KO", 2.0), UnownedPosition("PEP", -5.0))
    assert shown(book, account_snapshot=account).unowned == owned_by_nobody


def test_a_book_that_is_not_open_says_why_and_holds_nothing() -> None:
    account = {"positions": [{"symbol": "KO", "qty": 12, "strategy_id": "Trend"}]}
    closed = PositionBook(closed_because="it grew too large", orders={"n1": order()})
    for book, why in ((PositionBook(), None), (closed, "it grew too large")):
        found = shown(book, account_snapshot=account, account_as_of=MARCH_16)
        assert (found.is_open, found.closed_because, found.account_as_of) == (False, why, MARCH_16)
        assert (found.positions, found.orders_under_way, found.unowned) == ((), (), None)


def test_each_list_is_bounded_and_says_so() -> None:
    symbols = [f"S{number:03}" for number in range(MOST_POSITIONS + 1)]
    held = OPEN
    for symbol in symbols[:MOST_POSITIONS]:
        held = held.with_fill("Trend", symbol, 1.0, 1.0)
    assert not shown(held).is_truncated
    more = shown(held.with_fill("Trend", symbols[-1], 1.0, 1.0))
    assert (len(more.positions), more.is_truncated) == (MOST_POSITIONS, True)

    orders = {f"{number:032x}": order(symbols[number]) for number in range(MOST_ORDERS + 1)}
    many = shown(replace(OPEN, orders=orders))
    assert (len(many.orders_under_way), many.is_truncated) == (MOST_ORDERS, True)

    strays = shown(OPEN, account_snapshot={"positions": [{"symbol": symbol, "qty": 1} for symbol in symbols]})
    assert strays.unowned is not None
    assert (len(strays.unowned), strays.is_truncated) == (MOST_POSITIONS, True)


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(-9, 9).filter(bool)), max_size=12), st.data())
def test_exits_under_way_are_never_more_than_is_held(fills: list[tuple[str, int]], data: st.DataObject) -> None:
    book = OPEN
    for number, (symbol, qty) in enumerate(fills):
        book = book.with_fill("Trend", symbol, float(qty), 10.0)
        if data.draw(st.booleans()):
            book = book.with_order(f"{number:032x}", order(symbol, qty=float(abs(qty))), MARCH_16)
    for one in shown(book).positions:
        assert 0.0 <= one.exits_under_way <= abs(one.qty)
