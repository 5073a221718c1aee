"""One strategy's performance over the policy's lookback."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import numpy as np
from numpy.typing import NDArray

from functions.domain.kernel.policy import Policy
from functions.domain.track_record import statistics


@dataclass(frozen=True, slots=True)
class StrategyPerformanceMetrics:
    """Statistics of recent daily returns; None where undefined for want of data."""

    strategy_name: str
    data_points: int = 0
    """Daily returns behind the figures."""
    sharpe_ratio: float | None = None
    """Annualised."""
    probabilistic_sharpe_ratio: float | None = None
    """Probability that the true Sharpe ratio is above 0."""
    annualized_return: float | None = None
    """Compounded, fraction per year of the market's trading days: 252, or 365 around the clock."""
    volatility: float | None = None
    """Annualised, fraction."""
    max_drawdown: float | None = None
    """Largest fall from a peak, fraction, 0 or negative."""
    total_return: float | None = None
    """Compounded, fraction."""
    win_rate: float | None = None
    """Fraction of days with a gain."""
    daily_returns: Sequence[float] = ()
    """Fractions per day, oldest first, days without a return left out."""
    last_updated: datetime | None = None
    """The day of the last of them, midnight UTC; None without any."""
    healthy_sharpe: float = Policy().sharpe_threshold_reduce
    """The Sharpe ratio from which a strategy keeps its full allocation."""

    def is_healthy(self) -> bool:
        """Tell whether the Sharpe ratio is known and earns full allocation."""
        return self.sharpe_ratio is not None and self.sharpe_ratio >= self.healthy_sharpe


def performance_metrics(
    strategy_name: str, daily_returns: NDArray[np.float64], days: Sequence[date], policy: Policy
) -> StrategyPerformanceMetrics:
    """
    Compute every figure of one strategy.

    Parameters
    ----------
    daily_returns : NDArray, shape (days,)
        Fractions per day, oldest first; NaN marks a missing day.
    days : sequence of date
        The day of each.
    """
    known = np.flatnonzero(~np.isnan(daily_returns))
    count = int(statistics.data_points(daily_returns))
    enough = daily_returns if count >= policy.min_data_points else daily_returns[:0]
    rate, year = policy.risk_free_rate, policy.periods_a_year
    return StrategyPerformanceMetrics(
        strategy_name,
        count,
        sharpe_ratio=_or_none(statistics.sharpe_ratio(enough, rate, periods_a_year=year)),
        probabilistic_sharpe_ratio=_or_none(statistics.probabilistic_sharpe_ratio(enough, rate, periods_a_year=year)),
        annualized_return=_or_none(statistics.annualized_return(enough, periods_a_year=year)),
        volatility=_or_none(statistics.volatility(enough, periods_a_year=year)),
        max_drawdown=_or_none(statistics.max_drawdown(enough)),
        total_return=_or_none(statistics.total_return(enough)),
        win_rate=_or_none(statistics.win_rate(enough)),
        daily_returns=tuple(daily_returns[known].tolist()),
        last_updated=datetime.combine(days[known[-1]], time(), UTC) if known.size else None,
        healthy_sharpe=policy.sharpe_threshold_reduce,
    )


def _or_none(figure: NDArray[np.float64]) -> float | None:
    return None if math.isnan(figure) else float(figure)
