"""
The lab's command line.

    make lab ARGS="prices FILE --market 24x7"
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from functions.domain.kernel.errors import MaestroError
from tools.lab.prices.read import read_prices

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def lab() -> None:
    """Measure a policy before money follows it."""


@app.command()
def prices(
    file: Annotated[Path, typer.Argument(help="CSV, JSON, Parquet or Feather, or a folder of such files.")],
    market: Annotated[str, typer.Option(help="Whose sessions the days are: XNYS, XLON, 24x7 …")] = "XNYS",
    symbol: Annotated[str | None, typer.Option(help="Of a file that names none; else its name says.")] = None,
    adjusted: Annotated[bool | None, typer.Option(help="Whether prices are adjusted for splits, if you know.")] = None,
    fill: Annotated[int, typer.Option(help="Carry a symbol's last close over so many sessions at most.")] = 0,
) -> None:
    """Say how a file of prices is read, and what may be wrong with it."""
    read = read_prices(file, market=market, symbol=symbol, is_adjusted=adjusted, fill=fill)
    print(read.detected)
    for warning in read.warnings:
        print(f"warning: {warning}")


def main() -> int:
    """Run a command; what is the user's to mend is one line."""
    try:
        app()
    except MaestroError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
