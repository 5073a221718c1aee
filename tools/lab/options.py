"""The options of the lab's commands, and how several commands share them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from tools.lab.policies import BUILT_IN, OPTIONS

PricesFile = Annotated[
    Path | None,
    typer.Option(
        "--prices",
        help="CSV, JSON, Parquet or Feather, or a folder of such files. This, or --tenant.",
        show_default=False,
    ),
]
Tenant = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        help="A tenant's record instead of prices: its decisions are made again and its daily returns weighted. It "
        "is read from the emulators that run here, or from the cloud.",
        show_default=False,
    ),
]
Uid = Annotated[
    str | None, typer.Option("--uid", help="With --tenant: use only one user's returns.", show_default=False)
]
Project = Annotated[
    str | None,
    typer.Option("--project", help="With --tenant: the Firebase project, even if emulators run.", show_default=False),
]
PolicyNames = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="NAME|FILE",
        help=f"A policy, once for each: {', '.join(BUILT_IN)}, several joined by +, or a JSON file as PUT /v1/policy "
        "takes it. off is always included. [default: guide] With --tenant, current (its own) is a default, too.",
        show_default=False,
    ),
]
From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="DAY",
        help="First day, YYYY-MM-DD. [default: the 260th of the file, as the strategies need the days before as their "
        "history; of a record, the first]",
        show_default=False,
    ),
]
To = Annotated[str, typer.Option("--to", metavar="DAY", help="Last day. [default: the last one]", show_default=False)]
Strategies = Annotated[
    list[str] | None,
    typer.Option(
        "--strategies",
        metavar="NAMES",
        help="Class names, joined by commas. [default: all in functions/strategies]",
        show_default=False,
    ),
]
CostsText = Annotated[str, typer.Option("--costs", metavar="FEE,BP", help="USD a share, and basis points of slippage.")]
Market = Annotated[str, typer.Option("--market", help="Whose sessions the days are: XNYS, XLON, 24x7 …")]
Cash = Annotated[float, typer.Option("--cash", help="USD on the account before the first session.")]
Rate = Annotated[
    float, typer.Option("--risk-free-rate", help="Annual rate for Sharpe ratios. Cash earns nothing in a replay.")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the bootstrap: the same seed gives the same bytes.")]
Replications = Annotated[int, typer.Option("--replications", help="Replications of the bootstrap.")]
Symbol = Annotated[
    str | None,
    typer.Option("--symbol", help="Symbol of a file that names none; by default taken from the file's name."),
]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option("--leave-out", metavar="SYMBOLS", help="Symbols not to trade, such as an index; by commas."),
]
Adjusted = Annotated[
    bool | None, typer.Option(help="Whether prices are adjusted for splits, if you know.", show_default=False)
]
Fill = Annotated[int, typer.Option("--fill", help="Fill up to so many missing sessions with the last close.")]
Out = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Folder for results; policies tried there count in later deflated ratios.",
    ),
]
Over = Annotated[
    list[str] | None,
    typer.Option(
        "--over",
        metavar="SETTING",
        help=f"A setting to vary, once for each: {', '.join(OPTIONS)} (the guide's options), or FIELD=VALUE,VALUE "
        f"of the policy. [default: {', '.join(OPTIONS)}]",
        show_default=False,
    ),
]
Cores = Annotated[int, typer.Option("--cores", help="Processes at once. [default: all]", show_default=False)]
Rules = Annotated[bool, typer.Option(help="Also replay each policy without each of its rules.")]


def taking(shared: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """
    Give a command the options of a dataclass, before its own, and hand it one as its first argument.

    Parameters
    ----------
    shared : type
        A dataclass whose fields are options.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(shared, include_extras=True) | get_type_hints(command, include_extras=True)
        theirs = inspect.signature(shared).parameters
        own = list(inspect.signature(command).parameters.values())[1:]

        def run(**words: Any) -> None:
            command(shared(**{name: words.pop(name) for name in theirs}), **words)

        everything = sorted([*theirs.values(), *own], key=lambda one: one.default is not inspect.Parameter.empty)
        kind = inspect.Parameter.KEYWORD_ONLY
        taken = [one.replace(annotation=hints[one.name], kind=kind) for one in everything]
        run.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in taken}
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        return run

    return decorate
