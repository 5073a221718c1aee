"""
The figures of one account or strategy, from its daily returns alone.

Nothing here depends on another series: a benchmark cannot change a strategy's figures. What too few days cannot tell is
NaN and not a number that looks like one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import ArrayLike

from functions.domain.lab.drawdowns import Drawdown, deepest, drawdown_episodes, longest
from functions.domain.track_record import statistics
from functions.domain.track_record.moments import Floats, Moments, validated
from functions.domain.track_record.sharpe_evidence import minimum_track_record_length, sharpe_standard_error

FEWEST_DAYS = 30
"""For a Sharpe ratio and what is made of it: seven days can show one of 9,866."""
FEWEST_DAYS_OF_TAILS = 250
"""For skewness, kurtosis and the worst 5 %: a year, of which 5 % are twelve days."""
TAIL = 0.05


@dataclass(frozen=True, slots=True)
class Figures:
    """Fractions, annualised where said; NaN where undefined or the days are too few."""

    days: int
    """With a return; only these count."""
    total_return: float
    """Compounded."""
    yearly_return: float
    """Compounded, a year of sessions; NaN for less than a year."""
    volatility: float
    """Annualised."""
    sharpe_ratio: float
    """Annualised, over the risk-free rate."""
    sharpe_standard_error: float
    """In units of the annualised ratio."""
    probabilistic_sharpe_ratio: float
    """The probability that the true ratio is above 0, over the same rate."""
    minimum_track_record: float
    """Days that would prove it at 95 %; infinite for a ratio of 0 or less."""
    deepest: Drawdown | None
    longest: Drawdown | None
    worst_day: float
    """The lowest daily return."""
    skewness: float
    kurtosis: float
    """3 for a normal distribution."""
    expected_shortfall: float
    """The mean of the worst 5 % of days."""

    @property
    def max_drawdown(self) -> float:
        """A fraction, 0 or negative."""
        return 0.0 if self.deepest is None else self.deepest.depth


def figures(
    daily_returns: ArrayLike, days: Sequence[date], annual_risk_free_rate: float = 0.0, *, periods_a_year: int
) -> Figures:
    """
    Compute every figure of one series.

    Parameters
    ----------
    daily_returns : array_like, shape (days,)
        Of every session, fractions, oldest first, those on which nothing was traded included; NaN marks a day without
        a return, which counts nowhere.
    days : sequence of date
        The session of each.
    annual_risk_free_rate : float
        Fraction per year; each day's is its n-th part.
    periods_a_year : int
        Sessions a year, n: 252 on an exchange, 365 where it never closes.

    Raises
    ------
    MetricInputError
        If a return is infinite.
    """
    returns, present = validated(daily_returns)
    count = int(present.sum())
    enough = returns if count >= FEWEST_DAYS else returns[:0]
    a_year = returns if count >= periods_a_year else returns[:0]
    tails = returns[present] if count >= FEWEST_DAYS_OF_TAILS else returns[:0]
    skewness, kurtosis = Moments(tails).shape()
    year = periods_a_year
    excess = enough - annual_risk_free_rate / year
    episodes = drawdown_episodes(returns, days)
    return Figures(
        count,
        total_return=float(statistics.total_return(returns)),
        yearly_return=float(statistics.annualized_return(a_year, periods_a_year=year)),
        volatility=float(statistics.volatility(enough, periods_a_year=year)),
        sharpe_ratio=float(statistics.sharpe_ratio(excess, periods_a_year=year)),
        sharpe_standard_error=float(sharpe_standard_error(excess, periods_a_year=year)),
        probabilistic_sharpe_ratio=float(statistics.probabilistic_sharpe_ratio(excess, periods_a_year=year)),
        minimum_track_record=float(minimum_track_record_length(excess, periods_a_year=year)),
        deepest=deepest(episodes),
        longest=longest(episodes),
        worst_day=float(returns[present].min()) if count else math.nan,
        skewness=float(skewness),
        kurtosis=float(kurtosis),
        expected_shortfall=expected_shortfall(tails),
    )


def expected_shortfall(daily_returns: Floats, tail: float = TAIL) -> float:
    """Return the mean of the worst days, a fraction ``tail`` of them and one at least; NaN without any day."""
    if daily_returns.size == 0:
        return math.nan
    worst = int((daily_returns.size - 1) * tail) + 1
    return float(np.partition(daily_returns, worst - 1)[:worst].mean())
