"""What a redeemed entry was granted is in the ledger with each of its fills, whichever writer they come from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.domain.ledger.books import Checkpoint, PeriodResult, compute_period
from functions.domain.trading.reported_fills import ReportedFill
from functions.services.kernel.commits import Commits
from functions.services.trading.adopt_fills import AdoptFills
from tests.fakes import MARCH_16, FakeLedger, FakeTradingStore
from tests.unit.services.trading.test_every_history import that_hold
from tests.unit.services.trading.test_redeem_signals import Desk

IB = "0000e0d5.5d3f1a2b.01"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def bought(desk: Desk, nonce: str | None, **fields: Any) -> ReportedFill:
    fill = ReportedFill(strategy_id="Big", symbol="AAPL", side="buy", qty=10, price=100.0, ts=desk.clock.time)
    return replace(fill, nonce=nonce, **fields)


def grants(desk: Desk) -> list[float | None]:
    return [one.get("granted") for one in desk.ledger()]


def result(desk: Desk) -> PeriodResult:
    events = that_hold(desk.cycles.those_below("tenants/acme/ledger_trades"))
    return compute_period(Checkpoint.empty(), events, {"AAPL": 100.0}, MARCH_16 + timedelta(days=1))[0][0]


def test_every_fill_of_a_redeemed_entry_says_what_it_was_granted_and_an_exit_or_a_stranger_nothing(desk: Desk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    assert redemption.notional == 6_000.0
    desk.report([bought(desk, redemption.nonce, broker_fill_id=name) for name in ("b1", "b2")])
    desk.report([bought(desk, None, broker_fill_id="b3"), bought(desk, "f" * 32, broker_fill_id="b4")])
    leaving = desk.redeem(desk.cycle()["Exit"]["nonce"])
    desk.fill(leaving, 1)
    assert grants(desk) == [6_000.0, 6_000.0, None, None, None]


def test_its_base_is_what_it_was_granted_however_many_fills_it_took(desk: Desk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    desk.report([bought(desk, redemption.nonce, broker_fill_id=name) for name in ("b1", "b2")])
    assert (result(desk).capital.granted, result(desk).capital.traded) == (6_000.0, 2_000.0)


def test_what_was_granted_and_never_filled_is_in_no_base(desk: Desk) -> None:
    desk.redeem(desk.cycle()["Big"]["nonce"])
    assert desk.ledger() == []


def test_a_correction_and_a_later_revision_keep_what_was_granted(desk: Desk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    for revision in ("01", "02"):
        desk.report([bought(desk, redemption.nonce, broker_fill_id=f"{IB}.{revision}", qty=10 + int(revision))])
    assert grants(desk) == [6_000.0, 6_000.0]
    assert (result(desk).capital.granted, result(desk).capital.traded) == (6_000.0, 1_200.0)
    stored = desk.cycles.those_below("tenants/acme/ledger_trades")
    entry_id = next(name for name, fill in stored.items() if fill["broker_fill_id"].endswith("02"))
    correction: dict[str, Any] = {"kind": "correction", "of": entry_id, "strategy_id": "Big", "uid": "ann"}
    correction |= {"symbol": "AAPL", "side": "buy", "qty": 8, "price": 100.0}
    correction |= {"ts": desk.clock.time, "ledger_version": 9}
    desk.cycles.put("tenants/acme/ledger_trades/c1", correction)
    assert (result(desk).capital.granted, result(desk).capital.traded) == (6_000.0, 800.0)


def test_a_revision_that_names_no_nonce_is_of_the_entry_that_the_first_one_named(desk: Desk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    desk.report([bought(desk, redemption.nonce, broker_fill_id=f"{IB}.01")])
    desk.report([bought(desk, None, broker_fill_id=f"{IB}.02", qty=12)])
    assert (result(desk).capital.granted, result(desk).capital.traded) == (6_000.0, 1_200.0)


def test_until_it_is_taken_in_a_users_own_document_is_granted_what_it_cost_and_then_counts_as_new(desk: Desk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    written = desk.clock.time
    document = {"uid": "ann", "strategy_id": "Big", "symbol": "AAPL", "side": "buy", "qty": 5, "price": 100.0}
    document |= {"ts": written, "created_at": written, "nonce": redemption.nonce, "granted": 1e9}
    desk.cycles.put("tenants/acme/ledger_trades/own", document)
    assert result(desk).capital.granted == 500.0, "nobody grants himself anything"
    desk.clock.time += timedelta(hours=9)
    adopt = AdoptFills(FakeTradingStore(desk.cycles), FakeLedger(desk.cycles), desk.clock, Commits(desk.pauses.append))
    assert adopt.run("acme", "own", document, {}) is not None
    assert result(desk).capital.granted == 6_000.0
    (stored,) = desk.ledger()
    assert (stored["ts"], stored["created_at"]) == (written, desk.clock.time), "its day is computed again"


@pytest.mark.parametrize(
    ("strategy_id", "own", "expected"),
    [("Big", {}, 6_000.0), ("Big", {"granted": 5.0}, 6_000.0), ("Small", {"granted": 5.0}, None), ("Small", {}, None)],
)
def test_a_users_own_document_gets_its_redemptions_grant_whatever_it_says(
    desk: Desk, strategy_id: str, own: dict[str, Any], expected: float | None
) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    document = {"uid": "ann", "strategy_id": strategy_id, "symbol": "AAPL", "side": "buy", "qty": 5, "price": 100.0}
    document |= {"ts": desk.clock.time, "nonce": redemption.nonce, **own}
    desk.cycles.put("tenants/acme/ledger_trades/own", document)
    store, ledger = FakeTradingStore(desk.cycles), FakeLedger(desk.cycles)
    adopt = AdoptFills(store, ledger, desk.clock, Commits(desk.pauses.append))
    assert adopt.run("acme", "own", document, {}) is not None
    assert grants(desk) == [expected]
