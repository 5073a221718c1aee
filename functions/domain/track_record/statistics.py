"""
Performance statistics, vectorised over strategies.

Every function takes simple daily returns as fractions (0.01 is 1 %), oldest first, of shape (days,) or
(strategies, days), where NaN marks a day without a return. It returns a float, or one value per strategy, NaN where
undefined. Ratios take excess returns: those above the risk-free rate on the capital in longs (`SessionReturns.excess`).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from functions.domain.track_record.moments import Floats, Moments, validated

_erf = np.vectorize(math.erf, otypes=[np.float64])


def sharpe_ratio(excess_returns: ArrayLike, *, periods_a_year: int) -> Floats:
    """
    Return the annualised Sharpe ratio.

    Parameters
    ----------
    excess_returns : array_like, shape (days,) or (strategies, days)
        Simple returns above the risk-free rate, fractions per day, oldest first. NaN marks a missing day.
    periods_a_year : int
        Trading days per year on the market, n: 252 on an exchange, 365 if it never closes.

    Returns
    -------
    NDArray, shape () or (strategies,)
        Dimensionless; NaN where undefined (fewer than 2 days, or no dispersion beyond rounding).

    Raises
    ------
    MetricInputError
        If a return is infinite.

    Notes
    -----
    mean(e) / std(e, ddof=1) * sqrt(n).

    References
    ----------
    Sharpe (1994), Journal of Portfolio Management 21(1), 49-58.
    """
    return np.asarray(Moments(excess_returns).ratio * math.sqrt(periods_a_year))


def probabilistic_sharpe_ratio(
    excess_returns: ArrayLike,
    annual_benchmark_sharpe: float = 0.0,
    *,
    periods_a_year: int,
    observations: ArrayLike | None = None,
) -> Floats:
    """
    Return the probability that the true Sharpe ratio exceeds a benchmark.

    Parameters
    ----------
    excess_returns : array_like, shape (days,) or (strategies, days)
        As for `sharpe_ratio`.
    annual_benchmark_sharpe : float
        The Sharpe ratio to beat, annualised.
    periods_a_year : int
        As for `sharpe_ratio`.
    observations : array_like, optional
        How many of the days count as evidence, n, shape () or (strategies,); by default every day with a return.

    Returns
    -------
    NDArray, shape () or (strategies,)
        0 to 1; NaN where the Sharpe ratio is undefined, its estimated variance is not positive, or n is below 1.

    Raises
    ------
    MetricInputError
        If a return is infinite.

    Notes
    -----
    Phi((s - s*) sqrt(n - 1) / sqrt(1 - g3 s + (g4 - 1)/4 s^2)), with s the daily Sharpe ratio, and the skewness g3
    and the (not excess) kurtosis g4 from population moments of all days.

    References
    ----------
    Bailey and López de Prado (2012), The Sharpe ratio efficient frontier, Journal of Risk 15(2), 3-44, eq. 9.
    """
    moments = Moments(excess_returns)
    count = moments.count if observations is None else observations
    benchmark = annual_benchmark_sharpe / math.sqrt(periods_a_year)
    return probability_above(benchmark, moments.ratio, count, *moments.shape())


def sharpe_error(excess_returns: ArrayLike, *, periods_a_year: int, observations: ArrayLike | None = None) -> Floats:
    """
    Return the standard error of the annualised Sharpe ratio.

    Parameters
    ----------
    excess_returns, periods_a_year, observations
        As for `probabilistic_sharpe_ratio`, whose denominator it is.

    Returns
    -------
    NDArray, shape () or (strategies,)
        Dimensionless, above 0; NaN where the ratio is undefined, or there are fewer than 2 observations.
    """
    moments = Moments(excess_returns)
    count = np.asarray(moments.count if observations is None else observations, dtype=np.float64)
    variance = sampling_variance(moments.mean / moments.deviation, *moments.shape())
    years = np.where(count >= 2, (count - 1.0) / periods_a_year, np.nan)
    return np.asarray(np.sqrt(variance / years))


def probability_above(
    benchmark: float, sharpe: ArrayLike, count: ArrayLike, skewness: ArrayLike, kurtosis: ArrayLike
) -> Floats:
    """
    Return the probability that a true Sharpe ratio exceeds ``benchmark``, given the observations.

    Parameters
    ----------
    benchmark, sharpe : float, array_like
        Per observation period, not annualised.
    count : array_like
        Observations.
    skewness, kurtosis : array_like
        Of the observations; the kurtosis of a normal distribution is 3.

    Notes
    -----
    See `probabilistic_sharpe_ratio`; NaN where the estimated variance is not positive.
    """
    observed = np.asarray(sharpe, dtype=np.float64)
    variance = sampling_variance(observed, skewness, kurtosis)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (observed - benchmark) * np.sqrt(np.asarray(count) - 1.0) / np.sqrt(variance)
    return np.asarray(0.5 * (1.0 + _erf(z / math.sqrt(2.0))))


def sampling_variance(sharpe: ArrayLike, skewness: ArrayLike, kurtosis: ArrayLike) -> Floats:
    """
    Return (n - 1) times the variance of an estimated Sharpe ratio: 1 - g3 s + (g4 - 1)/4 s^2.

    Parameters
    ----------
    sharpe, skewness, kurtosis : array_like
        As for `probability_above`.

    Returns
    -------
    NDArray
        NaN if it is not positive: the moments are inconsistent.

    References
    ----------
    Lo (2002), The statistics of Sharpe ratios, for the normal distribution; Mertens (2002) for any.
    """
    observed = np.asarray(sharpe, dtype=np.float64)
    variance = 1.0 - np.asarray(skewness) * observed + (np.asarray(kurtosis) - 1.0) / 4.0 * observed**2
    return np.where(variance > 0, variance, np.nan)


def volatility(daily_returns: ArrayLike, *, periods_a_year: int) -> Floats:
    """Return the annualised standard deviation (ddof=1), fraction per year; NaN with fewer than 2 days."""
    moments = Moments(daily_returns)
    with np.errstate(invalid="ignore"):
        return np.sqrt(moments.variance) * math.sqrt(periods_a_year)


def max_drawdown(daily_returns: ArrayLike) -> Floats:
    """
    Return the largest fall from a peak of the compounded curve that starts at 1.

    Returns
    -------
    NDArray, shape () or (strategies,)
        A fraction, 0 or negative (-0.2 is a fall of 20 %); NaN without any return.
    """
    present = ~np.isnan(np.asarray(daily_returns, dtype=np.float64))
    deepest = drawdowns(daily_returns).min(axis=-1, initial=0.0)
    return np.where(present.any(axis=-1), deepest, np.nan)


def drawdowns(daily_returns: ArrayLike) -> Floats:
    """
    Return each day's fall from the highest so far of the compounded curve that starts at 1.

    Returns
    -------
    NDArray, shape (days,) or (strategies, days)
        Fractions, 0 or negative; a loss on the first day is one. A missing day leaves it where it was.
    """
    return falls_of(growth(daily_returns))


def falls_of(curve: Floats) -> Floats:
    """
    Return each day's fall from the highest so far of a curve that starts at 1, fractions, 0 or negative.

    Parameters
    ----------
    curve : NDArray, shape (..., days)
        As `growth` returns it.
    """
    with np.errstate(invalid="ignore"):  # infinite beyond the range of floats
        return np.asarray(curve / np.maximum(np.maximum.accumulate(curve, axis=-1), 1.0) - 1.0)


def total_return(daily_returns: ArrayLike) -> Floats:
    """Return the compounded return of the whole series, a fraction, at least -1; NaN without any return."""
    present = ~np.isnan(np.asarray(daily_returns, dtype=np.float64))
    last = growth(daily_returns)[..., -1:].sum(axis=-1)  # of an empty series: none
    return np.where(present.any(axis=-1), last - 1.0, np.nan)


def growth(daily_returns: ArrayLike) -> Floats:
    """
    Return the compounded curve that starts at 1 before the first day; a missing day leaves it where it was.

    Returns
    -------
    NDArray, shape (days,) or (strategies, days)
        At least 0. A day that loses all capital or more ends the curve: it is 0 from then on. Infinite beyond the range
        of floats.

    Raises
    ------
    MetricInputError
        If a return is infinite.
    """
    returns, present = validated(daily_returns)
    factors = np.maximum(0.0, 1.0 + np.where(present, returns, 0.0))
    is_over = np.logical_or.accumulate(factors == 0.0, axis=-1)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(is_over, 0.0, np.cumprod(factors, axis=-1))


def annualized_return(daily_returns: ArrayLike, *, periods_a_year: int) -> Floats:
    """Return the compounded return per year of that many trading days, at least -1; NaN without any return."""
    years = np.maximum(data_points(daily_returns), 1) / periods_a_year
    with np.errstate(over="ignore"):
        return np.asarray((1.0 + total_return(daily_returns)) ** (1.0 / years) - 1.0)


def win_rate(daily_returns: ArrayLike) -> Floats:
    """Return the fraction of days with a positive return among days with a return; NaN without any."""
    returns, present = validated(daily_returns)
    count = present.sum(axis=-1)
    wins = (np.where(present, returns, 0.0) > 0).sum(axis=-1)
    return np.where(count > 0, wins / np.maximum(count, 1), np.nan)


def data_points(daily_returns: ArrayLike) -> NDArray[np.int64]:
    """Return the number of days with a return."""
    return np.asarray((~np.isnan(np.asarray(daily_returns, dtype=np.float64))).sum(axis=-1))
