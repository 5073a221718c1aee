"""`Source` of past prices: the services themselves, on stores in memory, with the user's strategies."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.sandbox.find_strategies import build, discover
from functions.strategies.base import BaseStrategy
from tools.lab.engine.paper_broker import Costs
from tools.lab.engine.replay import replay
from tools.lab.policy_run import PolicyRun
from tools.lab.prices.read import Prices
from tools.lab.results.benchmark import BuyAndHold, buy_and_hold
from tools.lab.source import Advance, Policies

STRATEGIES_PACKAGE = "functions.strategies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Prices, days, strategies and costs: everything but policies."""

    prices: Prices
    file: str
    """The price file's name, without its folder."""
    market: str
    first: date
    last: date
    strategies: tuple[str, ...]
    """Class names, sorted."""
    left_out: tuple[str, ...]
    """Which strategies do not load, and why."""
    costs: Costs
    starting_cash: float
    """USD."""
    risk_free_rate: float
    """Fraction a year, of Sharpe ratios."""

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(day for day in self.prices.bars.days if self.first <= day <= self.last)

    @property
    def detected(self) -> str:
        return self.prices.detected

    @property
    def held_fixed(self) -> tuple[str, ...]:
        return ()

    @property
    def own_policies(self) -> Policies:
        return {}

    @property
    def origin(self) -> Mapping[str, Any]:
        return {"prices": {"file": self.file, "detected": self.detected}}

    def doubts(self, policies: Policies) -> tuple[str, ...]:  # noqa: ARG002 - prices are the same for all
        return (*self.left_out, *self.prices.warnings)

    def idle(self, names: Sequence[str]) -> str:
        return f"never held anything, even raw: {', '.join(names)} (are their symbols in the file?)"

    def hold(self, days: Sequence[date]) -> BuyAndHold | None:
        return buy_and_hold(self.prices.bars, days)

    def replay(self, policies: Policies, progress: Advance | None = None) -> dict[str, PolicyRun]:
        """Replay every session under some policies, each on its own account."""
        classes = found_strategies()
        runs = replay(
            self.prices.bars,
            [classes[name] for name in self.strategies],
            {name: {"market": self.market, **policy} for name, policy in policies.items()},
            market=self.market,
            first=self.first,
            last=self.last,
            costs=self.costs,
            starting_cash=self.starting_cash,
            progress=progress,
        )
        return {name: replace(run, policy=policies[name]) for name, run in runs.items()}

    def fingerprints(self) -> dict[str, str]:
        """Return what identifies each strategy's code, by name: a digest of its module's text."""
        classes = found_strategies()
        return {name: _digest(classes[name]) for name in self.strategies}

    def digest(self) -> str:
        """Return what identifies a policy's replay: while it is the same, so is the result."""
        bars = self.prices.bars
        said = [self.market, self.first, self.last, self.fingerprints(), self.costs, self.starting_cash, bars.symbols]
        found = hashlib.sha256(repr([*said, [day.toordinal() for day in bars.days]]).encode())
        for field in (bars.open, bars.high, bars.low, bars.close, bars.volume):
            found.update(field.tobytes())
        return found.hexdigest()[:16]

    def between(self, first: date, last: date) -> Task:
        """Return the same of other days; what is before them stays history."""
        return replace(self, first=first, last=last)


def found_strategies() -> Mapping[str, type]:
    """Return every strategy that exists, by class name."""
    return discover(STRATEGIES_PACKAGE, BaseStrategy)[0]


def chosen_strategies(given: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """
    Return the names of strategies, sorted, and what is left out and why; all that load if none are given.

    Raises
    ------
    InputError
        If there is no strategy of a name, or it does not load.
    """
    classes, errors = discover(STRATEGIES_PACKAGE, BaseStrategy)
    if not given:
        loaded, failed = build(classes)
        return tuple(sorted(loaded)), tuple(_left_out({**errors, **failed}))
    for name in given:
        if name not in classes:
            raise InputError(
                "--strategies", "; ".join([f"one of {', '.join(sorted(classes))}", *_left_out(errors)]), name
            )
    _, failed = build({name: classes[name] for name in given})
    for name, why in failed.items():
        raise InputError("--strategies", f"one that can be built ({why})", name)
    return tuple(sorted(set(given))), ()


def _left_out(errors: Mapping[str, str]) -> list[str]:
    return [f"{name} is left out, as it does not load: {why}" for name, why in sorted(errors.items())]


def _digest(strategy: type) -> str:
    return hashlib.sha256(Path(inspect.getfile(strategy)).read_bytes()).hexdigest()[:16]
