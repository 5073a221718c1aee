"""The demo's broker goes by intent, and lets no strategy trade more than it has."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tools.lab.engine.paper_broker import Closes, Costs, PaperBroker

CLOSES = Closes(datetime(2020, 3, 13, 19, 55, tzinfo=UTC), {"KO": 50.0})


def order(action: str, allocation: float = 1.0, **more: Any) -> dict[str, Any]:
    return {"action": action, "ticker": "KO", "allocation": allocation, "mode": "ACTIVE", "nonce": "n"} | more


def traded(broker: PaperBroker, name: str, signal: dict[str, Any]) -> tuple[str, float] | None:
    """Let an order of one strategy fill at the next close; return the fill's side and quantity."""
    broker.close_day(CLOSES, {name: signal})
    fills = list(broker.close_day(CLOSES, {}).values())
    return (fills[0]["side"], fills[0]["qty"]) if fills else None


@pytest.mark.parametrize(
    ("signal", "sold"),
    [
        (order("SELL", 0.5), 50.0),
        (order("SELL", 0.5, qty=1.0), 50.0),
        (order("SELL", 0.5, intent="EXIT", max_qty=None), 50.0),
        (order("SELL", 0.5, intent="EXIT", max_qty=30.0), 30.0),
        (order("SELL", 1.0, intent="EXIT", max_qty=500.0), 100.0),
        (order("SELL", 0.2, intent="FLIP", max_qty=100.0), 100.0),
    ],
    ids=["nobody-weighed-it", "its-strategys-own-qty", "unknown", "capped", "all-it-has", "flip"],
)
def test_an_exit_sells_the_least_of_what_it_may_and_what_its_strategy_has(signal: dict[str, Any], sold: float) -> None:
    broker = PaperBroker("ann", shares={("Trend", "KO"): 100.0, ("Other", "KO"): 900.0})
    assert traded(broker, "Trend", signal) == ("sell", sold)
    assert broker.shares.get(("Trend", "KO"), 0.0) == 100.0 - sold
    assert broker.shares["Other", "KO"] == 900.0


@pytest.mark.parametrize("action", ["BUY", "SELL"])
def test_an_exit_without_a_position_trades_nothing_of_anothers(action: str) -> None:
    broker = PaperBroker("ann", shares={("Other", "KO"): 900.0 if action == "SELL" else -900.0})
    assert traded(broker, "Trend", order(action, intent="EXIT", max_qty=10.0)) is None


def test_a_short_is_entered_by_its_allocation_and_covered_in_units() -> None:
    broker = PaperBroker("ann")
    assert traded(broker, "Fade", order("SELL", 0.2, intent="ENTRY")) == ("sell", 400.0)
    assert broker.shares == {("Fade", "KO"): -400.0}
    account = broker.account_snapshot(CLOSES)
    assert account["positions"] == [{"symbol": "KO", "qty": -400.0, "strategy_id": "Fade"}]
    assert account["equity"] == pytest.approx(100_000 - 6, abs=0.01), "fees of 2 USD and slippage of 4"
    assert account["buying_power"] == pytest.approx(80_000 - 6, abs=0.01), "a short takes buying power like a long"
    assert traded(broker, "Fade", order("SELL", 0.2, intent="ENTRY")) is None, "a position is entered once"
    assert traded(broker, "Fade", order("BUY", 0.05, intent="EXIT", max_qty=100.0)) == ("buy", 100.0)
    assert traded(broker, "Fade", order("BUY", 0.9, intent="EXIT", max_qty=500.0)) == ("buy", 300.0)
    assert broker.shares == {}


def test_nothing_of_a_symbol_that_ended_or_has_not_begun_is_traded() -> None:
    for closes in (replace(CLOSES, ended=frozenset({"KO"})), replace(CLOSES, prices={})):
        broker = PaperBroker("ann")
        broker.close_day(CLOSES, {"Trend": order("BUY", 0.5)})
        assert broker.close_day(closes, {}) == {}
        assert (broker.cash, broker.shares, broker.orders) == (100_000.0, {}, [])


def test_costs_are_those_that_are_given() -> None:
    broker = PaperBroker("ann", costs=Costs(fee_per_share=1.0, slippage=0.01))
    broker.close_day(CLOSES, {"Trend": order("BUY", 0.5)})
    (fill,) = broker.close_day(CLOSES, {}).values()
    assert (fill["qty"], fill["fees"], fill["slippage"]) == (1000.0, 1000.0, 500.0)
    assert broker.cash == 100_000.0 - 50_000.0 - 1500.0
