"""Intervals of differences of Sharpe ratios hold the truth as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from functions.domain.kernel.errors import MetricInputError
from functions.domain.lab import differences
from functions.domain.lab.differences import IntervalMethod, common_block_length, sharpe_differences
from functions.domain.lab.resampling import best_block_length
from functions.domain.track_record.statistics import sharpe_ratio
from tests.unit.domain.lab.worlds import WORLDS, coverage

YEAR = 252
RETURNS = np.random.default_rng(8).normal(0.0005, 0.01, (3, 500))


@pytest.mark.parametrize("method", IntervalMethod)
@pytest.mark.parametrize("world", ["as it is", "autocorrelated", "250 days"])
def test_intervals_hold_the_known_truth_in_95_of_100_cases_within_3(world: str, method: IntervalMethod) -> None:
    assert coverage(WORLDS[world], method, runs=300, replications=300, seed=1) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("method", IntervalMethod)
def test_one_seed_gives_the_same_interval_and_another_one_another(method: IntervalMethod) -> None:
    one, same, other = (
        sharpe_differences(RETURNS, np.random.default_rng(seed), periods_a_year=YEAR, method=method, replications=200)
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_differences_are_those_of_the_annualised_ratios_over_the_rate() -> None:
    found = sharpe_differences(RETURNS, np.random.default_rng(1), 0.03, periods_a_year=YEAR, against=1, replications=50)
    ratios = sharpe_ratio(RETURNS - 0.03 / YEAR, periods_a_year=YEAR)
    np.testing.assert_allclose([one.difference for one in found.by_series], ratios - ratios[1], atol=1e-12)
    assert found.by_series[1].low == found.by_series[1].high == 0.0


@pytest.mark.parametrize("method", IntervalMethod)
def test_the_same_leverage_on_all_days_makes_no_difference(method: IntervalMethod) -> None:
    pair = np.stack([RETURNS[0], 0.6 * RETURNS[0]])
    one = sharpe_differences(pair, np.random.default_rng(1), periods_a_year=YEAR, method=method, replications=100)
    assert [one.by_series[1].difference, one.by_series[1].low, one.by_series[1].high] == pytest.approx(
        [0, 0, 0], abs=1e-6
    )


def test_series_are_resampled_together_so_that_what_they_share_cancels() -> None:
    generator = np.random.default_rng(3)
    nearly = RETURNS[0] + generator.normal(0, 0.001, 500)
    shared = sharpe_differences(np.stack([RETURNS[0], nearly]), generator, periods_a_year=YEAR, replications=400)
    apart = sharpe_differences(RETURNS[:2], generator, periods_a_year=YEAR, replications=400)
    widths = [each.by_series[1].high - each.by_series[1].low for each in (shared, apart)]
    assert widths[0] < 0.2 * widths[1]


def test_a_clear_difference_leaves_out_0_and_none_holds_it() -> None:
    better = RETURNS[0] + 0.002
    found = sharpe_differences(
        np.stack([RETURNS[0], better, RETURNS[2]]), np.random.default_rng(1), periods_a_year=YEAR, replications=500
    )
    assert not found.by_series[1].holds_zero
    assert found.by_series[2].holds_zero


@pytest.mark.parametrize("method", IntervalMethod)
@pytest.mark.parametrize("against", [0, 1])
def test_a_series_in_cash_has_no_ratio_and_spoils_no_other(method: IntervalMethod, against: int) -> None:
    returns = np.stack([np.zeros(500), RETURNS[0], RETURNS[1]])
    found = sharpe_differences(
        returns, np.random.default_rng(1), periods_a_year=YEAR, method=method, against=against, replications=100
    ).by_series
    unknown = found[1] if against == 0 else found[0]
    assert math.isnan(unknown.difference)
    assert unknown.holds_zero
    assert math.isnan(found[2].low) == (against == 0)


def test_memory_is_bounded_and_all_replications_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "_CELLS_AT_ONCE", 20_000)
    batches = list(differences._batches((3, 500), 10.0, 300, np.random.default_rng(1)))
    assert sum(len(blocks.starts) for blocks in batches) == 300
    assert len(batches) > 3
    assert max(blocks.starts.size * 6 for blocks in batches) < 2 * 20_000, "sums of returns and of their squares"


@pytest.mark.parametrize(
    ("returns", "message"),
    [
        ([[0.1, math.nan], [0.1, 0.2]], "daily_returns must be known on every day that is compared"),
        ([[0.1, math.inf], [0.1, 0.2]], "daily_returns must be known on every day that is compared"),
        ([[0.1], [0.2]], "daily_returns must be two days or more, was 1"),
    ],
)
def test_what_cannot_be_compared_is_refused(returns: list[list[float]], message: str) -> None:
    with pytest.raises(MetricInputError, match=message):
        sharpe_differences(returns, np.random.default_rng(1), periods_a_year=YEAR)


def test_the_longest_block_that_any_pair_asks_for_is_taken() -> None:
    tied = RETURNS.copy()
    for day in range(1, 500):
        tied[2, day] += 0.7 * tied[2, day - 1]
    assert common_block_length(RETURNS[:2]) == pytest.approx(5.0, abs=2)
    assert common_block_length(tied) == common_block_length(tied[[0, 2]]) > 8
    ratios = tied.mean(axis=1) / tied.std(axis=1)
    z = (tied - tied.mean(axis=1)[:, np.newaxis]) / tied.std(axis=1)[:, np.newaxis]
    added = z[0] - z[2] - ratios[0] * (z[0] ** 2 - 1) / 2 + ratios[2] * (z[2] ** 2 - 1) / 2
    assert common_block_length(tied) == pytest.approx(best_block_length(added))
    assert sharpe_differences(tied, np.random.default_rng(1), periods_a_year=YEAR, replications=2).block_length > 8
