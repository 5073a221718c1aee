"""
Measure what matters as ratios within one run: this machine's milliseconds mean little on another.

    cycle       one cycle on the Firestore emulator, against one batched read and one commit of the same documents
    isolation   evaluating strategies in processes of their own, against threads
    night       a session's snapshot of all strategies, against the store's reads and writes alone
    ledger      FIFO matching, against a loop over a queue of lots; a month as the history before it grows
    schedules   queueing for 20,000 tenants, against one call after the other; trading days of five years
    api         p50 and p95 of redemptions and cycles over HTTP, and of writers who contend
    lab         a replay of 1,000 days in memory, against its strategies' own evaluate calls; a sweep on two cores
    modes       Sharpe ratios and modes of 1,000 strategies, the most a tenant can have, in memory
    import      main.py, against the bare SDKs
"""

from __future__ import annotations

import argparse
import logging
import sys

from rich import box
from rich.console import Console
from rich.table import Table

from functions.domain.track_record.windows import MAX_WINDOW_STRATEGIES
from tools.bench_api import CLIENTS, WRITERS, ApiBench, Latencies, environment_of, measure_contention
from tools.bench_cycle import STRATEGY_COUNTS, measure_cycle
from tools.bench_isolation import COUNTS, measure_isolation
from tools.bench_lab import DAYS, LONG, SWEPT, measure_lab, measure_long, measure_sweep, measure_two_cores
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
from tools.bench_modes import measure_import, measure_standings
from tools.bench_night import NIGHTS, measure_night
from tools.bench_schedules import TENANTS, measure_calendar, measure_fan_out
from tools.emulator_suite import EmulatorSuite
from tools.interrupts import interruptible
from tools.ports import free_ports
from tools.terminal import notes

LEGEND = """
Baselines. Cycle: one batched read and one commit of the same documents. Night: all its reads and writes.
Evaluation in processes: the same in threads, where nothing is kept apart. The first one starts the processes, and
loads the files.
Month, which adds up its days: computing it from its fills, whose query slows in the emulator with the ledger's size.
Schedule: one call after the other. Five years of trading days: one day, where nothing is built.
Lab: the same strategies' own evaluate calls of the same days, CPU time of both; its sweep: on one core. So is plain
arithmetic: it shows what the second core of this machine is worth.
FIFO: a loop over a queue of lots.
Sharpe and modes: one strategy after the other. Import: the bare SDKs, least CPU time of both.
Medians of one run, but for the import."""


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
        add_cycles(table, suite, rounds)
        add_nights(table, suite, rounds)
        add_months(table, suite, rounds)
        with environment_of(suite):
            requests_table = measure_api(suite)
    add_isolation(table, rounds)
    notes.print("measuring FIFO, modes and imports …")
    add_fifo(table)
    add_schedules(table)
    add_lab(table)
    add(table, f"Sharpe and modes, {MAX_WINDOW_STRATEGIES:,} strategies", *measure_standings(rounds), "< 20 ms")
    add(table, "import of main.py", *measure_import(3 * rounds), "≤ 1.3 ×")
    peak_mb, bytes_a_fill = measure_memory()
    of_lab = lab_memory()
    console.print(table)
    console.print(requests_table)
    memory = f"{peak_mb:.0f} MB ({bytes_a_fill:.0f} bytes a fill)"
    console.print(f"Peak memory of one period of {STREAMED_FILLS:,} fills: {memory}.")
    console.print(of_lab)
    console.print(LEGEND, soft_wrap=True)
    return 0


def add_cycles(table: Table, suite: EmulatorSuite, rounds: int) -> None:
    for strategy_count in STRATEGY_COUNTS:
        notes.print(f"measuring a cycle of {strategy_count} strategies …")
        cycle, lower = measure_cycle(suite.client(f"demo-bench-{strategy_count}"), strategy_count, rounds)
        add(table, f"cycle, {strategy_count} strategies", cycle, lower, "≤ 2 ×" if strategy_count >= 100 else "")


def add_nights(table: Table, suite: EmulatorSuite, rounds: int) -> None:
    for strategies in NIGHTS:
        notes.print(f"measuring the night of {strategies} strategies …")
        client = suite.client(f"demo-bench-night-{strategies}")
        add(table, f"night, {strategies} strategies", *measure_night(client, strategies, rounds), "≤ 2 ×")


def add_isolation(table: Table, rounds: int) -> None:
    notes.print("measuring strategies in processes and threads …")
    for count in COUNTS:
        found = measure_isolation(count, rounds)
        what = f"evaluating {count} strategies: {found.per_strategy * 1000:.1f} ms each"
        add(table, what, found.processes, found.threads, "≤ 2.5 ms each")
        add(table, f"the first evaluation of {count}", found.cold, found.cold_threads, "")


def add_months(table: Table, suite: EmulatorSuite, rounds: int) -> None:
    notes.print(f"measuring a month of {FILLS_IN_MONTH:,} fills after {', '.join(map(str, HISTORIES))} older ones …")
    clients = {history: suite.client(f"demo-bench-month-{history}") for history in HISTORIES}
    months = measure_months(clients, rounds)
    for history in HISTORIES:
        add(table, f"month, after {history:,} older fills", *months[history], "")
    longest = HISTORIES[-1]
    add(table, f"month, {longest:,} older fills vs none", months[longest][0], months[0][0], "≤ 1.2 ×")


def measure_api(suite: EmulatorSuite) -> Table:
    """Return what clients of the API waited for."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Over HTTP, through the emulator", "p50", "p95", "A second"):
        table.add_column(heading, justify="left" if heading.startswith("Over") else "right")
    api = ApiBench(suite)
    for name, measure in (("redeem", api.redeem), ("orchestrate", api.orchestrate)):
        for clients in CLIENTS:
            notes.print(f"measuring {name} with {clients} clients …")
            add_latencies(table, f"{name}, {clients} at once", measure(clients))
    notes.print(f"measuring {WRITERS} writers of one document …")
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
        quick, loop = measure_fifo(books)
        add(table, f"FIFO and grants, {what}: {fills / quick / 1e6:.1f} M fills/s", quick, loop, "≥ 3 M/s")


def add_schedules(table: Table) -> None:
    notes.print(f"measuring a schedule over {TENANTS:,} tenants …")
    add(table, f"queueing {TENANTS:,} tasks, 20 ms a call", *measure_fan_out(), "≤ 60 s")
    add(table, "trading days of five years, built", *measure_calendar(), "≤ 2 ×")


def add_lab(table: Table) -> None:
    notes.print(f"measuring the lab over {DAYS:,} days …")
    replayed, evaluated, count = measure_lab()
    add(table, f"lab, {count} strategies, {DAYS:,} days", replayed, evaluated, "≤ 3.5 ×")
    notes.print(f"measuring a sweep of {SWEPT} policies …")
    add(table, f"lab, a sweep of {SWEPT} policies on two cores", *measure_sweep(), "≤ 0.6 ×")
    add(table, "plain arithmetic on two cores", *measure_two_cores(), "")


def lab_memory() -> str:
    years, strategies, symbols = LONG
    notes.print(f"measuring the lab's memory over {years} years …")
    peak_mb, seconds = measure_long()
    of = f"{years} years of {strategies} strategies on {symbols} symbols"
    return f"Peak memory of the lab, {of}: {peak_mb:.0f} MB, in {seconds:.0f} s of CPU time."


def add(table: Table, what: str, measured: float, beside: float, goal: str) -> None:
    ratio = measured / beside
    table.add_row(what, f"{measured * 1000:.1f} ms", f"{beside * 1000:.1f} ms", f"{ratio:.2f} ×", goal)


if __name__ == "__main__":
    sys.exit(main())
