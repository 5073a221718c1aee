"""Every lasting difference is found, and nothing else is: against the simulated broker's books."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.drift import Subject
from functions.services.broker.read_cash import cash_change
from tests.unit.services.broker.drift_world import FOREVER, SYMBOLS, World
from tools.simulated_broker.refusals import RefusalError

STRATEGIES = ("Trend", "Value")
STEPS = 80
"""Cycles of one account."""
quantities = st.sampled_from(("0.00000001", "0.1", "0.333333333", "1", "7", "12.5"))
late = st.sampled_from((0, 0, 0, 1, 2, 3, FOREVER))
events = st.one_of(
    st.tuples(st.just("trade"), st.sampled_from(tuple(SYMBOLS)), quantities, st.booleans(), late, st.integers(1, 2)),
    st.tuples(st.just("parts"), st.sampled_from(tuple(SYMBOLS)), quantities, st.booleans(), late, late),
    st.tuples(st.just("replaced"), st.sampled_from(tuple(SYMBOLS)), quantities, st.booleans(), late, late),
    st.tuples(st.just("crossed"), st.sampled_from(tuple(SYMBOLS)), quantities, st.booleans(), late, st.just(0)),
    st.tuples(st.just("by hand"), st.sampled_from(tuple(SYMBOLS)), quantities, st.booleans(), late, st.just(0)),
    st.tuples(st.just("bust"), st.just("KO"), st.just("1"), st.booleans(), late, st.integers(0, 5)),
    st.tuples(st.just("split"), st.sampled_from(("KO", "MSFT")), st.just("1"), st.booleans(), late, st.integers(2, 4)),
)


def let_happen(world: World, name: str, symbol: str, qty: str, is_bought: bool, first: int, second: int) -> None:
    """Let one thing happen; what the broker refuses does not."""
    if name == "split":
        world.split(symbol, second, first)
        return
    if name == "bust":
        known = sorted(set(world.exchange.executions) - world.busts)
        if known:
            world.bust(known[second % len(known)], first)
        return
    try:
        order = world.order(symbol, Decimal(qty) * (1 if is_bought else -1), STRATEGIES[second % 2])
    except RefusalError:
        return
    if name == "trade":
        world.fill(order, "1", late=first, times=second)
    elif name == "by hand":
        del world.owners[order.order_id]
        world.fill(order, "1", late=first)
    elif name == "crossed":
        world.exchange.cancel(order.order_id)
        world.fill(order, "1", late=first)
    elif name == "parts":
        world.fill(order, "0.25", late=first)
        world.fill(order, "0.75", late=second)
    else:
        world.fill(order, "0.25", late=first)
        other = world.exchange.replace(order.order_id, {})
        world.owners[other.order_id] = world.owners[order.order_id]
        world.fill(other, "1", late=second)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(events, max_size=3), min_size=1, max_size=12))
def test_every_lasting_difference_is_found_and_nothing_else(cycles: Sequence[Sequence[Any]]) -> None:
    world = World()
    for happening in cycles:
        for one in happening:
            let_happen(world, *one)
        world.check(world.end_cycle())
    drifts = world.settle()
    world.check(drifts)
    kept = {one.symbol for one in drifts.lasting if one.subject is Subject.POSITION}
    assert kept == {symbol for symbol in map(canonical_symbol, SYMBOLS) if world.differs(symbol, -1)}


def test_clean_accounts_raise_none_and_agree_to_the_cent(pytestconfig: pytest.Config) -> None:
    choose = random.Random(7)
    for _ in range(max(1, pytestconfig.getoption("clean_cycles") // STEPS)):
        world = World()
        for _ in range(STEPS):
            name = choose.choice(("trade", "parts", "replaced", "crossed", "by hand", "bust", "split"))
            second = choose.randint(1, 2) if name == "trade" else choose.randint(2, 3) if name == "split" else 0
            symbol = choose.choice(("KO", "MSFT") if name == "split" else tuple(SYMBOLS))
            if name == "split" and choose.random() < 0.9:
                continue
            qty = f"{choose.uniform(0.001, 3):.9f}"
            let_happen(world, name, symbol, qty, choose.random() < 0.55, 0, second)
            assert world.end_cycle().differences == ()
        for symbol in map(canonical_symbol, SYMBOLS):
            ours = sum(one.qty for (_, name), one in world.desk.book().holdings.items() if name == symbol)
            ours += world.desk.drifts().unowned.get(symbol, 0.0)
            price = float(world.exchange.market.price(symbol))
            assert abs(ours - float(world.exchange.books.qty(symbol))) * price < 0.01
        begun = world.desk.drifts().cash
        assert begun is not None
        change = cash_change(world.desk.ledger_reader, "acme", begun)
        assert begun.usd + change.usd == pytest.approx(float(world.exchange.books.cash), abs=0.005)
        world.clock.advance(days=1)
        assert world.end_cycle().differences == ()
        known = world.desk.drifts().cash
        assert known is not None
        assert known.usd == float(world.exchange.books.cash), "it was compared, and agreed"
