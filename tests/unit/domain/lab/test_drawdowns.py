"""Falls from a high: their depth, their days and their length."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from functions.domain.lab.drawdowns import Drawdown, deepest, drawdown_episodes, longest
from functions.domain.track_record.statistics import growth, max_drawdown
from tests.unit.domain.lab.records import sessions

DAYS = sessions(10)


def test_each_fall_has_its_days_and_its_length() -> None:
    #          day 0: up, 1-2: down, 3: back exactly, 4: down, 5-6: flat, 7: above, 8: down to the end
    returns = [0.10, -0.20, 0.0, 0.25, -0.5, 0.0, 0.0, 1.2, -0.01, 0.0]
    first, second, last = drawdown_episodes(returns, DAYS)
    assert first == Drawdown(first.depth, DAYS[0], DAYS[1], DAYS[3], 3)
    assert second == Drawdown(second.depth, DAYS[3], DAYS[4], DAYS[7], 4)
    assert last == Drawdown(last.depth, DAYS[7], DAYS[8], None, 2)
    assert [one.depth for one in (first, second, last)] == pytest.approx([-0.2, -0.5, -0.01])
    assert deepest((first, second, last)) is second
    assert longest((first, second, last)) is second


def test_the_longest_need_not_be_the_deepest() -> None:
    episodes = drawdown_episodes([-0.3, 0.5, -0.1, 0.0, 0.0, 0.0], DAYS)
    assert deepest(episodes) is episodes[0]
    assert longest(episodes) is episodes[1]


def test_a_rise_has_no_fall() -> None:
    episodes = drawdown_episodes([0.01, 0.0, 0.02], DAYS[:3])
    assert (episodes, deepest(episodes), longest(episodes)) == ((), None, None)
    assert drawdown_episodes([], []) == ()


def test_a_day_without_a_return_leaves_a_fall_as_it_was() -> None:
    (fall,) = drawdown_episodes([0.1, -0.2, math.nan, 0.05], DAYS[:4])
    assert (fall.trough, fall.recovered, fall.sessions) == (DAYS[1], None, 3)


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(-0.9, 0.9)))
def test_the_deepest_is_the_maximum_drawdown_and_its_days_are_those_of_the_curve(returns: NDArray[np.float64]) -> None:
    days = sessions(returns.size)
    episodes = drawdown_episodes(returns, days)
    one = deepest(episodes)
    assert (0.0 if one is None else one.depth) == float(max_drawdown(returns))
    curve = np.concatenate([[1.0], growth(returns)])
    at = {day: index + 1 for index, day in enumerate(days)}
    for each in episodes:
        peak, trough = at.get(each.peak, 0) if each.peak else 0, at[each.trough]
        assert each.depth == pytest.approx(curve[trough] / curve[peak] - 1.0)
        assert curve[peak] == curve[: trough + 1].max()
        if each.recovered:
            assert curve[at[each.recovered]] >= curve[peak]
            assert each.sessions == at[each.recovered] - peak
        else:
            assert each.sessions == returns.size - peak
