"""Whatever the ledger holds: equity moves by what strategies and nobody earned, and by flows, to a cent and less."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.domain.ledger.amendments import effective
from functions.domain.ledger.books import Checkpoint, PeriodResult, compute_period, compute_period_in_pages
from functions.domain.ledger.checkpoints import checkpoint_document, read_checkpoint
from functions.domain.ledger.events import Event, parse_entry
from functions.domain.ledger.fills import Fill
from functions.domain.ledger.open_lots import carried
from tests.unit.domain.ledger.ledgers import (
    DAYS,
    START,
    Document,
    ExactAccount,
    ledgers,
    marks_at,
    of_days,
    that_hold,
)


def events_of(documents: Iterable[tuple[str, Document]]) -> list[Event]:
    """Return what documents come to, as a store yields them: by time."""
    entries = [parse_entry(entry_id, document) for entry_id, document in documents]

    def never(error: Exception) -> None:
        raise AssertionError(error)

    return list(effective(sorted(entries, key=lambda entry: entry.at), never))


def by_day(documents: dict[str, Document], day: int) -> list[Event]:
    of_day = {entry["id"] for entry in of_days([{**one, "id": name} for name, one in documents.items()], day, day + 1)}
    return events_of((name, document) for name, document in documents.items() if name in of_day)


def daily_results(documents: dict[str, Document]) -> list[list[PeriodResult]]:
    """Return every day's results, through stored checkpoints."""
    books, days = Checkpoint.empty(), []
    for day in range(DAYS):
        end = START + timedelta(days=day + 1)
        results, books = compute_period(books, by_day(documents, day), marks_at(day), end)
        books = read_checkpoint(checkpoint_document(books))
        days.append(results)
    return days


def figures_of(one: PeriodResult) -> tuple[float, ...]:
    costs = one.fees, one.trading_fees, one.slippage, one.turnover
    return (one.realized_pnl, one.pnl, one.income, *costs)


@settings(deadline=None)
@given(ledgers())
def test_equity_changes_by_what_was_earned_and_by_flows_every_day(documents: dict[str, Document]) -> None:
    holding, account, before = that_hold(documents), ExactAccount(), Fraction(0)
    for day, results in enumerate(daily_results(documents)):
        account.take(of_days(holding, day, day + 1))
        flows, account.flows = account.flows, Fraction(0)
        change = account.equity(marks_at(day)) - before
        before += change
        assert sum(result.pnl for result in results) + float(flows) == pytest.approx(float(change), rel=1e-9, abs=1e-7)


@settings(deadline=None)
@given(ledgers())
def test_what_is_realized_equals_an_exact_reference(documents: dict[str, Document]) -> None:
    account = ExactAccount()
    account.take(that_hold(documents))
    realized: dict[tuple[str, str], float] = {}
    for result in itertools.chain.from_iterable(daily_results(documents)):
        owner = (result.uid, result.strategy_id)
        realized[owner] = realized.get(owner, 0.0) + result.realized_pnl
    for owner in account.realized.keys() | realized.keys():
        assert realized.get(owner, 0.0) == pytest.approx(float(account.realized[owner]), rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(ledgers(), st.randoms(use_true_random=False), st.integers(1, 6))
def test_order_and_pages_change_nothing(documents: dict[str, Document], shuffle: random.Random, page: int) -> None:
    end = START + timedelta(days=DAYS)
    expected, books = compute_period(Checkpoint.empty(), events_of(documents.items()), marks_at(3), end)
    shuffled = list(documents.items())
    shuffle.shuffle(shuffled)
    assert compute_period(Checkpoint.empty(), events_of(shuffled), marks_at(3), end)[0] == expected
    paged, in_pages = compute_period_in_pages(Checkpoint.empty(), events_of(shuffled), marks_at(3), end, page)
    figures = {(one.uid, one.strategy_id): figures_of(one) for one in paged}
    for one in expected:
        assert figures[one.uid, one.strategy_id] == pytest.approx(figures_of(one), rel=1e-9, abs=1e-7)
    assert in_pages.lots.keys() == books.lots.keys()
    lots = carried({}, events_of(shuffled), page)
    assert {key: one.quantity for key, one in lots.items()} == pytest.approx(
        {key: one.quantity for key, one in books.lots.items()}
    )


@settings(deadline=None)
@given(ledgers(), st.data())
def test_a_fill_in_two_parts_is_the_same_fill(documents: dict[str, Document], data: Any) -> None:
    end = START + timedelta(days=DAYS)
    plain = {name: one for name, one in documents.items() if "kind" not in one and f"v{name}" not in documents}
    plain = {name: one for name, one in plain.items() if f"c{name}" not in documents and one["qty"] > 1}
    parted = dict(documents)
    for name in data.draw(st.sets(st.sampled_from(sorted(plain)), max_size=3)) if plain else ():
        share = data.draw(st.integers(1, plain[name]["qty"] - 1)) / plain[name]["qty"]
        for part, of_it in (("a", share), ("b", 1 - share)):
            sizes = {field: float(parted[name][field]) * of_it for field in ("qty", "fees", "slippage")}
            fee = {"fee_qty": parted[name]["fee_qty"] * of_it} if "fee_qty" in parted[name] else {}
            parted[f"{name}{part}"] = {**plain[name], **sizes, **fee}
        del parted[name]
    whole = compute_period(Checkpoint.empty(), events_of(documents.items()), marks_at(3), end)[0]
    in_parts = compute_period(Checkpoint.empty(), events_of(parted.items()), marks_at(3), end)[0]
    for one, other in zip(whole, in_parts, strict=True):
        assert (other.realized_pnl, other.pnl, other.fees) == pytest.approx(
            (one.realized_pnl, one.pnl, one.fees), rel=1e-9, abs=1e-7
        )


def test_an_amendment_without_its_entry_is_told_and_changes_nothing() -> None:
    fill = parse_entry("f", {**_FILL, "ts": START})
    told: list[str] = []
    stray = parse_entry("v", {"kind": "void", "of": "g", "ts": START})
    assert list(effective([fill, stray], lambda error: told.append(str(error)))) == [fill]
    assert told == ["v.of must be the id of an entry of the same ts, was 'g'"]


_FILL: Document = {"uid": "ann", "strategy_id": "T", "symbol": "KO", "side": "buy", "qty": 10, "price": 50, "ts": START}


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ({"v": {"kind": "void", "of": "f"}}, []),
        ({"c": {**_FILL, "kind": "correction", "of": "f", "qty": 8}}, [8]),
        (
            {
                "c": {**_FILL, "kind": "correction", "of": "f", "qty": 8, "ledger_version": 2},
                "d": {**_FILL, "kind": "correction", "of": "c", "qty": 7, "ledger_version": 3},
            },
            [7],
        ),
        (
            {"c": {**_FILL, "kind": "correction", "of": "f", "qty": 8}, "v": {"kind": "void", "of": "c"}},
            [10],
        ),
        ({"c": {**_FILL, "kind": "correction", "of": "f", "qty": 8}, "v": {"kind": "void", "of": "f"}}, []),
    ],
)
def test_voids_and_corrections_hold_in_any_order(documents: dict[str, Document], expected: list[float]) -> None:
    ledger = {"f": _FILL, **{name: {**one, "ts": START} for name, one in documents.items()}}
    for order in itertools.permutations(ledger.items()):
        found = events_of(order)
        assert [one.signed_quantity for one in found if isinstance(one, Fill)] == expected
