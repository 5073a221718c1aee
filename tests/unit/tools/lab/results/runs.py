"""Runs of policies made up from daily returns whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tests.unit.domain.lab.records import sessions
from tools.lab.policy_run import AccountSession, PolicyRun, StrategySession
from tools.lab.results.measured import Measured, Terms, measured

CASH = 100_000.0
TERMS = Terms(starting_cash=CASH, periods_a_year=252)
STRATEGIES = ("Alpha", "Beta")


def a_run(
    name: str,
    returns: ArrayLike,
    *,
    policy: Mapping[str, Any] | None = None,
    exposure: float = 0.5,
    traded: float = 1000.0,
    costs: float = 2.0,
    modes: Mapping[str, Sequence[str]] | None = None,
    codes: Mapping[str, Mapping[int, tuple[str, ...]]] | None = None,
    round_trips: int = 20,
    is_whole: bool = True,
) -> PolicyRun:
    """
    Return a run of two strategies that earn the same.

    Parameters
    ----------
    modes : mapping
        Of a strategy, a mode a session; ACTIVE where it is not named.
    codes : mapping
        Of a strategy, the reason codes of the sessions in which rules held its BUY.
    """
    daily = np.asarray(returns, dtype=np.float64)
    days = sessions(len(daily))
    equity = CASH * np.cumprod(1.0 + daily)
    account = tuple(
        AccountSession(day=day, equity=float(value), market_value=exposure * float(value), traded=traded, costs=costs)
        for day, value in zip(days, equity, strict=True)
    )
    profits = np.diff(np.concatenate([[CASH], equity])) / len(STRATEGIES)
    strategies = {}
    for strategy in STRATEGIES:
        held = (codes or {}).get(strategy, {})
        mode = (modes or {}).get(strategy, ["ACTIVE"] * len(days))
        strategies[strategy] = tuple(
            StrategySession(
                day=day,
                mode=mode[at],
                proposed="BUY",
                issued="HOLD" if at in held else "BUY",
                reason_codes=held.get(at, ("SHARPE_HEALTHY",)),
                profit=float(profits[at]),
                held=exposure * float(equity[at]) / len(STRATEGIES),
                sharpe_ratio=1.25 if at else None,
            )
            for at, day in enumerate(days)
        )
    return PolicyRun(
        name=name,
        policy=policy or {},
        sessions=account,
        strategies=strategies,
        round_trips=dict.fromkeys(STRATEGIES, round_trips),
        is_whole=is_whole,
    )


def noise(seed: int, days: int = 500, mean: float = 0.0005, deviation: float = 0.01) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).normal(mean, deviation, days)


def a_measured(name: str, returns: ArrayLike, **more: Any) -> Measured:
    return measured(a_run(name, returns, **more), TERMS)


def days_of(run: PolicyRun) -> list[date]:
    return [session.day for session in run.sessions]
