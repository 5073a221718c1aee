"""Windows in as many documents as they take: each below Firestore's limit, together what they were."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from functions.adapters.firestore.window_parts import joined, parted
from functions.domain.kernel.document_size import MOST_BYTES, stored_bytes
from functions.domain.kernel.errors import PackedStateError
from functions.domain.kernel.policy import MAX_WINDOW_DAYS
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.windows import MAX_WINDOW_STRATEGIES, PerformanceWindows

START = date(2020, 1, 1)


def windows_of(strategies: int, name: str = "StrategyWithALongishName") -> PerformanceWindows:
    rng = np.random.default_rng(strategies)
    shape = strategies, MAX_WINDOW_DAYS
    sessions = SessionReturns(rng.normal(0, 0.01, shape), rng.uniform(0, 1, shape), rng.uniform(size=shape) < 0.4)
    names = tuple(f"{name}{number:04d}" for number in range(strategies))
    return PerformanceWindows(names, tuple(START + timedelta(days=day) for day in range(MAX_WINDOW_DAYS)), sessions)


def assert_same(read: PerformanceWindows, windows: PerformanceWindows) -> None:
    assert (read.strategy_names, read.dates) == (windows.strategy_names, windows.dates)
    for array, right in zip(read.sessions.arrays, windows.sessions.arrays, strict=True):
        np.testing.assert_array_equal(array, right)


@pytest.mark.parametrize(("strategies", "documents"), [(0, 1), (1, 1), (500, 1), (MAX_WINDOW_STRATEGIES, 2)])
def test_up_to_500_strategies_are_one_document_and_a_thousand_two(strategies: int, documents: int) -> None:
    windows = windows_of(strategies)
    parts = parted(windows.to_document())
    assert len(parts) == parts[0]["parts"] == documents
    assert_same(PerformanceWindows.from_document(joined(parts)), windows)


def test_names_of_any_length_stay_below_firestores_limit() -> None:
    windows = windows_of(MAX_WINDOW_STRATEGIES, "ü" * 300)
    parts = parted(windows.to_document())
    assert max(map(stored_bytes, parts)) < MOST_BYTES
    assert_same(PerformanceWindows.from_document(joined(parts)), windows)


def _dates(parts: list[Any]) -> None:
    parts[1]["dates"] = parts[1]["dates"][1:]


def _missing(parts: list[Any]) -> None:
    parts[1] = None


def _names(parts: list[Any]) -> None:
    parts[1]["strategy_names"] = parts[0]["strategy_names"]


def _damaged(parts: list[Any]) -> None:
    parts[1]["is_active"] = 7


@pytest.mark.parametrize("damage", [_dates, _missing, _names, _damaged])
def test_parts_that_do_not_belong_together_are_an_error_not_a_guess(damage: Any) -> None:
    parts: list[Any] = parted(windows_of(MAX_WINDOW_STRATEGIES).to_document())
    damage(parts)
    with pytest.raises(PackedStateError):
        PerformanceWindows.from_document(joined(parts))
