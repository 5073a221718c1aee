"""What the loop makes of answers that the API does not usually give, and what the package promises of itself."""

from __future__ import annotations

import ast
import doctest
import importlib
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from examples.trading_client.brokers import PaperBroker
from examples.trading_client.client import MaestroClient
from examples.trading_client.errors import Unavailable
from examples.trading_client.journal import Journal
from examples.trading_client.loop import TradingLoop
from examples.trading_client.models import utc_now
from examples.trading_client.orders import Account, OrderRejected
from examples.trading_client.store import Store
from tests.servers.trading_client.servers import Asked, Reply, Server, problem, serving
from tests.servers.trading_client.test_client import Token

PACKAGE = Path("examples/trading_client")
NONCE = "0f" * 16


@dataclass
class Api:
    """An API that answers whatever a test puts here."""

    signals: dict[str, dict[str, Any]] = field(default_factory=dict)
    fills: Reply | None = None
    redeem: Reply | None = None

    def __call__(self, asked: Asked) -> Reply:
        later = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        if asked.path.endswith("/latest"):
            more = {"session_id": "s", "expires_at": later}
            signals = {name: more | {"strategy_name": name} | one for name, one in self.signals.items()}
            return Reply(200, more | {"buying_power": 1.0, "reserved": 0.0, "signals": signals})
        if asked.path.endswith("/redeem") or asked.path.endswith("/release"):
            claim: dict[str, Any] = {
                "nonce": NONCE,
                "status": "RESERVED",
                "strategy_id": "Trend",
                "action": "BUY",
                "symbol": "SPY",
            }
            claim |= {"allocation": 0.4, "notional": 4500.0, "lapses_at": later}
            return self.redeem or Reply(200, claim)
        return self.fills or Reply(200, {"results": [{"fill_id": "f", "status": "RECORDED"}]})


@dataclass
class Desk:
    api: Api
    server: Server
    loop: TradingLoop
    broker: PaperBroker
    journal: Journal


@pytest.fixture
def desk(caplog: pytest.LogCaptureFixture) -> Iterator[Desk]:
    caplog.set_level(logging.INFO, logger="trading_client")
    with serving(api := Api()) as server, MaestroClient(server.url, Token(), retry_seconds=0.3) as client:
        broker, journal = PaperBroker(lambda _: 450.0), Journal(Store())
        yield Desk(api, server, TradingLoop(client, broker, journal), broker, journal)


def signal(**changes: Any) -> dict[str, Any]:
    plain = {"action": "BUY", "ticker": "SPY", "mode": "ACTIVE", "allocation": 0.4, "original_allocation": 0.4}
    return plain | {"nonce": NONCE, "agent_id": "acme_Trend"} | changes


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"nonce": None}, "Trend: not traded: a BUY without nonce or symbol cannot be redeemed, nonce=none"),
        (
            {"ticker": "", "action": "SELL"},
            "Trend: not traded: a SELL without nonce or symbol cannot be redeemed, nonce=0f0f0f0f",
        ),
        ({"mode": "A_MODE_OF_TOMORROW"}, "🚫 Trend: A_MODE_OF_TOMORROW - Skipping"),
    ],
    ids=["nonce", "symbol", "mode"],
)
def test_a_signal_that_cannot_be_traded_is_logged_once(
    desk: Desk, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], line: str
) -> None:
    desk.api.signals = {"Trend": signal(**changes)}
    desk.loop.run_once()
    desk.loop.run_once()
    assert caplog.messages == [line]
    assert not [asked for asked in desk.server.requests if asked.method == "POST"]


def test_a_fill_that_the_ledger_refuses_is_kept_and_nothing_is_stuck(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.api.signals = {"Trend": signal()}
    desk.api.fills = problem(422, "MALFORMED_REQUEST", errors=[{"field": "fills.0.ts", "detail": "from 1970"}])
    desk.loop.run_once()
    desk.loop.run_once()
    [kept] = desk.journal.refused_fills()
    assert (kept["symbol"], kept["qty"], kept["reason"]) == ("SPY", 10.0, "fills.0.ts: from 1970")
    assert "refuses fill" in caplog.text
    assert desk.journal.open_trades() == []


def test_an_unknown_redemption_is_asked_for_again_with_the_same_key(desk: Desk) -> None:
    desk.api.signals = {"Trend": signal()}
    desk.api.redeem = problem(503, "STORE_UNAVAILABLE")
    with pytest.raises(Unavailable):
        desk.loop.run_once()
    assert desk.broker.position("SPY") == 0.0
    desk.api.redeem = None
    desk.loop.run_once()
    assert desk.broker.position("SPY") == 10.0
    keys = {asked.headers["idempotency-key"] for asked in desk.server.asked(f"/v1/signals/{NONCE}/redeem")}
    assert len(keys) == 1


def test_an_entry_that_was_withdrawn_before_its_answer_came_is_released_and_never_sent(desk: Desk) -> None:
    desk.api.signals = {"Trend": signal()}
    desk.api.redeem = problem(503, "STORE_UNAVAILABLE")
    with pytest.raises(Unavailable):
        desk.loop.run_once()
    desk.api.redeem = problem(409, "ENTRY_WITHDRAWN")
    desk.loop.run_once()
    assert len(desk.server.asked(f"/v1/signals/{NONCE}/release")) == 1
    assert desk.broker.position("SPY") == 0.0
    assert desk.journal.open_trades() == []
    desk.api.redeem = None
    desk.loop.run_once()
    assert desk.broker.position("SPY") == 0.0, "it is over"


def test_the_paper_broker_fills_with_costs_once_and_goes_no_shorter_than_flat() -> None:
    broker = PaperBroker(lambda _: 450.0, cash=10_000.0)
    order = broker.submit_order(NONCE, "SPY", "buy", 10.0)
    assert broker.submit_order(NONCE, "SPY", "buy", 12.0) == order == broker.find_order(NONCE)
    assert order.fees == pytest.approx(0.05)
    assert order.slippage == pytest.approx(0.9)
    account = broker.account()
    assert account.cash == pytest.approx(10_000 - 4500 - 0.95)
    assert account.positions == {"SPY": 10.0}
    assert account.equity == pytest.approx(10_000 - 0.95)
    for side, qty in [("buy", 13.0), ("sell", 10.1), ("sell", 0.0), ("buy", float("nan"))]:
        with pytest.raises(OrderRejected):
            broker.submit_order("00" * 16, "SPY", side, qty)
    broker.submit_order("11" * 16, "SPY", "sell", 10.0)
    assert broker.account().positions == {}


def test_the_loop_says_what_the_broker_says_and_nothing_in_place_of_what_it_does_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Account(as_of=utc_now(), equity=None, buying_power=-250.5, cash=None)
    monkeypatch.setattr(desk.broker, "account", lambda: said)
    desk.loop.run_once()
    [published] = [asked.json for asked in desk.server.requests if asked.path == "/v1/account"]
    assert [published[name] for name in ("equity", "buying_power", "cash")] == [None, -250.5, None]


@pytest.mark.parametrize("module", sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__main__"))
def test_examples_in_docstrings(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"examples.trading_client.{module}")).failed == 0


def test_a_copy_under_another_name_runs_by_itself(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "of_my_own", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "of_my_own", "run", "--help"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert shown.returncode == 0, shown.stderr
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                allowed = {"functions"} if path.stem == "alpaca" else set()
                assert str(node.module).split(".")[0] not in {"functions", "examples", "tools", "tests"} - allowed, path


def test_a_copy_with_maestros_adapter_beside_it_trades_at_alpaca_and_loads_nothing_else_of_maestros(
    tmp_path: Path,
) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "venv", "*.local")
    shutil.copytree(PACKAGE, tmp_path / "of_my_own", ignore=ignored)
    shutil.copytree("functions", tmp_path / "functions", ignore=ignored)
    code = """
import sys
from of_my_own.alpaca import AlpacaBroker
print(AlpacaBroker("key", "secret"))
heavy = {"google.cloud.firestore", "google.auth", "firebase_admin", "flask", "pandas", "numpy", "grpc", "requests"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
parts = ("functions.adapters.", "functions.services.", "functions.domain.", "functions.strategies.")
known = ("functions.adapters.alpaca", "functions.adapters.timed_streams", "functions.services.broker")
known += ("functions.domain.broker", "functions.domain.kernel")
others = [one for one in sys.modules if one.startswith(parts) and not one.startswith(known)]
assert not others, others
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "paper" in done.stdout
