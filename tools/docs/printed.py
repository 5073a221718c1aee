"""What programs print that take minutes, or print other figures elsewhere: kept in the documents, taken when asked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tools.docs.sections import PRINTED, DocumentError, replaced, section
from tools.prerequisites import ROOT

PRICES = "examples/data/us_equities_daily_2018_2022.csv"
EVIDENCE = "lab evidence"
"""Begins the name of every section of the lab."""
COLUMNS = 140
"""Columns of the terminal that programs print to: the longest line that documents may have."""


@dataclass(frozen=True, slots=True)
class Program:
    """Something whose output documents show."""

    arguments: tuple[str, ...]
    """Arguments of Python; ``{folder}`` is a temporary folder."""
    parts: Callable[[str], Mapping[str, str]]
    """Makes sections of documents, by name, of all that was printed."""


def block(name: str) -> Callable[[str], dict[str, str]]:
    """Return what shows an output as it is."""
    return lambda printed: {name: f"```text\n{cleaned(printed)}\n```"}


def evidence(printed: str) -> dict[str, str]:
    """
    Return what the lab found, without its warnings: all of it, and in parts.

    Parts are named after the bold heading above them if there are headings, else numbered: each table, or line of text.
    """
    parts = cleaned(printed).split("\n\n")
    while parts and not parts[0].startswith(("| ", "**")):
        parts.pop(0)
    found = {EVIDENCE: "\n\n".join(parts)} if parts else {}
    name = ""
    for number, part in enumerate(parts, 1):
        heading = re.match(r"\*\*(.+?)\.?\*\*", part)
        if heading is not None:
            name = f"{EVIDENCE}: {heading[1]}"
        elif name in found:
            found[name] += f"\n\n{part}"
        else:
            found[name or f"{EVIDENCE} {number}"] = part
    return found


def cleaned(printed: str) -> str:
    return "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())


PROGRAMS: Mapping[str, Program] = {
    "demo": Program(("-m", "examples.demo"), block("demo")),
    "bench": Program(("-m", "tools.bench"), block("bench")),
    "lab": Program(
        ("-m", "tools.lab", "evidence", "--prices", PRICES, "--leave-out", "SP500", "--out", "{folder}"), evidence
    ),
}


def taken(name: str) -> Mapping[str, str]:
    """
    Run a program and return its sections.

    Raises
    ------
    DocumentError
        If it fails, or prints nothing that a section could be made of.
    """
    program = PROGRAMS[name]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, *(word.format(folder=folder) for word in program.arguments)]
        environment = {**os.environ, "COLUMNS": str(COLUMNS)}
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    parts = program.parts(done.stdout)
    if done.returncode or not all(parts.values()) or not parts:
        raise DocumentError(f"{name} ended with {done.returncode}: nothing was written")
    return parts


def with_parts(page: str, parts: Mapping[str, str]) -> str:
    """Return a document with what programs printed in the sections that are named after it."""
    return replaced(page, lambda kind, name: parts.get(name) if kind == PRINTED else None)


def events_of_demo(page: str) -> str:
    """Return of the demo's output what happened, and the account with and without Maestro."""
    lines = section(page, PRINTED, "demo").splitlines()
    shown = [*_from(lines, "What happened", 1), "", *_from(lines, "With and without Maestro", 2)]
    return "\n".join(["```text", *shown, "```"])


def _from(lines: Sequence[str], beginning: str, blanks: int) -> list[str]:
    """Return the lines from one that begins so up to its n-th blank line."""
    starts = [at for at, line in enumerate(lines) if line.startswith(beginning)]
    if not starts:
        raise DocumentError(f"the demo's output has no line that begins with {beginning!r}")
    found = lines[starts[0] :]
    ends = [at for at, line in enumerate(found) if not line.strip()]
    return list(found[: ends[blanks - 1]] if len(ends) >= blanks else found)


def evidence_in_brief(page: str) -> str:
    """Return columns of the lab's table of accounts: what each policy earned, and how it fell."""
    table = re.search(r"^\| policy \| return a year \|.*\n(?:\|.*\n)+", page, re.MULTILINE)
    if table is None:
        raise DocumentError("the lab's page has no table of policies and returns a year")
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in table[0].splitlines()]
    kept = ("policy", "return a year", "max drawdown", "Sharpe ± SE", "mode changes")
    if missing := set(kept) - set(cells[0]):
        raise DocumentError(f"the lab's table of policies has no column {', '.join(sorted(missing))}")
    places = [cells[0].index(name) for name in kept]
    return "\n".join(f"| {' | '.join(row[at] for at in places)} |" for row in cells)
