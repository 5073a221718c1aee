"""What can be run: make's targets, and the commands behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from tools import maestro, strategy
from tools.docs.sections import table
from tools.lab import __main__ as lab
from tools.prerequisites import ROOT


def targets() -> str:
    """Return make's own list of its targets."""
    found = re.findall(r"^([a-z-]+):.*?## (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    return table(["command", "what it does"], [[f"`make {name}`", words] for name, words in found])


def maestro_commands() -> str:
    return _commands(maestro.app)


def lab_commands() -> str:
    return _commands(lab.app)


def strategy_commands() -> str:
    return _commands(strategy.app)


def _commands(app: typer.Typer) -> str:
    """Return a table of an application's commands, with the arguments each takes."""
    root = typer.main.get_command(app)
    return table(["command", "what it does"], [[f"`{usage}`", words] for usage, words in _leaves(root, ())])


def _leaves(command: Any, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield usage and help of every command below a group; typer's own kinds of command have no public types."""
    if children := getattr(command, "commands", None):
        for name, child in children.items():
            yield from _leaves(child, (*names, name))
        return
    arguments = [one.name.upper() for one in command.params if one.param_type_name == "argument"]
    text = (command.help or "").strip().split("\n\n")[0]
    yield " ".join([*names, *arguments]), " ".join(text.split())
