"""One strategy's performance over the policy's lookback."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.domain.kernel.policy import Policy
from functions.domain.track_record import statistics


@dataclass(frozen=True, slots=True)
class StrategyPerformanceMetrics:
    """Statistics of recent daily returns; None where undefined for want of data."""

    strategy_name: str
    data_points: int
    """Daily returns behind the figures."""
    sharpe_ratio: float | None
    """Annualised."""
    probabilistic_sharpe_ratio: float | None
    """Probability that the true Sharpe ratio is above 0."""
    volatility: float | None
    """Annualised, fraction."""
    max_drawdown: float | None
    """Largest fall from a peak, fraction, 0 or negative."""
    total_return: float | None
    """Compounded, fraction."""
    win_rate: float | None
    """Fraction of days with a gain."""
    healthy_sharpe: float
    """The Sharpe ratio from which a strategy keeps its full allocation."""

    def is_healthy(self) -> bool:
        """Tell whether the Sharpe ratio is known and earns full allocation."""
        return self.sharpe_ratio is not None and self.sharpe_ratio >= self.healthy_sharpe


def performance_metrics(
    strategy_name: str, daily_returns: NDArray[np.float64], policy: Policy
) -> StrategyPerformanceMetrics:
    """
    Compute every figure of one strategy.

    Parameters
    ----------
    daily_returns : NDArray, shape (days,)
        Fractions per day, oldest first; NaN marks a missing day.
    """
    count = int(statistics.data_points(daily_returns))
    enough = daily_returns if count >= policy.min_data_points else daily_returns[:0]
    rate = policy.risk_free_rate
    return StrategyPerformanceMetrics(
        strategy_name,
        count,
        _or_none(statistics.sharpe_ratio(enough, rate)),
        _or_none(statistics.probabilistic_sharpe_ratio(enough, rate)),
        _or_none(statistics.volatility(enough)),
        _or_none(statistics.max_drawdown(enough)),
        _or_none(statistics.total_return(enough)),
        _or_none(statistics.win_rate(enough)),
        policy.sharpe_threshold_reduce,
    )


def _or_none(figure: NDArray[np.float64]) -> float | None:
    return None if math.isnan(figure) else float(figure)
