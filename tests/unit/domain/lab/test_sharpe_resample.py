"""Sharpe ratios of resampled days, and what each block adds to them, beside a computation day by day."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from functions.domain.lab.resampling import Blocks, stationary_blocks
from functions.domain.lab.sharpe_resample import Resample, influence_on_sharpe

EXCESS = np.random.default_rng(4).normal([[0.01], [0.004]], 0.01, (2, 60))
"""Ratios so high that what a day adds by its square counts."""


def drawn(blocks: Blocks, replication: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the days of a replication, and the block of each."""
    starts, lengths = blocks.starts[replication], blocks.lengths[replication]
    days = [(start + np.arange(length)) % EXCESS.shape[1] for start, length in zip(starts, lengths, strict=True)]
    return np.concatenate(days), np.repeat(np.arange(lengths.size), lengths)


def test_ratios_and_their_errors_are_those_of_the_days_that_were_drawn() -> None:
    blocks = stationary_blocks(60, 5.0, 20, np.random.default_rng(1))
    resample = Resample.of(EXCESS, blocks)
    errors = resample.standard_errors()
    for replication in range(20):
        days, block = drawn(blocks, replication)
        returns = EXCESS[:, days]
        ratios = returns.mean(axis=1) / returns.std(axis=1, ddof=1)
        assert resample.ratios[:, replication] == pytest.approx(ratios)
        influence = influence_on_sharpe(returns)
        by_block = np.bincount(block, influence[1] - influence[0])
        assert errors[0, replication] == pytest.approx(np.sqrt((by_block**2).sum()) / 60, rel=0.02)


def test_the_influence_of_a_day_is_what_leaving_more_weight_on_it_does() -> None:
    def ratio(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        mean = EXCESS @ weights / weights.sum()
        variance = EXCESS**2 @ weights / weights.sum() - mean**2
        return np.asarray(mean / np.sqrt(variance))

    step = 1e-5
    for day in (0, 17, 59):
        weights = np.ones(60)
        weights[day] += step
        moved = (ratio(weights) - ratio(np.ones(60))) / step * 60
        np.testing.assert_allclose(influence_on_sharpe(EXCESS)[:, day], moved, rtol=1e-3)


def test_a_series_in_cash_has_no_ratio_and_no_influence() -> None:
    assert np.isnan(influence_on_sharpe(np.zeros((1, 5)))).all()
    blocks = stationary_blocks(5, 2.0, 3, np.random.default_rng(1))
    assert np.isnan(Resample.of(np.zeros((2, 5)), blocks).ratios).all()
