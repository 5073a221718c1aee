"""
The lab's command line.

    make lab ARGS="run --prices examples/data/us_equities_daily_2018_2022.csv --leave-out SP500 --out .lab"
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from functions.domain.kernel.errors import MaestroError
from functions.domain.lab.differences import REPLICATIONS
from tools.lab import options
from tools.lab.policies import chosen_policies
from tools.lab.prices.read import read_prices
from tools.lab.results import tables
from tools.lab.results.beside import Chance
from tools.lab.results.document import as_json as json_of
from tools.lab.results.document import document_of
from tools.lab.results.outcome import Outcome
from tools.lab.run import Folder, run_policies
from tools.terminal import AsJson, notes, print_table

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback()
def lab() -> None:
    """Measure a policy before money follows it."""


@app.command()
def prices(
    file: Annotated[Path, typer.Argument(help="CSV, JSON, Parquet or Feather, or a folder of such files.")],
    market: options.Market = "XNYS",
    symbol: options.Symbol = None,
    adjusted: options.Adjusted = None,
    fill: options.Fill = 0,
) -> None:
    """Say how a file of prices is read, and what may be wrong with it."""
    read = read_prices(file, market=market, symbol=symbol, is_adjusted=adjusted, fill=fill)
    print(read.detected)
    for warning in read.warnings:
        print(f"warning: {warning}")


@app.command()
def run(
    file: options.PricesFile,
    out: options.Out,
    policy: options.PolicyNames = None,
    first: options.From = "",
    last: options.To = "",
    strategies: options.Strategies = None,
    costs: options.CostsText = options.DEMO_COSTS,
    market: options.Market = "XNYS",
    cash: options.Cash = 100_000.0,
    risk_free_rate: options.Rate = 0.0,
    leave_out: options.LeaveOut = None,
    symbol: options.Symbol = None,
    adjusted: options.Adjusted = None,
    fill: options.Fill = 0,
    rules: Annotated[bool, typer.Option(help="Replay each policy without each of its rules as well.")] = True,
    seed: options.Seed = 1,
    replications: options.Replications = REPLICATIONS,
    as_json: AsJson = False,
) -> None:
    """
    Replay policies over past prices, beside the strategies alone.

    Writes report.html, result.json, decisions.parquet and sessions.parquet to DIR. Ctrl-C ends it with the sessions
    that are done.
    """
    options.check_chance(seed, replications)
    given = options.Given(
        prices=file,
        market=market,
        first=first,
        last=last,
        strategies=strategies or (),
        costs=costs,
        cash=cash,
        risk_free_rate=risk_free_rate,
        symbol=symbol,
        leave_out=leave_out or (),
        adjusted=adjusted,
        fill=fill,
    )
    policies = chosen_policies(policy or [])
    folder = Folder(out)
    found = run_policies(given.task(), policies, folder, Chance(seed=seed, replications=replications), with_rules=rules)
    show(found, as_json=as_json)
    notes.print(f"wrote {', '.join(sorted(one.name for one in folder.files))} to {out}", soft_wrap=True)
    if not found.is_whole:
        raise typer.Exit(INTERRUPTED)


def show(found: Outcome, *, as_json: bool) -> None:
    """Print what was found, warnings first."""
    if as_json:
        print(json_of(document_of(found)), end="")
        return
    print(found.task.prices.detected)
    for warning in found.warnings:
        print(f"warning: {warning}")
    print_table(tables.figures_table(found))
    print_table(tables.differences_table(found))
    print_table(tables.strategies_table(found))
    if found.rules:
        print_table(tables.rules_table(found))
    for sentence in tables.verdicts(found):
        print(sentence)


def main() -> int:
    """Run a command; what is the user's to mend is one line."""
    try:
        code = app(prog_name="lab", standalone_mode=False)
    except TyperException as error:
        print(f"lab: {error.format_message()}{_value_of(error)}", file=sys.stderr)
        return 2
    except (MaestroError, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return INTERRUPTED
    return int(code or 0)


def _value_of(error: TyperException) -> str:
    """Return the value that an option was refused with, as it was typed; its message has it or not."""
    names = getattr(getattr(error, "param", None), "opts", ())
    given = [other for one, other in itertools.pairwise(sys.argv) if one in names]
    return f", was {given[-1]!r}" if given and given[-1] not in error.format_message() else ""


if __name__ == "__main__":
    sys.exit(main())
