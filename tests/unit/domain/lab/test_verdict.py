"""When there is too little to tell, and how long it takes to see."""

from __future__ import annotations

import math

import numpy as np
import pytest

from functions.domain.lab.differences import Difference
from functions.domain.lab.verdict import days_to_see, too_few_to_tell
from functions.domain.track_record.statistics import sharpe_ratio

CLEAR = Difference(0.5, 0.1, 0.9)
ENOUGH = {"days": 1000, "fewest_days": 684.2, "round_trips": 30, "spells": 10}


@pytest.mark.parametrize(
    ("difference", "changed", "told"),
    [
        (CLEAR, {}, ()),
        (Difference(-0.5, -0.9, -0.1), {}, ()),
        (Difference(0.5, -0.1, 1.1), {}, ("the interval of the difference contains 0",)),
        (Difference(0.0, 0.0, 0.0), {}, ("the interval of the difference contains 0",)),
        (Difference(math.nan, math.nan, math.nan), {}, ("the interval of the difference contains 0",)),
        (CLEAR, {"days": 684}, ("684 days, but 685 are needed",)),
        (CLEAR, {"fewest_days": math.inf}, ("1000 days, but no number would be enough",)),
        (CLEAR, {"fewest_days": math.nan}, ("1000 days, but no number would be enough",)),
        (CLEAR, {"round_trips": 29}, ("29 round trips, but 30 are needed",)),
        (CLEAR, {"spells": 9}, ("holdings differed 9 times, but 10 are needed",)),
    ],
)
def test_every_want_is_told(difference: Difference, changed: dict[str, float], told: tuple[str, ...]) -> None:
    assert too_few_to_tell(difference, **{**ENOUGH, **changed}) == told  # type: ignore[arg-type]


def test_all_wants_are_told_together() -> None:
    wanting = too_few_to_tell(Difference(0.1, -1.0, 1.2), days=20, fewest_days=5000.0, round_trips=1, spells=1)
    assert len(wanting) == 4


@pytest.mark.parametrize(("difference", "days"), [(0.5, 775), (-0.5, 775), (0.2, 4841)])
def test_the_days_to_see_a_difference(difference: float, days: int) -> None:
    assert days_to_see(difference, 0.9, periods_a_year=252) == days


def test_no_difference_is_never_seen_and_the_same_series_at_once() -> None:
    assert days_to_see(0.0, 0.9, periods_a_year=252) == math.inf
    assert days_to_see(0.5, 1.0, periods_a_year=252) == 0


def test_after_so_many_days_half_of_all_intervals_leave_out_0() -> None:
    # The distance between the ratios of so many days is normal around the truth with a deviation of truth / 1.96.
    generator = np.random.default_rng(6)
    count = int(days_to_see(1.0, 0.9, periods_a_year=252))
    common, own = generator.normal(size=(2000, 1, count)), generator.normal(size=(2000, 2, count))
    returns = math.sqrt(0.9) * common + math.sqrt(0.1) * own
    returns[:, 1] += 1.0 / math.sqrt(252)
    ratios = sharpe_ratio(returns, periods_a_year=252)
    assert float((ratios[:, 1] - ratios[:, 0]).std()) == pytest.approx(1.0 / 1.96, rel=0.05)
