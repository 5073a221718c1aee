"""The façade users import, against Firestore: the guide's calls, as the guide makes them."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.domain.track_record.standing import UNNAMED_SAMPLE
from functions.services.track_record.build_windows import build_windows
from functions.strategies.loader import StrategyLoader
from functions.strategies.maestro_controller import AgentMode, MaestroController, MaestroDecision
from functions.strategies.trend import MovingAverageTrend
from tests.samples import SAMPLE_NAMES

TENANT = "acme"
MARKET = {"SPY": {"price": 450.00, "volume": 1_000_000}}
ACCOUNT = {"equity": "100000.00", "buying_power": "50000.00", "positions": []}
BUY = {"action": "BUY", "ticker": "SPY", "allocation": 0.4, "reasoning": "up"}
SELL = {"action": "SELL", "ticker": "SPY"}


def write_days(db: Client, returns: dict[str, list[float]], uid: str = "ann", last: date = date(2020, 3, 13)) -> None:
    """Store daily performance documents whose last day is ``last``."""
    for name, series in returns.items():
        for age, value in enumerate(reversed(series)):
            day = last - timedelta(days=age)
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            document = {"uid": uid, "strategy_id": name, "period": "day", "period_start": start}
            document |= {"pnl": value * 1000, "capital_base": 1000.0}
            paths.strategy_performance(db, TENANT).document(f"{uid}__{name}__{day}").set(document)


def steady(sharpe: float, days: int = 30) -> list[float]:
    """Daily returns whose Sharpe ratio over the policy's risk-free rate is ``sharpe``."""
    noise = np.resize([0.01, -0.01], days)
    target = sharpe / 252**0.5 * noise.std(ddof=1) + 0.04 / 252
    return [float(value) for value in noise - noise.mean() + target]


@pytest.fixture
def track_records(own_db: Client) -> Client:
    write_days(own_db, {"Good": steady(1.5), "Fair": steady(0.8), "Poor": steady(0.1), "New": steady(9, days=3)})
    build_windows(FirestoreLedgerStore(own_db), TENANT, date(2020, 3, 16))
    return own_db


def orchestrate(db: Client, signals: dict[str, Any], **options: Any) -> tuple[dict[str, Any], MaestroDecision]:
    controller = MaestroController(db, TENANT, options.pop("uid", None))
    return asyncio.run(controller.orchestrate(signals, list(signals), **options))


def test_the_guides_first_phase(own_db: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="maestro"):
        loader = StrategyLoader(db=own_db, tenant_id=TENANT, uid="user123")
        signals, decision = asyncio.run(
            loader.evaluate_all_strategies_with_maestro(market_data=MARKET, account_snapshot=ACCOUNT, regime=None)
        )
    assert decision is not None
    assert "MaestroController initialized: tenant=acme, uid=user123" in caplog.messages
    for signal in signals.values():
        assert {"action", "allocation", "mode", "agent_id", "nonce", "session_id"} <= set(signal)
    stored = paths.orchestration_logs(own_db).document(decision.session_id).get().to_dict()
    assert stored is not None
    assert stored["ai_summary"] == decision.ai_summary
    assert set(stored) == set(decision.to_firestore_doc()) | {"sizes"}


def test_track_records_become_modes_and_weights(track_records: Client) -> None:
    signals, decision = orchestrate(track_records, dict.fromkeys(["Good", "Fair", "Poor", "New"], BUY))
    modes = {verdict.strategy_name: verdict.mode.value for verdict in decision.allocation_decisions}
    assert modes == {"Good": "ACTIVE", "Fair": "REDUCED", "Poor": "SHADOW_MODE", "New": "ACTIVE"}
    assert signals["Fair"]["allocation"] == pytest.approx(0.2)
    assert signals["Fair"]["original_allocation"] == 0.4
    assert signals["Poor"]["allocation"] == 0
    sharpe = {verdict.strategy_name: verdict.sharpe_ratio for verdict in decision.allocation_decisions}
    assert sharpe["Fair"] == pytest.approx(0.8)
    assert sharpe["New"] is None, "too few days are a state of their own, never 0"
    controller = MaestroController(track_records, TENANT)
    weights = asyncio.run(controller.calculate_strategy_weights(["Good", "Poor"]))
    assert weights == {"Good": (1.0, AgentMode.ACTIVE), "Poor": (0.0, AgentMode.SHADOW_MODE)}


def test_performance_metrics_of_one_strategy(track_records: Client) -> None:
    controller = MaestroController(track_records, TENANT)
    good = asyncio.run(controller.fetch_strategy_performance("Good"))
    new = asyncio.run(controller.fetch_strategy_performance("New"))
    assert (good.data_points, good.is_healthy()) == (30, True)
    assert good.sharpe_ratio == pytest.approx(1.5)
    assert (new.data_points, new.sharpe_ratio, new.win_rate, new.is_healthy()) == (3, None, None, False)


def test_a_user_is_weighed_by_that_users_fills_alone(own_db: Client) -> None:
    write_days(own_db, {"S": steady(2.0)}, uid="ann")
    write_days(own_db, {"S": steady(-2.0)}, uid="bob")
    build_windows(FirestoreLedgerStore(own_db), TENANT, date(2020, 3, 16))
    modes = {
        uid: orchestrate(own_db, {"S": BUY}, uid=uid)[1].allocation_decisions[0].mode.value for uid in ("ann", "bob")
    }
    assert modes == {"ann": "ACTIVE", "bob": "SHADOW_MODE"}


def test_users_pooled_are_profit_over_capital_day_by_day(own_db: Client) -> None:
    write_days(own_db, {"S": [0.10]}, uid="ann")
    write_days(own_db, {"S": [-0.02]}, uid="bob")
    windows = build_windows(FirestoreLedgerStore(own_db), TENANT, date(2020, 3, 16))
    assert windows[None].sessions.returns.tolist() == [[pytest.approx(0.04)]]


def test_thresholds_set_on_the_class_apply_and_the_tenants_document_overrides_them(
    track_records: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MaestroController, "SHARPE_THRESHOLD_REDUCE", 2.0)
    monkeypatch.setattr(MaestroController, "SHARPE_THRESHOLD_SHADOW", 1.0)
    assert orchestrate(track_records, {"Good": BUY})[1].allocation_decisions[0].mode == "REDUCED"
    paths.policy(track_records, TENANT).set({"SHARPE_THRESHOLD_SHADOW": 1.8})
    assert orchestrate(track_records, {"Good": BUY})[1].allocation_decisions[0].mode == "SHADOW_MODE"


def test_switched_off_signals_pass_as_proposed_still_stamped_and_logged(track_records: Client) -> None:
    paths.policy(track_records, TENANT).set({"enabled": False, "disabled_strategies": ["Good"]})
    signals, decision = orchestrate(track_records, {"Good": BUY, "Poor": BUY})
    assert (signals["Poor"]["mode"], signals["Poor"]["allocation"]) == ("ACTIVE", 0.4)
    assert signals["Good"]["mode"] == "DISABLED"
    assert len(signals["Poor"]["nonce"]) == 32
    assert paths.orchestration_logs(track_records).document(decision.session_id).get().exists
    assert not paths.modes(track_records, TENANT, None).get().exists


def test_a_sample_trades_nothing_for_a_tenant_that_does_not_name_it(own_db: Client) -> None:
    name = MovingAverageTrend.__name__
    rising = {"HD": {"price": 175.0, "history": [100.0 + day / 4 for day in range(300)]}}
    loader = StrategyLoader(own_db, TENANT)

    def decided() -> tuple[dict[str, Any], dict[str, Any]]:
        signals, decision = asyncio.run(loader.evaluate_all_strategies_with_maestro(rising, ACCOUNT))
        weights = asyncio.run(loader.calculate_strategy_weights())
        assert decision is not None
        assert {one for one, (weight, _) in weights.items() if weight == 0} >= SAMPLE_NAMES - {name}
        verdict = next(one for one in decision.verdicts if one.strategy_name == name)
        return signals[name], {"weight": weights[name], "why": verdict.reasoning}

    signal, told = decided()
    assert (signal["mode"], signal["allocation"], signal["reason_code"]) == ("DISABLED", 0, "SAMPLE_NOT_NAMED")
    assert told == {"weight": (0.0, AgentMode.DISABLED), "why": UNNAMED_SAMPLE}
    assert asyncio.run(loader.evaluate_all_strategies(rising, ACCOUNT))[name]["action"] == "HOLD"
    own = {name: loader.get_strategy(name)}
    given, _ = asyncio.run(MaestroController(own_db, TENANT).orchestrate({name: BUY}, own))
    assert given[name]["mode"] == "DISABLED", "evaluated elsewhere, it is a sample still"

    paths.policy(own_db, TENANT).set({"sample_strategies": [name]})
    signal, told = decided()
    assert (signal["mode"], signal["action"], signal["allocation"]) == ("ACTIVE", "BUY", 0.25)
    assert told["weight"] == (1.0, AgentMode.ACTIVE)


def test_a_file_that_fails_to_load_is_in_the_decision_and_stops_nothing(
    own_db: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "strategies_of_ann"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "broken.py").write_text("import no_such_module")
    source = "from functions.strategies.base import BaseStrategy\n\n\nclass Own(BaseStrategy):\n"
    source += "    def evaluate(self, market_data, account_snapshot, regime=None):\n"
    source += "        return self.buy('SPY', 0.1, str(regime))\n"
    (package / "own.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    loader = StrategyLoader(own_db, TENANT, strategies_package="strategies_of_ann")
    regime = {"regime": "calm"}
    signals, decision = asyncio.run(loader.evaluate_all_strategies_with_maestro(MARKET, ACCOUNT, regime))
    assert decision is not None
    assert decision.load_errors == {"broken": "ModuleNotFoundError: No module named 'no_such_module'"}
    assert (signals["Own"]["action"], signals["Own"]["reasoning"]) == ("BUY", "{'regime': 'calm'}")
    log = paths.orchestration_logs(own_db).document(decision.session_id).get().to_dict()
    assert log is not None
    assert log["load_errors"] == decision.load_errors


def test_a_users_own_shadow_trade_is_recorded_once(own_db: Client) -> None:
    controller = MaestroController(own_db, TENANT)
    signal = controller.enrich_signals_with_identity({"S": {**BUY, "qty": 10, "price": 450.0}})["S"]
    for _ in range(2):
        asyncio.run(controller.log_shadow_trade("S", signal))
    records = [one.to_dict() or {} for one in paths.shadow_pnl(own_db, TENANT).stream()]
    assert len(records) == 1
    assert (records[0]["symbol"], records[0]["side"], records[0]["qty"], records[0]["price"]) == ("SPY", "buy", 10, 450)
    assert records[0]["agent_id"] == "acme_S"


def test_systemic_override_identity_and_enrichment_without_a_cycle(own_db: Client) -> None:
    controller = MaestroController(own_db, TENANT)
    raw = {"A": {"action": "SELL"}, "B": {"action": "SELL"}, "C": {"action": "SELL"}, "D": {"action": "BUY"}}
    modified, detected, details = controller.apply_systemic_risk_override(raw)
    assert detected is True
    assert (modified["D"]["action"], modified["D"]["original_action"]) == ("HOLD", "BUY")
    assert modified["D"]["override_reason"] == "Maestro systemic risk override: 3 strategies signaling SELL"
    assert details is not None
    assert details.startswith("3 strategies signal SELL")
    assert raw["D"] == {"action": "BUY"}, "the caller's own signals are not changed"
    identities = [controller.generate_agent_identity("Strategy1") for _ in range(100)]
    assert len({identity.nonce for identity in identities}) == 100
    assert {identity.agent_id for identity in identities} == {"acme_Strategy1"}
    one = identities[0]
    assert one.timestamp.tzinfo is not None
    assert one.to_dict() == {
        "agent_id": "acme_Strategy1",
        "strategy_name": "Strategy1",
        "nonce": one.nonce,
        "session_id": controller.session_id,
        "timestamp": one.timestamp.isoformat(),
    }
    first, second = (controller.enrich_signals_with_identity(raw)["A"]["session_id"] for _ in range(2))
    assert first != second


def test_five_hundred_strategies_with_long_texts_fit_their_documents(own_db: Client) -> None:
    long_text = {**BUY, "reasoning": "ü" * 10_000_000, "note": "x" * 100_000, "handle": object()}
    signals, decision = orchestrate(own_db, {f"Strategy{number}": long_text for number in range(500)})
    assert signals["Strategy0"]["note"] == "x" * 100_000, "the caller gets a strategy's own fields whole"
    log = paths.orchestration_logs(own_db).document(decision.session_id).get().to_dict()
    assert log is not None
    assert len(log["signals"]) == 500
    assert log["signals"]["Strategy0"]["reasoning"].endswith("…")
