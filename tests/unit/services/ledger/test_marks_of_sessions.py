"""What a session is marked with: its own last price, kept, and read off market data by whose history it is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from functions.domain.ledger.market_prices import read_market_prices
from functions.domain.ledger.marks import Mark, latest, marks_document, read_marks
from tests.unit.services.ledger.desk import AROUND, XNYS, Desk, utc, weekdays


def kept(desk: Desk, session: str) -> dict[str, Mark]:
    return read_marks(desk.ledger.kept_marks.get(date.fromisoformat(session)))


def test_a_day_is_marked_at_its_own_last_price_though_the_history_ends_the_day_before() -> None:
    desk = Desk(XNYS)
    desk.fill("f", "2020-03-17 15:00", "buy", 10, 449.0)
    desk.put_prices("2020-03-17 19:59", KO={"price": 450.0, "history": [441.0, 444.5, 448.2]})
    desk.take("2020-03-17")
    assert desk.pnl() == {"2020-03-17": 10.0}
    assert kept(desk, "2020-03-17") == {"KO": Mark(450.0, utc("2020-03-17 19:59"))}


def test_days_that_were_missed_take_the_closes_before_the_price() -> None:
    desk = Desk(XNYS)
    desk.fill("f", "2020-03-12 15:00", "buy", 10, 440.0)
    desk.put_prices("2020-03-17 19:59", KO={"price": 450.0, "history": [441.0, 444.5, 448.2]})
    desk.take("2020-03-17")
    assert desk.pnl() == {"2020-03-12": 10.0, "2020-03-13": 35.0, "2020-03-16": 37.0, "2020-03-17": 18.0}
    assert kept(desk, "2020-03-13") == {"KO": Mark(444.5, utc("2020-03-13 20:00"))}, "a close is of the close"


def quotes(**symbols: Any) -> dict[str, Any]:
    named = {name: {"price": price, "history": history} for name, (price, history) in symbols.items()}
    return {"as_of": utc("2020-03-17 19:59"), "symbols": named}


@pytest.mark.parametrize(
    ("document", "before"),
    [
        (quotes(A=(5.0, [3.0, 4.0])), {"A": 4.0}),
        (quotes(A=(5.0, [3.0, 4.0, 5.0])), {"A": 4.0}),
        # one symbol's price is where it closed the day before, by coincidence; the others' histories tell
        (quotes(A=(4.0, [3.0, 4.0]), B=(9.0, [7.0, 8.0]), C=(9.0, [7.0, 8.0])), {"A": 4.0, "B": 8.0, "C": 8.0}),
        # one symbol's last close is not its price, by a late print; the others' histories tell
        (quotes(A=(4.1, [3.0, 4.0]), B=(8.0, [7.0, 8.0]), C=(8.0, [7.0, 8.0])), {"A": 3.0, "B": 7.0, "C": 7.0}),
        (quotes(A=(4.0, [3.0, 4.0]), B=(9.0, [7.0, 8.0])), {"A": 4.0, "B": 8.0}),
        (quotes(A=(5.0, None)), {}),
        (quotes(**{"btc/usd": (5.0, [4.0])}), {"BTCUSD": 4.0}),
    ],
)
def test_the_document_as_a_whole_tells_whether_histories_include_the_prices_session(
    document: dict[str, Any], before: dict[str, float]
) -> None:
    prices, wrong = read_market_prices(document)
    assert prices is not None
    assert wrong is None
    assert prices.back(1) == before
    assert prices.back(0) == {name.upper().replace("/", ""): one["price"] for name, one in document["symbols"].items()}


def test_a_day_computed_again_keeps_the_prices_it_was_marked_with() -> None:
    desk = Desk(XNYS)
    desk.fill("f", "2020-03-16 15:00", "buy", 10, 440.0)
    desk.put_prices("2020-03-16 19:59", KO=450.0)
    desk.take("2020-03-16")
    desk.put_prices("2020-03-17 19:59", KO={"price": 460.0, "history": [449.0]})  # the close, an hour less new
    desk.fill("late", "2020-03-16 16:00", "buy", 10, 445.0, created_at=utc("2020-03-17 12:00"))
    desk.take("2020-03-17")
    assert desk.pnl() == {"2020-03-16": 150.0 - 20.0, "2020-03-17": 220.0}, "the close came after it: it is newer"
    desk.put_prices("2020-03-18 19:59", KO={"price": 470.0, "history": [1.0]})
    desk.ledger.kept_marks[date(2020, 3, 17)] = marks_document(
        date(2020, 3, 17), {"KO": Mark(460.0, utc("2020-03-17 21:30"))}
    )
    desk.fill("later", "2020-03-17 16:00", "buy", 1, 445.0, created_at=utc("2020-03-18 12:00"))
    desk.take("2020-03-18")
    assert desk.pnl()["2020-03-17"] == 220.0 + 15.0, "what was seen after the close stays"


def test_of_two_marks_of_a_session_the_later_counts_and_the_kept_of_two_alike() -> None:
    early, late = utc("2020-03-16 18:00"), utc("2020-03-16 20:00")
    before = {"A": Mark(1.0, late), "B": Mark(2.0, early), "C": Mark(3.0, early)}
    found = {"A": Mark(9.0, early), "B": Mark(9.0, late), "C": Mark(9.0, early), "D": Mark(4.0, early)}
    assert {name: one.price for name, one in latest(before, found).items()} == {"A": 1.0, "B": 9.0, "C": 3.0, "D": 4.0}


def test_prices_of_a_session_under_way_are_kept_for_when_it_is_over() -> None:
    desk = Desk(AROUND)
    desk.fill("f", "2020-03-15 15:00", "buy", 10, 440.0)
    for label, price in (("2020-03-15", 450.0), ("2020-03-16", 460.0), ("2020-03-17", 480.0)):
        desk.put_prices(f"{label} 22:29", KO=price)  # a feed without a history
        desk.take(label)
    assert desk.pnl() == {"2020-03-15": 100.0, "2020-03-16": 100.0}
    assert [day["stale_marks"] for day in desk.days().values()] == [[], []]


def test_a_symbol_nobody_prices_keeps_its_last_one_and_is_named() -> None:
    desk = Desk(XNYS)
    desk.fill("f", "2020-03-16 15:00", "buy", 10, 440.0)
    desk.fill("g", "2020-03-16 15:00", "buy", 10, 50.0, symbol="PEP")
    desk.put_prices("2020-03-16 19:59", KO=450.0, PEP=60.0)
    desk.take("2020-03-16")
    desk.put_prices("2020-03-17 19:59", KO=451.0)
    desk.take("2020-03-17")
    assert desk.pnl() == {"2020-03-16": 200.0, "2020-03-17": 10.0}
    assert desk.days()["2020-03-17"]["stale_marks"] == ["PEP"]


def test_marks_are_found_under_any_spelling() -> None:
    desk = Desk(AROUND)
    desk.fill("f", "2020-03-15 15:00", "buy", 1, 5_000.0, symbol="BTC/USD")
    desk.put_prices("2020-03-16 22:29", **{"BTC/USD": {"price": 5_200.0, "history": [5_150.0]}})
    desk.take("2020-03-16")
    desk.put_prices("2020-03-17 22:29", btcusd={"price": 5_300.0, "history": [5_250.0]})
    desk.take("2020-03-17")
    assert desk.pnl() == {"2020-03-15": 150.0, "2020-03-16": 100.0}


@pytest.mark.parametrize(
    ("market_data", "named"),
    [
        ({"symbols": {}}, "market data as_of must be a time with its zone, was None"),
        ({"as_of": "yesterday", "symbols": {}}, "market data as_of must be an ISO 8601 time with its zone"),
        (
            {"as_of": utc("2020-03-16 19:59"), "symbols": "parts that do not belong together"},
            "market data symbols must",
        ),
        ({"as_of": utc("2020-03-16 19:59"), "symbols": {"KO": 450.0}}, "market data KO must be a map with price"),
        (
            {"as_of": utc("9999-12-31 19:59"), "symbols": {"KO": {"price": 450.0}}},
            "market data as_of must be a time within",
        ),
        (
            {"as_of": utc("2020-03-16 19:59"), "symbols": {"KO": {"price": "x"}, "PEP": {"price": 1.0, "history": 5}}},
            "market data KO.price must be a number > 0",
        ),
    ],
)
def test_malformed_market_data_counts_as_missing_and_is_named(market_data: dict[str, Any], named: str) -> None:
    desk = Desk(XNYS)
    desk.fill("f", "2020-03-16 15:00", "buy", 10, 440.0)
    desk.ledger.market_data = market_data
    report = desk.take("2020-03-16")
    assert report.is_through
    assert desk.days()["2020-03-16"]["stale_marks"] == ["KO"]
    assert report.skipped.count == 1
    assert named in report.skipped.examples[0]


def test_kept_marks_read_as_they_were_written_and_damaged_ones_count_as_missing() -> None:
    marks = {"KO": Mark(45.25, utc("2020-03-16 19:59")), "A\nB": Mark(1e-9, utc("1999-12-31 23:59"))}
    assert read_marks(marks_document(date(2020, 3, 16), marks)) == marks
    assert read_marks(marks_document(date(2020, 3, 16), {})) == {}
    desk = Desk(XNYS)
    desk.fill("f", "2020-03-16 15:00", "buy", 10, 440.0)
    desk.put_prices("2020-03-16 19:59", KO=450.0)
    desk.ledger.kept_marks[date(2020, 3, 16)] = {**marks_document(date(2020, 3, 16), marks), "times": b"x"}
    report = desk.take("2020-03-16")
    assert report.skipped.examples[0].startswith("marks of 2020-03-16 must be symbols, prices and times")
    assert desk.pnl() == {"2020-03-16": 100.0}


def test_market_data_that_reaches_too_little_back_leaves_older_days_at_their_last_price() -> None:
    desk = Desk(XNYS)
    desk.fill("f", "2020-03-09 15:00", "buy", 10, 440.0)
    desk.put_prices("2020-03-17 19:59", KO={"price": 450.0, "history": [444.5, 448.2]})
    desk.take("2020-03-17")
    stale = {label for label, day in desk.days().items() if day["stale_marks"]}
    assert stale == set(weekdays("2020-03-09", 4))
