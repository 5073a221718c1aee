"""The migration guide's testing checklist, one test a box."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.monitoring.ports import Answer
from functions.strategies.loader import StrategyLoader
from functions.strategies.maestro_controller import MaestroController, MaestroDecision
from functions.strategies.maestro_monitoring import MaestroMonitoring
from tests.samples import SAMPLE_NAMES

BUY = {"action": "BUY", "ticker": "AAPL", "allocation": 0.4, "confidence": 0.8, "reasoning": "up"}
SELL = {"action": "SELL", "ticker": "KO", "confidence": 0.8, "reasoning": "down"}
DAYS = [date(2026, 1, 1) + timedelta(days=day) for day in range(30)]
STEADY, SHAKY, LOSING = [0.002, 0.001], [0.009, -0.00785], [-0.002, -0.001]
QUOTES = {"AAPL": {"price": 100.0}}
Signals = dict[str, dict[str, Any]]


def write_record(db: Client, **returns: list[float]) -> None:
    """Give strategies thirty days of returns, two in turn."""
    cells = [(name, day, pair[n % 2]) for name, pair in returns.items() for n, day in enumerate(DAYS)]
    windows = PerformanceWindows.from_daily_returns(cells)
    paths.windows(db, "acme", None).set(windows.to_document())


def orchestrate(db: Client, **proposed: dict[str, Any]) -> tuple[Signals, MaestroDecision]:
    account = {"equity": 100_000, "buying_power": 100_000, "as_of": datetime.now(UTC)}
    controller = MaestroController(db, "acme")
    return asyncio.run(controller.orchestrate(proposed, market_data=QUOTES, account_snapshot=account))


def test_maestro_initializes_without_errors(own_db: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "maestro")
    loader = StrategyLoader(db=own_db, tenant_id="acme", uid="ann")
    assert loader.get_load_errors() == {}
    assert "MaestroController initialized: tenant=acme, uid=ann" in caplog.messages


def test_all_strategies_are_discovered_and_loaded() -> None:
    assert set(StrategyLoader().get_strategy_names()) >= SAMPLE_NAMES


def test_orchestration_decisions_are_logged_to_firestore(own_db: Client) -> None:
    _, decision = orchestrate(own_db, Trend=BUY)
    log = paths.orchestration_logs(own_db).document(decision.session_id).get().to_dict() or {}
    assert (log["tenant_id"], log["allocation_decisions"][0]["strategy_name"]) == ("acme", "Trend")


def test_shadow_mode_strategies_do_not_execute_trades(own_db: Client) -> None:
    write_record(own_db, Loser=LOSING)
    signals, _ = orchestrate(own_db, Loser=BUY)
    assert (signals["Loser"]["mode"], signals["Loser"]["allocation"]) == ("SHADOW_MODE", 0.0)
    assert signals["Loser"]["original_allocation"] == 0.4
    assert signals["Loser"]["notional"] == 0.0


def test_reduced_allocations_are_applied_correctly(own_db: Client) -> None:
    write_record(own_db, Shaky=SHAKY, Steady=STEADY)
    signals, decision = orchestrate(own_db, Shaky=BUY, Steady=BUY)
    sharpe = decision.allocation_decisions[0].sharpe_ratio
    assert sharpe is not None
    assert 0.5 <= sharpe < 1.0
    assert (signals["Shaky"]["mode"], signals["Shaky"]["allocation"]) == ("REDUCED", 0.2)
    assert (signals["Steady"]["mode"], signals["Steady"]["allocation"]) == ("ACTIVE", 0.4)


def test_systemic_risk_override_works_with_three_or_more_sells(own_db: Client) -> None:
    calm, quiet = orchestrate(own_db, Trend=BUY, One=SELL, Two=SELL)
    assert (calm["Trend"]["action"], quiet.systemic_risk_detected) == ("BUY", False)
    signals, decision = orchestrate(own_db, Trend=BUY, One=SELL, Two=SELL, Three=SELL)
    assert decision.systemic_risk_detected
    assert (signals["Trend"]["action"], signals["Trend"]["original_action"]) == ("HOLD", "BUY")
    assert "systemic risk" in signals["Trend"]["override_reason"]
    assert [signals[name]["action"] for name in ("One", "Two", "Three")] == ["SELL"] * 3


def test_jit_identity_is_unique_per_signal(own_db: Client) -> None:
    first, _ = orchestrate(own_db, Trend=BUY, Exit=SELL)
    second, _ = orchestrate(own_db, Trend=BUY, Exit=SELL)
    nonces = [signal["nonce"] for signals in (first, second) for signal in signals.values()]
    assert len(set(nonces)) == len(nonces) == 4
    assert first["Trend"]["session_id"] != second["Trend"]["session_id"]
    assert first["Trend"]["agent_id"] == "acme_Trend"


def test_ai_summaries_are_generated(own_db: Client) -> None:
    _, decision = orchestrate(own_db, Trend=BUY)
    assert decision.ai_summary.startswith("Maestro weighed 1 strategy")

    class Model:
        def ask(self, _: object) -> Answer:
            return Answer("A calm day.", "a-model", 1, 1)

    loader = StrategyLoader(own_db, "acme", summariser=Model())
    account = {"equity": 100_000, "buying_power": 100_000}
    _, summarised = asyncio.run(loader.evaluate_all_strategies_with_maestro(QUOTES, account))
    assert summarised is not None
    assert (summarised.ai_summary, summarised.ai_summary_source) == ("A calm day.", "gemini")


def test_dashboard_shows_accurate_orchestration_data(own_db: Client) -> None:
    write_record(own_db, Loser=LOSING)
    orchestrate(own_db, Loser=BUY, Trend=BUY)
    orchestrate(own_db, Trend=BUY, One=SELL, Two=SELL, Three=SELL)
    summary = asyncio.run(MaestroMonitoring(own_db, "acme").get_orchestration_summary(hours=24))
    assert (summary["total_decisions"], summary["systemic_risk_events"]) == (2, 1)
    assert summary["mode_distribution"] == {"ACTIVE": 5, "REDUCED": 0, "SHADOW_MODE": 1, "DISABLED": 0}
    assert summary["strategies_shadowed"] == ["Loser"]


def test_alerts_fire_for_critical_events(own_db: Client) -> None:
    write_record(own_db, Trend=STEADY)
    orchestrate(own_db, Trend=BUY)
    write_record(own_db, Trend=LOSING)
    orchestrate(own_db, Trend=BUY, One=SELL, Two=SELL, Three=SELL)
    alerts = asyncio.run(MaestroMonitoring(own_db, "acme").check_maestro_alerts())
    assert alerts[0].startswith("🚨 SYSTEMIC RISK: 3 strategies signal SELL")
    assert any(line.startswith("⚠️ Trend moved to SHADOW_MODE (Sharpe: -") for line in alerts)
