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
from functions.domain.track_record.session_returns import SessionReturns


@dataclass(frozen=True, slots=True)
class StrategyPerformanceMetrics:
    """Statistics of recent daily returns; None if there is too little data."""

    strategy_name: str
    data_points: int = 0
    """Active sessions behind the figures: those with trades or positions."""
    sharpe_ratio: float | None = None
    """Annualised."""
    probabilistic_sharpe_ratio: float | None = None
    """Probability that the true Sharpe ratio is above 0."""
    annualized_return: float | None = None
    """Compounded, fraction per year of the market's trading days: 252, or 365 if it never closes."""
    volatility: float | None = None
    """Annualised, fraction."""
    max_drawdown: float | None = None
    """Largest fall from a peak, fraction, 0 or negative."""
    total_return: float | None = None
    """Compounded, fraction."""
    win_rate: float | None = None
    """Fraction of days with a gain."""
    daily_returns: Sequence[float] = ()
    """Fractions per day, oldest first; with idle days, without days that have no return."""
    last_updated: datetime | None = None
    """The day of the last of them, midnight UTC; None without any."""
    healthy_sharpe: float = Policy().sharpe_threshold_reduce
    """The Sharpe ratio from which a strategy keeps its full allocation."""

    def is_healthy(self) -> bool:
        """Return whether the Sharpe ratio is known and earns full allocation."""
        return self.sharpe_ratio is not None and self.sharpe_ratio >= self.healthy_sharpe


def performance_metrics(
    strategy_name: str, sessions: SessionReturns, days: Sequence[date], policy: Policy
) -> StrategyPerformanceMetrics:
    """
    Compute every figure of one strategy.

    Parameters
    ----------
    sessions : SessionReturns, shape (days,)
        Oldest first.
    days : sequence of date
        The day of each.
    """
    known = np.flatnonzero(~np.isnan(sessions.returns))
    active = int(sessions.active_sessions)
    enough = sessions if active >= policy.min_data_points else sessions[:0]
    returns, year = enough.returns, policy.periods_a_year
    excess = enough.excess(policy.risk_free_rate, year)
    psr = statistics.probabilistic_sharpe_ratio(excess, periods_a_year=year, observations=enough.active_sessions)
    return StrategyPerformanceMetrics(
        strategy_name,
        active,
        sharpe_ratio=_or_none(statistics.sharpe_ratio(excess, periods_a_year=year)),
        probabilistic_sharpe_ratio=_or_none(psr),
        annualized_return=_or_none(statistics.annualized_return(returns, periods_a_year=year)),
        volatility=_or_none(statistics.volatility(returns, periods_a_year=year)),
        max_drawdown=_or_none(statistics.max_drawdown(returns)),
        total_return=_or_none(statistics.total_return(returns)),
        win_rate=_or_none(statistics.win_rate(returns)),
        daily_returns=tuple(sessions.returns[known].tolist()),
        last_updated=datetime.combine(days[known[-1]], time(), UTC) if known.size else None,
        healthy_sharpe=policy.sharpe_threshold_reduce,
    )


def _or_none(figure: NDArray[np.float64]) -> float | None:
    return None if math.isnan(figure) else float(figure)
