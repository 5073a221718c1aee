"""Curves, open lots and reservations: how much is read, what is left out, and what damage looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import numpy as np
import pytest

from functions.domain.kernel.errors import DamagedDocument, RefusedError
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.books import Checkpoint
from functions.domain.ledger.checkpoints import checkpoint_document
from functions.domain.ledger.fifo import Lots
from functions.domain.ledger.fills import BookKey
from functions.domain.orchestration.buying_power import BuyingPower
from functions.domain.orchestration.signals import Action
from functions.domain.trading.redemption import Redemption, RedemptionStatus
from functions.domain.trading.reservations import CurrentSession, Reservation
from functions.services.kernel.ports import Document
from functions.services.ledger.ports import LedgerStore
from functions.services.monitoring.ports import Page, RecordStore
from functions.services.monitoring.show_books import (
    DOCUMENTS_PER_DAY,
    MOST_BOOKS,
    MOST_RESERVATIONS,
    OpenPositions,
    all_reserved,
    curves_of,
    open_positions,
)
from tests.fakes import MARCH_16, FakeCycleStore, FakeTradingStore
from tests.unit.domain.track_record.test_curves import daily

SESSION = "tenants/acme/state/session"
KO = BookKey("ann", "Trend", "KO")


@dataclass
class FakeRecords:
    """Daily documents, newest first, as the store's pages give them."""

    documents: list[dict[str, Any]]
    asked: list[tuple[Mapping[str, str], int]] = field(default_factory=list)

    def performance(self, tenant_id: str, filters: Mapping[str, str], limit: int, page_token: str | None) -> Page:
        self.asked.append((filters, limit))
        newest = sorted(self.documents, key=lambda one: one["period_start"], reverse=True)
        items = [(f"{one['uid']}__Trend__{one['period_start']:%F}", one) for one in newest[:limit]]
        return Page(items, items[-1][0] if len(newest) > limit else None)


@dataclass
class FakeLedger:
    """The newest checkpoint."""

    document: Document | None

    def checkpoint(self, tenant_id: str, at_or_before: datetime) -> Document | None:
        return self.document


def curves(records: FakeRecords, days: int = 1) -> Any:
    return curves_of(cast("RecordStore", records), "acme", "Trend", days, Policy())


def positions(document: Document | None) -> OpenPositions:
    return open_positions(cast("LedgerStore", FakeLedger(document)), "acme")


def lots(*quantities: float, price: float = 50.0) -> Lots:
    size = len(quantities)
    return Lots(np.array(quantities), price + np.arange(size, dtype=np.float64), np.full(size, 0.5))


def checkpoint(books: Mapping[BookKey, Lots]) -> dict[str, Any]:
    return checkpoint_document(Checkpoint(MARCH_16, books, {key.symbol: 60.0 for key in books}))


FROM_BEFORE_PACKING: dict[str, Any] = {
    "at": MARCH_16,
    "books": ["ann/Trend/KO"],
    "lots": [1],
    "marks": {"KO": 60.0},
    "owners": ["ann/Trend"],
    **{name: np.ones(1).tobytes() for name in ("signed_quantity", "price", "unit_cost")},
}

# Curves


def test_a_curve_reads_no_more_than_its_bound_and_drops_the_day_that_is_cut() -> None:
    users = DOCUMENTS_PER_DAY + 3
    records = FakeRecords([daily(day, user, uid=f"u{user}") for day in range(440) for user in range(users)])
    curve = curves(records, 500)
    most = 590 * DOCUMENTS_PER_DAY
    assert records.asked == [({"period": "day", "strategy_id": "Trend"}, most)]
    assert most % users != 0, "the last day read is cut"
    assert len(curve.days) == most // users
    assert curve.live.return_fraction == pytest.approx((users - 1) / 2 / 100), "every day has all of its users"


def test_a_strategy_without_days_is_not_found() -> None:
    with pytest.raises(RefusedError, match="Trend has no daily performance yet") as refused:
        curves(FakeRecords([]))
    assert refused.value.reason_code is ReasonCode.NOT_FOUND


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"pnl": None}, r"pnl must be a finite number, and is null"),
        ({"pnl": float("inf")}, r"pnl must be a finite number, and is another number"),
        ({"fills": "two"}, r"fills must be a finite number, and is another text"),
        ({"mode": 5}, r"mode must be a text, or null, and is another number"),
        ({"pnl": 1e308, "capital_base": 1e-308}, r"of Trend in strategy_performance: pnl, capital_base must be finite"),
    ],
)
def test_a_damaged_day_is_named_and_not_guessed(damage: dict[str, Any], message: str) -> None:
    with pytest.raises(DamagedDocument, match=message):
        curves(FakeRecords([daily(0, 1.0) | damage, daily(1, 1.0)]), 10)


# Open lots


def test_lots_of_a_book_become_one_position() -> None:
    found = positions(checkpoint({KO: lots(6.0, 2.0), BookKey("shadow", "Trend", "KO"): lots(-4.0)}))
    live, paper = found.items
    assert (found.as_of, found.is_truncated) == (MARCH_16, False)
    assert (live.qty, live.lots, live.book, live.mark) == (8.0, 2, "live", 60.0)
    assert live.average_price == pytest.approx((6 * 50 + 2 * 51) / 8)
    assert live.unrealized_pnl == pytest.approx(6 * 10 + 2 * 9 - 8 * 0.5)
    assert (paper.qty, paper.book) == (-4.0, "shadow")
    assert paper.unrealized_pnl == pytest.approx(-4 * 10 - 4 * 0.5)


def test_nothing_held_and_nothing_known_yet() -> None:
    assert positions(None) == OpenPositions(None, (), is_truncated=False)
    assert positions(checkpoint({})) == OpenPositions(MARCH_16, (), is_truncated=False)


def test_positions_are_sorted_and_cut() -> None:
    books = {BookKey(f"u{number:03}", "Trend", f"S{number % 7}"): lots(1.0) for number in range(MOST_BOOKS + 1)}
    found = positions(checkpoint(books))
    keys = [(one.strategy_id, one.symbol, one.uid) for one in found.items]
    assert (len(keys), found.is_truncated) == (MOST_BOOKS, True)
    assert keys == sorted(keys)
    books.popitem()
    assert not positions(checkpoint(books)).is_truncated


@pytest.mark.parametrize(
    "damage",
    [
        {"books": ["ann"]},
        {"books": [5]},
        {"lots": [0]},
        {"lots": None},
        {"marks": {}},
        {"marks": {"KO": "high"}},
        {"marks": 7},
        {"price": b"x"},
        {"price": np.array([np.nan]).tobytes()},
        {"signed_quantity": np.zeros(1).tobytes()},
        {"owners": [3]},
        {"packed": b""},
        {"packed": b"PK"},
    ],
)
def test_a_damaged_checkpoint_is_refused_and_says_what_rebuilds_it(damage: dict[str, Any]) -> None:
    with pytest.raises(DamagedDocument, match=r"; the next nightly snapshot rebuilds them") as refused:
        positions(FROM_BEFORE_PACKING | damage)
    assert next(iter(damage)) in refused.value.field


# Reservations


def nonce_of(number: int) -> str:
    return f"{number:08x}" + "0f" * 12


def redemption(number: int, **fields: Any) -> Redemption:
    at = MARCH_16 + timedelta(seconds=number)
    known: dict[str, Any] = {
        "nonce": nonce_of(number),
        "status": RedemptionStatus.RESERVED,
        "tenant_id": "acme",
        "uid": "ann",
        "session_id": "s",
        "agent_id": "acme_Trend",
        "strategy_id": "Trend",
        "action": Action.BUY,
        "symbol": "KO",
        "mode": "ACTIVE",
        "allocation": 0.1,
        "notional": 100.0,
        "redeemed_at": at,
        "lapses_at": at + timedelta(minutes=15),
    }
    return Redemption(**known | fields)


def store_of(*redemptions: Redemption, notional: float | None = None, spent: float = 0.0) -> FakeCycleStore:
    """Return a store where each of the redemptions holds its notional, or what is said, and spent something."""
    cycles = FakeCycleStore()
    current = CurrentSession(buying_power=BuyingPower(1_000_000.0, MARCH_16, MARCH_16))
    for one in redemptions:
        current = current.reserving(
            one.nonce, Reservation(one.notional if notional is None else notional, one.lapses_at)
        )
        current = current.with_fill(one.nonce, spent, MARCH_16 + timedelta(minutes=1))
    cycles.put(SESSION, current.buying_power.to_fields() | current.to_fields(MARCH_16))
    for one in redemptions:
        cycles.put(f"tenants/acme/redemptions/{one.nonce}", one.to_document())
    return cycles


def test_the_newest_reservations_one_by_one_and_all_of_them_in_the_sum() -> None:
    cycles = store_of(*(redemption(number) for number in range(MOST_RESERVATIONS + 5)))
    found = all_reserved(FakeTradingStore(cycles), "acme", MARCH_16)
    assert [one.nonce_prefix for one in found.items] == [nonce_of(204 - number)[:8] for number in range(200)]
    assert found.held == pytest.approx(205 * 100.0)
    assert cycles.reads == 2


def test_what_is_lapsed_holds_nothing_but_what_it_spent() -> None:
    cycles = store_of(redemption(0), notional=60.0, spent=40.0)
    found = all_reserved(FakeTradingStore(cycles), "acme", MARCH_16 + timedelta(hours=1))
    (item,) = found.items
    assert (item.is_lapsed, item.notional, item.spent, found.held) == (True, 0.0, 40.0, 40.0)
    at = MARCH_16 + timedelta(minutes=3)
    later = BuyingPower(999_960.0, at, at)
    cycles.put(SESSION, {**cycles.documents[SESSION], **later.to_fields()})
    found = all_reserved(FakeTradingStore(cycles), "acme", MARCH_16 + timedelta(minutes=5))
    (item,) = found.items
    assert (item.is_lapsed, item.notional, item.spent) == (False, 60.0, 0.0), "the account knows of what was spent"


def test_nothing_is_reserved_before_the_first_cycle() -> None:
    found = all_reserved(FakeTradingStore(FakeCycleStore()), "acme", MARCH_16)
    assert (found.buying_power, found.buying_power_as_of, found.held, found.items) == (None, None, 0.0, ())


def test_one_instant_answers_for_what_is_held_and_what_became_of_it() -> None:
    """A release between the two reads takes the item away, and out of the sum."""
    one, other = redemption(0), redemption(1)
    cycles = store_of(one, other)

    class Interrupted(FakeTradingStore):
        def read(self, tenant_id: str, nonces: Any, fill_ids: Any = (), key_ids: Any = (), **options: Any) -> Any:
            if nonces:
                held = CurrentSession(reservations={other.nonce: Reservation(other.notional, other.lapses_at)})
                cycles.put(SESSION, {**cycles.documents[SESSION], **held.to_fields(MARCH_16)})
            return super().read(tenant_id, nonces, fill_ids)

    found = all_reserved(Interrupted(cycles), "acme", MARCH_16)
    assert ([item.nonce_prefix for item in found.items], found.held) == ([other.nonce[:8]], 100.0)


@pytest.mark.parametrize(
    "damage",
    [{"status": "LOST"}, {"a_field_of_a_newer_version": 1}, {"redeemed_at": "yesterday"}],
)
def test_a_damaged_redemption_is_refused_without_its_nonce(damage: dict[str, Any]) -> None:
    first, second = redemption(0), redemption(1)
    cycles = store_of(first, second)
    cycles.put(f"tenants/acme/redemptions/{first.nonce}", first.to_document() | damage)
    with pytest.raises(DamagedDocument) as refused:
        all_reserved(FakeTradingStore(cycles), "acme", datetime(2020, 3, 17, tzinfo=UTC))
    assert refused.value.field == next(iter(damage))
    assert first.nonce not in str(refused.value)


def test_a_damaged_buying_power_is_refused() -> None:
    cycles = store_of(redemption(0))
    cycles.put(SESSION, {**cycles.documents[SESSION], "buying_power": "plenty"})
    with pytest.raises(DamagedDocument, match="buying_power must be a finite number, or null, and is another text"):
        all_reserved(FakeTradingStore(cycles), "acme", MARCH_16)
