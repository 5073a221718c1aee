"""Periods add up: days to months, fees to lots, documents in any order."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.errors import FillError, PackedStateError
from functions.domain.ledger.books import (
    Checkpoint,
    PeriodResult,
    compute_period,
    compute_period_in_pages,
)
from functions.domain.ledger.capital import Capital
from functions.domain.ledger.checkpoints import checkpoint_document, read_checkpoint
from functions.domain.ledger.events import Cash, parse_entry
from functions.domain.ledger.fills import BookKey, Fill, parse_fill

START = datetime(2020, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
GOOD: dict[str, Any] = {
    "uid": "ann",
    "strategy_id": "Trend",
    "symbol": "KO",
    "side": "buy",
    "qty": 10,
    "price": "45.50",
    "ts": "2020-03-02T15:00:00Z",
    "fees": 0.5,
}
OF_BEFORE: dict[str, Any] = {
    "at": START + DAY,
    "books": ["ann/Trend/KO"],
    "lots": [1],
    "marks": {"KO": 45.5},
    "owners": ["ann/Trend"],
    "signed_quantity": np.array([10.0]).tobytes(),
    "price": np.array([45.5]).tobytes(),
    "unit_cost": np.array([0.1]).tobytes(),
}
TWO_LOTS = {"signed_quantity": [10.0, -4.0], "price": [40.0, 60.0], "unit_cost": [0.0, 0.0]}


def fill(hours: float = 15, **fields: Any) -> Fill:
    number = fields.pop("id", "f1")
    return parse_fill(number, {**GOOD, "ts": START + timedelta(hours=hours), **fields})


def one(results: Sequence[PeriodResult]) -> PeriodResult:
    assert len(results) == 1
    return results[0]


def test_aliases_are_read() -> None:
    document = {name: value for name, value in GOOD.items() if name not in {"uid", "strategy_id"}}
    read = parse_fill("f1", {**document, "userId": "ann", "strategyId": "Trend", "side": "SELL"})
    assert (read.key.uid, read.key.strategy_id, read.signed_quantity, read.price) == ("ann", "Trend", -10, 45.5)
    assert parse_fill("f1", {**document, "user_id": "bob", "strategy_id": "Trend"}).key.uid == "bob"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"qty": 0}, "f1.qty must be > 0, was 0"),
        ({"qty": -3}, "f1.qty must be > 0, was -3"),
        ({"qty": float("nan")}, "f1.qty must be > 0, was nan"),
        ({"price": "free"}, "f1.price must be > 0, was 'free'"),
        ({"fees": "none"}, "f1.fees must be a number, was 'none'"),
        ({"slippage": -1}, "f1.slippage must be >= 0, was -1"),
        ({"side": "hold"}, "f1.side must be buy, sell or sell_short, was 'hold'"),
        ({"fee_qty": 1}, "f1.fee_currency must be a name without /, was None"),
        (
            {"fee_qty": 1, "fee_currency": "bnb"},
            "f1.fee_currency must be USD, or any other with fee_rate, USD per unit of it, was 'bnb'",
        ),
        (
            {"fee_qty": 10, "fee_currency": "ETH", "symbol": "ETH/EUR"},
            "f1.fee_qty must be below qty (10), which it is taken from, was 10",
        ),
        ({"symbol": None}, "f1.symbol must be a text, was None"),
        ({"uid": None}, "f1.uid must be a name without /, was None"),
        ({"uid": "a" * 601}, f"f1.uid must be at most 600 bytes long, was '{'a' * 79}… (603 characters)"),
        ({"strategy_id": "A/B"}, "f1.strategy_id must be a name without /, was 'A/B'"),
        ({"ts": "noon"}, "f1.ts must be an ISO 8601 time with its zone, was 'noon'"),
        ({"ts": datetime(2020, 3, 2)}, "f1.ts must be a time with its zone, was datetime.datetime(2020, 3, 2, 0, 0)"),  # noqa: DTZ001
    ],
)
def test_a_bad_document_is_named(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(FillError) as caught:
        parse_fill("f1", {**GOOD, **wrong})
    assert str(caught.value) == message


def test_a_period_is_realized_plus_the_change_of_unrealized() -> None:
    first, books = compute_period(Checkpoint.empty(), [fill(price=45, fees=1)], {"KO": 47.0}, START + DAY)
    capital = Capital(traded=450.0, granted_by_symbol={"KO": 450.0})
    expected = PeriodResult("ann", "Trend", 0.0, 19.0, 19.0, 1.0, 1, capital=capital, turnover=450.0, trading_fees=1.0)
    assert one(first) == expected
    second, books = compute_period(
        books, [fill(30, side="sell", qty=4, price=48, fees=0)], {"KO": 46.0}, START + 2 * DAY
    )
    result = one(second)
    assert result.realized_pnl == pytest.approx(4 * (48 - 45) - 0.4)
    assert result.unrealized_pnl == pytest.approx(6 * (46 - 45) - 0.6)
    assert result.pnl == pytest.approx(result.realized_pnl + result.unrealized_pnl - 19.0)
    quiet, _ = compute_period(books, [], {"KO": 50.0}, START + 3 * DAY)
    assert one(quiet).pnl == pytest.approx(6 * 4)


@pytest.mark.parametrize("names", [("Trend", "Carry"), ("Carry", "Trend")])
def test_results_are_in_the_order_of_their_owners_whatever_came_first(names: tuple[str, str]) -> None:
    told = [{"uid": "ann", "strategy_id": name, "kind": "fee", "amount": 2.5} for name in names]
    entries = (parse_entry(str(day), {**one, "ts": START + day * DAY}) for day, one in enumerate(told))
    fees = [entry for entry in entries if isinstance(entry, Cash)]
    results, _ = compute_period(Checkpoint.empty(), fees, {}, START + 2 * DAY)
    paged, _ = compute_period_in_pages(Checkpoint.empty(), fees, {}, START + 2 * DAY, 1)
    for found in (results, paged):
        assert [(result.strategy_id, result.pnl) for result in found] == [("Carry", -2.5), ("Trend", -2.5)]


def test_a_missing_mark_falls_back_to_the_last_price_and_is_listed() -> None:
    first, books = compute_period(Checkpoint.empty(), [fill(price=45, fees=0)], {}, START + DAY)
    assert (one(first).unrealized_pnl, one(first).stale_marks) == (0.0, ("KO",))
    _, books = compute_period(books, [], {"KO": 50.0}, START + 2 * DAY)
    third, _ = compute_period(books, [], {}, START + 3 * DAY)
    assert (one(third).unrealized_pnl, one(third).pnl, one(third).stale_marks) == (50.0, 0.0, ("KO",))


events = st.lists(
    st.tuples(
        st.integers(0, 4 * 24 * 60),
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 50),
        st.integers(100, 200),
        st.integers(0, 3),
        st.sampled_from(["KO", "PEP"]),
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["", "n1", "n2"]),
    ),
    max_size=25,
)


def fills_of(given_events: Sequence[tuple[int, str, int, int, int, str, str, str]]) -> list[Fill]:
    return [
        fill(
            minute / 60,
            id=f"f{n}",
            side=side,
            qty=qty,
            price=price,
            fees=fees,
            symbol=symbol,
            uid=uid,
            **({"nonce": f"{nonce}{symbol}{uid}", "granted": GRANTS[nonce], "ledger_version": 1} if nonce else {}),
        )
        for n, (minute, side, qty, price, fees, symbol, uid, nonce) in enumerate(given_events)
    ]


GRANTS = {"n1": 2_000.0, "n2": 7_000.0}
"""USD by entry: less, and more, than what most of its fills cost."""


def assert_same_capital(one: PeriodResult, other: PeriodResult) -> None:
    for name in ("in_use", "long", "traded", "granted"):
        assert getattr(one.capital, name) == pytest.approx(getattr(other.capital, name), rel=1e-9, abs=1e-6), name


@given(events, st.randoms(use_true_random=False))
def test_the_order_of_documents_is_irrelevant(given_events: Any, shuffle: random.Random) -> None:
    fills = fills_of(given_events)
    marks = {"KO": 150.0, "PEP": 160.0}
    expected = compute_period(Checkpoint.empty(), fills, marks, START + 5 * DAY)[0]
    shuffle.shuffle(fills)
    assert compute_period(Checkpoint.empty(), fills, marks, START + 5 * DAY)[0] == expected


@given(events)
def test_days_add_up_to_the_whole_through_stored_checkpoints(given_events: Any) -> None:
    fills = fills_of(given_events)
    marks = {"KO": 150.0, "PEP": 160.0}
    whole = {(r.uid, r.strategy_id): r for r in compute_period(Checkpoint.empty(), fills, marks, START + 5 * DAY)[0]}
    books, pnl, fees, count = Checkpoint.empty(), dict[Any, float](), 0.0, 0
    for day in range(5):
        end = START + (day + 1) * DAY
        todays = [one_fill for one_fill in fills if end - DAY <= one_fill.at < end]
        results, books = compute_period(
            books, todays, {"KO": 140.0 + day, "PEP": 170.0 - day} if day < 4 else marks, end
        )
        books = read_checkpoint(checkpoint_document(books))
        for result in results:
            owner = (result.uid, result.strategy_id)
            pnl[owner] = pnl.get(owner, 0.0) + result.pnl
            fees, count = fees + result.fees, count + result.fills
    assert pnl.keys() == whole.keys()
    for owner, result in whole.items():
        assert pnl[owner] == pytest.approx(result.pnl, rel=1e-9, abs=1e-6)
    assert fees == pytest.approx(sum(r.fees for r in whole.values()))
    assert count == len(fills)


@given(events, st.integers(1, 10))
def test_pages_change_nothing(given_events: Any, page_size: int) -> None:
    fills = sorted(fills_of(given_events), key=lambda one_fill: one_fill.at)
    marks = {"KO": 150.0}
    whole, books = compute_period(Checkpoint.empty(), fills, marks, START + 5 * DAY)
    paged, paged_books = compute_period_in_pages(Checkpoint.empty(), iter(fills), marks, START + 5 * DAY, page_size)
    assert {(r.uid, r.strategy_id): (r.fills, r.stale_marks) for r in paged} == {
        (r.uid, r.strategy_id): (r.fills, r.stale_marks) for r in whole
    }
    by_owner = {(r.uid, r.strategy_id): r for r in paged}
    for result in whole:
        other = by_owner[result.uid, result.strategy_id]
        for name in ("realized_pnl", "unrealized_pnl", "pnl", "fees"):
            assert getattr(other, name) == pytest.approx(getattr(result, name), rel=1e-9, abs=1e-6)
        assert_same_capital(other, result)
    assert paged_books.lots.keys() == books.lots.keys() == books.grants.keys()
    for key, grant in books.grants.items():
        assert paged_books.grants[key].unused == pytest.approx(grant.unused, rel=1e-9, abs=1e-6)
        assert list(paged_books.grants[key].by_entry) == list(grant.by_entry)
    assert paged_books.marks == books.marks


@pytest.mark.parametrize(
    "damage", [{"price": b""}, {"lots": [2]}, {"lots": [0]}, {"books": ["ann"]}, {"marks": None}, {"marks": {}}]
)
def test_a_damaged_checkpoint_is_an_error_not_a_guess(damage: dict[str, Any]) -> None:
    with pytest.raises(PackedStateError):
        read_checkpoint({**OF_BEFORE, **damage})


@pytest.mark.parametrize("damage", [lambda packed: packed[:-9], lambda _: b"", lambda packed: packed[9:], lambda _: 7])
def test_a_damaged_packed_checkpoint_is_an_error_not_a_guess(damage: Callable[[bytes], Any]) -> None:
    _, books = compute_period(Checkpoint.empty(), [fill()], {}, START + DAY)
    document = checkpoint_document(books)
    with pytest.raises(PackedStateError):
        read_checkpoint({**document, "packed": damage(document["packed"])})


def test_a_checkpoint_from_before_they_were_packed_is_read() -> None:
    _, books = compute_period(Checkpoint.empty(), [fill(fees=1)], {}, START + DAY)
    assert checkpoint_document(read_checkpoint(OF_BEFORE)) == checkpoint_document(books)


def test_two_spellings_of_before_are_one_book() -> None:
    two = {
        **OF_BEFORE,
        "books": ["ann/Trend/btc/usd", "ann/Trend/BTCUSD"],
        "lots": [1, 1],
        "marks": {"btc/usd": 50.0, "BTCUSD": 50.0},
        **{name: np.array(figures).tobytes() for name, figures in TWO_LOTS.items()},
    }
    books = read_checkpoint(two)
    assert list(books.lots) == [BookKey("ann", "Trend", "BTC-USD")]
    assert books.lots[BookKey("ann", "Trend", "BTCUSD")].quantity == 6.0
    flat = {**two, "signed_quantity": np.array([10.0, -10.0]).tobytes()}
    assert not read_checkpoint(flat).lots


def test_no_checkpoint_is_an_empty_one() -> None:
    assert read_checkpoint(None) == Checkpoint.empty()


def test_what_fills_cost_is_kept_apart_from_other_fees_and_from_gifts() -> None:
    document = {**GOOD, "fees": 1.0, "slippage": 0.5}
    fee = {"uid": "ann", "strategy_id": "Trend", "kind": "fee", "amount": 7.0, "ts": START}
    gift = {**GOOD, "broker_fill_id": "given KO Trend 2020-03-02T00:00:00+00:00", "qty": 1_000, "fees": 0}
    rebate = {**GOOD, "fees": -0.25, "fee_qty": 0.1, "fee_currency": "BTC", "symbol": "BTC/USD"}
    entries = [parse_entry(str(number), one) for number, one in enumerate((document, fee, gift, rebate))]
    events = [entry for entry in entries if isinstance(entry, Fill | Cash)]
    result = one(compute_period(Checkpoint.empty(), events, {}, START + DAY)[0])
    price = float(GOOD["price"])
    assert result.turnover == pytest.approx(2 * GOOD["qty"] * price), "units executed, whatever fee was taken from them"
    assert result.trading_fees == pytest.approx(1.0 - 0.25 + 0.1 * price)
    assert result.fees == pytest.approx(result.trading_fees + 7.0)
    assert result.slippage == pytest.approx(0.5)
    assert result.fills == 3
