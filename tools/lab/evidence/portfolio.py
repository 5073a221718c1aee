"""Policies as weights over strategies' daily returns: no account, no cash to share, no entries to wait for."""

from __future__ import annotations

import math

import numpy as np

from functions.domain.track_record.moments import Floats

COST = 0.0005
"""Cost of changing a weight by 1, as a fraction of that strategy's part."""
TARGET_VOLATILITY = 0.10
"""A year."""
VOLATILITY_DAYS = 60
"""Sessions over which volatility is measured."""


def weighted(returns: Floats, weights: Floats) -> Floats:
    """
    Return what weights earn, after costs.

    Parameters
    ----------
    returns : NDArray, shape (..., strategies, sessions)
        Daily, fractions; NaN of a session without one, which earns nothing.
    weights : NDArray, same shape
        As decided in each session. Every strategy has an equal part of the whole, and 1 is all of its part. A weight
        takes effect in the next session, at whose close the decision is filled.

    Returns
    -------
    NDArray, shape (..., sessions - 1)
        Of the sessions from the second on.
    """
    parts = weights[..., :-1] / weights.shape[-2]
    changed = np.abs(np.diff(parts, axis=-1, prepend=0.0))
    earned = parts * np.nan_to_num(returns[..., 1:])
    return np.asarray(earned.sum(axis=-2) - COST * changed.sum(axis=-2))


def at_target_volatility(returns: Floats, periods_a_year: int) -> Floats:
    """
    Return weights that scale all strategies alike to a volatility, never above 1: nothing is borrowed.

    Volatility is that of equal parts of all, over the last `VOLATILITY_DAYS` sessions before each; until there are so
    many the weight is 1. The product has no such rule: it is here for comparison.

    Parameters
    ----------
    returns : NDArray, shape (strategies, sessions)
        Daily, fractions; NaN counts as 0.
    """
    whole = np.nan_to_num(returns).mean(axis=0)
    scales = np.ones(whole.size)
    for day in range(VOLATILITY_DAYS, whole.size):
        volatility = float(whole[day - VOLATILITY_DAYS : day].std(ddof=1)) * math.sqrt(periods_a_year)
        scales[day] = min(1.0, TARGET_VOLATILITY / volatility) if volatility > 0 else 1.0
    return np.broadcast_to(scales, returns.shape)
