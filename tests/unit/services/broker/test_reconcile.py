"""Reconciliation on the in-memory store: what is compared, when something is written, and what waits for it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.drift import Drifts
from functions.domain.trading.reported_fills import ReportedFill
from functions.services.broker.reconcile import Reconcile
from functions.services.kernel.commits import Commits
from tests.fakes import MARCH_16, FakeDriftStore
from tests.unit.domain.broker.seen import CYCLE, open_order, seen
from tests.unit.services.trading.test_open_book import BookDesk
from tests.unit.services.trading.test_redeem_signals import refused

DRIFT = "tenants/acme/state/drift"
BUY = {"Trend": {"action": "BUY", "ticker": "KO", "allocation": 0.2}}
LEAVE = {"Trend": {"action": "SELL", "ticker": "KO"}}


class WatchedDesk(BookDesk):
    """A desk whose account is compared with its books."""

    def __init__(self) -> None:
        super().__init__()
        self.drifts_store = FakeDriftStore(self.cycles)
        self.reconcile = Reconcile(self.drifts_store, self.ledger_reader, self.clock, Commits(self.pauses.append))

    def see(self, positions: Mapping[str, float], **more: Any) -> Drifts:
        """Let a cycle's time pass, and compare what the account holds then."""
        self.clock.time += CYCLE
        self.reconcile.reconcile("acme", seen(positions, self.clock.time, **more))
        return self.drifts()

    def drifts(self) -> Drifts:
        return Drifts.from_document(self.cycles.documents.get(DRIFT))

    def trade(self, symbol: str, qty: float, strategy: str = "Trend", at: datetime = MARCH_16) -> None:
        self.clock.time = max(self.clock.time, at)
        ref = f"{symbol} {qty} {strategy} {self.clock.time}"
        side = "buy" if qty > 0 else "sell"
        fill = ReportedFill(
            strategy_id=strategy,
            symbol=symbol,
            side=side,
            qty=abs(qty),
            price=10.0,
            ts=self.clock.time,
            broker_fill_id=ref,
        )
        self.report([fill])


@pytest.fixture
def desk() -> WatchedDesk:
    desk = WatchedDesk()
    desk.open()
    return desk


def test_owned_and_unowned_positions_are_compared_together(desk: WatchedDesk) -> None:
    desk.trade("KO", 3.0)
    desk.trade("KO", 2.0, "Other")
    desk.trade("KO", 4.0, UNOWNED)
    assert desk.see({"KO": 9.0}).differences == ()
    desk.see({"KO": 5.0})
    (one,) = desk.see({"KO": 5.0}).lasting
    assert (one.broker, one.book) == (5.0, 9.0)


def test_it_writes_only_changes_and_counts_unowned_positions_only_when_the_ledger_changed(desk: WatchedDesk) -> None:
    desk.trade("KO", 4.0, UNOWNED)
    desk.see({"KO": 5.0})
    desk.see({"KO": 5.0})
    writes, reads = desk.drifts_store.writes, len(desk.ledger_reader.reads)
    assert writes == 2, "seen once, then drift"
    for _ in range(3):
        desk.see({"KO": 5.0})
    assert (desk.drifts_store.writes, len(desk.ledger_reader.reads)) == (writes, reads)
    desk.trade("MSFT", 1.0)
    desk.see({"KO": 5.0, "MSFT": 1.0})
    assert len(desk.ledger_reader.reads) == reads + 1


def test_a_closed_or_damaged_book_is_unknown_and_not_empty(desk: WatchedDesk) -> None:
    desk.trade("KO", 3.0)
    desk.see({"KO": 5.0})
    desk.see({"KO": 5.0})
    desk.books.close("acme", "olga", "for a while", is_written=True)
    closed = desk.see({})
    assert [one.symbol for one in closed.lasting] == ["KO"]
    assert closed.unknown_because is not None
    desk.cycles.put("tenants/acme/state/positions", {"holdings_json": "{"})
    assert desk.see({}).unknown_because is not None


def test_damaged_drift_starts_over(desk: WatchedDesk) -> None:
    desk.cycles.put(DRIFT, {"differences_json": "?"})
    desk.trade("KO", 3.0)
    assert [one.symbol for one in desk.see({}).differences] == ["KO"]


def test_whoever_comes_second_compares_again(desk: WatchedDesk) -> None:
    desk.trade("KO", 3.0)
    desk.see({"KO": 5.0})
    before = desk.drifts()
    desk.drifts_store.before_put.append(lambda: desk.cycles.put(DRIFT, before.to_document(desk.clock.time)))
    assert desk.see({"KO": 5.0}).lasting
    assert desk.pauses == [0], "it lost one race"


@pytest.mark.parametrize(("on_drift", "code"), [("warn", None), ("hold", "BOOK_DRIFT"), ("halt", "BOOK_DRIFT")])
def test_entries_wait_at_cycles_and_redemptions_as_the_policy_says_and_exits_never(
    desk: WatchedDesk, on_drift: str, code: str | None
) -> None:
    desk.trade("KO", 3.0)
    desk.put_policy(on_drift=on_drift, signal_ttl_seconds=3600)
    desk.see({"KO": 5.0})
    issued = desk.cycle(proposed=BUY)["Trend"]
    assert issued["action"] == "BUY", "it was seen once"
    desk.see({"KO": 5.0})
    nonce = issued["nonce"]
    nothing_waits = code is None
    if nothing_waits:
        assert desk.redeem(nonce).symbol == "KO"
    else:
        assert refused(desk, nonce) is ReasonCode.BOOK_DRIFT
    entry = desk.cycle(proposed=BUY)["Trend"]
    assert entry["action"] == ("BUY" if nothing_waits else "HOLD")
    assert (entry["reason_code"] == code) is not nothing_waits
    exit_ = desk.cycle(proposed=LEAVE)["Trend"]
    assert exit_["action"] == "SELL"
    assert desk.redeem(exit_["nonce"]).max_qty == 3.0


def test_another_symbol_waits_under_halt_alone(desk: WatchedDesk) -> None:
    other = {"Trend": {"action": "BUY", "ticker": "MSFT", "allocation": 0.2}}
    desk.see({"KO": 5.0})
    desk.see({"KO": 5.0})
    for on_drift, action in (("warn", "BUY"), ("hold", "BUY"), ("halt", "HOLD")):
        desk.put_policy(on_drift=on_drift)
        assert desk.cycle(proposed=other)["Trend"]["action"] == action


def test_an_entry_that_was_redeemed_before_the_drift_is_withdrawn(desk: WatchedDesk) -> None:
    desk.put_policy(on_drift="hold", signal_ttl_seconds=3600)
    nonce = desk.cycle(proposed=BUY)["Trend"]["nonce"]
    assert desk.redeem(nonce, key="k").symbol == "KO"
    desk.see({"KO": 5.0}, orders=[open_order("KO", nonce)])
    desk.see({"KO": 5.0}, orders=[open_order("KO", nonce)])
    assert refused(desk, nonce, key="k") is ReasonCode.ENTRY_WITHDRAWN


def test_a_damaged_record_stops_entries_at_most(desk: WatchedDesk) -> None:
    desk.trade("KO", 3.0)
    desk.cycles.put(DRIFT, {"differences_json": "?"})
    assert desk.cycle(proposed=BUY)["Trend"]["action"] == "HOLD"
    assert desk.redeem(desk.cycle(proposed=LEAVE)["Trend"]["nonce"]).max_qty == 3.0


def test_drift_is_logged_when_it_comes_and_when_it_goes(desk: WatchedDesk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "maestro")
    desk.see({"KO": 5.0})
    assert "differ" not in caplog.text
    for _ in range(2):
        desk.see({"KO": 5.0})
    assert caplog.text.count("Broker and books differ: KO position: broker 5, books 0, likely manual trade") == 1
    desk.see({})
    assert "agree again" in caplog.text
