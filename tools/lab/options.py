"""Options that several commands of the lab take, and what they mean together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from functions.domain.kernel.errors import InputError
from tools.lab.engine.paper_broker import Costs
from tools.lab.engine.sessions import HISTORY_DAYS
from tools.lab.policies import BUILT_IN
from tools.lab.prices.bars import DailyBars
from tools.lab.prices.read import Prices, read_prices
from tools.lab.task import Task, chosen_strategies

PricesFile = Annotated[Path, typer.Option("--prices", help="CSV, JSON, Parquet or Feather, or a folder of such files.")]
PolicyNames = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="NAME|FILE",
        help=f"Once for each: {', '.join(BUILT_IN)}, several joined by +, or a JSON file as PUT /v1/policy takes it. "
        "off is always there. [default: guide]",
        show_default=False,
    ),
]
From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="DAY",
        help="First day, YYYY-MM-DD. [default: the 260th of the file: what is before is the strategies' history]",
        show_default=False,
    ),
]
To = Annotated[
    str, typer.Option("--to", metavar="DAY", help="Last day. [default: the file's last]", show_default=False)
]
Strategies = Annotated[
    list[str] | None,
    typer.Option(
        "--strategies",
        metavar="NAMES",
        help="Class names, joined by commas. [default: all that are in functions/strategies]",
        show_default=False,
    ),
]
CostsText = Annotated[str, typer.Option("--costs", metavar="FEE,BP", help="USD a share, and basis points of slippage.")]
Market = Annotated[str, typer.Option("--market", help="Whose sessions the days are: XNYS, XLON, 24x7 …")]
Cash = Annotated[float, typer.Option("--cash", help="USD on the account before the first session.")]
Rate = Annotated[
    float, typer.Option("--risk-free-rate", help="A year, of Sharpe ratios. Cash earns nothing in a replay.")
]
Seed = Annotated[int, typer.Option("--seed", help="Of the bootstrap: one seed, the same bytes.")]
Replications = Annotated[int, typer.Option("--replications", help="Of the bootstrap.")]
Symbol = Annotated[str | None, typer.Option("--symbol", help="Of a file that names none; else its name says.")]
LeaveOut = Annotated[
    list[str] | None, typer.Option("--leave-out", metavar="SYMBOLS", help="Not traded, joined by commas: an index.")
]
Adjusted = Annotated[
    bool | None, typer.Option(help="Whether prices are adjusted for splits, if you know.", show_default=False)
]
Fill = Annotated[int, typer.Option("--fill", help="Carry a symbol's last close over so many sessions at most.")]
Out = Annotated[
    Path,
    typer.Option(
        "--out", metavar="DIR", help="Where results go; what was tried there is counted, and deflates what comes later."
    ),
]
DEMO_COSTS = "0.005,2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A command line's words about prices, days, strategies and costs, as they were typed."""

    prices: Path
    market: str = "XNYS"
    first: str = ""
    last: str = ""
    strategies: Sequence[str] = ()
    costs: str = DEMO_COSTS
    cash: float = 100_000.0
    risk_free_rate: float = 0.0
    symbol: str | None = None
    leave_out: Sequence[str] = ()
    adjusted: bool | None = None
    fill: int = 0

    def task(self) -> Task:
        """
        Read the prices and return what is to be replayed.

        Raises
        ------
        InputError
            If an option is out of its limits; it names option, limit and value.
        PriceFileError
            If the prices cannot be used.
        """
        first, last = _day("--from", self.first), _day("--to", self.last)
        _in("--cash", self.cash, 1.0, 1e12)
        _in("--risk-free-rate", self.risk_free_rate, -0.5, 1.0)
        costs, strategies = parse_costs(self.costs), chosen_strategies(words(self.strategies))
        read = read_prices(
            self.prices, market=self.market, symbol=self.symbol, is_adjusted=self.adjusted, fill=self.fill
        )
        bars = without_symbols(read.bars, words(self.leave_out))
        begin, end = first or bars.days[min(HISTORY_DAYS, len(bars.days)) - 1], last or bars.days[-1]
        days = [day for day in bars.days if begin <= day <= end]
        if len(days) < 2:
            option, value = ("--from", begin) if last is None else ("--to", end)
            limit = f"such that two sessions or more are left of {bars.days[0]} to {bars.days[-1]}"
            raise InputError(option, limit, f"{value}")
        return Task(
            prices=Prices(bars, read.detected, read.warnings),
            file=self.prices.name,
            market=self.market,
            first=days[0],
            last=days[-1],
            strategies=strategies,
            costs=costs,
            starting_cash=self.cash,
            risk_free_rate=self.risk_free_rate,
        )


def words(given: Sequence[str]) -> list[str]:
    """
    Return what was given joined by commas, or by an option each.

    >>> words(["A,B", " C "])
    ['A', 'B', 'C']
    """
    return [word.strip() for text in given for word in text.split(",") if word.strip()]


def parse_costs(text: str) -> Costs:
    """
    Read costs: USD a share, and basis points of slippage.

    Raises
    ------
    InputError
        If they are no two numbers, or one is out of its limits.
    """
    try:
        fee, slippage = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError("--costs", "two numbers: USD a share, and basis points (0.005,2)", text) from error
    _in("--costs (USD a share)", fee, 0.0, 100.0)
    _in("--costs (basis points)", slippage, 0.0, 1000.0)
    return Costs(fee_per_share=fee, slippage=slippage / 10_000.0)


def check_chance(seed: int, replications: int) -> None:
    """Raise InputError if the bootstrap's options are out of their limits."""
    _in("--seed", seed, 0, 2**63 - 1)
    _in("--replications", replications, 100, 100_000)


def without_symbols(bars: DailyBars, symbols: Sequence[str]) -> DailyBars:
    """Return bars of all other symbols. Raises InputError for one that is not there, or if none is left."""
    for symbol in symbols:
        if symbol not in bars.symbols:
            raise InputError("--leave-out", f"one of {', '.join(bars.symbols)}", symbol)
    kept = [column for column, symbol in enumerate(bars.symbols) if symbol not in symbols]
    if not kept:
        raise InputError("--leave-out", "fewer than all symbols", ",".join(symbols))
    fields = np.stack([bars.open, bars.high, bars.low, bars.close, bars.volume])[..., kept]
    return DailyBars.of(bars.days, tuple(bars.symbols[column] for column in kept), fields)


def _day(option: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InputError(option, "a day, YYYY-MM-DD", text) from error


def _in(option: str, value: float, least: float, most: float) -> None:
    if not (math.isfinite(value) and least <= value <= most):
        raise InputError(option, f"from {least:g} to {most:g}", value)
