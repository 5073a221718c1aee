"""Sharpe ratios of resampled days, and how much each day or block of days adds to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from functions.domain.lab.resampling import Blocks, block_sums
from functions.domain.track_record.moments import Floats


def influence_on_sharpe(excess: Floats) -> Floats:
    """
    Return what each day adds to a daily Sharpe ratio s, times the days: z - s (z^2 - 1)/2, shape (series, days).

    z are the standardised returns; NaN for a series that does not vary.
    """
    mean, deviation = excess.mean(axis=1)[:, np.newaxis], excess.std(axis=1)[:, np.newaxis]
    deviation = np.where(deviation > 0, deviation, np.nan)
    standardised = (excess - mean) / deviation
    return np.asarray(standardised - mean / deviation * (standardised**2 - 1.0) / 2.0)


@dataclass(frozen=True, slots=True)
class Resample:
    """Resampled series: daily Sharpe ratios, shape (series, replications), and what their errors are made of."""

    ratios: Floats
    mean: Floats
    """Over that of the original series, as all sums are: they lose least by it."""
    variance: Floats
    sums: Floats
    """Over blocks, shape (series, replications, blocks)."""
    squares: Floats
    blocks: Blocks

    @classmethod
    def of(cls, excess: Floats, blocks: Blocks) -> Resample:
        count = excess.shape[1]
        centre = excess.mean(axis=1)[:, np.newaxis]
        sums = block_sums(excess - centre, blocks)
        squares = block_sums((excess - centre) ** 2, blocks)
        mean = sums.sum(axis=2) / count
        variance = squares.sum(axis=2) / count - mean**2
        variance = np.where(variance > 0, variance, np.nan)
        ratios = (mean + centre) / np.sqrt(variance * count / (count - 1))
        return cls(ratios, mean, variance, sums, squares, blocks)

    def standard_errors(self) -> Floats:
        """
        Return those of each row's difference from the first, shape (series - 1, replications).

        They are from the spread between blocks. A block's influence on a ratio s is z - s (z^2 - 1)/2, summed over its
        days, with z around the resampled mean.
        """
        mean, variance = self.mean[..., np.newaxis], self.variance[..., np.newaxis]
        influence = (self.sums - self.blocks.lengths * mean) / np.sqrt(variance)
        squares = self.squares - 2.0 * mean * self.sums + self.blocks.lengths * (mean**2 - variance)
        influence -= squares * (self.ratios[..., np.newaxis] / (2.0 * variance))
        influence = influence[1:] - influence[0]
        days = float(self.blocks.lengths[0].sum())
        return np.asarray(np.sqrt(np.einsum("srb,srb->sr", influence, influence)) / days)
