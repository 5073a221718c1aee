"""The stationary bootstrap: what is drawn, and how long its blocks are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.lab.resampling import (
    best_block_length,
    block_sums,
    bounded_block_length,
    stationary_blocks,
    variance_of_resampled_mean,
)
from tests.unit.domain.lab.make_references import autocorrelated


@given(st.integers(2, 60), st.floats(1.0, 80.0), st.integers(1, 30), st.integers(0, 2**32))
def test_every_replication_has_as_many_days_as_the_record(days: int, length: float, count: int, seed: int) -> None:
    blocks = stationary_blocks(days, length, count, np.random.default_rng(seed))
    assert blocks.lengths.sum(axis=1).tolist() == [days] * count
    assert blocks.lengths.min() >= 0
    assert blocks.starts.min() >= 0
    assert blocks.starts.max() < days


@given(st.integers(2, 40), st.floats(1.0, 50.0), st.integers(0, 2**32))
def test_sums_over_blocks_are_those_of_their_days(days: int, length: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(2, days))
    blocks = stationary_blocks(days, length, 3, generator)
    sums = block_sums(values, blocks)
    for replication in range(3):
        for block, (start, size) in enumerate(
            zip(blocks.starts[replication], blocks.lengths[replication], strict=True)
        ):
            drawn = values[:, (start + np.arange(size)) % days]
            np.testing.assert_allclose(sums[:, replication, block], drawn.sum(axis=1), atol=1e-9)


def test_blocks_are_as_long_as_asked_and_begin_anywhere() -> None:
    blocks = stationary_blocks(1000, 8.0, 3000, np.random.default_rng(1))
    inner = blocks.lengths[:, :60]  # the last of each is cut
    assert float(inner.mean()) == pytest.approx(8.0, rel=0.02)
    assert float((inner == 1).mean()) == pytest.approx(1 / 8, rel=0.02)
    starts = np.bincount(blocks.starts.ravel(), minlength=1000)
    assert starts.min() > 0.7 * starts.mean()
    assert starts.max() < 1.3 * starts.mean()


@pytest.mark.parametrize(("days", "length"), [(300, 1.0), (300, 6.0), (300, 25.0), (12, 8.0)])
def test_the_variance_of_a_resampled_mean_needs_no_drawing(days: int, length: float) -> None:
    series = autocorrelated(5, 0.4, days=days)
    blocks = stationary_blocks(days, length, 20_000, np.random.default_rng(2))
    drawn = block_sums([series - series.mean()], blocks)[0].sum(axis=1) / days
    assert variance_of_resampled_mean(series, length) == pytest.approx(float(drawn.var()), rel=0.04)


def test_a_series_that_hangs_together_asks_for_longer_blocks() -> None:
    loose, tied = (
        np.mean([best_block_length(autocorrelated(seed, each)) for seed in range(10)]) for each in (0.0, 0.6)
    )
    assert loose < 3
    assert tied > 3 * loose


@pytest.mark.parametrize("series", [[], [1.0], [2.0] * 50])
def test_what_does_not_vary_has_no_block_length(series: list[float]) -> None:
    assert math.isnan(best_block_length(series))


@pytest.mark.parametrize("series", [[0.0, 1.0], [0.0, 1.0, 0.5], [1.0, -1.0] * 6, list(range(40))])
def test_short_and_regular_series_have_one(series: list[float]) -> None:
    assert 0 <= best_block_length(series) <= 3 * math.sqrt(len(series)) + 1


@pytest.mark.parametrize(
    ("length", "days", "expected"),
    [(2.0, 1000, 5.0), (12.0, 1000, 12.0), (80.0, 400, 20.0), (math.nan, 1000, 5.0), (7.0, 9, 3.0), (math.nan, 9, 3.0)],
)
def test_blocks_are_a_week_at_least_and_the_root_of_the_days_at_most(length: float, days: int, expected: float) -> None:
    assert bounded_block_length(length, days) == expected
