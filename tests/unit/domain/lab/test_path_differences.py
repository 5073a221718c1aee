"""Intervals of differences of return and drawdown: of whole resampled paths, of all policies together."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from functions.domain.kernel.errors import MetricInputError
from functions.domain.lab import path_differences as module
from functions.domain.lab.differences import Difference
from functions.domain.lab.path_differences import PathDifferences, path_differences
from functions.domain.lab.resampling import Blocks, resampled_days, stationary_blocks
from functions.domain.track_record.moments import Floats
from functions.domain.track_record.statistics import max_drawdown, total_return
from tests.unit.domain.lab.worlds import World

YEAR = 252
RETURNS = np.random.default_rng(8).normal(0.0005, 0.01, (3, 500))


def compared(returns: Floats, seed: int = 1, replications: int = 200, against: int = 0) -> PathDifferences:
    generator = np.random.default_rng(seed)
    return path_differences(
        returns, generator, block_length=8.0, periods_a_year=YEAR, against=against, replications=replications
    )


@cache
def coverages(days: int) -> tuple[float, float]:
    """Return how often 95 % intervals hold the median difference of total returns, and of drawdowns."""
    world, generator = World(days=days), np.random.default_rng(1)
    many = world.returns(2000, generator)
    truths = [float(np.median(figure(many)[:, 1] - figure(many)[:, 0])) for figure in (total_return, max_drawdown)]
    held, runs = np.zeros(2), 200_000 // days
    for returns in world.returns(runs, generator):
        found = path_differences(returns, generator, block_length=8.0, periods_a_year=YEAR, replications=300)
        pairs = zip((found.total_return[1], found.max_drawdown[1]), truths, strict=True)
        held += [one.low <= truth <= one.high for one, truth in pairs]
    return float(held[0] / runs), float(held[1] / runs)


@pytest.mark.parametrize("days", [250, 1000])
def test_intervals_of_returns_hold_the_truth_in_about_95_of_100_cases(days: int) -> None:
    assert coverages(days)[0] == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("days", [250, 1000])
def test_intervals_of_drawdowns_do_too(days: int) -> None:
    assert coverages(days)[1] == pytest.approx(0.95, abs=0.03)


def test_an_interval_of_drawdowns_is_the_longer_arm_around_what_was_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = np.stack([np.zeros(101), np.linspace(0.0, 1.0, 101) ** 2 - 2.0])  # its median is -1.75
    compare = module._Comparison(against=0, confidence=0.9)
    (_, one) = compare.by_longer_arm(np.array([-0.5, -0.4]), drawn)
    arm = (0.95**2 - 2.0) - (-1.75)
    assert (one.difference, one.low, one.high) == pytest.approx((0.1, 0.1 - arm, 0.1 + arm))


def test_differences_are_those_of_the_paths_themselves() -> None:
    found = compared(RETURNS, against=1)
    totals, falls = total_return(RETURNS), max_drawdown(RETURNS)
    assert [one.difference for one in found.total_return] == pytest.approx((totals - totals[1]).tolist())
    assert [one.difference for one in found.max_drawdown] == pytest.approx((falls - falls[1]).tolist())
    yearly = (1 + totals) ** (YEAR / 500) - 1
    assert [one.difference for one in found.yearly_return] == pytest.approx((yearly - yearly[1]).tolist())
    assert found.total_return[1] == found.max_drawdown[1] == Difference(0.0, 0.0, 0.0)


def test_a_drawdown_is_that_of_the_resampled_path_from_1_on() -> None:
    paths = resampled_days(Blocks(np.array([[2, 0]]), np.array([[2, 1]])))  # days 2, 0, 0: the first follows the last
    totals, falls = module._of_paths(np.array([[0.0, 0.0, 0.0], [-0.1, 0.3, 0.2]]), paths)
    assert falls[:, 0] == pytest.approx([0.0, 0.9 * 0.9 - 1])
    assert totals[:, 0] == pytest.approx([0.0, 1.2 * 0.9 * 0.9 - 1])


def test_days_are_drawn_in_their_blocks() -> None:
    blocks = stationary_blocks(40, 6.0, 50, np.random.default_rng(2))
    days = resampled_days(blocks)
    assert days.shape == (50, 40)
    for row, starts, lengths in zip(days, blocks.starts, blocks.lengths, strict=True):
        expected = [(s + k) % 40 for s, n in zip(starts, lengths, strict=True) for k in range(n)]
        assert row.tolist() == expected


def test_one_seed_gives_the_same_intervals_and_another_one_others() -> None:
    assert compared(RETURNS) == compared(RETURNS)
    assert compared(RETURNS) != compared(RETURNS, seed=2)


def test_holding_half_is_less_deep_beyond_chance_and_noise_is_not() -> None:
    found = compared(np.stack([RETURNS[0], 0.5 * RETURNS[0], RETURNS[2]]), replications=500)
    assert not found.max_drawdown[1].holds_zero
    assert found.max_drawdown[1].difference > 0
    assert found.total_return[2].holds_zero


def test_less_than_a_year_has_no_yearly_return() -> None:
    assert math.isnan(compared(RETURNS[:, :200]).yearly_return[1].difference)
    assert compared(RETURNS[:, :200]).yearly_return[1].holds_zero


def test_memory_is_bounded_and_all_replications_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CELLS_AT_ONCE", 20_000)
    batches = list(module._paths(500, 10.0, 300, np.random.default_rng(1)))
    assert sum(map(len, batches)) == 300
    assert max(batch.size for batch in batches) <= 20_000


@pytest.mark.parametrize(
    ("returns", "message"),
    [
        ([[0.1, math.nan], [0.1, 0.2]], "daily_returns must be known on every day that is compared"),
        ([[0.1], [0.2]], "daily_returns must be two days or more, was 1"),
    ],
)
def test_what_cannot_be_compared_is_refused(returns: list[list[float]], message: str) -> None:
    with pytest.raises(MetricInputError, match=message):
        compared(np.array(returns))
