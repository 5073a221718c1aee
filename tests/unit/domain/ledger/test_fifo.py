"""FIFO against an independent Decimal ledger, and what must hold whatever the fills."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.ledger.fifo import Lots, MatchedBook, match

getcontext().prec = 50
Trade = tuple[float, float, float]
"""Signed quantity, price, cost."""


def run(trades: Sequence[Trade], opening: Lots | None = None) -> MatchedBook:
    quantity, price, cost = np.array(trades, dtype=np.float64).reshape(-1, 3).T
    return match(opening or Lots.none(), quantity, price, cost)


def reference(trades: Sequence[Trade]) -> tuple[list[Decimal], list[tuple[Decimal, Decimal, Decimal]]]:
    """Realise trade by trade with a queue of lots, in exact decimals."""
    lots: deque[list[Decimal]] = deque()
    realized = []
    for signed, price, cost in ((Decimal(repr(q)), Decimal(repr(p)), Decimal(repr(c))) for q, p, c in trades):
        left, unit_cost, profit = signed, cost / abs(signed), Decimal(0)
        while left and lots and (lots[0][0] > 0) != (left > 0):
            lot = lots[0]
            units = min(abs(left), abs(lot[0]))
            direction = 1 if lot[0] > 0 else -1
            profit += units * (direction * (price - lot[1]) - lot[2] - unit_cost)
            lot[0] -= direction * units
            left += direction * units
            if not lot[0]:
                lots.popleft()
        if left:
            lots.append([left, price, unit_cost])
        realized.append(profit)
    return realized, [(q, p, c) for q, p, c in lots]


@pytest.mark.parametrize(
    ("trades", "realized", "left"),
    [
        ([], [], []),
        ([(10, 5, 0)], [0], [10]),
        ([(10, 5, 1), (-10, 6, 1)], [0, 8], []),  # both sides' costs
        ([(10, 5, 0), (10, 7, 0), (-15, 8, 0)], [0, 0, 35], [5]),  # oldest first
        ([(10, 5, 10), (-4, 6, 0)], [0, 0], [6]),  # 4 x (1 - 1): costs go with the part that closes
        ([(-10, 8, 0), (4, 6, 0)], [0, 8], [-6]),  # a short
        ([(10, 5, 0), (-15, 6, 0)], [0, 10], [-5]),  # through zero
        ([(10, 5, 0), (-15, 6, 0), (5, 4, 0)], [0, 10, 10], []),  # … and back
        ([(0.1, 10, 0), (0.2, 10, 0), (-0.3, 11, 0)], [0, 0, 0.3], []),  # 0.1 + 0.2 is not 0.3: still closed
    ],
)
def test_by_hand(trades: list[Trade], realized: list[float], left: list[float]) -> None:
    book = run(trades)
    np.testing.assert_allclose(book.realized, realized, atol=1e-12)
    np.testing.assert_allclose(book.open_lots.signed_quantity, left)


def test_unrealized_is_what_closing_would_realise() -> None:
    trades = [(10.0, 5.0, 2.0), (10.0, 6.0, 1.0), (-5.0, 7.0, 0.5)]
    held = run(trades).open_lots.unrealized(8.0)
    closed = run([*trades, (-15.0, 8.0, 0.0)])
    assert held == pytest.approx(closed.realized[-1])
    short = run([(-10.0, 5.0, 2.0)]).open_lots
    assert short.unrealized(4.0) == pytest.approx(8.0)


quantities = st.integers(1, 100_000).map(lambda n: n / 100) | st.integers(1, 1000).map(float)
prices = st.integers(1, 1_000_000).map(lambda n: n / 100)
costs = st.integers(0, 10_000).map(lambda n: n / 100)
sides = st.sampled_from([1.0, -1.0])
trade = st.builds(lambda side, quantity, price, cost: (side * quantity, price, cost), sides, quantities, prices, costs)
ledgers = st.lists(trade, max_size=40)


def scale(trades: Sequence[Trade]) -> float:
    """The money that moved: what relative errors are measured against."""
    return max(1.0, sum(abs(quantity) * price + cost for quantity, price, cost in trades))


@given(ledgers)
def test_equal_to_an_exact_decimal_ledger(trades: list[Trade]) -> None:
    book = run(trades)
    realized, lots = reference(trades)
    np.testing.assert_allclose(
        book.realized, [float(value) for value in realized], rtol=1e-9, atol=1e-9 * scale(trades)
    )
    np.testing.assert_allclose(book.open_lots.signed_quantity, [float(lot[0]) for lot in lots], rtol=1e-9)
    np.testing.assert_allclose(book.open_lots.price, [float(lot[1]) for lot in lots], rtol=1e-12)
    np.testing.assert_allclose(book.open_lots.unit_cost, [float(lot[2]) for lot in lots], rtol=1e-12)


@given(ledgers)
def test_quantity_and_cash_are_conserved(trades: list[Trade]) -> None:
    book = run(trades)
    lots = book.open_lots
    assert lots.signed_quantity.sum() == pytest.approx(sum(quantity for quantity, _, _ in trades), abs=1e-6)
    assert np.unique(np.sign(lots.signed_quantity)).size <= 1, "only one side is ever open"
    cash = sum(-quantity * price - cost for quantity, price, cost in trades)
    kept = lots.signed_quantity @ lots.price + np.abs(lots.signed_quantity) @ lots.unit_cost
    assert book.realized.sum() == pytest.approx(cash + kept, rel=1e-9, abs=1e-9 * scale(trades))


@given(ledgers, st.integers(0, 40))
def test_a_checkpoint_anywhere_changes_nothing(trades: list[Trade], cut: int) -> None:
    whole = run(trades)
    before = run(trades[:cut])
    after = run(trades[cut:], before.open_lots)
    halves = np.concatenate([before.realized, after.realized])
    np.testing.assert_allclose(halves, whole.realized, rtol=1e-9, atol=1e-9 * scale(trades))
    np.testing.assert_allclose(after.open_lots.signed_quantity, whole.open_lots.signed_quantity, rtol=1e-9, atol=1e-9)


@given(ledgers.filter(bool), st.data())
def test_splitting_a_fill_changes_nothing(trades: list[Trade], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(trades) - 1))
    quantity, price, cost = trades[index]
    halves = [(quantity / 2, price, cost / 2)] * 2
    split, whole = run([*trades[:index], *halves, *trades[index + 1 :]]), run(trades)
    assert split.realized.sum() == pytest.approx(whole.realized.sum(), rel=1e-9, abs=1e-9 * scale(trades))
    assert split.open_lots.signed_quantity.sum() == pytest.approx(whole.open_lots.signed_quantity.sum(), abs=1e-6)
