"""
The stationary bootstrap: days are drawn again in blocks of random length, which keeps neighbouring days together.

References: Politis and Romano (1994), The stationary bootstrap, JASA 89(428), 1303-1313. Block length: Politis and
White (2004), Econometric Reviews 23(1), 53-70, corrected by Patton, Politis and White (2009), 28(4), 372-375.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from functions.domain.track_record.moments import Floats

SHORTEST_BLOCK = 5
"""A week of sessions (a judgement): days may depend on each other though a record's autocorrelations do not show it."""
_LAGS_IN_A_ROW = 5
_ABOVE_THE_MEAN = 5.0
"""Standard deviations by which the blocks drawn at once exceed the expected number; rarely it takes more."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """Resampled days. Both arrays have shape (replications, blocks)."""

    starts: NDArray[np.int64]
    """The first day of each block; after the last day comes the first."""
    lengths: NDArray[np.int64]
    """Days of each; those of one replication add up to all days. 0 at the end of a row."""


def stationary_blocks(days: int, block_length: float, replications: int, generator: np.random.Generator) -> Blocks:
    """
    Draw blocks that begin anywhere and have geometrically distributed lengths.

    Parameters
    ----------
    block_length : float
        Days, in the mean; 1 draws each day alone.
    generator : Generator
        Where chance comes from: one seed, one result.
    """
    probability = 1.0 / block_length
    expected = days * probability
    count = math.ceil(expected + _ABOVE_THE_MEAN * math.sqrt(expected) + _ABOVE_THE_MEAN)
    drawn = generator.geometric(probability, size=(replications, count))
    while (short := drawn.sum(axis=1) < days).any():
        more = np.zeros((replications, count), dtype=np.int64)
        more[short] = generator.geometric(probability, size=(int(short.sum()), count))
        drawn = np.concatenate([drawn, more], axis=1)
    before = np.cumsum(drawn, axis=1) - drawn
    starts = generator.integers(days, size=drawn.shape)
    return Blocks(starts, np.clip(days - before, 0, drawn))


def resampled_days(blocks: Blocks) -> NDArray[np.int64]:
    """Return which day each resampled day is, shape (replications, days)."""
    days = int(blocks.lengths[0].sum())
    lengths = blocks.lengths.ravel()
    begins = np.cumsum(blocks.lengths, axis=1) - blocks.lengths
    within = np.tile(np.arange(days), len(blocks.starts)) - np.repeat(begins.ravel(), lengths)
    return np.asarray(((np.repeat(blocks.starts.ravel(), lengths) + within) % days).reshape(-1, days))


def block_sums(values: ArrayLike, blocks: Blocks) -> Floats:
    """
    Sum values over each block.

    Parameters
    ----------
    values : array_like, shape (columns, days)
        Their mean should be near 0: sums over blocks are differences of sums over all days.

    Returns
    -------
    NDArray, shape (columns, replications, blocks)
    """
    twice = np.tile(np.asarray(values, dtype=np.float64), 2)
    running = np.concatenate([np.zeros((len(twice), 1)), np.cumsum(twice, axis=1)], axis=1)
    ends = np.take(running, blocks.starts + blocks.lengths, axis=1)  # far faster than by index arrays
    ends -= np.take(running, blocks.starts, axis=1)
    return np.asarray(ends)


def variance_of_resampled_mean(series: ArrayLike, block_length: float) -> float:
    """
    Return the variance that the mean of a resampled series has, without drawing any.

    Notes
    -----
    (C(0) + 2 sum (1 - i/n) (1 - p)^i C(i)) / n, with C the circular autocovariances and p = 1 / block length
    (Politis and Romano 1994, lemma 1).
    """
    centred = np.asarray(series, dtype=np.float64)
    centred = centred - centred.mean()
    count = centred.size
    spectrum = np.abs(np.fft.rfft(centred)) ** 2
    covariances = np.fft.irfft(spectrum, count)[:count] / count
    lags = np.arange(count)
    weights = 2.0 * (1.0 - lags / count) * (1.0 - 1.0 / block_length) ** lags
    weights[0] = 1.0
    return float(weights @ covariances / count)


def best_block_length(series: ArrayLike) -> float:
    """
    Return the mean block length that estimates the variance of a series' mean best.

    Parameters
    ----------
    series : array_like, shape (days,)
        Without gaps.

    Returns
    -------
    float
        Days, above 0 and unbounded by `bounded_block_length`; NaN for a series that does not vary.

    Notes
    -----
    Autocorrelations count up to twice the first lag from which five running are insignificant, as in Patton's own
    code, weighed by the flat-top window.
    """
    values = np.asarray(series, dtype=np.float64)
    count = values.size
    if count < 2 or (values == values[0]).all():
        return math.nan
    centred = values - values.mean()
    most = min(math.ceil(math.sqrt(count)) + _LAGS_IN_A_ROW, count - 1)
    covariances = np.array([centred[lag:] @ centred[: count - lag] for lag in range(most + 1)]) / count
    is_small = np.abs(covariances / covariances[0]) < 2.0 * math.sqrt(math.log10(count) / count)
    runs = (lag for lag in range(1, most - _LAGS_IN_A_ROW + 1) if is_small[lag : lag + _LAGS_IN_A_ROW].all())
    bandwidth = min(2 * next(runs, most), most)
    lags = np.arange(1, bandwidth + 1)
    window = np.minimum(1.0, 2.0 * (1.0 - lags / bandwidth))
    weighed = 2.0 * window * covariances[1 : bandwidth + 1]
    slope, long_run = float(weighed @ lags), covariances[0] + float(weighed.sum())
    length = (slope**2 / long_run**2 * count) ** (1.0 / 3.0) if long_run != 0 else math.inf
    return float(min(length, math.ceil(min(3.0 * math.sqrt(count), count / 3.0))))


def bounded_block_length(length: float, days: int) -> float:
    """Return a block length between a week and the root of the days; the week for one that is unknown."""
    longest = max(math.sqrt(days), 1.0)
    return min(max(length, SHORTEST_BLOCK), longest) if not math.isnan(length) else min(SHORTEST_BLOCK, longest)
