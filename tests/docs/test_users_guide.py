"""Every Python block of the user's own migration guide, run as it stands, in order, on the emulator."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from textwrap import indent
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import firestore_client
from functions.strategies.maestro_controller import MaestroController
from tests.docs.blocks import Block, run_block
from tests.docs.users_guide import (
    GUIDE,
    PAGE,
    TENANT,
    WRITTEN,
    a_day_later,
    own_strategies,
    readers_names,
    write_records,
)
from tests.emulator.ledger.test_snapshots import MONDAY, put_fill
from tests.samples import SAMPLE_NAMES

DESK = {
    "Steady": ("BUY", "ACTIVE"),
    "Shaky": ("BUY", "REDUCED"),
    "Losing": ("BUY", "SHADOW_MODE"),
    "Switched": ("BUY", "DISABLED"),
    "Broken": ("FAIL", "ACTIVE"),
    "Leaving": ("SELL", "ACTIVE"),
    "Fleeing": ("SELL", "ACTIVE"),
}
"""The reader's strategies: what each says, and its mode."""
RISING = [100.0 + day / 4 for day in range(300)]
LINES_OF_STEP_1_3 = (
    "MaestroController initialized: tenant=acme, uid=None",
    "🎭 Maestro orchestration starting...",
    r"Strategy Steady: Sharpe=\d+.\d\d, Weight=1.00, Mode=ACTIVE",
    "🎭 Maestro orchestration complete",
)
SET_BY_PHASE_4 = {
    "SHARPE_THRESHOLD_REDUCE": 0.5,
    "SHARPE_THRESHOLD_SHADOW": 0.0,
    "SYSTEMIC_SELL_THRESHOLD": 4,
    "PERFORMANCE_LOOKBACK_DAYS": 60,
}


@pytest.fixture
def thresholds() -> Iterator[None]:
    before = {name: getattr(MaestroController, name) for name in SET_BY_PHASE_4}
    yield
    for name, value in before.items():
        setattr(MaestroController, name, value)


class Reader:
    """The guide's reader: a broker, functions that trade, and a look at what happened after a block."""

    def __init__(self, db: Client, caplog: pytest.LogCaptureFixture) -> None:
        self.db = db
        self.log = caplog
        self.traded: list[Any] = []
        self.on_paper: list[str] = []
        self.names = readers_names(db) | {
            "market_data": {"KO": {"price": RISING[-1], "history": RISING}},
            "account_snapshot": {"equity": 1e5, "buying_power": 1e5, "positions": []},
            "regime_data": {"regime": "calm"},
            "buying_power": 1e5,
            "alpaca_api": self,
            "calculate_qty": lambda allocation: round(100 * allocation, 2),
            "execute_trade": self.traded.append,
            "execute_buy": self.traded.append,
            "log_shadow_trade": lambda name, _signal: self.on_paper.append(name),
            "log_trade_execution": lambda **record: self.traded.append(record),
        }

    def submit_order(self, **order: Any) -> SimpleNamespace:
        return SimpleNamespace(id="order-1", **order)

    def signal_of(self, name: str) -> dict[str, Any]:
        signal: dict[str, Any] = self.names["signals"][name]
        return signal

    async def check_signals(self, _: Block) -> None:
        """Step 1.2 and 1.3: own strategies in every mode, and the lines of the log."""
        modes = {name: signal["mode"] for name, signal in self.names["signals"].items() if name not in SAMPLE_NAMES}
        assert modes == {name: mode for name, (_, mode) in DESK.items()}
        for line in LINES_OF_STEP_1_3:
            assert any(re.fullmatch(line, message) for message in self.log.messages), line
        assert "🎭 Maestro: Maestro weighed " in self.log.text
        assert "Strategy Leaving: Insufficient data for Sharpe calculation (0 active days" in self.log.text

    async def check_shadow_mode(self, _: Block) -> None:
        """Step 2.1."""
        assert self.on_paper == ["Losing"]
        assert "📝 Losing: SHADOW MODE - Paper trading only" in self.log.messages
        assert "🚫 Switched: DISABLED - Skipping" in self.log.messages

    async def check_allocations(self, block: Block) -> None:
        """Step 2.2, whose block stands in the reader's loop."""
        for name in ("Steady", "Shaky"):
            self.names |= {"strategy_name": name, "signal": self.signal_of(name)}
            await run_block(block, self.names)
        assert "⚠️ Shaky allocation reduced by Maestro: 30.0% → 15.0%" in self.log.messages
        assert "⚠️ Steady allocation" not in self.log.text
        assert self.names["trade_amount"] == 15_000.0

    async def check_overrides(self, block: Block) -> None:
        """Step 2.3, on a day on which as many want out as make a systemic risk."""
        calm = self.names["signals"]
        self.names["signals"], _, _ = MaestroController(self.db, TENANT).apply_systemic_risk_override(
            {**calm, "Third": {**calm["Leaving"], "strategy_name": "Third"}}
        )
        await run_block(block, self.names)
        self.names["signals"] = calm
        assert "🚨 Steady overridden by Maestro: BUY → HOLD" in self.log.messages
        assert "   Reason: Maestro systemic risk override: 3 strategies signaling SELL" in self.log.messages

    async def check_identity(self, _: Block) -> None:
        """Step 2.4; a signal without identity, as of a rolled back system, is the guide's own TypeError."""
        self.traded.clear()
        self.names["execute_trade"](self.signal_of("Steady"))
        (record,) = self.traded
        assert record["agent_id"] == "acme_Steady"
        assert re.fullmatch("[0-9a-f]{32}", record["nonce"])
        assert f"Executing trade with identity: agent=acme_Steady, nonce={record['nonce'][:8]}..." in self.log.messages
        with pytest.raises(TypeError):
            self.names["execute_trade"]({"action": "BUY", "ticker": "KO", "allocation": 0.1})

    async def check_shadow_log(self, _: Block) -> None:
        """Step 2.5; the loop of step 2.1 calls it without await, which stores nothing: our guide says so."""
        before = len(list(paths.shadow_pnl(self.db, TENANT).stream()))
        signal = self.signal_of("Losing")
        await self.names["log_shadow_trade"]("Losing", signal)
        stored = [found.to_dict() or {} for found in paths.shadow_pnl(self.db, TENANT).stream()]
        assert len(stored) == before + 1
        assert [one["nonce"] for one in stored if one.get("action")][-1:] == [signal["nonce"]]
        self.names["log_shadow_trade"]("Losing", signal).close()
        assert len(list(paths.shadow_pnl(self.db, TENANT).stream())) == before + 1

    async def check_report(self, _: Block) -> None:
        """Phase 3, whose functions test_users_monitoring.py asks in every state."""
        report = await self.names["generate_daily_maestro_report"]()
        assert "Total Orchestration Decisions: 1" in report
        assert "  • Shaky" in report
        (alert,) = await self.names["check_maestro_alerts"]()
        assert alert.startswith("⚠️ Losing moved to SHADOW_MODE (Sharpe: -")

    async def check_month(self, _: Block) -> None:
        """Step 4.4; the decorator never awaits the coroutine, and January has no month before: our guide says so."""
        monthly = self.names["monthly_performance_snapshot"].__wrapped__
        self.names["datetime"] = a_day_later(date(2020, 4, 1))
        await monthly(None)
        assert "Wrote 1 performance snapshots" in self.log.messages
        self.names["datetime"] = a_day_later(date(2020, 1, 1))
        with pytest.raises(ValueError, match="month"):
            await monthly(None)

    async def check_way_back(self, _: Block) -> None:
        """Both options."""
        assert all("nonce" not in signal for signal in self.names["signals"].values())

    async def check_end(self, _: Block) -> None:
        assert {name: getattr(MaestroController, name) for name in SET_BY_PHASE_4} == SET_BY_PHASE_4


CHECKS = {
    "    regime=regime_data  # Optional": Reader.check_signals,
    '        logger.info(f"🚫 {strategy_name}: DISABLED - Skipping")': Reader.check_shadow_mode,
    'original = signal.get("original_allocation", allocation)': Reader.check_allocations,
    '    if "override_reason" in signal:': Reader.check_overrides,
    '    session_id = signal.get("session_id")': Reader.check_identity,
    '            "timestamp": firestore.SERVER_TIMESTAMP,': Reader.check_shadow_log,
    "async def generate_daily_maestro_report() -> str:": Reader.check_report,
    "async def monthly_performance_snapshot(event):": Reader.check_month,
    "# Disable Maestro (fallback)": Reader.check_way_back,
    '    if signal.get("mode") == "SHADOW_MODE":': Reader.check_end,
}
"""What is looked at after the block that has the line."""


def test_the_page_is_what_its_owner_wrote() -> None:
    assert hashlib.sha256(PAGE.read_bytes()).hexdigest() == WRITTEN


def test_every_block_runs_in_order(
    db: Client, thresholds: None, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("INFO")
    firestore_client()  # a system that migrates has initialised Firebase already
    paths.policy(db, TENANT).set({"disabled_strategies": ["Switched"]})
    write_records(db)
    put_fill(db, "f1", MONDAY, "buy", 10, 45.0)
    reader = Reader(db, caplog)
    checked: set[str] = set()

    async def walk() -> None:
        for block in map(as_it_can_stand, GUIDE):
            await run_block(block, reader.names)
            for line in CHECKS.keys() & set(block.code.splitlines()):
                await CHECKS[line](reader, block)
                checked.add(line)

    with own_strategies(tmp_path, {name: action for name, (action, _) in DESK.items()}):
        asyncio.run(walk())
    assert len(GUIDE) == 24
    assert checked == CHECKS.keys()


def as_it_can_stand(block: Block) -> Block:
    """Put the guide's last block, which is the body of a loop, into one."""
    if block is not GUIDE[-1]:
        return block
    return replace(block, code=f"for signal in signals.values():\n{indent(block.code, '    ')}")
