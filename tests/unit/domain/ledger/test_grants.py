"""What a book was granted: once per entry, scaled by what is left, against a sum in exact fractions."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.ledger.carry import CarriedBook, CorporateActions, carry
from functions.domain.ledger.events import Split
from functions.domain.ledger.fifo import Lots
from functions.domain.ledger.fills import Fill, parse_fill
from functions.domain.ledger.grants import ENTRIES_KEPT

START = datetime(2020, 3, 2, 14, tzinfo=UTC)
NONE = CorporateActions()
Trade = tuple[int, int, str | None]
"""Signed units, USD a unit, nonce."""


def grant_of(nonce: str) -> float:
    return 1_000.0 * int(nonce[1:])


def fill_of(number: int, trade: Trade, part: float = 1.0) -> Fill:
    units, price, nonce = trade
    document: dict[str, Any] = {"uid": "ann", "strategy_id": "Trend", "symbol": "KO", "price": price}
    document |= {"side": "buy" if units > 0 else "sell", "qty": abs(units) * part}
    document |= {"ts": START + timedelta(minutes=number), "fees": 0}
    told = {} if nonce is None else {"nonce": nonce, "granted": grant_of(nonce), "ledger_version": 1}
    return parse_fill(f"f{number}", document | told)


def carried(trades: Sequence[Trade]) -> CarriedBook:
    return carry(Lots.none(), [fill_of(number, trade) for number, trade in enumerate(trades)], NONE)


def granted_to(book: CarriedBook) -> float:
    """Return what is open at the end was granted."""
    return book.lots.cost + book.grant.unused


def exact(trades: Sequence[Trade]) -> tuple[Fraction, Fraction]:
    """Return the grant at the end and the most there was, unit by unit."""
    units_open: deque[int] = deque()
    is_long, most, usd = True, Fraction(0), Fraction(0)
    unused: dict[str, Fraction] = {}
    for signed, price, nonce in trades:
        before, opened = len(units_open), 0
        for _ in range(abs(signed)):
            if units_open and is_long != (signed > 0):
                units_open.popleft()
                unused = unused if units_open else {}
            else:
                is_long, opened = signed > 0, opened + 1
                units_open.append(price)
        if units_open and not opened:
            unused = {one: left * len(units_open) / before for one, left in unused.items()}
        if nonce is not None and opened:
            left = unused.get(nonce, Fraction(grant_of(nonce)))
            unused[nonce] = max(Fraction(0), left - opened * price)
        usd = sum(units_open) + sum(unused.values(), Fraction(0))
        most = max(most, usd)
    return usd, most


@pytest.mark.parametrize(
    ("trades", "left", "most"),
    [
        ([], 0, 0),
        ([(10, 50, None)], 500, 500),  # nobody knows: what it cost
        ([(10, 50, "n1")], 1_000, 1_000),
        ([(4, 50, "n1"), (6, 51, "n1")], 1_000, 1_000),  # one entry, two fills
        ([(10, 50, "n1"), (10, 50, "n2")], 3_000, 3_000),
        ([(10, 50, "n1"), (-4, 60, None)], 600, 1_000),  # six tenths are left
        ([(10, 50, "n1"), (-10, 60, None)], 0, 1_000),
        ([(10, 50, "n1"), (-10, 60, None), (10, 55, "n1")], 1_000, 1_000),  # after flat it counts anew
        ([(10, 50, "n2"), (-15, 60, None)], 300, 2_000),  # through zero: a short of 5 that cost 300
        ([(-10, 50, "n1"), (4, 40, None)], 600, 1_000),  # a short
        ([(30, 50, "n1"), (10, 50, "n1")], 2_000, 2_000),  # it took more than it was granted
        ([(10, 50, "n1"), (-5, 60, "n2")], 500, 1_000),  # an exit is granted nothing
        ([(10, 50, None), (10, 100, None), (-10, 100, None)], 1_000, 1_500),  # the oldest go first: ten that cost 100
        ([(10, 50, None), (10, 100, None), (-10, 100, None), (7, 100, None)], 1_700, 1_700),  # and seven more
        ([(8, 50, "n1"), (-4, 50, None), (12, 50, "n1")], 800, 1_000),  # what a reduction left of its grant is used up
        ([(-10, 50, None), (6, 50, "n1")], 200, 500),  # a BUY that only covers opens nothing
    ],
)
def test_by_hand(trades: list[Trade], left: float, most: float) -> None:
    book = carried(trades)
    assert [granted_to(book), book.most_granted] == pytest.approx([left, most])


trades = st.lists(
    st.tuples(
        st.sampled_from([-1, 1]), st.integers(1, 20), st.integers(1, 200), st.sampled_from([None, "n1", "n2", "n3"])
    ).map(lambda one: (one[0] * one[1], one[2], one[3])),
    max_size=30,
)


@given(trades)
def test_equal_to_exact_fractions(given_trades: list[Trade]) -> None:
    book, (usd, most) = carried(given_trades), exact(given_trades)
    assert granted_to(book) == pytest.approx(float(usd), rel=1e-9, abs=1e-9)
    assert book.most_granted == pytest.approx(float(most), rel=1e-9, abs=1e-9)


@given(trades, st.integers(0, 30))
def test_a_checkpoint_anywhere_changes_nothing(given_trades: list[Trade], cut: int) -> None:
    whole = carried(given_trades)
    first = carried(given_trades[:cut])
    fills = [fill_of(number, trade) for number, trade in enumerate(given_trades)][cut:]
    second = carry(first.lots, fills, NONE, first.grant)
    assert granted_to(second) == pytest.approx(granted_to(whole), rel=1e-9, abs=1e-9)
    assert list(second.grant.by_entry) == list(whole.grant.by_entry)
    most = max(first.most_granted, second.most_granted)
    assert most == pytest.approx(whole.most_granted, rel=1e-9, abs=1e-9)


@given(trades.filter(bool), st.data())
def test_parting_a_fill_changes_nothing(given_trades: list[Trade], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(given_trades) - 1))
    fills = [fill_of(number, trade) for number, trade in enumerate(given_trades)]
    halves = [fill_of(index, given_trades[index], part) for part in (0.25, 0.75)]
    parted = carry(Lots.none(), [*fills[:index], *halves, *fills[index + 1 :]], NONE)
    whole = carried(given_trades)
    assert granted_to(parted) == pytest.approx(granted_to(whole), rel=1e-9, abs=1e-9)
    assert parted.most_granted == pytest.approx(whole.most_granted, rel=1e-9, abs=1e-9)


def test_a_split_changes_nothing() -> None:
    actions = CorporateActions(splits=[Split("s", START + timedelta(seconds=30), "KO", 4.0)])
    fills = [fill_of(0, (10, 80, "n1")), fill_of(1, (-20, 25, None))]  # half, in new units
    book = carry(Lots.none(), fills, actions)
    assert [granted_to(book), book.most_granted] == pytest.approx([500.0, 1_000.0])
    before = carried([(10, 80, "n1")])
    held = carry(before.lots, [], actions, before.grant)
    assert [granted_to(held), held.most_granted, held.lots.cost] == pytest.approx([1_000.0, 1_000.0, 800.0])


def test_only_the_entries_with_the_latest_fills_are_told_apart() -> None:
    many: list[Trade] = [(1, 1, f"n{number}") for number in (*range(1, ENTRIES_KEPT + 1), 1, ENTRIES_KEPT + 1)]
    book, names = carried(many), {nonce for _, _, nonce in many}
    assert names - book.grant.by_entry.keys() == {"n2"}
    assert granted_to(book) == pytest.approx(sum(grant_of(str(nonce)) for nonce in names))
    assert granted_to(carried([*many, (-11, 1, None)])) == pytest.approx(granted_to(book) / 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"nonce": "n1", "granted": "much"},
        {"granted": 500},
        {"nonce": 7, "granted": 500},
        {"nonce": "n1"},
        {"nonce": "n1", "granted": 500, "ledger_version": None},  # a user's own word, not taken in yet
    ],
)
def test_what_is_no_grant_costs_no_fill(fields: dict[str, Any]) -> None:
    document = {"uid": "ann", "strategy_id": "Trend", "symbol": "KO", "side": "buy", "qty": 2, "price": 50}
    fill = parse_fill("f", {**document, "ts": START, "ledger_version": 1, **fields})
    assert (fill.nonce, fill.granted) == ("", 0.0)
    assert granted_to(carry(Lots.none(), [fill], NONE)) == 100.0
