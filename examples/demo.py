"""Replay real markets through the official Firebase emulators, as the cloud would run them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic, sleep
from typing import Any, Literal

from google.cloud.firestore import DocumentReference, FieldFilter
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from examples.paper_broker import PaperBroker
from examples.replay import Prices, decision_time
from functions import bootstrap
from functions.adapters.firestore import paths
from functions.adapters.firestore.client import firestore_client
from functions.domain.access.roles import Role
from functions.domain.kernel.slots import slot_of
from functions.domain.orchestration.cycle_documents import issued_signals
from functions.services.orchestration.find_strategies import sample_names
from functions.services.orchestration.manage_policy import Author
from functions.strategies.loader import StrategyLoader
from tools.access import manage_members, manage_tenants
from tools.emulator_suite import EmulatorError, EmulatorSuite
from tools.interrupts import interruptible
from tools.local_emulators import announced
from tools.ports import PortTakenError, configured_ports
from tools.prerequisites import MissingPrerequisiteError

UID = "demo-trader"
PASSWORD = "only-for-the-demo"
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.02
_WIDE = 98
"""Characters that the whole table of months takes."""
_SNAPSHOT_TIME = time(22, 30, tzinfo=UTC)


@dataclass(slots=True)
class DemoTenant:
    """One tenant of the demo: its broker and what Maestro decided for it."""

    tenant_id: str
    broker: PaperBroker = field(default_factory=lambda: PaperBroker(UID))
    decisions: list[dict[str, Any]] = field(default_factory=list)
    last_actions: dict[str, str] = field(default_factory=dict)


class Demo:
    """Walks trading days: inputs in, tick, decision out, fills at the close, performance from the ledger."""

    def __init__(self, suite: EmulatorSuite, prices: Prices, tenant_count: int) -> None:
        self._suite = suite
        self._prices = prices
        self.db = suite.client()
        self.last_day_index = 0
        self.tenants = [DemoTenant(f"demo-{number}") for number in range(1, tenant_count + 1)]

    def seed(self) -> None:
        """Create the tenants, let the samples act in them, and create a user of every role in each."""
        self._suite.clear()
        policy = {"sample_strategies": sorted(sample_names(StrategyLoader().get_all_strategies()))}
        tenants, members = manage_tenants(firestore_client()), manage_members(firestore_client())
        for tenant in self.tenants:
            tenants.create(tenant.tenant_id, f"Demo fund {tenant.tenant_id[5:]}")
            bootstrap.manage_policy().put(tenant.tenant_id, policy, 0, Author("demo"), bootstrap.policy_defaults())
            for role in Role:
                members.create(tenant.tenant_id, email_of(role, tenant.tenant_id), role, PASSWORD)

    def walk(self, day_indexes: list[int]) -> Iterator[date]:
        """Run one day after the other, yielding each when its performance is in."""
        for day_index, following in zip(day_indexes, [*day_indexes[1:], None], strict=True):
            day = self._prices.days[day_index]
            self._trade(day_index)
            self.last_day_index = day_index
            self._snapshot("daily_performance_snapshot", datetime.combine(day, _SNAPSHOT_TIME), f"day-{day}")
            if following is None or self._prices.days[following].month != day.month:
                first_of_next = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
                at = datetime.combine(first_of_next, time(), UTC)
                self._snapshot("monthly_performance_snapshot", at, f"month-{day:%Y-%m}")
            yield day

    def _trade(self, day_index: int) -> None:
        """Run a day's cycle and let the broker act on it."""
        at = decision_time(self._prices.days[day_index])
        market_data = self._prices.market_data(day_index)
        for tenant in self.tenants:
            paths.market_data(self.db, tenant.tenant_id).set(market_data)
            snapshot = tenant.broker.account_snapshot(self._prices, day_index)
            paths.account(self.db, tenant.tenant_id).set(snapshot)
        self._suite.call_scheduled("orchestrate_tick", at)
        for tenant in self.tenants:
            signals = self._await_signals(tenant, slot_of(at))
            batch = self.db.batch()
            for fill_id, fill in tenant.broker.close_day(self._prices, day_index, signals).items():
                reference = paths.ledger_trades(self.db, tenant.tenant_id).document(fill_id)
                batch.set(reference, {"tenant_id": tenant.tenant_id, **fill})
            batch.commit()

    def _await_signals(self, tenant: DemoTenant, slot: str) -> Mapping[str, Mapping[str, Any]]:
        """Wait for the slot's decision and return the signals it issued."""
        record = self._await(paths.cycle_record(self.db, tenant.tenant_id, slot), lambda _: True)
        session_id = record["session_id"]
        log = paths.orchestration_logs(self.db).document(session_id).get()
        tenant.decisions.append(log.to_dict() or {})
        signals = issued_signals(paths.session(self.db, tenant.tenant_id, session_id).get().to_dict() or {})
        acted = {name: signal["action"] for name, signal in signals.items() if signal["action"] != "HOLD"}
        day = f"{date.fromisoformat(slot[:10]):%d %b}"
        tenant.last_actions |= {name: f"{action} {day}" for name, action in acted.items()}
        return signals

    def _snapshot(self, function: str, at: datetime, job_id: str) -> None:
        """Fire a performance schedule and wait until every tenant's job is done."""
        self._suite.call_scheduled(function, at)
        for tenant in self.tenants:
            self._await(paths.job(self.db, tenant.tenant_id, job_id), lambda job: job["status"] == "DONE")

    def _await(self, reference: DocumentReference, is_ready: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a document to be there and ready."""
        deadline = monotonic() + _WAIT_SECONDS
        while monotonic() < deadline:
            document = reference.get().to_dict()
            if document is not None and is_ready(document):
                return document
            sleep(_POLL_SECONDS)
        raise EmulatorError(f"nothing at {reference.path} within {_WAIT_SECONDS:.0f} s: see {self._suite.log}")

    def months(self, tenant: DemoTenant) -> list[dict[str, Any]]:
        """Return the tenant's monthly performance documents, oldest first."""
        query = paths.strategy_performance(self.db, tenant.tenant_id).where(filter=FieldFilter("period", "==", "month"))
        documents = [snapshot.to_dict() or {} for snapshot in query.stream()]
        return sorted(documents, key=lambda month: (month["period_start"], month["book"], month["strategy_id"]))


def email_of(role: Role, tenant_id: str) -> str:
    return f"{role}@{tenant_id}.example"


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


def month_table(months: list[dict[str, Any]], width: int) -> Table:
    """Return performance by month, book and strategy; a narrow terminal gets the most telling columns only."""
    table = Table(title="Performance", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    headings = ["Month", "Strategy", "Book", "P&L USD", "Return", "Sharpe", "Drawdown", "Win rate", "Days", "Fills"]
    shown = headings if width >= _WIDE else headings[: headings.index("Win rate")]
    for heading in shown:
        side: Literal["left", "right"] = "left" if heading in {"Month", "Strategy", "Book"} else "right"
        table.add_column(heading, justify=side, no_wrap=True)
    for month in months:
        if month["fills"] or month["pnl"]:
            cells = (
                f"{month['period_start']:%Y-%m}",
                month["strategy_id"],
                month["book"],
                f"{month['pnl']:,.0f}",
                figure(month["return_fraction"], "{:+.2%}"),
                figure(month["sharpe_ratio"], "{:.2f}"),
                figure(month["max_drawdown"], "{:.2%}"),
                figure(month["win_rate"], "{:.0%}"),
                str(month["trading_days"]),
                str(month["fills"]),
            )
            table.add_row(*cells[: len(shown)])
    return table


def figure(value: float | None, pattern: str) -> str:
    return "n/a" if value is None else pattern.format(value)


def report(console: Console, demo: Demo, keeps_running: bool) -> None:
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
        equity = float(paths.account(demo.db, tenant.tenant_id).get().get("equity"))
        console.print(f"  paper account     {equity:,.0f} USD, started with {PaperBroker(UID).cash:,.0f} USD")
        console.print(f"  last summary      {tenant.decisions[-1]['ai_summary']}", soft_wrap=True)
        console.print()
        console.print(month_table(demo.months(tenant), console.width))
    console.print("\nWhere to look next:")
    console.print("  README.md                       how to add a strategy in five steps")
    console.print("  functions/strategies/           the strategies that just traded")
    if not keeps_running:
        console.print("  make demo ARGS=--keep-running   the same, with the emulators and the dashboard left up")


def invite(console: Console, demo: Demo, suite: EmulatorSuite) -> None:
    """Tell where the dashboard is, and who may sign in to it."""
    console.print(f"Dashboard: http://{suite.host('hosting')}   (live, while the emulators run)", soft_wrap=True)
    for tenant in demo.tenants:
        emails = ", ".join(email_of(role, tenant.tenant_id) for role in reversed(Role))
        console.print(f"  sign in as {emails}; password {PASSWORD}", soft_wrap=True)


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo ARGS=…", description=__doc__)
    day = date.fromisoformat
    parser.add_argument("--from", dest="start", type=day, default=date(2020, 1, 2), help="first day (%(default)s)")
    parser.add_argument("--to", dest="end", type=day, default=date(2020, 4, 30), help="last day (%(default)s)")
    parser.add_argument("--tenants", type=int, default=1, metavar="N", help="tenants side by side (%(default)s)")
    parser.add_argument(
        "--keep-running",
        action=argparse.BooleanOptionalAction,
        default=sys.stdout.isatty(),
        help="leave emulators and dashboard up until Ctrl-C (by default in a terminal)",
    )
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
    console.print("Starting the Firebase emulators (functions, firestore, auth, tasks, hosting) …")
    with EmulatorSuite(configured_ports(), prompt_tasks=True) as suite, announced(suite.env):
        os.environ.update(suite.env)
        demo = Demo(suite, prices, arguments.tenants)
        demo.seed()
        invite(console, demo, suite)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("Trading days", total=len(day_indexes))
            for day in demo.walk(day_indexes):
                progress.update(bar, advance=1, description=f"Trading day {day}")
        report(console, demo, arguments.keep_running)
        if arguments.keep_running:
            console.print()
            invite(console, demo, suite)
            console.print("Ctrl-C ends the emulators.")
        while arguments.keep_running:
            sleep(1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
