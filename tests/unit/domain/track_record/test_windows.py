"""Packed windows: what goes in comes out, and damage is noticed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.errors import PackedStateError
from functions.domain.kernel.policy import MAX_WINDOW_DAYS
from functions.domain.track_record.windows import PerformanceWindows

START = date(2020, 1, 1)
cells = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "C"]),
        st.integers(0, 200).map(lambda day: START + timedelta(days=day)),
        st.floats(-1, 1),
    ),
    max_size=60,
    unique_by=lambda cell: cell[:2],
)


@given(cells)
def test_windows_survive_their_document(given_cells: list[tuple[str, date, float]]) -> None:
    windows = PerformanceWindows.from_daily_returns(given_cells)
    read = PerformanceWindows.from_document(windows.to_document())
    assert (read.strategy_names, read.dates) == (windows.strategy_names, windows.dates)
    for array, other in zip(read.sessions.arrays, windows.sessions.arrays, strict=True):
        np.testing.assert_array_equal(array, other)


@given(cells)
def test_every_recent_return_is_found_in_its_row(given_cells: list[tuple[str, date, float]]) -> None:
    windows = PerformanceWindows.from_daily_returns(given_cells)
    assert len(windows.dates) <= MAX_WINDOW_DAYS
    for name, day, value in given_cells:
        if day in windows.dates:
            row = windows.rows([name], MAX_WINDOW_DAYS).returns[0]
            assert row[windows.dates.index(day)] == value


@given(cells, st.integers(0, 200), st.integers(0, 200))
def test_windows_that_are_continued_are_those_of_all_days(
    given_cells: list[tuple[str, date, float]], until: int, first: int
) -> None:
    last, since = START + timedelta(days=until), START + timedelta(days=first)
    before, after = ([cell for cell in given_cells if (cell[1] <= last) is is_before] for is_before in (True, False))
    found = PerformanceWindows.from_daily_returns(before)
    found = found.followed_by(PerformanceWindows.from_daily_returns(after), since)
    known = [cell for cell in given_cells if cell[1] >= since]
    expected = PerformanceWindows.from_daily_returns(known)
    assert (found.strategy_names, found.dates) == (expected.strategy_names, expected.dates)
    for array, other in zip(found.sessions.arrays, expected.sessions.arrays, strict=True):
        np.testing.assert_array_equal(array, other)


def test_unknown_strategies_have_no_returns_and_rows_come_in_the_order_asked_for() -> None:
    windows = PerformanceWindows.from_daily_returns([("A", START, 0.1), ("B", START, 0.2)])
    np.testing.assert_array_equal(windows.rows(["B", "?", "A"], 30).returns, [[0.2], [np.nan], [0.1]])
    assert PerformanceWindows.empty().rows(["A", "B"], 30).returns.shape == (2, 0)


def test_the_lookback_takes_the_newest_days() -> None:
    windows = PerformanceWindows.from_daily_returns([("A", START + timedelta(days=d), d / 100) for d in range(40)])
    np.testing.assert_allclose(windows.rows(["A"], 3).returns, [[0.37, 0.38, 0.39]])


def test_more_strategies_than_a_tenant_may_have_are_refused() -> None:
    with pytest.raises(PackedStateError, match="strategies must be at most 1000, was 1001"):
        PerformanceWindows.from_daily_returns((f"S{number}", START, 0.0) for number in range(1001))


def test_windows_of_before_take_0_for_idle_and_any_other_return_for_active_and_all_in_longs() -> None:
    cells = [("A", START, 0.0), ("A", START + timedelta(days=2), 0.01), ("B", START + timedelta(days=1), -0.02)]
    document = PerformanceWindows.from_daily_returns(cells).to_document()
    of_before = {name: document[name] for name in ("strategy_names", "dates", "returns")}
    sessions = PerformanceWindows.from_document(of_before).sessions
    np.testing.assert_array_equal(sessions.is_active, [[False, False, True], [False, True, False]])
    np.testing.assert_array_equal(sessions.long_fraction, [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])


@pytest.mark.parametrize(
    "damage",
    [
        {"returns": b"1234567"},
        {"returns": b""},
        {"returns": None},
        {"returns": np.array([np.inf]).tobytes()},
        {"dates": ["2020-13-01"]},
        {"dates": []},
        {"strategy_names": None},
        {"strategy_names": ["A", "A"], "returns": np.zeros(2).tobytes()},
        {"long_fraction": b""},
        {"long_fraction": np.array([np.nan]).tobytes()},
        {"is_active": b""},
        {"is_active": None},
    ],
)
def test_damage_is_an_error_not_a_guess(damage: dict[str, Any]) -> None:
    document = PerformanceWindows.from_daily_returns([("A", START, 0.1)]).to_document()
    with pytest.raises(PackedStateError):
        PerformanceWindows.from_document({**document, **damage})


@pytest.mark.parametrize("wrong", [[1, 0], [0, 0]], ids=["newest first", "doubled"])
def test_days_out_of_order_are_damage_as_windows_are_cut_by_day(wrong: list[int]) -> None:
    document = PerformanceWindows.from_daily_returns(
        [("A", START + timedelta(days=n), 0.1) for n in (0, 1)]
    ).to_document()
    dates = [document["dates"][number] for number in wrong]
    with pytest.raises(PackedStateError, match="oldest first"):
        PerformanceWindows.from_document({**document, "dates": dates})
