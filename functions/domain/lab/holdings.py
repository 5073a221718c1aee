"""How much was held and how much was traded, and what holding less would have done alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from functions.domain.track_record.moments import Floats


def returns_of_equity(equity: ArrayLike) -> Floats:
    """
    Return daily returns from equity at each close, open positions included.

    Parameters
    ----------
    equity : array_like, shape (days + 1,)
        The first is the capital before the first day, so that a loss on that day counts. No money came or went.

    Returns
    -------
    NDArray, shape (days,)
        Fractions; NaN after a day that ended with nothing.
    """
    values = np.asarray(equity, dtype=np.float64)
    before = np.where(values[:-1] > 0, values[:-1], np.nan)
    return values[1:] / before - 1.0


def two_way_turnover(traded: ArrayLike, equity: ArrayLike, *, periods_a_year: int) -> float:
    """
    Return how many times a year equity was traded: sum(|fills| / equity) n / days, buys and sells.

    Times the cost of a dollar traded it is what costs take a year. One-way turnover, which some reports show, is half
    of it; nothing here is.

    Parameters
    ----------
    traded : array_like, shape (days,)
        The value of each day's fills, USD, of either side counted as positive.
    equity : array_like, shape (days,)
        At each close, USD.

    Returns
    -------
    float
        A year; NaN without days.

    Examples
    --------
    >>> two_way_turnover([1000.0, 0.0, 1000.0], [1000.0, 1000.0, 1000.0], periods_a_year=252)
    168.0
    """
    value = np.asarray(equity, dtype=np.float64)
    if value.size == 0:
        return float("nan")
    shares = np.abs(np.asarray(traded, dtype=np.float64)) / np.where(value > 0, value, np.nan)
    return float(shares.sum() * periods_a_year / value.size)


def mean_exposure(market_value: ArrayLike, equity: ArrayLike) -> float:
    """
    Return the mean of market value over equity at the close.

    Parameters
    ----------
    market_value : array_like, shape (days,)
        Of all holdings, USD, long and short counted as positive.
    equity : array_like, shape (days,)
        At each close, USD.

    Returns
    -------
    float
        A fraction, 0 or more; NaN without days.
    """
    value = np.asarray(equity, dtype=np.float64)
    if value.size == 0:
        return float("nan")
    return float((np.asarray(market_value, dtype=np.float64) / np.where(value > 0, value, np.nan)).mean())


def at_mean_exposure(
    raw_returns: ArrayLike,
    raw_exposure: float,
    exposure: float,
    annual_risk_free_rate: float = 0.0,
    *,
    periods_a_year: int,
) -> Floats:
    """
    Return what the strategies alone would have earned with a policy's mean exposure, the rest of it at the cash rate.

    It tells how much of a policy's gain is nothing but holding less. One factor for all days leaves the Sharpe ratio
    as it is: compare return and drawdown.

    Parameters
    ----------
    raw_returns : array_like, shape (days,)
        Daily returns without the policy, fractions.
    raw_exposure, exposure : float
        Mean exposure without and with the policy, fractions.

    Returns
    -------
    NDArray, shape (days,)
        c r + (1 - c) rf/n with c = exposure / raw_exposure; NaN if nothing was ever held without the policy.
    """
    factor = exposure / raw_exposure if raw_exposure > 0 else float("nan")
    cash = annual_risk_free_rate / periods_a_year
    return np.asarray(factor * np.asarray(raw_returns, dtype=np.float64) + (1.0 - factor) * cash)


def separate_spells(differs: ArrayLike) -> int:
    """
    Return how many times holdings began to differ, from day flags of shape (days,).

    >>> separate_spells([True, True, False, True, False])
    2
    """
    flags = np.asarray(differs, dtype=np.bool_)
    return int(flags[:1].sum() + (flags[1:] & ~flags[:-1]).sum())
