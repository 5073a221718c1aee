"""`lab compare A B`: which days, strategies and rules make the difference between two policies that were run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from functions.domain.kernel.errors import InputError
from tools.lab.policy_run import PolicyRun
from tools.lab.results.attribution import Attribution, attributed
from tools.lab.results.decisions import read_runs
from tools.lab.results.document import RESULT
from tools.lab.results.document import as_json as json_of
from tools.lab.results.tables import usd
from tools.terminal import new_table, print_table

_SHOWN_CAUSES = 2


def show_difference(one: str, other: str, folder: Path | None, days: int, *, as_json: bool) -> None:
    """
    Print the difference between two policies.

    Raises
    ------
    InputError
        If one was not run, or not on the same days.
    """
    runs = [_run(text, folder) for text in (one, other)]
    if [session.day for session in runs[0].sessions] != [session.day for session in runs[1].sessions]:
        spans = [f"{run.sessions[0].day} to {run.sessions[-1].day}" for run in runs]
        raise InputError("B", f"on the same days as A ({spans[0]})", f"{other}: {spans[1]}")
    found = attributed(*runs)
    if as_json:
        print(json_of(_document(one, other, found, days)), end="")
        return
    side = "above" if found.difference > 0 else "below"
    print(f"{one} ended {usd(abs(found.difference))} USD {side} {other}")
    _print_days(found, days)
    _print_sums(found)


def _run(text: str, folder: Path | None) -> PolicyRun:
    place, _, name = text.rpartition("/")
    folder = Path(place) if place else folder
    if folder is None:
        raise InputError("--out", "given, or the policy as DIR/NAME", text)
    try:
        result = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("--out", f"a folder with the {RESULT} of a run", str(folder)) from error
    documents = {known: policy["policy"] for known, policy in result["policies"].items()}
    if name not in documents:
        limit = (
            f"one of {', '.join(documents)}, which `run` left in {folder} (to compare others, run them with --policy)"
        )
        raise InputError("policy", limit, name)
    return read_runs(folder, documents)[name]


def _print_days(found: Attribution, count: int) -> None:
    table = new_table()
    for name in ("Day", "Difference USD", "of which by strategy", "cause"):
        table.add_column(name, justify="right" if name == "Difference USD" else "left")
    for day in found.largest(count):
        cells = (_told(day.strategies), _told(day.causes))
        table.add_row(day.day.isoformat(), usd(day.difference, signed=True), *cells)
    print_table(table)
    shown = sum(day.difference for day in found.largest(count))
    part = f"{min(count, len(found.days))} of {len(found.days)} days"
    print(f"These {part} make {usd(shown, signed=True)} USD of the difference.")


def _print_sums(found: Attribution) -> None:
    for title, sums in (("Strategy", found.strategies), ("Cause", found.causes)):
        table = new_table()
        table.add_column(title)
        table.add_column("Difference USD", justify="right")
        table.add_column("Decisions" if title == "Cause" else "", justify="right")
        for name, value in sums.items():
            times = str(found.decisions.get(name, "")) if title == "Cause" else ""
            table.add_row(name, usd(value, signed=True), times)
        print_table(table)


def _told(sums: dict[str, float] | Any) -> str:
    return ", ".join(
        f"{name} {usd(value, signed=True)}" for name, value in list(sums.items())[:_SHOWN_CAUSES] if round(value)
    )


def _document(one: str, other: str, found: Attribution, days: int) -> dict[str, Any]:
    return {
        "a": one,
        "b": other,
        "difference": found.difference,
        "days": [
            {"day": day.day, "difference": day.difference, "strategies": day.strategies, "causes": day.causes}
            for day in found.largest(days)
        ],
        "strategies": found.strategies,
        "causes": found.causes,
        "decisions": found.decisions,
    }
