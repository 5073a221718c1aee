"""Replay real markets through the official Firebase emulators, as the cloud would run them."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from examples.replay import PaperBook, Prices, decision_time
from functions.adapters import firestore_paths as paths
from functions.adapters.firestore_ledger_store import FirestoreLedgerStore
from functions.domain.documents import issued_signals
from functions.services.build_windows import build_windows
from functions.services.enqueue_cycles import slot_of
from tools.emulators import EmulatorError, EmulatorSuite
from tools.interrupts import interruptible
from tools.ports import PortTakenError, configured_ports
from tools.prerequisites import MissingPrerequisiteError

UID = "demo-trader"
_DECISION_SECONDS = 60.0
_POLL_SECONDS = 0.02


@dataclass(slots=True)
class DemoTenant:
    """One tenant of the demo: its paper account and what Maestro decided for it."""

    tenant_id: str
    book: PaperBook = field(default_factory=PaperBook)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    last_actions: dict[str, str] = field(default_factory=dict)


class Demo:
    """Walks trading days: inputs in, tick, decision out, fills at the close, windows."""

    def __init__(self, suite: EmulatorSuite, prices: Prices, tenant_count: int) -> None:
        self._suite = suite
        self._prices = prices
        self._db = suite.client()
        self._performance = FirestoreLedgerStore(self._db)
        self.tenants = [DemoTenant(f"demo-{number}") for number in range(1, tenant_count + 1)]

    def seed(self) -> None:
        """Create the tenants."""
        self._suite.clear()
        for tenant in self.tenants:
            document = {"name": f"Demo fund {tenant.tenant_id[5:]}", "status": "active", "maestro_enabled": True}
            paths.tenant(self._db, tenant.tenant_id).set({**document, "created_at": datetime.now(UTC)})

    def walk(self, day_indexes: list[int]) -> Iterator[date]:
        """Run one day after the other, yielding each when its decisions are in."""
        for day_index in day_indexes:
            self._run_day(day_index)
            yield self._prices.days[day_index]

    def _run_day(self, day_index: int) -> None:
        at = decision_time(self._prices.days[day_index])
        market_data = self._prices.market_data(day_index)
        for tenant in self.tenants:
            paths.market_data(self._db, tenant.tenant_id).set(market_data)
            paths.account(self._db, tenant.tenant_id).set(tenant.book.account_snapshot(at))
        self._suite.call_scheduled("orchestrate_tick", at)
        for tenant in self.tenants:
            signals = self._await_signals(tenant, slot_of(at))
            self._close_day(tenant, day_index, signals)

    def _await_signals(self, tenant: DemoTenant, slot: str) -> Mapping[str, Mapping[str, Any]]:
        """Wait for the slot's decision and return the signals it issued."""
        record = paths.slot_record(self._db, tenant.tenant_id, slot)
        deadline = time.monotonic() + _DECISION_SECONDS
        while not (snapshot := record.get()).exists:
            if time.monotonic() > deadline:
                raise EmulatorError(
                    f"no decision for {tenant.tenant_id} {slot} within {_DECISION_SECONDS:.0f} s: see {self._suite.log}"
                )
            time.sleep(_POLL_SECONDS)
        session_id = snapshot.get("session_id")
        log = paths.orchestration_logs(self._db).document(session_id).get()
        tenant.decisions.append(log.to_dict() or {})
        signals = issued_signals(paths.session(self._db, tenant.tenant_id, session_id).get().to_dict() or {})
        acted = {name: signal["action"] for name, signal in signals.items() if signal["action"] != "HOLD"}
        day = f"{date.fromisoformat(slot[:10]):%d %b}"
        tenant.last_actions |= {name: f"{action} {day}" for name, action in acted.items()}
        return signals

    def _close_day(self, tenant: DemoTenant, day_index: int, signals: Mapping[str, Mapping[str, Any]]) -> None:
        batch = self._db.batch()
        documents = tenant.book.close_day(self._prices, day_index, signals, UID)
        for document_id, document in documents.items():
            reference = paths.strategy_performance(self._db, tenant.tenant_id).document(document_id)
            batch.set(reference, {"tenant_id": tenant.tenant_id, **document})
        batch.commit()
        build_windows(self._performance, tenant.tenant_id, self._prices.days[day_index])


def strategy_table(tenant: DemoTenant) -> Table:
    """Return what the last cycle decided, a row per strategy."""
    last = tenant.decisions[-1]
    title = f"{tenant.tenant_id}: last decision, {last['slot'][:10]}; allocations are of the last BUY"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("Strategy", "Mode", "Sharpe", "P(SR>0)", "Days", "Proposed", "Allowed", "Last action"):
        side: Literal["left", "right"] = "left" if heading in {"Strategy", "Mode", "Last action"} else "right"
        table.add_column(heading, justify=side, no_wrap=True)
    for verdict in last["allocation_decisions"]:
        name = verdict["strategy_name"]
        table.add_row(
            name,
            verdict["mode"],
            figure(verdict["sharpe_ratio"], "{:.2f}"),
            figure(verdict["probabilistic_sharpe_ratio"], "{:.0%}"),
            str(verdict["data_points"]),
            *proposal(tenant, name),
            tenant.last_actions.get(name, "none"),
        )
    return table


def proposal(tenant: DemoTenant, name: str) -> tuple[str, str]:
    """Return the allocations of a strategy's last BUY, as proposed and as allowed."""
    for decision in reversed(tenant.decisions):
        signal = decision["signals"][name]
        if signal.get("original_action", signal["action"]) == "BUY":
            verdict = next(v for v in decision["allocation_decisions"] if v["strategy_name"] == name)
            return f"{verdict['original_allocation']:.1%}", f"{verdict['final_allocation']:.1%}"
    return "", ""


def figure(value: float | None, pattern: str) -> str:
    return "n/a" if value is None else pattern.format(value)


def report(console: Console, demo: Demo, suite: EmulatorSuite, keeps_running: bool) -> None:
    """Print what happened and where to look next."""
    for tenant in demo.tenants:
        console.print()
        console.print(strategy_table(tenant))
        changes = sum(
            verdict["previous_mode"] not in {None, verdict["mode"]}
            for decision in tenant.decisions
            for verdict in decision["allocation_decisions"]
        )
        risky = [decision["slot"][:10] for decision in tenant.decisions if decision["systemic_risk_detected"]]
        overridden = sum(
            verdict["reason_code"] == "SYSTEMIC_RISK"
            for decision in tenant.decisions
            for verdict in decision["allocation_decisions"]
        )
        console.print(f"  cycles            {len(tenant.decisions)}, mode changes {changes}")
        console.print(f"  systemic risk     {', '.join(risky) or 'on no day'}; {overridden} BUYs overridden")
        console.print(f"  paper account     {tenant.book.equity:,.0f} USD, started with {PaperBook().equity:,.0f} USD")
        console.print(f"  last summary      {tenant.decisions[-1]['ai_summary']}", soft_wrap=True)
    console.print("\nWhere to look next:")
    console.print("  README.md                       how to add a strategy in five steps")
    console.print("  functions/strategies/           the seven strategies that just traded")
    if keeps_running:
        host = f"http://{suite.host('firestore')}/v1/projects/{suite.project}/databases/(default)/documents"
        console.print(f"  {host}/systemStatus/orchestration_logs/logs", soft_wrap=True)
        console.print("                                  every decision, while the emulators run (Ctrl-C ends them;")
        console.print("                                  send 'Authorization: Bearer owner')")
    else:
        console.print("  make demo ARGS=--keep-running   the same, with the emulators left up")


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo ARGS=…", description=__doc__)
    day = date.fromisoformat
    parser.add_argument("--from", dest="start", type=day, default=date(2019, 12, 2), help="first day (%(default)s)")
    parser.add_argument("--to", dest="end", type=day, default=date(2020, 5, 29), help="last day (%(default)s)")
    parser.add_argument("--tenants", type=int, default=1, metavar="N", help="tenants side by side (%(default)s)")
    parser.add_argument("--keep-running", action="store_true", help="leave the emulators up until Ctrl-C")
    parser.epilog = (
        "Prices are there from 2018-01-02 to 2022-12-28; the strategies need 260 days of history, so the first day "
        "that can be replayed is 2019-01-14. Ports: .venv/bin/python -m tools.emulators ports."
    )
    return parser.parse_args(arguments)


def main() -> int:
    arguments = parse_arguments()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 100)
    prices = Prices.load()
    day_indexes = prices.between(arguments.start, arguments.end)
    if not day_indexes or arguments.tenants < 1:
        console.print("demo: no trading day in that range, or no tenant: see make demo ARGS=--help")
        return 2
    try:
        with interruptible():
            return run(console, prices, day_indexes, arguments)
    except (EmulatorError, PortTakenError, MissingPrerequisiteError, ValueError) as error:
        console.print(f"demo: {error}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped; the emulators are down.")
        return 130


def run(console: Console, prices: Prices, day_indexes: list[int], arguments: argparse.Namespace) -> int:
    console.print("Starting the Firebase emulators (functions, firestore, auth, tasks) …")
    with EmulatorSuite(configured_ports()) as suite:
        os.environ.update(suite.env)
        demo = Demo(suite, prices, arguments.tenants)
        demo.seed()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("Trading days", total=len(day_indexes))
            for day in demo.walk(day_indexes):
                progress.update(bar, advance=1, description=f"Trading day {day}")
        report(console, demo, suite, arguments.keep_running)
        while arguments.keep_running:
            time.sleep(1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
