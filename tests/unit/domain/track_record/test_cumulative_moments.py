"""Cumulative moments: what numpy and scipy say of all days at once, whatever the days were parted into."""

from __future__ import annotations

import itertools
from dataclasses import astuple
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from functions.domain.kernel.errors import PackedStateError
from functions.domain.track_record.cumulative_moments import (
    CumulativeMoments,
    packed,
    read_moments,
    unpacked,
    with_days,
)
from functions.domain.track_record.session_returns import SessionReturn

START = date(2018, 1, 2)
DAILY_RATE = 0.04 / 252


def sessions(days: int) -> list[SessionReturn]:
    rng = np.random.default_rng(17)
    drawn = zip(rng.gamma(2.0, 0.01, days) - 0.018, rng.uniform(0, 1, days), rng.uniform(size=days) < 0.4, strict=True)
    return [SessionReturn(float(r), float(u), True) if a else SessionReturn(0.0, 0.0, False) for r, u, a in drawn]


def each(given_sessions: list[SessionReturn]) -> list[CumulativeMoments]:
    return [CumulativeMoments.of(START + timedelta(days=n), one, DAILY_RATE) for n, one in enumerate(given_sessions)]


def assert_are_those_of(moments: CumulativeMoments, excess: NDArray[np.float64], relative: float) -> None:
    count, deviation = excess.size, excess.std()
    assert moments.sessions == count
    assert moments.mean == pytest.approx(excess.mean(), rel=relative)
    assert moments.m2 / (count - 1) == pytest.approx(excess.var(ddof=1), rel=relative)
    assert moments.m3 / count / deviation**3 == pytest.approx(stats.skew(excess), rel=relative)
    assert moments.m4 / count / deviation**4 == pytest.approx(stats.kurtosis(excess, fisher=False), rel=relative)


def test_equal_to_numpy_and_scipy_over_800_days() -> None:
    given_sessions = sessions(800)
    excess = np.array([one.return_fraction - DAILY_RATE * one.long_fraction for one in given_sessions])
    moments = reduce(CumulativeMoments.merged, each(given_sessions))
    assert_are_those_of(moments, excess, 1e-12)
    assert (moments.active, moments.first_day) == (sum(one.is_active for one in given_sessions), START)


@given(st.lists(st.integers(1, 799), max_size=8))
def test_stretches_of_any_length_merge_to_the_whole(cuts: list[int]) -> None:
    whole, ends = each(sessions(800)), [0, *sorted(set(cuts)), 800]
    stretches = [reduce(CumulativeMoments.merged, whole[start:end]) for start, end in itertools.pairwise(ends)]
    expected = astuple(reduce(CumulativeMoments.merged, whole))
    assert astuple(reduce(CumulativeMoments.merged, reversed(stretches))) == pytest.approx(expected, rel=1e-11)


def day(number: int, uid: str, pnl: float, base: float, strategy_id: str = "Trend") -> dict[str, Any]:
    start = datetime.combine(START, datetime.min.time(), UTC) + timedelta(days=number)
    known = {"uid": uid, "strategy_id": strategy_id, "book": "live", "period_start": start, "fills": 1}
    known |= {"unrealized_pnl": 0.0, "pnl": pnl, "capital_base": base}
    return known | {"is_active": True, "capital_long": base / 2, "capital_source": "ledger"}


def test_days_are_counted_by_user_and_pooled() -> None:
    days = [day(0, "ann", 10, 100), day(0, "bob", 0, 300), day(1, "ann", -3, 100), day(1, "unowned", 9, 1, "unowned")]
    moments = with_days(with_days({}, days[:2], DAILY_RATE), days[2:], DAILY_RATE)
    assert moments.keys() == {(None, "Trend"), ("ann", "Trend"), ("bob", "Trend")}
    charge = DAILY_RATE / 2
    assert_are_those_of(moments["ann", "Trend"], np.array([0.1, -0.03]) - charge, 1e-12)
    assert_are_those_of(moments[None, "Trend"], np.array([10 / 400, -0.03]) - charge, 1e-12)
    assert (moments["bob", "Trend"].sessions, moments["bob", "Trend"].mean) == (1.0, -charge)


def test_they_survive_their_bytes_and_damage_is_an_error_not_a_guess() -> None:
    rows = [each(sessions(3))[2], None]
    assert unpacked(packed(rows)) == rows
    document = {"strategy_names": ["A", "B"], "moments": packed(rows)}
    assert read_moments(document) == {"A": rows[0]}
    assert read_moments(None) == read_moments({"strategy_names": ["A"]}) == {}
    for damage in ({"moments": b"x"}, {"moments": packed(rows[:1])}, {"moments": None}, {"strategy_names": None}):
        with pytest.raises(PackedStateError):
            read_moments({**document, **damage})
