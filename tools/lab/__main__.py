"""
The lab's command line.

    make lab ARGS="run --prices examples/data/us_equities_daily_2018_2022.csv --leave-out SP500 --out .lab"
"""

from __future__ import annotations

import itertools
import sys

import typer
from typer.exceptions import TyperException

from functions.domain.kernel.errors import MaestroError
from tools.lab.commands import COMMANDS, INTERRUPTED

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback()
def lab() -> None:
    """Measure a policy before money follows it."""


for name, command in COMMANDS.items():
    app.command(name)(command)


def main() -> int:
    """Run a command; an error that the user can fix is one line."""
    try:
        code = app(prog_name="make lab ARGS=…", standalone_mode=False)
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
    """Return ", was …" with the refused value as it was typed; empty if the error's message already has it."""
    names = getattr(getattr(error, "param", None), "opts", ())
    given = [other for one, other in itertools.pairwise(sys.argv) if one in names]
    return f", was {given[-1]!r}" if given and given[-1] not in error.format_message() else ""


if __name__ == "__main__":
    sys.exit(main())
