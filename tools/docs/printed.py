"""What programs print that take minutes, or print other figures elsewhere: kept in the documents, taken when asked."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tools.docs.sections import PRINTED, DocumentError, replaced, section
from tools.prerequisites import ROOT

PRICES = "examples/data/us_equities_daily_2018_2022.csv"
COLUMNS = 140
"""Of the terminal that programs print to, as long as documents' lines may be."""


@dataclass(frozen=True, slots=True)
class Program:
    """Something whose output documents show."""

    arguments: tuple[str, ...]
    """Of Python; ``{folder}`` is a folder that is thrown away afterwards."""
    parts: Callable[[str], Mapping[str, str]]
    """Makes sections of documents, by name, of all that was printed."""


def block(name: str) -> Callable[[str], dict[str, str]]:
    """Return what shows an output as it is."""
    return lambda printed: {name: f"```text\n{cleaned(printed)}\n```"}


def evidence(printed: str) -> dict[str, str]:
    """Return the lab's tables, and the sentence below them, each as a section; warnings are left out."""
    parts = [part for part in cleaned(printed).split("\n\n") if part.startswith(("| ", "Days that prove"))]
    return {f"lab evidence {number}": part for number, part in enumerate(parts, 1)}


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
    """Return the first columns of the lab's first table: what each policy earned, and how it fell."""
    rows = section(page, PRINTED, "lab evidence 1").strip().splitlines()
    kept = ("policy", "return a year", "max drawdown", "Sharpe ± SE", "mode changes")
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    if missing := set(kept) - set(cells[0]):
        raise DocumentError(f"the lab's first table has no column {', '.join(sorted(missing))}")
    places = [cells[0].index(name) for name in kept]
    return "\n".join(f"| {' | '.join(row[at] for at in places)} |" for row in cells)


__all__ = [
    "PROGRAMS",
    "events_of_demo",
    "evidence_in_brief",
    "taken",
    "with_parts",
]
