"""What differs between a broker and the books, what lasts, and what it likely comes from: by table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.domain.broker.reconciliation import BUSY_FOR, Books, reconciled
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import OnDrift, Policy
from functions.domain.orchestration.drift import MOST_DIFFERENCES, Difference, DriftKind, Drifts, Subject
from functions.domain.orchestration.position_book import Order
from tests.unit.domain.broker.seen import CYCLE, START, open_order, seen

LATER = START + timedelta(hours=1)
ENTRY = Order(strategy_id="Trend", symbol="KO", is_entry=True, lapses_at=LATER)
EXIT = Order(strategy_id="Trend", symbol="KO", is_entry=False, qty=4.0, lapses_at=LATER)


def books(**positions: float) -> Books:
    return Books(positions=positions, ledger_version=7)


def twice(ours: Books, *said: Any, before: Drifts | None = None) -> Drifts:
    """Return what is kept after reads a cycle apart, beginning with nothing."""
    drifts = before or Drifts()
    for number, one in enumerate(said):
        drifts = reconciled(drifts, ours, replace(one, as_of=START + number * CYCLE))
    return drifts


def figures(drifts: Drifts) -> dict[str, tuple[float | None, float | None, bool]]:
    return {f"{one.subject} {one.symbol}": (one.broker, one.book, one.is_drift) for one in drifts.differences}


def test_the_union_of_both_sides_is_compared_whatever_the_spelling() -> None:
    found = reconciled(Drifts(), books(KO=3.0, BTCUSD=0.5, MSFT=2.0), seen({"ko": 3.0, "BTC/USD": 0.5, "AAPL": 1.0}))
    assert figures(found) == {"position AAPL": (1.0, 0.0, False), "position MSFT": (0.0, 2.0, False)}


def test_a_difference_seen_twice_with_nothing_in_between_is_drift_since_it_was_first_seen() -> None:
    (one,) = twice(books(KO=3.0), seen({"KO": 5.0}), seen({"KO": 5.0})).differences
    assert (one.broker, one.book, one.is_drift, one.since, one.read_at) == (5.0, 3.0, True, START, START)


def test_a_difference_that_ends_leaves_nothing_and_one_that_comes_back_starts_over() -> None:
    assert twice(books(KO=3.0), seen({"KO": 5.0}), seen({"KO": 3.0})).differences == ()
    again = twice(books(KO=3.0), seen({"KO": 5.0}), seen({"KO": 3.0}), seen({"KO": 5.0}))
    assert figures(again) == {"position KO": (5.0, 3.0, False)}


def test_a_task_that_is_delivered_twice_is_one_read() -> None:
    once = reconciled(Drifts(), books(KO=3.0), seen({"KO": 5.0}))
    assert reconciled(once, books(KO=3.0), seen({"KO": 5.0})) == once
    assert not reconciled(once, books(KO=3.0), seen({"KO": 5.0}, START + timedelta(seconds=59))).lasting
    assert reconciled(once, books(KO=3.0), seen({"KO": 5.0}, START + timedelta(seconds=60))).lasting


def test_a_fill_that_is_always_one_read_behind_is_no_drift_until_its_symbol_rests_or_half_an_hour_is_over() -> None:
    drifts = Drifts()
    for number in range(6):
        at = START + number * CYCLE
        drifts = reconciled(drifts, books(KO=float(number)), seen({"KO": number + 1.0}, at))
        assert [one.is_drift for one in drifts.differences] == [False], number
    rests = reconciled(drifts, books(KO=5.0), seen({"KO": 6.0}, at + CYCLE))
    busy = reconciled(drifts, books(KO=6.0), seen({"KO": 7.0}, START + BUSY_FOR))
    assert rests.lasting
    assert busy.lasting


def test_a_difference_that_is_another_at_every_read_is_never_drift() -> None:
    drifts = Drifts()
    for number in range(13):
        at = START + number * CYCLE
        drifts = reconciled(drifts, books(KO=3.0), seen({"KO": 4.0 + number}, at))
        assert [(one.since, one.is_drift) for one in drifts.differences] == [(at, False)]


def test_another_difference_starts_over_and_drift_stays_drift_until_both_agree() -> None:
    assert not twice(books(KO=3.0), seen({"KO": 5.0}), seen({"KO": 6.0})).lasting
    drift = twice(books(KO=3.0), seen({"KO": 5.0}), seen({"KO": 5.0}), seen({"KO": 6.0}))
    assert figures(drift) == {"position KO": (6.0, 3.0, True)}
    assert drift.differences[0].since == START


def test_an_incomplete_read_ends_differences_and_begins_or_confirms_none() -> None:
    assert twice(books(KO=3.0), seen({"KO": 5.0}, complete=False)).differences == ()
    once = twice(books(KO=3.0), seen({"KO": 5.0}), seen({"KO": 5.0}, complete=False))
    assert figures(once) == {"position KO": (5.0, 3.0, False)}
    assert twice(books(KO=3.0), seen({"KO": 5.0}), seen({"KO": 3.0}, complete=False)).differences == ()


def test_while_nobody_knows_the_books_all_stays_and_says_why() -> None:
    drift = twice(books(KO=3.0), seen({"KO": 5.0}), seen({"KO": 5.0}))
    unknown = reconciled(drift, Books(positions=None), seen({"KO": 3.0}, START + 2 * CYCLE))
    assert unknown.differences == drift.differences
    assert unknown.unknown_because == "the position book is not open"
    known = reconciled(unknown, books(KO=3.0), seen({"KO": 3.0}, START + 3 * CYCLE))
    assert (known.differences, known.unknown_because) == ((), None)


def test_a_read_that_comes_late_changes_nothing() -> None:
    drift = twice(books(KO=3.0), seen({"KO": 5.0}), seen({"KO": 5.0}))
    assert reconciled(drift, books(KO=3.0), seen({}, START - CYCLE)) is drift


@pytest.mark.parametrize(
    ("symbol", "broker", "book", "is_same"),
    [
        ("KO", 3.0 + 9e-7, 3.0, True),
        ("KO", 3.0 + 2e-6, 3.0, False),
        ("BTC/USD", 0.5 + 9e-8, 0.5, True),
        ("BTC/USD", 0.5 + 2e-7, 0.5, False),
        ("SHIB/USD", 1e9 + 0.9, 1e9, True),
        ("SHIB/USD", 1e9 + 2.0, 1e9, False),
        ("KO", 0.1 + 0.2, 0.3, True),
    ],
)
def test_tolerances_are_as_stated(symbol: str, broker: float, book: float, is_same: bool) -> None:
    found = reconciled(Drifts(), books(**{symbol.replace("/", ""): book}), seen({symbol: broker}))
    assert (not found.differences) is is_same


@pytest.mark.parametrize(
    ("said", "held", "cost", "orders", "kind"),
    [
        ({"KO": 12.0}, 3.0, 90.0, {}, DriftKind.SPLIT),  # 4:1: 12 units that cost 7.50, 3 that cost 30
        ({"KO": 0.3}, 3.0, 2.25, {}, DriftKind.SPLIT),  # 1:10
        ({"KO": 6.0}, 3.0, 22.5, {"n": ENTRY}, DriftKind.MISSED_FILL),  # twice as much, at twice the cost
        ({"KO": 3.0}, 0.0, None, {"n": ENTRY}, DriftKind.MISSED_FILL),
        ({"KO": 1.0}, 3.0, 22.5, {"n": EXIT}, DriftKind.MISSED_FILL),
        ({"KO": 1.0}, 3.0, 22.5, {"n": ENTRY}, DriftKind.MANUAL_TRADE),  # an entry does not sell
        ({"KO": 6.0}, 3.0, 22.5, {"n": EXIT}, DriftKind.MANUAL_TRADE),
        ({"KO": 6.0}, 3.0, 22.5, {"n": replace(ENTRY, symbol="MSFT")}, DriftKind.MANUAL_TRADE),
        ({"KO": 6.0}, 3.0, 22.5, {}, DriftKind.MANUAL_TRADE),
    ],
)
def test_the_likely_kind_follows_from_what_is_known(
    said: dict[str, float], held: float, cost: float | None, orders: dict[str, Order], kind: DriftKind
) -> None:
    ours = Books(positions={"KO": held}, costs={} if cost is None else {"KO": cost}, orders=orders)
    found = reconciled(Drifts(), ours, seen(said, average={"KO": 7.5}))
    assert [one.kind for one in found.differences if one.subject is Subject.POSITION] == [kind]


def test_a_fee_in_the_coin_and_another_name_are_told_from_trades() -> None:
    assert reconciled(Drifts(), books(BTCUSD=0.5), seen({"BTC/USD": 0.4995})).differences[0].kind is DriftKind.FEE
    renamed = reconciled(Drifts(), books(FB=3.0, KO=1.0), seen({"META": 3.0})).differences
    assert [(one.symbol, one.kind) for one in renamed] == [
        ("FB", DriftKind.RENAMING),
        ("KO", DriftKind.MANUAL_TRADE),
        ("META", DriftKind.RENAMING),
    ]


def test_open_orders_are_compared_with_redeemed_signals() -> None:
    ours = Books(positions={}, orders={"n1": ENTRY, "n2": replace(ENTRY, symbol="MSFT")}, reserved={"n2": 300.0})
    said = seen({}, orders=[open_order("KO", "n1"), open_order("AAPL", "by-hand"), open_order("XLE", "other", None)])
    assert figures(reconciled(Drifts(), ours, said)) == {
        "orders AAPL": (4.0, 0.0, False),
        "orders XLE": (None, 0.0, False),  # ordered for an amount of money: how many units nobody knows
        "reservation MSFT": (0.0, 300.0, False),
    }


def test_an_order_that_took_the_place_of_one_of_ours_is_ours() -> None:
    ours = Books(positions={}, orders={"n1": ENTRY}, reserved={"n1": 300.0})
    replaced = seen({}, orders=[open_order("KO", "broker-made", replaces="o-n1")])
    assert reconciled(Drifts(), ours, replaced).differences == ()
    strange = seen({}, orders=[open_order("AAPL", "broker-made", replaces="o-x")])
    assert figures(reconciled(Drifts(), ours, strange)).keys() == {"orders AAPL", "reservation KO"}


def test_what_is_kept_is_read_again_as_it_was() -> None:
    ours = Books(positions={"KO": 3.0}, unowned={"KO": 1.0}, ledger_version=7)
    kept = twice(ours, seen({"KO": 5.0}), seen({"KO": 5.0}, orders=[open_order("XLE", "other", None)]))
    assert Drifts.from_document(kept.to_document(START)) == kept


def test_more_differences_than_are_kept_leave_drift() -> None:
    many = {f"A{number}": 1.0 for number in range(MOST_DIFFERENCES)}
    drift = twice(books(ZZZ=1.0), seen({}), seen(many))
    stored = Drifts.from_document(drift.to_document(START))
    assert len(stored.differences) == MOST_DIFFERENCES
    assert [one.symbol for one in stored.lasting] == ["ZZZ"]


@pytest.mark.parametrize(
    "damage",
    [
        {"differences_json": "[{}]"},
        {"differences_json": "no json"},
        {"unowned_json": "[]"},
        {"ledger_version": "seven"},
        {"updated_at": None},
    ],
)
def test_what_is_damaged_is_told(damage: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Drifts.from_document(Drifts().to_document(START) | damage)


def held(subject: Subject, symbol: str, *, is_drift: bool = True, at: datetime = START) -> Difference:
    return Difference(
        subject=subject,
        symbol=symbol,
        broker=1.0,
        book=2.0,
        kind=DriftKind.UNKNOWN,
        since=at,
        read_at=at,
        is_drift=is_drift,
    )


@pytest.mark.parametrize(
    ("one", "waiting"),
    [
        (held(Subject.POSITION, "KO"), {OnDrift.HOLD: {"ko"}, OnDrift.HALT: {"ko", "MSFT"}}),
        (held(Subject.ORDERS, "KO"), {OnDrift.HOLD: {"ko"}, OnDrift.HALT: {"ko", "MSFT"}}),
        (held(Subject.CASH, ""), {OnDrift.HALT: {"ko", "MSFT"}}),
        (held(Subject.RESERVATION, "KO"), {}),  # it lapses by itself
        (held(Subject.POSITION, "KO", is_drift=False), {}),
    ],
)
def test_which_entries_wait(one: Difference, waiting: dict[OnDrift, set[str]]) -> None:
    drifts = Drifts((one,))
    for on_drift in OnDrift:
        policy = Policy(on_drift=on_drift)
        found = {symbol for symbol in ("ko", "MSFT") if drifts.reason_to_hold(symbol, policy) is not None}
        assert found == waiting.get(on_drift, set())
