"""What a cycle takes, compared with one batched read and one commit of the same documents."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.cycle_store import FirestoreCycleStore
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.market_calendar import AlwaysOpen, OneCalendar
from functions.adapters.system import SecretIds, SystemClock
from functions.domain.kernel.policy import Policy
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.signals import ProposedSignal
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.kernel.ports import Version
from functions.services.orchestration.cycle_request import CycleRequest
from functions.services.orchestration.evaluate_strategies import StrategyEvaluator
from functions.services.orchestration.ports import CycleWrites, TenantState
from functions.services.orchestration.run_cycle import RunCycle
from tools.bench_times import timed

STRATEGY_COUNTS = (10, 50, 100, 500)
TENANT = "bench"


class RecordingStore(FirestoreCycleStore):
    """Firestore's store, remembering the last commit so that the bound can repeat its documents."""

    writes: CycleWrites

    def commit(self, tenant_id: str, uid: str | None, writes: CycleWrites, session_version: Version | None) -> None:
        self.writes = writes
        super().commit(tenant_id, uid, writes, session_version)


def seed(db: Client, strategy_count: int) -> list[str]:
    """Write one tenant with ``strategy_count`` strategies and return their names."""
    now = datetime.now(UTC)
    rng = np.random.default_rng(20)
    names = [f"Strategy{number:04d}" for number in range(strategy_count)]
    days = [date(2020, 1, 1) + timedelta(days=day) for day in range(90)]
    returns = rng.normal(0.001, 0.01, (strategy_count, 90))
    windows = PerformanceWindows(tuple(names), tuple(days), SessionReturns.plain(returns))
    FirestoreLedgerStore(db).write_windows(TENANT, {None: windows.to_document()})
    symbols = {f"S{number}": {"price": 100.0, "history": [100.0] * 60} for number in range(20)}
    paths.market_data(db, TENANT).set({"as_of": now, "symbols": symbols})
    paths.account(db, TENANT).set({"equity": 1e6, "buying_power": 1e6, "positions": [], "as_of": now})
    paths.policy(db, TENANT).set({"version": 1})
    return names


def strategy(number: int) -> Callable[..., dict[str, Any]]:
    """A strategy that costs nothing, so that only Maestro is measured."""
    action = ("BUY", "HOLD", "BUY", "HOLD", "SELL")[number % 5] if number % 100 else "HOLD"
    signal = {"action": action, "ticker": "S1", "allocation": 0.1, "confidence": 0.5, "reasoning": "measured"}

    def evaluate(*_inputs: Any) -> dict[str, Any]:
        return signal

    return evaluate


def propose(names: list[str]) -> Callable[[CycleInputs, Policy], Awaitable[list[ProposedSignal]]]:
    evaluator = StrategyEvaluator()
    strategies = {name: strategy(number) for number, name in enumerate(names)}

    async def evaluate(inputs: CycleInputs, policy: Policy) -> list[ProposedSignal]:
        timeout = policy.strategy_timeout_seconds
        return await evaluator.evaluate(
            TENANT, strategies, inputs.market_data, inputs.account_snapshot, inputs.regime, timeout
        )

    return evaluate


def bound(store: FirestoreCycleStore, writes: CycleWrites, number: int) -> None:
    """Do the same work in Firestore and nothing else: one batched read and one commit of the same documents."""
    state: TenantState = store.read(TENANT, None, None)
    again = replace(writes, session_id=f"bound-{number}-{time.time_ns()}")
    store.commit(TENANT, None, again, state.session.version)


def measure_cycle(db: Client, strategy_count: int, rounds: int) -> tuple[float, float]:
    """Return median seconds of (cycle, bound), measured in turn so that both meet the same machine."""
    names = seed(db, strategy_count)
    store = RecordingStore(db)
    cycle = RunCycle(store, SystemClock(), SecretIds(), OneCalendar(AlwaysOpen()))
    request = CycleRequest(tenant_id=TENANT, propose=propose(names))
    cycles, bounds = [], []
    with asyncio.Runner() as runner:
        runner.run(cycle.run(request))  # first modes, channels and caches
        for number in range(rounds):
            cycles.append(timed(lambda: runner.run(cycle.run(request))))
            bounds.append(timed(lambda number=number: bound(store, store.writes, number)))  # type: ignore[misc]
    return statistics.median(cycles), statistics.median(bounds)
