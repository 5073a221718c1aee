"""The migration guide's two ways back: plain signals, and nothing of Maestro left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.strategies.loader import StrategyLoader

RISING = [100.0 + day / 4 for day in range(300)]
MARKET_DATA = {symbol: {"price": RISING[-1], "history": RISING} for symbol in ("SPY", "AAPL", "KO", "PEP", "HD")}
ACCOUNT: dict[str, Any] = {"equity": 1e5, "buying_power": 1e5, "positions": []}
pytestmark = pytest.mark.usefixtures("samples_act")
IDENTITY = {"nonce", "agent_id", "session_id", "mode", "original_allocation"}


@pytest.fixture
def stored(own_db: Client) -> Iterator[Client]:
    """A database that must be as empty afterwards as before."""
    yield own_db
    assert list(own_db.collections()) == []


def test_option_1_the_traditional_call_on_a_loader_with_db(stored: Client) -> None:
    loader = StrategyLoader(db=stored, tenant_id="acme")
    signals = asyncio.run(loader.evaluate_all_strategies(MARKET_DATA, ACCOUNT))
    assert set(signals) == set(loader.get_strategy_names())
    assert any(signal["action"] == "BUY" and signal["allocation"] > 0 for signal in signals.values())
    assert all(IDENTITY.isdisjoint(signal) for signal in signals.values())


def test_option_2_a_loader_without_db(stored: Client, caplog: pytest.LogCaptureFixture) -> None:
    loader = StrategyLoader()
    signals, decision = asyncio.run(loader.evaluate_all_strategies_with_maestro(MARKET_DATA, ACCOUNT))
    assert decision is None
    assert signals == asyncio.run(StrategyLoader(db=stored).evaluate_all_strategies(MARKET_DATA, ACCOUNT))
    assert all(IDENTITY.isdisjoint(signal) for signal in signals.values())
    assert "Maestro not initialized" in caplog.text


def test_both_give_what_maestro_was_given(stored: Client, own_db: Client) -> None:
    """What the strategies propose is the same either way; Maestro only weighs it."""
    plain = asyncio.run(StrategyLoader().evaluate_all_strategies(MARKET_DATA, ACCOUNT))
    loader = StrategyLoader(db=own_db, tenant_id="acme")
    orchestrated, _ = asyncio.run(loader.evaluate_all_strategies_with_maestro(MARKET_DATA, ACCOUNT))
    for name, signal in orchestrated.items():
        proposed = signal.get("original_action", signal["action"]), signal["original_allocation"]
        assert proposed == (plain[name]["action"], plain[name]["allocation"]), name
    for collection in own_db.collections():
        own_db.recursive_delete(collection)
