"""Numerical functions for strategies: vectorised, pure, closes oldest first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def moving_average(closes: Floats, days: int) -> float:
    """Return the latest simple moving average, in the unit of the closes; needs ``days`` closes."""
    return float(closes[-days:].mean())


def daily_returns(closes: Floats) -> Floats:
    """Return simple returns as fractions per day, shape (len(closes) - 1,)."""
    return closes[1:] / closes[:-1] - 1.0


def relative_strength_index(closes: Floats, days: int) -> float:
    """
    Return the latest relative strength index, 0 to 100.

    Notes
    -----
    Gains and losses are smoothed with weight 1/days, starting from their mean over the first ``days``; needs
    days + 1 closes. A series that never moves gives 50.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems.
    """
    changes = np.diff(closes)
    gain, loss = (_wilder(np.maximum(signed, 0.0), days) for signed in (changes, -changes))
    return 50.0 if gain + loss == 0 else 100.0 * (gain / (gain + loss))


def z_score(series: Floats, days: int) -> float:
    """Return how many standard deviations (ddof=1) the last value is from the mean of the last ``days``; 0 if flat."""
    recent = series[-days:]
    deviation = recent.std(ddof=1)
    return 0.0 if deviation <= 1e-12 * max(abs(recent).max(), 1.0) else float((recent[-1] - recent.mean()) / deviation)


def _wilder(values: Floats, days: int) -> float:
    smoothed = float(values[:days].mean())
    for value in values[days:]:
        smoothed += (float(value) - smoothed) / days
    return smoothed
