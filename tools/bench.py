"""
Measure what matters as ratios within one run: this machine's milliseconds mean little on another.

    cycle       one cycle on the Firestore emulator, against one batched read and one commit of the same documents
    isolation   evaluating strategies in processes of their own, against threads
    night       a session's snapshot of all strategies, against the store's reads and writes alone
    ledger      FIFO matching, against a loop over a queue of lots; a month as the history before it grows
    schedules   queueing for 20,000 tenants, against one call after the other; trading days of five years
    api         p50 and p95 of redemptions and cycles over HTTP, and of writers who contend
    lab         a replay of 1,000 days in memory, against its strategies' own evaluate calls
    modes       Sharpe ratios and modes of 1,000 strategies, the most a tenant can have, in memory
    import      main.py, against the bare SDKs and numpy
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from google.cloud.firestore import Client
from rich import box
from rich.console import Console
from rich.table import Table

from functions.adapters.firestore import paths
from functions.adapters.firestore.cycle_store import FirestoreCycleStore
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.market_calendar import AlwaysOpen, OneCalendar
from functions.adapters.system import SecretIds, SystemClock
from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import MAX_WINDOW_DAYS, Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.signals import ProposedSignal
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.standing import standings
from functions.domain.track_record.windows import MAX_WINDOW_STRATEGIES, PerformanceWindows
from functions.services.kernel.ports import Version
from functions.services.orchestration.cycle_request import CycleRequest
from functions.services.orchestration.evaluate_strategies import StrategyEvaluator
from functions.services.orchestration.ports import CycleWrites, TenantState
from functions.services.orchestration.run_cycle import RunCycle
from tools.bench_api import CLIENTS, WRITERS, ApiBench, Latencies, environment_of, measure_contention
from tools.bench_isolation import COUNTS, measure_isolation
from tools.bench_lab import DAYS, measure_lab
from tools.bench_ledger import (
    FILLS_IN_MONTH,
    HISTORIES,
    STREAMED_FILLS,
    measure_fifo,
    measure_memory,
    measure_months,
    pile_up,
    random_books,
)
from tools.bench_night import NIGHTS, measure_night
from tools.bench_schedules import TENANTS, measure_calendar, measure_fan_out
from tools.emulator_suite import EmulatorSuite
from tools.interrupts import interruptible
from tools.ports import free_ports
from tools.prerequisites import DEV_PYTHON, ROOT

LEGEND = """
Baselines. Cycle: one batched read and one commit of the same documents. Night: all its reads and writes.
Evaluation in processes: the same in threads, where nothing is kept apart. The first one starts the processes, and
loads the files.
Month, which adds up its days: computing it from its fills, whose query slows in the emulator with the ledger's size.
Schedule: one call after the other. Five years of trading days: one day, where nothing is built.
Lab: the same strategies' own evaluate calls of the same days, CPU time of both. FIFO: a loop over a queue of lots.
Sharpe and modes: one strategy after the other. Import: the bare SDKs and numpy. Medians of one run."""
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
    session_id = f"bound-{number}-{time.time_ns()}"
    again = CycleWrites(
        session_id=session_id,
        log=writes.log,
        session=writes.session,
        current_session=writes.current_session,
        modes=writes.modes,
        shadow_records=writes.shadow_records,
    )
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


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure_standings(rounds: int) -> tuple[float, float]:
    """Return seconds of weighing as many strategies as a tenant can have, as cycles do: (all at once, one by one)."""
    rng, now = np.random.default_rng(20), datetime.now(UTC)
    names = tuple(f"Strategy{number:04d}" for number in range(MAX_WINDOW_STRATEGIES))
    days = tuple(date(2020, 1, 1) + timedelta(days=day) for day in range(MAX_WINDOW_DAYS))
    windows = PerformanceWindows(names, days, SessionReturns.plain(rng.normal(0.001, 0.01, (len(names), len(days)))))
    two_days_ago = now - timedelta(days=2)
    previous = {name: ModeState(AgentMode.REDUCED, two_days_ago, ReasonCode.SHARPE_BELOW_REDUCE) for name in names}

    def weigh(*some: str) -> None:
        standings(some, windows, previous, Policy(), now)

    def weigh_one_by_one() -> None:
        for name in names:
            weigh(name)

    weigh(*names)
    return statistics.median(timed(lambda: weigh(*names)) for _ in range(rounds)), timed(weigh_one_by_one)


def measure_import(rounds: int) -> tuple[float, float]:
    """Return median seconds of importing (main.py, the bare SDKs and numpy), each in a fresh process."""
    bare = "import firebase_functions.https_fn, firebase_functions.scheduler_fn, firebase_functions.tasks_fn\n"
    bare += "import firebase_admin.functions, firebase_admin.firestore, google.cloud.firestore, numpy"
    mains, bares = [], []
    for _ in range(rounds):
        mains.append(import_seconds("import functions.main"))
        bares.append(import_seconds(bare))
    return statistics.median(mains), statistics.median(bares)


def import_seconds(statements: str) -> float:
    code = f"import time; started = time.perf_counter()\n{statements}\nprint(time.perf_counter() - started)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [str(DEV_PYTHON), "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make bench ARGS=…", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15, help="repetitions; medians are shown (%(default)s)")
    rounds = parser.parse_args().rounds
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    logging.getLogger("maestro").setLevel(logging.ERROR)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("What", "Measured", "Baseline", "Ratio", "Goal"):
        table.add_column(heading, justify="left" if heading == "What" else "right")
    with interruptible(), EmulatorSuite(free_ports()) as suite:
        add_cycles(table, suite, console, rounds)
        add_nights(table, suite, console, rounds)
        add_months(table, suite, console, rounds)
        with environment_of(suite):
            requests_table = measure_api(suite, console)
    add_isolation(table, console, rounds)
    console.print("measuring FIFO, modes and imports …")
    add_fifo(table)
    add_schedules(table, console)
    add_lab(table, console)
    add(table, f"Sharpe and modes, {MAX_WINDOW_STRATEGIES:,} strategies", *measure_standings(rounds), "< 20 ms")
    add(table, "import of main.py", *measure_import(max(3, rounds // 2)), "≤ 1.3 ×")
    peak_mb, bytes_a_fill = measure_memory()
    console.print(table)
    console.print(requests_table)
    memory = f"{peak_mb:.0f} MB ({bytes_a_fill:.0f} bytes a fill)"
    console.print(f"Peak memory of one period of {STREAMED_FILLS:,} fills: {memory}.")
    console.print(LEGEND)
    return 0


def add_cycles(table: Table, suite: EmulatorSuite, console: Console, rounds: int) -> None:
    for strategy_count in STRATEGY_COUNTS:
        console.print(f"measuring a cycle of {strategy_count} strategies …")
        cycle, lower = measure_cycle(suite.client(f"demo-bench-{strategy_count}"), strategy_count, rounds)
        add(table, f"cycle, {strategy_count} strategies", cycle, lower, "≤ 2 ×" if strategy_count >= 100 else "")


def add_nights(table: Table, suite: EmulatorSuite, console: Console, rounds: int) -> None:
    for strategies in NIGHTS:
        console.print(f"measuring the night of {strategies} strategies …")
        client = suite.client(f"demo-bench-night-{strategies}")
        add(table, f"night, {strategies} strategies", *measure_night(client, strategies, timed, rounds), "≤ 2 ×")


def add_isolation(table: Table, console: Console, rounds: int) -> None:
    console.print("measuring strategies in processes and threads …")
    for count in COUNTS:
        found = measure_isolation(count, rounds)
        what = f"evaluating {count} strategies: {found.per_strategy * 1000:.1f} ms each"
        add(table, what, found.processes, found.threads, "≤ 2.5 ms each")
        add(table, f"the first evaluation of {count}", found.cold, found.cold_threads, "")


def add_months(table: Table, suite: EmulatorSuite, console: Console, rounds: int) -> None:
    console.print(f"measuring a month of {FILLS_IN_MONTH:,} fills after {', '.join(map(str, HISTORIES))} older ones …")
    clients = {history: suite.client(f"demo-bench-month-{history}") for history in HISTORIES}
    months = measure_months(clients, timed, rounds)
    for history in HISTORIES:
        add(table, f"month, after {history:,} older fills", *months[history], "")
    longest = HISTORIES[-1]
    add(table, f"month, {longest:,} older fills vs none", months[longest][0], months[0][0], "≤ 1.2 ×")


def measure_api(suite: EmulatorSuite, console: Console) -> Table:
    """Return what clients of the API waited for."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Over HTTP, through the emulator", "p50", "p95", "A second"):
        table.add_column(heading, justify="left" if heading.startswith("Over") else "right")
    api = ApiBench(suite)
    for name, measure in (("redeem", api.redeem), ("orchestrate", api.orchestrate)):
        for clients in CLIENTS:
            console.print(f"measuring {name} with {clients} clients …")
            add_latencies(table, f"{name}, {clients} at once", measure(clients))
    console.print(f"measuring {WRITERS} writers of one document …")
    for way, latencies in zip(
        ("preconditions", "locking transactions"), measure_contention(suite.client()), strict=True
    ):
        add_latencies(table, f"{WRITERS} writers of one document, by {way}", latencies)
    return table


def add_latencies(table: Table, what: str, latencies: Latencies) -> None:
    times = (f"{latencies.percentile(percent) * 1000:.0f} ms" for percent in (50, 95))
    table.add_row(what, *times, f"{latencies.per_second:.1f}")


def add_fifo(table: Table) -> None:
    cases = {"100,000": random_books(100_000, 100), "1,000,000": random_books(1_000_000, 100)}
    for what, books in {**cases, "200,000 open lots": pile_up(200_000)}.items():
        fills = sum(quantity.size for quantity, _, _ in books)
        quick, loop = measure_fifo(books, timed)
        add(table, f"FIFO and grants, {what}: {fills / quick / 1e6:.1f} M fills/s", quick, loop, "≥ 3 M/s")


def add_schedules(table: Table, console: Console) -> None:
    console.print(f"measuring a schedule over {TENANTS:,} tenants …")
    add(table, f"queueing {TENANTS:,} tasks, 20 ms a call", *measure_fan_out(), "≤ 60 s")
    add(table, "trading days of five years, built", *measure_calendar(), "≤ 2 ×")


def add_lab(table: Table, console: Console) -> None:
    console.print(f"measuring the lab over {DAYS:,} days …")
    replayed, evaluated, count = measure_lab()
    add(table, f"lab, {count} strategies, {DAYS:,} days", replayed, evaluated, "≤ 3.5 ×")


def add(table: Table, what: str, measured: float, beside: float, goal: str) -> None:
    ratio = measured / beside
    table.add_row(what, f"{measured * 1000:.1f} ms", f"{beside * 1000:.1f} ms", f"{ratio:.2f} ×", goal)


if __name__ == "__main__":
    sys.exit(main())
