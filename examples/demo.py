"""Replay real markets through the official Firebase emulators, as the cloud would run them."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from time import sleep
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from examples.demo_days import Day, Pace, day_line, happenings
from examples.demo_live import live_desk, trade_live
from examples.demo_report import report
from examples.demo_walk import PASSWORD, Demo, DemoTenant, email_of
from examples.replay import Prices
from examples.trading_client.errors import MaestroApiError
from examples.trading_client.orders import BrokerError as OrderError
from functions.domain.access.roles import Role
from functions.domain.broker.errors import BrokerError
from functions.sandbox.find_strategies import sample_names
from functions.strategies.loader import StrategyLoader
from tools.emulator_suite import EmulatorError, EmulatorSuite
from tools.interrupts import interruptible
from tools.local_emulators import announced
from tools.ports import PortTakenError, configured_ports
from tools.prerequisites import MissingPrerequisiteError
from tools.simulated_desk import Desk

FIRST_DAY = date(2019, 12, 23)
LAST_DAY = date(2020, 4, 22)
_QUIET_DAYS = 10
"""Days after which a quiet one is printed in a file: some ten seconds."""
AT_THE_BROKER = (BrokerError, OrderError, MaestroApiError)
"""What Maestro or the trading client may find there."""


def demo_policy() -> dict[str, Any]:
    """Return the policy of every tenant of the demo: what an operator who runs one cycle a day might set."""
    return {
        "sample_strategies": sorted(sample_names(StrategyLoader().get_all_strategies())),
        "MIN_DATA_POINTS": 10,
        "demotion_confidence": 0.75,  # a month of daily returns proves little: without it modes change twice as often
        "max_drawdown": 0.10,
        "breaker_confirmations": 2,  # days in a row
        "breaker_release_hours": 120.0,
    }


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo ARGS=…", description=__doc__)
    day = date.fromisoformat
    parser.add_argument("--from", dest="start", type=day, default=FIRST_DAY, help="first day (%(default)s)")
    parser.add_argument("--to", dest="end", type=day, default=LAST_DAY, help="last day (%(default)s)")
    parser.add_argument("--tenants", type=int, default=1, metavar="N", help="tenants side by side (%(default)s)")
    parser.add_argument("--months", action="store_true", help="show performance by month, too")
    parser.add_argument(
        "--keep-running",
        action=argparse.BooleanOptionalAction,
        default=sys.stdout.isatty(),
        help="leave emulators and dashboard up until Ctrl-C (by default in a terminal)",
    )
    parser.add_argument("--then", metavar="COMMAND", help="run a command on the emulators before they stop")
    parser.epilog = (
        "Prices go from 2018-01-02 to 2022-12-28; the strategies need 260 days of history, so the first day "
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
    except (EmulatorError, PortTakenError, MissingPrerequisiteError, ValueError, *AT_THE_BROKER) as error:
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
        demo.seed(demo_policy())
        invite(console, demo, suite)
        console.print(policy_line(demo_policy()), soft_wrap=True)
        show_days(console, demo, day_indexes)
        report(console, demo, shows_months=arguments.months)
        with live_desk(prices, day_indexes[-1]) as desk:
            show_live(console, suite, desk, prices.days[day_indexes[-1]])
            point_on(console, keeps_running=arguments.keep_running)
            code = run_then(console, arguments.then) if arguments.then else 0
            if arguments.keep_running:
                console.print()
                invite(console, demo, suite)
                console.print("Ctrl-C ends the emulators.")
            while arguments.keep_running:
                sleep(1)
    return code


def run_then(console: Console, command: str) -> int:
    """Print a command as a shell shows it, run it, and return its exit code."""
    console.print(f"\n$ {command}", soft_wrap=True)
    sys.stdout.flush()
    return subprocess.run(shlex.split(command), check=False).returncode


def show_live(console: Console, suite: EmulatorSuite, desk: Desk, day: date) -> None:
    """Let a tenant that has keys trade at a broker, by today's clock."""
    console.print(f"\nLive: tenant {desk.tenant_id} at a simulated broker, on the prices of {day}", soft_wrap=True)
    for line in trade_live(suite, desk, demo_policy(), PASSWORD):
        console.print(f"  {line}", soft_wrap=True)
    console.print(f"  sign in as {desk.email_of(Role.TRADER)}; password {PASSWORD}\n", soft_wrap=True)


def show_days(console: Console, demo: Demo, day_indexes: list[int]) -> None:
    """Walk the days and print each: in a file, quiet ones only now and then."""
    pace = Pace(1 if console.is_terminal else _QUIET_DAYS)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Trading days", total=len(day_indexes))
        for _ in demo.walk(day_indexes):
            tell(console, demo.tenants, pace)
            progress.advance(bar)


def tell(console: Console, tenants: list[DemoTenant], pace: Pace) -> None:
    """Print the day just walked, if it is due."""
    news = {tenant.tenant_id: happenings(tenant.days[-1], before_last(tenant)) for tenant in tenants}
    if not pace.is_due(has_news=any(news.values())):
        return
    for tenant in tenants:
        label = f"{tenant.tenant_id}  " if len(tenants) > 1 else ""
        console.print(label + day_line(tenant.days[-1]), soft_wrap=True)
        for line in news[tenant.tenant_id]:
            console.print(f"{' ' * len(label)}            {line}", soft_wrap=True)


def before_last(tenant: DemoTenant) -> Day | None:
    return tenant.days[-2] if len(tenant.days) > 1 else None


def invite(console: Console, demo: Demo, suite: EmulatorSuite) -> None:
    """Print where the dashboard is, and who may sign in to it."""
    console.print(f"Dashboard: http://{suite.host('hosting')}   (live, while the emulators run)", soft_wrap=True)
    for tenant in demo.tenants:
        emails = ", ".join(email_of(role, tenant.tenant_id) for role in reversed(Role))
        console.print(f"  sign in as {emails}; password {PASSWORD}", soft_wrap=True)


def policy_line(policy: Mapping[str, Any]) -> str:
    """Say what the demo's policy sets, for readers of its days."""
    evidence = f"{policy['MIN_DATA_POINTS']} active days and {policy['demotion_confidence']:.0%} confidence"
    drawdown = f"{policy['max_drawdown']:.0%} drawdown on {policy['breaker_confirmations']} days in a row"
    stop = f"stops BUYs for {policy['breaker_release_hours'] / 24:.0f} days"
    return f"Policy: a demotion needs {evidence}; {drawdown} {stop}"


def point_on(console: Console, *, keeps_running: bool) -> None:
    console.print("Where to look next:")
    console.print("  docs/add-a-strategy.md          how to add a strategy in five steps")
    console.print("  functions/strategies/           the strategies that just traded")
    console.print("  make demo ARGS=--months         the same, with performance by month")
    if not keeps_running:
        console.print("  make demo ARGS=--keep-running   the same, with the emulators and the dashboard left up")


if __name__ == "__main__":
    sys.exit(main())
