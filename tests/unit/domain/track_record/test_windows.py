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
from functions.domain.track_record.windows import MAX_WINDOW_STRATEGIES, PerformanceWindows

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
    np.testing.assert_array_equal(read.returns, windows.returns)


@given(cells)
def test_every_recent_return_is_found_in_its_row(given_cells: list[tuple[str, date, float]]) -> None:
    windows = PerformanceWindows.from_daily_returns(given_cells)
    assert len(windows.dates) <= MAX_WINDOW_DAYS
    for name, day, value in given_cells:
        if day in windows.dates:
            row = windows.rows([name], MAX_WINDOW_DAYS)[0]
            assert row[windows.dates.index(day)] == value


def test_unknown_strategies_have_no_returns_and_rows_come_in_the_order_asked_for() -> None:
    windows = PerformanceWindows.from_daily_returns([("A", START, 0.1), ("B", START, 0.2)])
    np.testing.assert_array_equal(windows.rows(["B", "?", "A"], 30), [[0.2], [np.nan], [0.1]])
    assert PerformanceWindows.empty().rows(["A", "B"], 30).shape == (2, 0)


def test_the_lookback_takes_the_newest_days() -> None:
    windows = PerformanceWindows.from_daily_returns([("A", START + timedelta(days=d), d / 100) for d in range(40)])
    np.testing.assert_allclose(windows.rows(["A"], 3), [[0.37, 0.38, 0.39]])


def test_a_full_document_stays_below_firestores_limit() -> None:
    names = tuple(f"StrategyWithALongishName{number:04d}" for number in range(MAX_WINDOW_STRATEGIES))
    dates = tuple(START + timedelta(days=day) for day in range(MAX_WINDOW_DAYS))
    document = PerformanceWindows(names, dates, np.zeros((len(names), len(dates)))).to_document()
    size = len(document["returns"]) + sum(len(text) + 1 for text in [*document["strategy_names"], *document["dates"]])
    assert size < 900_000
    with pytest.raises(PackedStateError, match="strategies must be at most 1000, was 1001"):
        PerformanceWindows.from_daily_returns((f"S{number}", START, 0.0) for number in range(1001))


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
    ],
)
def test_damage_is_an_error_not_a_guess(damage: dict[str, Any]) -> None:
    document = PerformanceWindows.from_daily_returns([("A", START, 0.1)]).to_document()
    with pytest.raises(PackedStateError):
        PerformanceWindows.from_document({**document, **damage})
