"""The guide's three monitoring functions, unchanged, over what Maestro writes in every state."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.strategies.maestro_controller import MaestroController
from functions.triggers.api import record_answers
from tests.docs.blocks import run_block
from tests.docs.users_guide import MONITORING, TENANT, readers_names, write_records

BUY = {"action": "BUY", "ticker": "KO", "allocation": 0.4, "confidence": 0.8, "reasoning": "up"}
SELL = {"action": "SELL", "ticker": "KO", "confidence": 0.8, "reasoning": "down"}
Proposals = dict[str, dict[str, Any]]


def nothing(_: Client) -> None:
    """No preparation."""


def without_data_shadowed(db: Client) -> None:
    paths.policy(db, TENANT).set({"insufficient_data_mode": "SHADOW_MODE"})


def switched_off(db: Client) -> None:
    write_records(db)
    paths.policy(db, TENANT).set({"disabled_strategies": ["Losing"]})


def maestro_off(db: Client) -> None:
    paths.policy(db, TENANT).set({"enabled": False, "disabled_strategies": ["Off"]})


@dataclass(frozen=True)
class State:
    """A log to watch, and what the guide's functions find in it."""

    cycles: tuple[Proposals, ...]
    modes: tuple[int, int, int]
    """How often ACTIVE, REDUCED and SHADOW_MODE were decided."""
    alerts: tuple[str, ...] = ()
    prepare: Callable[[Client], None] = nothing
    disabled: tuple[str, ...] = ()


STATES = {
    "an empty log": State((), (0, 0, 0)),
    "systemic risk": State(
        ({"Trend": BUY, "One": SELL, "Two": SELL, "Three": SELL},),
        (4, 0, 0),
        ("🚨 SYSTEMIC RISK: 3 strategies signal SELL (One, Two, Three). Overrode 1 BUY signal to HOLD.",),
    ),
    "reduced": State(({"Shaky": BUY, "Steady": BUY},), (1, 1, 0), prepare=write_records),
    "shadowed by a ratio": State(
        ({"Losing": BUY},), (0, 0, 1), ("⚠️ Losing moved to SHADOW_MODE (Sharpe: -51.78)",), write_records
    ),
    "shadowed without a ratio": State(
        ({"New": BUY},), (0, 0, 1), ("⚠️ New moved to SHADOW_MODE (Sharpe: nan)",), without_data_shadowed
    ),
    "a disabled strategy": State(
        ({"Losing": BUY, "Steady": BUY},), (1, 0, 0), prepare=switched_off, disabled=("Losing",)
    ),
    "all disabled": State(({"Losing": BUY},), (0, 0, 0), prepare=switched_off, disabled=("Losing",)),
    "a failed strategy": State(({"Loud": {"action": "SHOUT"}},), (1, 0, 0)),
    "Maestro switched off": State(({"Trend": BUY, "Off": BUY},), (1, 0, 0), prepare=maestro_off, disabled=("Off",)),
    "several cycles": State(({"Shaky": BUY, "Losing": BUY}, {"Steady": BUY}), (1, 1, 1), prepare=write_records),
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_the_guides_monitoring(own_db: Client, state: State) -> None:
    state.prepare(own_db)
    account = {"equity": 100_000, "buying_power": 100_000, "as_of": datetime.now(UTC)}
    for proposed in state.cycles:
        controller = MaestroController(own_db, TENANT)
        cycle = controller.orchestrate(proposed, market_data={"KO": {"price": 50.0}}, account_snapshot=account)
        asyncio.run(cycle)
    summary, alerts, report = asyncio.run(watch(own_db))
    assert summary["total_decisions"] == len(state.cycles)
    assert tuple(summary["mode_distribution"].values()) == state.modes
    assert tuple(alerts) == state.alerts
    assert f"Total Orchestration Decisions: {len(state.cycles)}" in report
    assert f"  • SHADOW_MODE: {state.modes[2]}" in report
    for log in logs(own_db):
        names = {entry["strategy_name"] for entry in log["allocation_decisions"]}
        assert names == log["signals"].keys() - set(state.disabled)
        assert {entry["strategy_name"] for entry in log["disabled_decisions"]} == set(state.disabled)


async def watch(db: Client) -> tuple[dict[str, Any], list[str], str]:
    """Return what the guide's three functions answer."""
    names = readers_names(db)
    for block in MONITORING:
        await run_block(block, names)
    summary = await names["get_orchestration_summary"](hours=24)
    return summary, await names["check_maestro_alerts"](), await names["generate_daily_maestro_report"]()


def logs(db: Client) -> list[dict[str, Any]]:
    return [found.to_dict() or {} for found in paths.orchestration_logs(db).stream()]


def test_an_unknown_ratio_is_nan_in_the_log_and_null_in_json(own_db: Client) -> None:
    asyncio.run(MaestroController(own_db, TENANT).orchestrate({"New": BUY}))
    (log,) = logs(own_db)
    (entry,) = log["allocation_decisions"]
    assert math.isnan(entry["sharpe_ratio"])
    assert math.isnan(entry["probabilistic_sharpe_ratio"])
    (answered,) = json.loads(record_answers.Decision.model_validate(log).model_dump_json())["allocation_decisions"]
    assert (answered["sharpe_ratio"], answered["probabilistic_sharpe_ratio"]) == (None, None)
