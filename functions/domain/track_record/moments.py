"""Moments of daily returns, the basis of all statistics: count, mean, variance and shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from functions.domain.kernel.errors import MetricInputError

Floats = NDArray[np.float64]
_ROUNDING = 32 * np.finfo(np.float64).eps


class Moments:
    """Count, mean and variance (ddof=1) of each series, with missing days left out."""

    def __init__(self, daily_returns: ArrayLike) -> None:
        returns, present = validated(daily_returns)
        self.count = present.sum(axis=-1)
        centred = np.where(present, returns, 0.0)  # modified in place: large temporaries cost more than the sums
        self.mean = np.einsum("...i->...", centred) / np.maximum(self.count, 1)
        centred -= self.mean[..., np.newaxis]
        centred *= present
        self._centred = centred
        squares = np.einsum("...i,...i->...", centred, centred)
        self.variance = np.where(self.count >= 2, squares / np.maximum(self.count - 1, 1), np.nan)

    @property
    def deviation(self) -> Floats:
        """Standard deviation; NaN if it is only the rounding error of equal returns."""
        deviation = np.sqrt(self.variance)
        return np.where(deviation > _ROUNDING * np.abs(self.mean), deviation, np.nan)

    @property
    def ratio(self) -> Floats:
        """Mean over deviation: for excess returns the Sharpe ratio, not annualised; NaN if all are equal."""
        return np.asarray(self.mean / self.deviation)

    def shape(self) -> tuple[Floats, Floats]:
        """Return population skewness and kurtosis (3 for a normal distribution)."""
        count = np.maximum(self.count, 1)
        squared = self._centred * self._centred
        second = squared.sum(axis=-1) / count
        with np.errstate(invalid="ignore", divide="ignore"):
            skewness = np.einsum("...i,...i->...", squared, self._centred) / count / second**1.5
            kurtosis = np.einsum("...i,...i->...", squared, squared) / count / second**2
        return skewness, kurtosis


def validated(daily_returns: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Return daily returns as an array, and a mask of those present. Raises MetricInputError if one is infinite."""
    returns = np.asarray(daily_returns, dtype=np.float64)
    present = ~np.isnan(returns)
    if np.isinf(returns).any():
        raise MetricInputError("daily_returns", "finite or NaN", float(returns[np.isinf(returns)][0]))
    return returns, present
