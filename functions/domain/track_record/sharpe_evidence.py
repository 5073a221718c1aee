"""How precisely a record's days determine its Sharpe ratio."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from functions.domain.track_record.moments import Floats, Moments
from functions.domain.track_record.statistics import sampling_variance


def sharpe_standard_error(excess_returns: ArrayLike, *, periods_a_year: int) -> Floats:
    """
    Return the standard error of the annualised Sharpe ratio.

    Parameters
    ----------
    excess_returns, periods_a_year
        As for `functions.domain.track_record.statistics.sharpe_ratio`.

    Returns
    -------
    NDArray, shape () or (strategies,)
        In units of the annualised ratio; NaN if the Sharpe ratio is undefined.

    Raises
    ------
    MetricInputError
        If a return is infinite.

    Notes
    -----
    sqrt(n/(days - 1) (1 - g3 s + (g4 - 1)/4 s^2)), with n periods per year and s the daily ratio. With 30 days it is
    about 2.9.

    References
    ----------
    Lo (2002), Financial Analysts Journal 58(4), 36-52; Mertens (2002); Bailey and López de Prado (2012).
    """
    moments = Moments(excess_returns)
    variance = sampling_variance(moments.ratio, *moments.shape())
    return np.asarray(np.sqrt(variance * periods_a_year / np.maximum(moments.count - 1, 1)))


def minimum_track_record_length(
    excess_returns: ArrayLike,
    annual_benchmark_sharpe: float = 0.0,
    *,
    periods_a_year: int,
    confidence: float = 0.95,
) -> Floats:
    """
    Return how many days with this record's moments prove that its Sharpe ratio exceeds a benchmark.

    Parameters
    ----------
    excess_returns, periods_a_year
        As for `functions.domain.track_record.statistics.sharpe_ratio`.
    annual_benchmark_sharpe : float
        The Sharpe ratio to beat, annualised.
    confidence : float
        The required one-sided probability.

    Returns
    -------
    NDArray, shape () or (strategies,)
        Days; infinite if the ratio does not exceed the benchmark, NaN if it is undefined.

    Raises
    ------
    MetricInputError
        If a return is infinite.

    Notes
    -----
    1 + (1 - g3 s + (g4 - 1)/4 s^2) (z / (s - s*))^2: from that many days on, the probabilistic Sharpe ratio is at least
    ``confidence``.

    References
    ----------
    Bailey and López de Prado (2012), The Sharpe ratio efficient frontier, Journal of Risk 15(2), 3-44, eq. 11.
    """
    moments = Moments(excess_returns)
    above = moments.ratio - annual_benchmark_sharpe / math.sqrt(periods_a_year)
    z = NormalDist().inv_cdf(confidence)
    needed = 1.0 + sampling_variance(moments.ratio, *moments.shape()) * (z / np.where(above > 0, above, np.nan)) ** 2
    return np.where(above <= 0, np.inf, needed)
