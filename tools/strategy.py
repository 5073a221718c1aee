"""Write a new strategy, check one on the sample prices, or list those that exist."""

from __future__ import annotations

import inspect
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from examples.replay import Prices
from functions.strategies.loader import StrategyLoader
from tools.prerequisites import ROOT
from tools.strategy_check import Report, check
from tools.strategy_files import write_new
from tools.terminal import AsJson, new_table, notes, print_json, print_table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Name = Annotated[str, typer.Argument(help="The strategy's class name, such as MyTrend.")]
_MOST_ROWS = 20


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """
    Write a new strategy, check one on the sample prices, or list those that exist.

    Exit code 1 says that there is something to fix, 2 that the command line cannot be read.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def new(name: Name, as_json: AsJson = False) -> None:
    """Write functions/strategies/my_trend.py and its test, for you to edit."""
    try:
        strategy, test = (path.relative_to(ROOT) for path in write_new(name))
    except (ValueError, OSError) as error:
        refuse(error)
    if as_json:
        print_json({"strategy": str(strategy), "test": str(test)})
        return
    print(f"wrote {strategy} and {test}\nNext: edit {strategy}, then")
    print(f'  make strategy ARGS="check {name}"   what it does on the sample prices, and what is wrong with it')
    print(f'  make test-unit ARGS="-k {test.stem}"   its test')


@app.command(name="check")
def check_one(
    name: Name,
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = datetime(2020, 1, 2),  # noqa: DTZ001 - a day, not a moment
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = datetime(2020, 4, 30),  # noqa: DTZ001
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with a strategy, and show its signals over the sample prices; exit code 1 if anything is."""
    try:
        report = checked(name, start.date(), end.date())
    except (LookupError, ValueError, OSError) as error:
        refuse(error)
    if as_json:
        print_json(asdict(report) | {"counts": report.counts})
    else:
        show(report)
    raise typer.Exit(1 if report.findings else 0)


@app.command(name="list")
def list_all(as_json: AsJson = False) -> None:
    """List the strategies that are found, and the files that do not load."""
    loader = StrategyLoader()
    errors = loader.get_load_errors()
    found = [
        {
            "strategy": name,
            "file": str(Path(inspect.getfile(type(strategy))).relative_to(ROOT)),
            "about": next(iter(inspect.cleandoc(type(strategy).__doc__ or "").splitlines()), ""),
        }
        for name, strategy in sorted(loader.get_all_strategies().items())
    ]
    if as_json:
        print_json({"strategies": found, "load_errors": errors})
    else:
        table = new_table()
        for head in ("Strategy", "File", "What it does"):
            table.add_column(head)
        for one in found:
            table.add_row(*one.values())
        print_table(table)
    raise typer.Exit(1 if errors else 0)


def checked(name: str, start: date, end: date) -> Report:
    prices = Prices.load()
    if not prices.between(start, end):
        raise LookupError(f"no trading day with a year of history in that range: prices end on {prices.days[-1]}")
    return check(name, start, end)


def show(report: Report) -> None:
    acted = [signal for signal in report.signals if signal["action"] != "HOLD"]
    table = new_table()
    for head in ("Date", "Action", "Symbol", "Allocation", "Reason"):
        table.add_column(head, justify="right" if head == "Allocation" else "left")
    for signal in acted[:_MOST_ROWS]:
        shown = (signal["day"], signal["action"], signal["ticker"], f"{signal['allocation']:.1%}", signal["reasoning"])
        table.add_row(*shown)
    print(f"{report.strategy} ({report.file})")
    if acted:
        print_table(table)
    for line in summary(report, len(acted)):
        print(f"  {line}")
    for finding in report.findings:
        print(f"  wrong: {f'{finding.day}: ' if finding.day else ''}{finding.what}")
    if report.signals and not report.asked_again:
        print("  look-ahead was not tested: fix the above first")
    if not report.findings:
        print("Found nothing wrong.")


def summary(report: Report, acted: int) -> list[str]:
    """Return what to know about a check besides its table."""
    lines = [f"and {acted - _MOST_ROWS} more: --json has all"] if acted > _MOST_ROWS else []
    if report.signals:
        counts = ", ".join(f"{count} {action}" for action, count in report.counts.items())
        limits = f"slowest answer {report.slowest_seconds * 1000:.0f} ms, limit {report.limit_seconds:g} s"
        lines.append(f"{len(report.signals)} days to {report.signals[-1]['day']}: {counts}; {limits}")
    if report.asked_again:
        ended = "" if report.findings else ": same answers"
        lines.append(f"asked again on {report.asked_again} of them with later rows removed{ended}")
    if report.signals and not acted:
        lines.append(f"it never acted, last because: {report.signals[-1]['reasoning']}")
        lines.append(f"the sample prices have {', '.join(Prices.load().symbols[:-1])}")
    if report.touched:
        lines.append(f"it read more than its inputs: {', '.join(report.touched)}")
    return lines


def refuse(error: Exception) -> NoReturn:
    notes.print(f"strategy: {error}", soft_wrap=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="make strategy ARGS=…")
