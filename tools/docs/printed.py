"""What programs print that take minutes, or print other figures elsewhere: kept in the documents, taken when asked."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tools.docs.sections import PRINTED, DocumentError, replaced, section
from tools.prerequisites import ROOT

PRICES = "examples/data/us_equities_daily_2018_2022.csv"
EVIDENCE = "lab evidence"
"""Begins the name of every section of the lab's evidence."""
COLUMNS = 140
"""Columns of the terminal that programs print to: the longest line that documents may have."""
FOLDER = ".lab"
"""Where the lab's commands write, in documents; here it is below a temporary folder."""


@dataclass(frozen=True, slots=True)
class Program:
    """Something whose output documents show."""

    arguments: tuple[str, ...]
    """Arguments of Python; ``{folder}`` is a temporary folder, the same for all programs that one word runs."""
    sections: tuple[str, ...]
    """Names of the sections it makes; one that ends with a colon stands for all that begin with it."""
    parts: Callable[[str], Mapping[str, str]]
    """Makes sections of documents, by name, of all that was printed."""


def printed_as_is(name: str, arguments: tuple[str, ...]) -> Program:
    """Return a program whose section shows all of its output."""
    return Program(arguments, (name,), lambda printed: {name: block(printed)})


def block(printed: str) -> str:
    return f"```text\n{cleaned(printed)}\n```"


def cleaned(printed: str) -> str:
    return "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())


def lab(words: str) -> Program:
    """Return a command of the lab, whose section shows how to run it and what it prints."""
    name = f"lab {words.split(maxsplit=1)[0]}"
    return Program(lab_arguments(words), (name,), lambda printed: {name: lab_block(words, printed)})


def lab_arguments(words: str) -> tuple[str, ...]:
    return ("-m", "tools.lab", *words.replace(FOLDER, f"{{folder}}/{FOLDER}").split())


def lab_block(words: str, printed: str) -> str:
    return block(f'make lab ARGS="{words}"\n{without_strategies(cleaned(printed))}')


def without_strategies(printed: str) -> str:
    """Return what the lab printed, with … for its tables of single strategies: documents speak of policies."""
    parts = re.split(r"\n{2,}", printed)
    return "\n\n".join("…" if re.match(r".*\bStrategy\b", part) else part for part in parts)


def evidence(printed: str) -> dict[str, str]:
    """Return what the lab found, without its warnings, in sections named after the bold headings."""
    found: dict[str, str] = {}
    name = ""
    for part in cleaned(printed).split("\n\n"):
        heading = re.match(r"\*\*(.+?)\.?\*\*", part)
        if heading is not None:
            name = f"{EVIDENCE}: {heading[1]}"
        elif name:
            found[name] = f"{found[name]}\n\n{part}" if name in found else part
    return found


RECORD = f"run --tenant demo-1 --out {FOLDER}"


def demo_and_record(printed: str) -> dict[str, str]:
    """Return the demo's output, and that of the lab on the demo's tenant, which the demo ran at its end."""
    demo, _, then = printed.partition("\n$ ")
    _, _, record = then.partition("\n")
    return {"demo": block(demo), "lab record": lab_block(RECORD, record)} if record else {}


THEN = ("--then", shlex.join((sys.executable, *lab_arguments(RECORD))))
PROGRAMS: Mapping[str, Sequence[Program]] = {
    "demo": (Program(("-m", "examples.demo", *THEN), ("demo", "lab record"), demo_and_record),),
    "bench": (printed_as_is("bench", ("-m", "tools.bench")),),
    "lab": (
        lab(f"run --prices {PRICES} --leave-out SP500 --out {FOLDER}"),
        lab(f"compare guide off --out {FOLDER} --days 5"),
        lab(
            f"walk --prices {PRICES} --leave-out SP500 --from 2019-07-01 --to 2020-12-31 --over thresholds --no-rules"
            f" --out {FOLDER}"
        ),
    ),
    "evidence": (
        Program(
            lab_arguments(f"evidence --prices {PRICES} --leave-out SP500 --out {FOLDER}"), (f"{EVIDENCE}:",), evidence
        ),
    ),
}
"""By the word that runs them, one after the other."""


def taken(word: str) -> Mapping[str, str]:
    """
    Run programs and return their sections.

    Raises
    ------
    DocumentError
        If one fails, or prints nothing that its sections could be made of.
    """
    with tempfile.TemporaryDirectory() as folder:
        return {name: part for program in PROGRAMS[word] for name, part in _sections(word, program, folder).items()}


def _sections(word: str, program: Program, folder: str) -> Mapping[str, str]:
    command = [sys.executable, *(argument.format(folder=folder) for argument in program.arguments)]
    environment = {**os.environ, "COLUMNS": str(COLUMNS)}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    parts = program.parts(done.stdout)
    if done.returncode or not all(parts.values()) or not parts:
        raise DocumentError(f"{word} ended with {done.returncode}: nothing was written")
    return parts


def made() -> list[str]:
    """Return the names of all sections that programs make, as in `Program`."""
    return [one for programs in PROGRAMS.values() for program in programs for one in program.sections]


def is_made(name: str) -> bool:
    """Tell whether a program makes a section of this name."""
    return any(name == one or (one.endswith(":") and name.startswith(one)) for one in made())


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
