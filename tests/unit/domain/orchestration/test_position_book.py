"""What the position book says after fills, orders and time, and that its document keeps it."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.document_size import stored_bytes
from functions.domain.kernel.errors import InputError
from functions.domain.orchestration.position_book import (
    MOST_BYTES,
    MOST_ORDERS,
    NOTHING_HELD,
    OPEN_OUTCOME_KEPT,
    Holding,
    Order,
    PositionBook,
)

NOW = datetime(2020, 3, 16, tzinfo=UTC)
BOOK = PositionBook(opened_at=NOW, opened_by="root")
ENTRY = Order(strategy_id="A", symbol="KO", is_entry=True, lapses_at=NOW + timedelta(minutes=15))
EXIT = replace(ENTRY, is_entry=False, qty=10.0)
LAPSED = NOW + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("fills", "qty", "average_price"),
    [
        ([(10, 40.0)], 10, 40.0),
        ([(10, 40.0), (30, 48.0)], 40, 46.0),
        ([(10, 40.0), (-4, 99.0)], 6, 40.0),
        ([(10, 40.0), (-10, 99.0)], 0, 0.0),
        ([(10, 40.0), (-15, 50.0)], -5, 50.0),
        ([(-10, 40.0), (-10, 50.0)], -20, 45.0),
        ([(-10, 40.0), (4, 9.0)], -6, 40.0),
        ([(-10, 40.0), (25, 50.0)], 15, 50.0),
    ],
)
def test_a_position_averages_what_adds_to_it_and_starts_over_beyond_zero(
    fills: list[tuple[float, float]], qty: float, average_price: float
) -> None:
    book = BOOK
    for signed, price in fills:
        book = book.with_fill("A", "KO", signed, price)
    holding = book.holding("A", "ko")
    assert holding.qty == qty
    assert holding.average_price == pytest.approx(average_price)


def test_every_spelling_is_one_position_and_the_last_one_is_kept() -> None:
    book = BOOK.with_fill("A", "BTC/USD", 1.0, 8_000.0).with_fill("A", "btc-usd", 1.0, 8_000.0)
    assert book.holdings == {("A", "BTCUSD"): Holding(2.0, 8_000.0, "btc-usd")}


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9, 1e13])
def test_what_rounding_leaves_is_flat_at_any_size(scale: float) -> None:
    """A rest of rounding would turn the next BUY into a cover of nothing, and hold up its entry for good."""
    book = BOOK
    for part in (0.8, 2.41, 1.3, -1.35, -1.13, -2.03):
        book = book.with_fill("A", "SHIB", part * scale, 1e-5)
    assert book.holding("A", "SHIB") == NOTHING_HELD


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(["KO", "ko"]), st.integers(-9, 9)), max_size=20))
def test_the_book_is_the_sum_of_its_fills(fills: list[tuple[str, str, int]]) -> None:
    book = BOOK
    for name, symbol, qty in fills:
        book = book.with_fill(name, symbol, qty / 10, 5.0) if qty else book
    for name in "AB":
        total = math.fsum(qty / 10 for owner, _, qty in fills if owner == name)
        assert book.holding(name, "KO").qty == pytest.approx(total, abs=1e-9)


def test_a_document_keeps_everything() -> None:
    everything = Order(
        strategy_id="B",
        symbol="",
        is_entry=False,
        filled_qty=1.0,
        qty_by_symbol={"KO": 3.0},
        filled_by_symbol={"KO": 1.0},
        lapses_at=LAPSED,
    )
    book = BOOK.with_fill("A", "brk-b", -2.5, 300.0).with_order("n1", replace(ENTRY, is_short=True), NOW)
    book = book.with_order("n2", everything, NOW)
    assert PositionBook.from_document(book.to_document(NOW)) == book
    assert PositionBook.from_document(None) == PositionBook()


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "holdings_json"),
        ({"holdings_json": "[]", "orders_json": "{}"}, "opened_at"),
        ({"opened_at": NOW, "holdings_json": "[]", "orders_json": "[]"}, "orders_json"),
        ({"opened_at": NOW, "holdings_json": '[["A","KO","many",1,"KO"]]', "orders_json": "{}"}, "holdings_json"),
        ({"opened_at": NOW, "holdings_json": '[["A","KO",NaN,1,"KO"]]', "orders_json": "{}"}, "holdings_json"),
        ({"opened_at": NOW, "holdings_json": "[]", "orders_json": '{"n": {"strategy_id": "A"}}'}, "orders_json"),
        ({"opened_at": NOW, "holdings_json": "[", "orders_json": "{}"}, "holdings_json"),
    ],
)
def test_a_damaged_document_is_refused_by_field(document: dict[str, object], field: str) -> None:
    with pytest.raises(InputError, match=f"^{field} must be"):
        PositionBook.from_document(document)


def test_a_book_too_large_for_a_document_closes_and_says_why() -> None:
    rng = random.Random(20)
    holdings = {
        (f"Strategy{number % 1000}", f"S{number // 1000}"): Holding(rng.uniform(1, 1e4), rng.uniform(1, 1e3), "S")
        for number in range(40_000)
    }
    some = dict(list(holdings.items())[:25_000])
    packed = replace(BOOK, holdings=some, orders={"entry": ENTRY}).to_document(NOW)
    assert stored_bytes(packed) < MOST_BYTES
    assert PositionBook.from_document(packed) == replace(BOOK, holdings=some, orders={"entry": ENTRY})
    closed = PositionBook.from_document(replace(BOOK, holdings=holdings).to_document(NOW))
    assert (closed.is_open, dict(closed.holdings)) == (False, {})
    assert "40000 positions" in str(closed.closed_because)


def test_an_exit_is_under_way_until_it_lapses_and_an_entry_until_nobody_expects_its_fill() -> None:
    book = BOOK.with_order("entry", ENTRY, NOW).with_order("exit", EXIT, NOW)

    def kept(at: datetime) -> set[str]:
        return set(PositionBook.from_document(book.to_document(at)).orders)

    assert kept(LAPSED - timedelta(seconds=1)) == {"entry", "exit"}
    assert kept(LAPSED) == {"entry"}
    assert kept(LAPSED + OPEN_OUTCOME_KEPT) == set()
    assert set(book.without_order("exit").orders) == {"entry"}


def test_of_many_lapsed_entries_the_oldest_are_forgotten_and_none_that_is_under_way() -> None:
    book, at = BOOK, NOW
    for number in range(MOST_ORDERS + 5):
        at = NOW + timedelta(minutes=20 * number)
        book = book.with_order(f"{number:02}", replace(ENTRY, lapses_at=at + timedelta(minutes=15)), at)
    assert sorted(book.orders) == [f"{number:02}" for number in range(4, MOST_ORDERS + 5)]


def test_an_exit_of_nothing_is_not_under_way() -> None:
    assert BOOK.with_order("exit", replace(EXIT, qty=0.0), NOW).orders == {}


def test_an_exit_from_several_symbols_is_over_one_by_one() -> None:
    everything = replace(EXIT, symbol="", qty=None, qty_by_symbol={"KO": 3.0, "PEP": 5.0, "XOM": 1.0})
    book = BOOK.with_order("n", everything, NOW)
    book = book.with_order_filled("n", "ko", 3.0).with_order_filled("n", "PEP", 2.0)
    assert book.orders["n"].qty_by_symbol == {"PEP": 5.0, "XOM": 1.0}
    assert (book.orders["n"].most("PEP"), book.orders["n"].filled("PEP")) == (5.0, 2.0)
    book = book.with_order_filled("n", "PEP", 1.0, is_complete=True)
    assert book.orders["n"].qty_by_symbol == {"XOM": 1.0}
    assert book.with_order_filled("unknown", "KO", 1.0) == book
