"""What a command of the lab is given: prices or a record, days, strategies and costs, and what they mean together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import numpy as np

from functions.domain.kernel.errors import InputError
from functions.domain.lab.differences import REPLICATIONS
from tools.lab import options
from tools.lab.engine.paper_broker import Costs
from tools.lab.engine.sessions import HISTORY_DAYS
from tools.lab.prices.bars import DailyBars
from tools.lab.prices.read import Prices, read_prices
from tools.lab.results.beside import Chance
from tools.lab.shown_progress import shown_progress
from tools.lab.source import Source
from tools.lab.task import Task, chosen_strategies

DEMO_COSTS = "0.005,2"
_OF_PRICES = ("market", "strategies", "leave_out", "costs", "symbol", "adjusted", "fill")
_OF_RECORDS = ("uid", "project")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Options that every replay takes, as they were typed."""

    out: options.Out
    prices: options.PricesFile = None
    tenant: options.Tenant = None
    uid: options.Uid = None
    project: options.Project = None
    market: options.Market = "XNYS"
    first: options.From = ""
    last: options.To = ""
    strategies: options.Strategies = None
    leave_out: options.LeaveOut = None
    costs: options.CostsText = DEMO_COSTS
    cash: options.Cash = 100_000.0
    risk_free_rate: options.Rate = 0.0
    symbol: options.Symbol = None
    adjusted: options.Adjusted = None
    fill: options.Fill = 0
    seed: options.Seed = 1
    replications: options.Replications = REPLICATIONS

    def chance(self) -> Chance:
        """Return seed and replications of the bootstrap. Raises InputError."""
        _in("--seed", self.seed, 0, 2**63 - 1)
        _in("--replications", self.replications, 100, 100_000)
        return Chance(seed=self.seed, replications=self.replications)

    def task(self) -> Source:
        """
        Read prices or a record, and return what is to be replayed.

        Raises
        ------
        InputError
            If an option is out of its limits, or does not go with others; it names option, limit and value.
        PriceFileError
            If the prices cannot be used.
        """
        first, last = _day("--from", self.first), _day("--to", self.last)
        _in("--cash", self.cash, 1.0, 1e12)
        _in("--risk-free-rate", self.risk_free_rate, -0.5, 1.0)
        self._check_together()
        return self._of_prices(self.prices, first, last) if self.prices else self._of_tenant(first, last)

    def _check_together(self) -> None:
        if (self.prices is None) == (self.tenant is None):
            told = "neither" if self.prices is None else f"both, {self.prices} and {self.tenant}"
            raise InputError("--prices or --tenant", "given, one of them: past prices, or a tenant's own record", told)
        alone = _OF_RECORDS if self.tenant is None else _OF_PRICES
        other = "--prices" if self.tenant is None else "--tenant"
        defaults = {one.name: one.default for one in fields(self)}
        for name in alone:
            if (value := getattr(self, name)) != defaults[name]:
                raise InputError(f"--{name.replace('_', '-')}", f"left out with {other}", value)

    def _of_tenant(self, first: date | None, last: date | None) -> Source:
        from tools.lab.tenant import Wanted, read_tenant  # noqa: PLC0415 - a second, which prices need not wait for

        wanted = Wanted(
            tenant=self.tenant or "",
            uid=self.uid,
            first=first,
            last=last,
            starting_cash=self.cash,
            risk_free_rate=self.risk_free_rate,
        )
        with shown_progress(f"Reading the record of {self.tenant}") as advance:
            return read_tenant(wanted, self.project, advance)

    def _of_prices(self, file: Path, first: date | None, last: date | None) -> Source:
        costs = parse_costs(self.costs)
        strategies, left_out = chosen_strategies(words(self.strategies or ()))
        read = read_prices(file, market=self.market, symbol=self.symbol, is_adjusted=self.adjusted, fill=self.fill)
        bars = without_symbols(read.bars, words(self.leave_out or ()))
        begin, end = first or bars.days[min(HISTORY_DAYS, len(bars.days)) - 1], last or bars.days[-1]
        days = [day for day in bars.days if begin <= day <= end]
        if len(days) < 2:
            option, value = ("--from", begin) if last is None else ("--to", end)
            limit = f"such that two sessions or more are left of {bars.days[0]} to {bars.days[-1]}"
            raise InputError(option, limit, f"{value}")
        return Task(
            prices=Prices(bars, read.detected, read.warnings),
            file=file.name,
            market=self.market,
            first=days[0],
            last=days[-1],
            strategies=strategies,
            left_out=left_out,
            costs=costs,
            starting_cash=self.cash,
            risk_free_rate=self.risk_free_rate,
        )


def words(given: Sequence[str]) -> list[str]:
    """
    Return the names given in repeated options, in commas, or both.

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
        If they are not two numbers, or one is out of its limits.
    """
    try:
        fee, slippage = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError("--costs", "two numbers: USD a share, and basis points (0.005,2)", text) from error
    _in("--costs (USD a share)", fee, 0.0, 100.0)
    _in("--costs (basis points)", slippage, 0.0, 1000.0)
    return Costs(fee_per_share=fee, slippage=slippage / 10_000.0)


def without_symbols(bars: DailyBars, symbols: Sequence[str]) -> DailyBars:
    """Return bars of all other symbols. Raises InputError if one does not exist, or if none is left."""
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
