"""How the operator's commands print: results on standard output, as words or as JSON; notes on standard error."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.table import Table

notes = Console(stderr=True, highlight=False, markup=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]


given: list[str] = []
"""Options for every command, as they were typed this time: `command_line` repeats them."""


def command_line(*words: str) -> str:
    """Return what to type for one of our commands, so that it can be copied as it stands."""
    arguments = shlex.join([*given, *words]).replace("$", "$$")  # make's own
    is_plain = not set('"$`\\!') & set(arguments)
    return "make maestro ARGS=" + (f'"{arguments}"' if is_plain else shlex.quote(arguments))


def print_json(value: Any) -> None:
    print(json.dumps(value, default=plain, indent=2))


def plain(value: Any) -> Any:
    if isinstance(value, date):  # or a time
        return value.isoformat()
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def tell(sentence: str, document: Any, *, as_json: bool) -> None:
    """Print what was done."""
    if as_json:
        print_json(document)
    else:
        print(sentence)


def new_table() -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))


def print_table(table: Table) -> None:
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 160).print(table)


def print_rows(columns: Sequence[str], rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    table = new_table()
    for name in columns:
        table.add_column(name.removeprefix("is_").replace("_", " ").capitalize(), overflow="fold")
    for row in rows:
        table.add_row(*(shown(row[name]) for name in columns))
    print_table(table)


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def fail(message: str) -> NoReturn:
    """Say in one line what is wrong and what to do, and end."""
    notes.print(f"maestro: {message}", soft_wrap=True)
    raise typer.Exit(1)
