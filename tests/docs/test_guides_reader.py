"""
The guide's reader reports no fill, names no position and opens no book: every signal is the guide's.

Every expected value is what Maestro answered before it knew positions; only the field ``intent``, and an exit's ``qty``
without a figure, have come since.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.trading_store import FirestoreTradingStore
from functions.adapters.system import SystemClock, jittered_pause
from functions.domain.kernel.errors import RefusedError
from functions.services.kernel.commits import Commits
from functions.services.trading.redeem_signals import RedeemSignals
from functions.strategies.loader import StrategyLoader
from functions.strategies.maestro_controller import MaestroController, MaestroDecision
from tests.docs.blocks import run_block
from tests.docs.users_guide import TENANT, block, own_strategies, readers_names, write_records
from tests.samples import SAMPLE_NAMES

ACCOUNT: dict[str, Any] = {"equity": 1e5, "buying_power": 1e5}
MARKET_DATA = {"KO": {"price": 50.0}}
COME_SINCE = {"intent", "max_qty"}
IDENTITY = {"agent_id", "nonce", "session_id", "identity_timestamp", "expires_at"}
NOT_TOLD = IDENTITY | {"strategy_name", "confidence", "reasoning", "weight_multiplier", "sharpe_ratio", "reason_code"}
BUY: dict[str, Any] = {"action": "BUY", "ticker": "KO", "allocation": 0.3}
SELL: dict[str, Any] = {"action": "SELL", "ticker": "KO"}
WORDS = "Maestro systemic risk override: 3 strategies signaling SELL"
Signals = dict[str, dict[str, Any]]


@pytest.fixture(params=[ACCOUNT, {**ACCOUNT, "positions": []}], ids=["no-positions", "none-of-them"])
def account(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


@pytest.fixture
def db(own_db: Client) -> Client:
    """The records that make Steady ACTIVE, Shaky REDUCED and Losing SHADOW_MODE; Switched is off by hand."""
    write_records(own_db)
    paths.policy(own_db, TENANT).set({"disabled_strategies": ["Switched"]})
    return own_db


def decide(
    db: Client, proposed: Mapping[str, Mapping[str, Any]], account: Mapping[str, Any]
) -> tuple[Signals, MaestroDecision]:
    controller = MaestroController(db, TENANT)
    return asyncio.run(controller.orchestrate(proposed, account_snapshot=account, market_data=MARKET_DATA))


def told(signals: Signals) -> Signals:
    """Return what the guide's reader looks at, of each signal."""
    return {
        name: {key: value for key, value in signal.items() if key not in NOT_TOLD | COME_SINCE}
        for name, signal in signals.items()
    }


def redeemed(db: Client, signal: Mapping[str, Any]) -> tuple[str, float, float, str]:
    """Redeem a signal; return what is to be traded, the allocation, USD reserved, and the status."""
    signals = RedeemSignals(FirestoreTradingStore(db), SystemClock(), Commits(jittered_pause))
    claim = signals.redeem(TENANT, "reader", signal["nonce"], None, {})
    return str(claim.action), claim.allocation, claim.notional, str(claim.status)


def signal_of(action: str, allocation: float, original: float, mode: str = "ACTIVE", **more: Any) -> dict[str, Any]:
    fields = {"action": action, "ticker": "KO", "allocation": allocation, "original_allocation": original}
    notional = allocation * 1e5 if action == "BUY" else 0.0
    return fields | {"mode": mode, "notional": notional} | more


@pytest.mark.parametrize(
    ("proposed", "allocation"),
    [
        (SELL, 1.0),
        ({**SELL, "allocation": 1.0}, 1.0),
        ({**SELL, "allocation": 0.25}, 0.25),
        ({**SELL, "allocation": 0.0}, 0.0),
        ({"action": "CLOSE_ALL", "ticker": "KO"}, 1.0),
        ({"action": "CLOSE_ALL"}, 1.0),
    ],
    ids=["unsized", "whole", "quarter", "zero", "close-all", "close-all-symbols"],
)
def test_a_sell_passes_with_whatever_allocation_and_can_be_redeemed(
    db: Client, account: dict[str, Any], proposed: dict[str, Any], allocation: float
) -> None:
    signals, decision = decide(db, {"Steady": proposed, "Shaky": proposed, "New": proposed}, account)
    ticker = proposed.get("ticker", "")
    assert told(signals) == {
        "Steady": signal_of("SELL", allocation, allocation, ticker=ticker),
        "Shaky": signal_of("SELL", allocation, allocation, "REDUCED", ticker=ticker),
        "New": signal_of("SELL", allocation, allocation, ticker=ticker),
    }
    assert {signal["max_qty"] for signal in signals.values()} == {None}
    assert decision.systemic_risk_detected
    assert [redeemed(db, signal) for signal in signals.values()] == [("SELL", allocation, 0.0, "RESERVED")] * 3


def test_allocations_are_multiplied_as_the_guide_does(db: Client, account: dict[str, Any]) -> None:
    signals, _ = decide(db, dict.fromkeys(["Steady", "Shaky", "Losing", "Switched", "New"], BUY), account)
    assert told(signals) == {
        "Steady": signal_of("BUY", 0.3, 0.3),
        "Shaky": signal_of("BUY", 0.15, 0.3, "REDUCED"),
        "Losing": signal_of("BUY", 0.0, 0.3, "SHADOW_MODE"),
        "Switched": signal_of("BUY", 0.0, 0.3, "DISABLED"),
        "New": signal_of("BUY", 0.3, 0.3),
    }
    reserved = [redeemed(db, signals[name]) for name in ("Steady", "Shaky", "New")]
    assert reserved == [("BUY", part, part * 1e5, "RESERVED") for part in (0.3, 0.15, 0.3)]


def test_what_a_shadowed_or_disabled_strategy_sells_stays_on_paper(db: Client, account: dict[str, Any]) -> None:
    signals, _ = decide(db, {"Losing": SELL, "Switched": SELL}, account)
    assert told(signals) == {
        "Losing": signal_of("SELL", 0.0, 1.0, "SHADOW_MODE"),
        "Switched": signal_of("SELL", 0.0, 1.0, "DISABLED"),
    }
    for signal in signals.values():
        with pytest.raises(RefusedError, match="paper only"):
            redeemed(db, signal)


@pytest.mark.parametrize("third", ["Shaky", "Losing", "New"])
def test_three_sells_override_every_buy_with_the_guides_words(db: Client, account: dict[str, Any], third: str) -> None:
    """A shadowed strategy's word counts like any other; a disabled one's does not."""
    sellers: dict[str, dict[str, Any]] = {
        "A": SELL,
        "B": {**SELL, "allocation": 0.0},
        third: {**SELL, "allocation": 0.5},
    }
    signals, decision = decide(db, {**sellers, "Steady": BUY, "Switched": SELL}, account)
    assert signals["Steady"]["override_reason"] == WORDS
    assert told(signals)["Steady"] == signal_of("HOLD", 0.0, 0.3, original_action="BUY", override_reason=WORDS)
    names = ", ".join(sellers)
    details = f"3 strategies signal SELL ({names}). Overrode 1 BUY signal to HOLD."
    assert decision.to_firestore_doc()["systemic_risk_details"] == details
    assert [signals[name]["action"] for name in sellers] == ["SELL"] * 3


def test_two_sells_and_one_that_is_switched_off_override_nothing(db: Client, account: dict[str, Any]) -> None:
    signals, decision = decide(db, {"A": SELL, "B": SELL, "Switched": SELL, "Steady": BUY}, account)
    assert told(signals)["Steady"] == signal_of("BUY", 0.3, 0.3)
    assert not decision.systemic_risk_detected


@pytest.mark.parametrize("trading_state", ["RUN", "REDUCE_ONLY", "HALT"])
def test_a_sell_is_issued_every_cycle_whatever_was_redeemed_before(
    db: Client, account: dict[str, Any], trading_state: str
) -> None:
    paths.policy(db, TENANT).set({"trading_state": trading_state})
    for _ in range(3):
        signals, decision = decide(db, {"A": SELL, "B": SELL, "C": SELL}, account)
        assert told(signals) == dict.fromkeys("ABC", signal_of("SELL", 1.0, 1.0))
        assert decision.systemic_risk_detected, "each counts as a seller every time"
        assert redeemed(db, signals["A"]) == ("SELL", 1.0, 0.0, "RESERVED")
    assert not paths.positions(db, TENANT).get().exists, "a redemption opens no book"


def test_the_guides_own_loop_sees_the_same_signals_every_time(
    db: Client, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Steps 1.2, 2.1 and 2.3, as they stand, three cycles in turn."""
    caplog.set_level("INFO")
    desk = {"Steady": "BUY", "Shaky": "HOLD", "Losing": "BUY", "A": "SELL", "B": "SELL", "C": "SELL"}
    executed: list[tuple[str, str]] = []
    names = readers_names(db) | {
        "market_data": {"KO": {"price": 50.0, "history": [50.0] * 300}},
        "account_snapshot": ACCOUNT,
        "regime_data": None,
        "allocation": 0.3,
        "execute_trade": lambda signal: executed.append((signal["action"], signal["mode"])),
        "execute_buy": lambda signal: executed.append((signal["action"], signal["mode"])),
        "log_shadow_trade": lambda name, _signal: executed.append((name, "on paper")),
        "loader": StrategyLoader(db=db, tenant_id=TENANT),
    }

    async def read(line: str) -> list[tuple[str, str]]:
        executed.clear()
        await run_block(block(line), names)
        return list(executed)

    async def read_all() -> None:
        await read("    regime=regime_data  # Optional")
        assert await read('    if mode == "SHADOW_MODE":') == [("Losing", "on paper")], "and the one BUY is held"
        assert await read('    if "override_reason" in signal:') == []

    with own_strategies(tmp_path, desk):
        names["loader"] = StrategyLoader(db=db, tenant_id=TENANT)
        for _ in range(3):
            asyncio.run(read_all())
            issued = {name: one for name, one in names["signals"].items() if name not in SAMPLE_NAMES}
            assert {name: one["action"] for name, one in issued.items()} == desk | {"Steady": "HOLD", "Losing": "HOLD"}
            assert [issued[name]["allocation"] for name in "ABC"] == [0.0] * 3, "as its strategies say"
    assert caplog.messages.count("🚨 Steady overridden by Maestro: BUY → HOLD") == 3
    assert caplog.messages.count(f"   Reason: {WORDS}") == 6
