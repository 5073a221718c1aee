"""What one strategy sees of the account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.own_account import own_fields
from functions.domain.orchestration.position_book import Order, PositionBook

NOW = datetime(2020, 3, 16, tzinfo=UTC)
ACCOUNT = {"positions": [{"symbol": "KO", "qty": 100.0}, {"symbol": "PEP", "qty": 3.0, "strategy_id": "A"}]}
PAPER = {"A": {"XOM": 2.0}, "B": {"KO": 9.0}}
PRICES = {"KO": 45.0, "BTC/USD": 9_000.0}


def known(book: PositionBook) -> KnownPositions:
    return KnownPositions(book, ACCOUNT, NOW)


def test_while_the_book_is_closed_a_strategy_sees_the_account_as_it_is() -> None:
    assert own_fields("A", known(PositionBook()), PAPER, PRICES) == {}


def test_a_strategy_sees_its_own_live_and_paper_positions_and_nobody_elses() -> None:
    book = PositionBook(opened_at=NOW).with_fill("B", "KO", 10.0, 40.0)
    book = book.with_fill("A", "KO", -4.0, 50.0).with_fill("A", "BTC/USD", 1.0, 8_000.0).with_fill("A", "ABC", 1.0, 1.0)
    short = {"symbol": "KO", "qty": -4.0, "average_price": 50.0, "price": 45.0, "unrealized_pnl": 20.0}
    coin = {"symbol": "BTC/USD", "qty": 1.0, "average_price": 8_000.0, "price": 9_000.0, "unrealized_pnl": 1_000.0}
    unpriced = {"symbol": "ABC", "qty": 1.0, "average_price": 1.0, "price": None, "unrealized_pnl": None}
    live = [{**one, "strategy_id": "A", "book": "live"} for one in (coin, short, unpriced)]
    paper = {"symbol": "XOM", "qty": 2.0, "strategy_id": "A", "book": "shadow"}
    assert own_fields("A", known(book), PAPER, PRICES) == {"positions": [*live, paper], "orders_under_way": []}
    assert own_fields("C", known(book), PAPER, PRICES) == {"positions": [], "orders_under_way": []}


def test_a_strategy_sees_its_orders_under_way() -> None:
    order = Order(strategy_id="A", symbol="KO", is_entry=False, qty=4.0, filled_qty=1.0, lapses_at=NOW + timedelta(1))
    book = PositionBook(opened_at=NOW).with_order("n", order, NOW)
    seen = own_fields("A", known(book), {}, {})["orders_under_way"]
    assert seen == [{"symbol": "KO", "intent": "EXIT", "qty": 4.0, "filled_qty": 1.0}]
    assert own_fields("B", known(book), {}, {})["orders_under_way"] == []
