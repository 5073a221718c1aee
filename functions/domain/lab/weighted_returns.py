"""Strategies' daily returns weighted by the modes that two policies give them: no replay of an account."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
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
class WeightedDay:
    """
    One day's returns, weighted by the modes of the session before.

    A session's weights apply to the returns of the next session; every strategy with a return has the same share. What
    a mode's weight frees stays in cash.
    """

    day: date
    weights: Mapping[str, float]
    """By strategy, of the whole: at most 1 together."""
    earned: Mapping[str, float]
    """What each adds to the day's return, a fraction of the whole."""

    @property
    def total(self) -> float:
        return sum(self.earned.values())


@dataclass(frozen=True, slots=True)
class WeightedReturns:
    """
    Two policies' modes as weights over the strategies' daily returns beyond the risk-free rate: `WeightedDay`.

    None where the days are too few for a ratio.
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
    excess = windows.sessions.excess(policy.risk_free_rate, policy.periods_a_year)
    sides = [[day.total for day in weighted_days(windows, excess, modes)] for modes in (before, after)]
    returns = np.array(sides, dtype=np.float64)
    days = returns.shape[1]
    differs = ~np.isclose(returns[0], returns[1], rtol=0.0, atol=1e-15)
    spells = separate_spells(differs)
    if days < FEWEST_DAYS or not spells:
        why = f"{days} days, but {FEWEST_DAYS} are needed" if days < FEWEST_DAYS else "no day differs"
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


def weighted_days(windows: PerformanceWindows, returns: Floats, modes: ModesByDay) -> Iterator[WeightedDay]:
    """
    Yield the days that modes weigh, oldest first: those after a session that has modes, with any return.

    Parameters
    ----------
    windows : PerformanceWindows
        Which strategies and days the returns are of.
    returns : NDArray, shape (strategies, days)
        Daily, fractions, those of the windows or made of them; NaN where there is none.
    """
    column = {day: number for number, day in enumerate(windows.dates)}
    row = {name: number for number, name in enumerate(windows.strategy_names)}
    for day, following in pairwise(sorted({*windows.dates, *modes})):
        of_day = modes.get(day, {}) if following in column else {}
        earned = {name: float(returns[row[name], column[following]]) for name in of_day if name in row}
        known = {name: value for name, value in earned.items() if not math.isnan(value)}
        if known:
            weights = {name: WEIGHTS[modes[day][name]] / len(known) for name in known}
            yield WeightedDay(following, weights, {name: weights[name] * value + 0.0 for name, value in known.items()})


def _known(figure: float) -> float | None:
    return float(figure) if math.isfinite(figure) else None
