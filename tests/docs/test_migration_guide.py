"""Every Python block of the migration guide, run in order, as written, on the emulator."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud.firestore import Client

from examples.replay import PRICES_FILE
from functions.adapters.firestore import paths
from functions.adapters.firestore.client import firestore_client
from functions.strategies.maestro_controller import MaestroController
from tests.docs.blocks import Block, blocks, run_blocks
from tests.emulator.ledger.test_snapshots import MONDAY, put_fill, take
from tools.prerequisites import ROOT

GUIDE = ROOT / "docs" / "migration-guide.md"
THRESHOLDS = (
    "SHARPE_THRESHOLD_REDUCE",
    "SHARPE_THRESHOLD_SHADOW",
    "SYSTEMIC_SELL_THRESHOLD",
    "PERFORMANCE_LOOKBACK_DAYS",
)


class Broker:
    """What the guide's own broker would be: it takes a client order id once."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}

    def submit_order(self, **order: Any) -> SimpleNamespace:
        assert order["client_order_id"] not in self.orders
        self.orders[order["client_order_id"]] = order
        return SimpleNamespace(id=f"order-{len(self.orders)}")


@pytest.fixture
def thresholds() -> Iterator[None]:
    before = {name: getattr(MaestroController, name) for name in THRESHOLDS}
    yield
    for name, value in before.items():
        setattr(MaestroController, name, value)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the current folder that of a desk, with its prices and its ledger, some of it written under Maestro."""
    shutil.copy(PRICES_FILE, tmp_path / "prices.csv")
    (tmp_path / "trades.csv").write_text(
        "id,date,strategy,symbol,side,quantity,price,fees,nonce,session_id\n"
        "T1,2022-12-19,DipBuyer,AAPL,BUY,10,131.986,1.0\n"
        "T2,2022-12-28,DipBuyer,AAPL,SELL,10,125.674,1.0,0f,s\n"
    )
    monkeypatch.chdir(tmp_path)


def check_import(db: Client) -> None:
    """See that the nightly job can use all that the guide's import wrote."""
    fields = paths.ledger_trades(db, "desk").document("T2").get().to_dict() or {}
    assert (fields["nonce"], fields["session_id"]) == ("0f", "s")
    report = take(db, date(2022, 12, 28), tenant_id="desk")
    assert (len(report.days), report.skipped.count) == (7, 0)
    days = [one.to_dict() or {} for one in paths.strategy_performance(db, "desk").stream()]
    assert {one["capital_base"] for one in days} == {25_000}
    assert all(one["pnl"] for one in days), "every day has its closing prices"
    assert not any(one["stale_marks"] for one in days)


@pytest.mark.usefixtures("samples_act")
def test_the_whole_guide(
    db: Client, thresholds: None, desk: None, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    firestore_client()  # a system that migrates has initialised Firebase already
    paths.policy(db, "acme").set({"disabled_strategies": ["PairsReversion"], "insufficient_data_mode": "REDUCED"})
    put_fill(db, "f1", MONDAY, "buy", 10, 45.0)
    broker, executed = Broker(), list[dict[str, Any]]()
    rising = [100.0 + day / 4 for day in range(300)]
    names: dict[str, Any] = {
        "tenant_id": "acme",
        "user_id": None,
        "market_data": {symbol: {"price": rising[-1], "history": rising} for symbol in ("SPY", "AAPL", "KO", "PEP")},
        "account_snapshot": {"equity": 1e5, "buying_power": 1e5, "positions": []},
        "regime_data": {"regime": "calm"},
        "logger": logging.getLogger("guide"),
        "broker": broker,
        "calculate_qty": lambda allocation: round(1_000 * allocation, 2),
        "log_trade_execution": lambda **record: executed.append(record),
        "year": 2020,
        "month": 3,
    }
    found = blocks(GUIDE)
    assert len(found) == 10

    def check_block(block: Block) -> None:
        if "execute_trade" in block.code:
            assert {record["nonce"] for record in executed} == set(broker.orders)
            assert broker.orders, "something must have been traded"
        if "trades.csv" in block.code:
            assert "2 fills imported, 0 were there; 260 closes of 21 symbols" in capsys.readouterr().out
            check_import(db)

    run_blocks(found, names, check_block)
    messages = "\n".join(caplog.messages)
    for told in (
        "🎭 Maestro: Maestro weighed 7 strategies",
        "🚫 PairsReversion: DISABLED - Skipping",
        "allocation reduced by Maestro: ",
        "Executing trade with identity: agent=acme_",
        "Wrote 1 performance snapshots",
    ):
        assert told in messages, told
    assert names["summary"]["total_decisions"] == 1
    assert "MAESTRO DAILY SUMMARY" in names["report"]
    assert names["decision"] is None
    assert all("nonce" not in signal for signal in names["signals"].values()), "rolled back: plain signals"
