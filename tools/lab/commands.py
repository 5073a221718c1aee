"""The lab's commands: what each takes, and what it prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from functions.domain.kernel.errors import InputError
from tools.lab import options
from tools.lab.evidence.accounts import POLICIES, accounts
from tools.lab.evidence.every_table import every_table
from tools.lab.given import Given
from tools.lab.options import taking
from tools.lab.policies import BUILT_IN, OFF, OPTIONS, Document, chosen_policies, grid
from tools.lab.prices.read import read_prices
from tools.lab.results import tables
from tools.lab.results.document import as_json as json_of
from tools.lab.results.document import document_of
from tools.lab.results.outcome import Outcome
from tools.lab.run import Folder, run_policies
from tools.lab.source import Source
from tools.lab.sweep import SWEEP, all_cores, best, sweep
from tools.lab.versus import show_difference
from tools.lab.walk import WALK, walk
from tools.terminal import AsJson, notes, print_table

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


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


@taking(Given)
def run(given: Given, policy: options.PolicyNames = None, rules: options.Rules = True, as_json: AsJson = False) -> None:
    """
    Replay policies, and compare them with the strategies alone.

    Over past prices, or a tenant's own record. Writes report.html, result.json, decisions.parquet and sessions.parquet
    to DIR. Ctrl-C ends it with the sessions that are done.
    """
    chance, task = given.chance(), given.task()
    policies, folder = chosen_policies(policy or [], task.own_policies), Folder(given.out)
    found = run_policies(task, policies, folder, chance, with_rules=rules)
    show(found, as_json=as_json)
    tell_files(folder)
    if not found.is_whole:
        raise typer.Exit(INTERRUPTED)


@taking(Given)
def sweep_grid(given: Given, over: options.Over = None, cores: options.Cores = 0, as_json: AsJson = False) -> None:
    """
    Replay every combination of some settings, on all cores.

    Writes sweep.json to DIR. Finished policies are kept: after Ctrl-C the same command continues. The best of many
    looks good by chance: see its deflated ratio, or let `walk` judge it on other days.
    """
    chance, task = given.chance(), given.task()
    policies, folder = candidates(over, task), Folder(given.out)
    found = sweep(task, policies, folder, chance, cores_of(cores))
    if found is None:
        raise typer.Exit(INTERRUPTED)
    if as_json:
        print(json_of(document_of(found)), end="")
    else:
        warn(found)
        print_table(tables.figures_table(found))
        chosen = f"Best of {len(policies) - 1} by its Sharpe ratio: {best(found)}"
        print(f"{chosen}, partly by luck: `walk` judges it on other days")
    notes.print(f"wrote {SWEEP} to {folder.path}", soft_wrap=True)


@taking(Given)
def walk_forward(
    given: Given,
    over: options.Over = None,
    split: Annotated[str, typer.Option(metavar="SHARE|DAY", help="Where the second part begins.")] = "0.5",
    rules: options.Rules = True,
    cores: options.Cores = 0,
    as_json: AsJson = False,
) -> None:
    """
    Choose a policy on part of the days, and judge it on the rest.

    Writes walk.json, and for the second part what `run` writes, to DIR.
    """
    chance, task = given.chance(), given.task()
    policies, folder = candidates(over, task), Folder(given.out)
    walked = walk(task, policies, folder, chance, split=split, cores=cores_of(cores), with_rules=rules)
    if walked is None:
        raise typer.Exit(INTERRUPTED)
    if as_json:
        print(json_of(walked.to_document()), end="")
    else:
        show(walked.second, as_json=False)
        ratios = ", ".join(
            f"{name} {tables.number(one.figures.sharpe_ratio)}" for name, one in walked.first.policies.items()
        )
        print(f"Sharpe ratios of the first part, by which it was chosen: {ratios}")
    tell_files(folder, WALK)
    if not walked.second.is_whole:
        raise typer.Exit(INTERRUPTED)


@taking(Given)
def measure_evidence(given: Given, as_json: AsJson = False) -> None:
    """
    Measure the settings that the documents speak of.

    Prints the documents' tables in Markdown. They are of replayed accounts, of simulated strategies and markets, and of
    single strategies under modes as weights. Other prices give other figures. --json prints the accounts' figures only.
    """
    folder = Folder(given.out)
    found = run_policies(given.task(), POLICIES, folder, given.chance(), with_rules=False)
    if as_json:
        print(json_of(document_of(found)), end="")
    else:
        for warning in found.warnings:
            print(f"{warning}\n")
        for said in every_table(found) if found.is_whole else (accounts(found),):
            print(f"{said}\n", flush=True)
    tell_files(folder)
    if not found.is_whole:
        raise typer.Exit(INTERRUPTED)


def compare(
    one: Annotated[str, typer.Argument(metavar="A", help="A policy of the results in DIR, or DIR/NAME.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another one, on the same days.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder that `run` wrote to, for names without DIR/.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="How many days to show.")] = 10,
    as_json: AsJson = False,
) -> None:
    """
    Say what makes the difference between two policies of a run.

    By days, strategies and rules.
    """
    show_difference(one, other, out, days, as_json=as_json)


COMMANDS: dict[str, Callable[..., None]] = {
    "prices": prices,
    "run": run,
    "sweep": sweep_grid,
    "walk": walk_forward,
    "compare": compare,
    "evidence": measure_evidence,
}


def candidates(over: list[str] | None, task: Source) -> dict[str, Document]:
    return {OFF: BUILT_IN[OFF], **task.own_policies, **grid(over or list(OPTIONS))}


def cores_of(given: int) -> int:
    if given < 0:
        raise InputError("--cores", "1 or more, or 0 for all", given)
    return given or all_cores()


def show(found: Outcome, *, as_json: bool) -> None:
    """Print what was found, warnings first."""
    if as_json:
        print(json_of(document_of(found)), end="")
        return
    warn(found)
    print_table(tables.figures_table(found))
    if found.comparisons:
        print_table(tables.differences_table(found))
    print_table(tables.strategies_table(found))
    if found.rules:
        print_table(tables.rules_table(found))
    elif found.task.costs is None:
        print_table(tables.acted_table(found))
    for sentence in tables.verdicts(found):
        print(sentence)
    for sentence in found.task.held_fixed:
        print(f"held fixed: {sentence}")


def warn(found: Outcome) -> None:
    print(found.task.detected)
    for warning in found.warnings:
        print(f"warning: {warning}")


def tell_files(folder: Folder, *more: str) -> None:
    names = sorted([*(one.name for one in folder.files), *more])
    notes.print(f"wrote {', '.join(names)} to {folder.path}", soft_wrap=True)
