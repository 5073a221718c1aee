"""
What a Sharpe ratio is worth after many policies were tried.

The best of many looks good by chance alone. The deflated Sharpe ratio is the probability that the true ratio is above
what the best of so many worthless trials would be expected to show.

References: Bailey and López de Prado (2014), The deflated Sharpe ratio, Journal of Portfolio Management 40(5), 94-107.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from functions.domain.track_record.moments import Floats
from functions.domain.track_record.statistics import data_points, probabilistic_sharpe_ratio

_EULER_MASCHERONI = 0.5772156649015329


def mean_correlation(daily_returns: ArrayLike) -> float:
    """
    Return the mean correlation between different rows; 0 of fewer than two that vary.

    Parameters
    ----------
    daily_returns : array_like, shape (trials, days)
        Of all trials that are known, on the same days.
    """
    returns = np.asarray(daily_returns, dtype=np.float64)
    varying = returns[returns.std(axis=-1) > 0]
    if len(varying) < 2:
        return 0.0
    correlations = np.corrcoef(varying)
    count = len(varying)
    return float((correlations.sum() - count) / (count * (count - 1)))


def effective_trials(trials: int, correlation: float) -> float:
    """
    Return how many independent trials so many correlated ones are worth: c + (1 - c) N, from 1 to N.

    Parameters
    ----------
    trials : int
        All that were ever tried, N.
    correlation : float
        The mean correlation between them, c; one below 0 counts as 0.

    Examples
    --------
    >>> effective_trials(20, 0.0), effective_trials(20, 1.0), effective_trials(1, 0.3)
    (20.0, 1.0, 1.0)
    """
    shared = min(max(correlation, 0.0), 1.0)
    return shared + (1.0 - shared) * trials


def expected_best_sharpe(trials: float, deviation: float) -> float:
    """
    Return the Sharpe ratio that the best of some worthless trials is expected to show.

    Parameters
    ----------
    trials : float
        Independent ones, N.
    deviation : float
        Of the Sharpe ratios of all trials; the result has its unit.

    Notes
    -----
    sqrt(V) ((1 - g) z(1 - 1/N) + g z(1 - 1/(N e))), g = 0.5772; at least 0: near one trial the formula goes below, and
    for one it has no value.
    """
    if trials <= 1.0:
        return 0.0
    quantile = NormalDist().inv_cdf
    best = (1.0 - _EULER_MASCHERONI) * quantile(1.0 - 1.0 / trials)
    best += _EULER_MASCHERONI * quantile(1.0 - 1.0 / (trials * math.e))
    return max(0.0, deviation * best)


def deflated_sharpe_ratio(
    daily_returns: ArrayLike,
    trial_sharpes: ArrayLike,
    annual_risk_free_rate: float = 0.0,
    *,
    trials: int,
    correlation: float = 0.0,
    periods_a_year: int,
) -> Floats:
    """
    Return the probability that a true Sharpe ratio is above what the best of all trials shows by chance.

    Parameters
    ----------
    daily_returns : array_like, shape (days,)
        Of the policy that is judged.
    trial_sharpes : array_like, shape (known trials,)
        Annualised Sharpe ratios of all trials that are known, by the same risk-free rate; NaN is left out.
    annual_risk_free_rate, periods_a_year
        As for `sharpe_ratio`.
    trials : int
        All that were ever tried, 1 or more: the known ones, and those that are only counted.
    correlation : float
        The mean correlation between the trials.

    Returns
    -------
    NDArray, shape ()
        0 to 1; for one trial the probabilistic Sharpe ratio against 0. NaN where the Sharpe ratio is undefined.

    Raises
    ------
    MetricInputError
        If a return is infinite.

    Notes
    -----
    The variance of the trials' daily ratios counts as 1/(days - 1) at least: that of ratios which are all 0, as
    estimated from so many days. A few trials that happen to agree would prove too much.
    """
    known = np.asarray(trial_sharpes, dtype=np.float64)
    known = known[~np.isnan(known)]
    spread = float(known.var(ddof=1)) if known.size > 1 else 0.0  # of annualised ratios
    least = periods_a_year / max(int(data_points(daily_returns)) - 1, 1)
    benchmark = expected_best_sharpe(effective_trials(trials, correlation), math.sqrt(max(spread, least)))
    excess = np.asarray(daily_returns, dtype=np.float64) - annual_risk_free_rate / periods_a_year
    return probabilistic_sharpe_ratio(excess, benchmark, periods_a_year=periods_a_year)
