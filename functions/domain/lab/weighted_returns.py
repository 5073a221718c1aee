"""Strategies' daily returns weighted by the modes that two policies give them: no replay of an account."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from functions.domain.kernel.agent_mode import WEIGHTS, AgentMode
from functions.domain.kernel.policy import Policy
from functions.domain.lab.differences import sharpe_differences
from functions.domain.lab.figures import FEWEST_DAYS
from functions.domain.lab.holdings import separate_spells
from functions.domain.lab.verdict import too_few_to_tell
from functions.domain.track_record.moments import Floats
from functions.domain.track_record.sharpe_evidence import minimum_track_record_length
from functions.domain.track_record.statistics import sharpe_ratio
from functions.domain.track_record.windows import PerformanceWindows

ModesByDay = Mapping[date, Mapping[str, AgentMode]]
SEED = 7
"""Of the resampled days: the same question has the same answer."""
REPLICATIONS = 1000


@dataclass(frozen=True, slots=True)
class WeightedReturns:
    """
    Two policies' modes as weights over the strategies' daily returns beyond the risk-free rate.

    A session's weights meet the returns of the session after it; every strategy has the same share. What a mode's
    weight frees lies idle. None where the days are too few for a ratio.
    """

    days: int
    days_that_differ: int
    sharpe_before: float | None
    """Annualised."""
    sharpe_after: float | None
    difference: float | None
    low: float | None
    """The interval of the difference, 95 %."""
    high: float | None
    too_few_to_tell: tuple[str, ...]
    """Why it tells nothing; empty if it may tell something."""


def weighted_returns(
    windows: PerformanceWindows, before: ModesByDay, after: ModesByDay, policy: Policy, round_trips: int
) -> WeightedReturns:
    """
    Compare two policies' modes as weights.

    Parameters
    ----------
    before, after : mapping
        Modes by session and strategy.
    policy : Policy
        Whose risk-free rate and market year count.
    round_trips : int
        Exits on record.
    """
    returns = _returns(windows, before, after, policy)
    days = returns.shape[1]
    differs = ~np.isclose(returns[0], returns[1], rtol=0.0, atol=1e-15)
    spells = separate_spells(differs)
    if days < FEWEST_DAYS or not spells:
        why = f"{days} days, and {FEWEST_DAYS} are needed" if days < FEWEST_DAYS else "no day differs"
        return WeightedReturns(days, int(differs.sum()), None, None, None, None, None, (why,))
    year = policy.periods_a_year
    ratios = sharpe_ratio(returns, periods_a_year=year)
    generator = np.random.default_rng(SEED)
    found = sharpe_differences(returns, generator, periods_a_year=year, replications=REPLICATIONS).by_series[1]
    needed = float(minimum_track_record_length(returns[1], periods_a_year=year))
    return WeightedReturns(
        days,
        int(differs.sum()),
        sharpe_before=_known(ratios[0]),
        sharpe_after=_known(ratios[1]),
        difference=_known(found.difference),
        low=_known(found.low),
        high=_known(found.high),
        too_few_to_tell=too_few_to_tell(found, days=days, fewest_days=needed, round_trips=round_trips, spells=spells),
    )


def _returns(windows: PerformanceWindows, before: ModesByDay, after: ModesByDay, policy: Policy) -> Floats:
    """Return either policy's daily return beyond the risk-free rate, shape (2, days), oldest first."""
    column = {day: number for number, day in enumerate(windows.dates)}
    row = {name: number for number, name in enumerate(windows.strategy_names)}
    excess = windows.sessions.excess(policy.risk_free_rate, policy.periods_a_year)
    found = []
    for day, following in pairwise(windows.dates):
        known = [name for name in before.get(day, {}) if name in row]
        earned = excess[[row[name] for name in known], column[following]] if known else np.empty(0)
        has_return = ~np.isnan(earned)
        if has_return.any():
            weights = np.array([[WEIGHTS[modes[day][name]] for name in known] for modes in (before, after)])
            found.append((weights[:, has_return] * earned[has_return]).mean(axis=1))
    return np.array(found, dtype=np.float64).reshape(-1, 2).T


def _known(figure: float) -> float | None:
    return float(figure) if math.isfinite(figure) else None
