"""What strategies made session by session: live P&L beside modes, as it is packed beside windows."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import PackedStateError
from functions.domain.track_record.day_results import DayResult, DayResults
from functions.domain.track_record.windows import PerformanceWindows

FIRST, SECOND = date(2020, 3, 16), date(2020, 3, 17)


def day(session: date = FIRST, strategy: str = "Trend", pnl: float = 10.0, **other: Any) -> dict[str, Any]:
    start = datetime(2020, 3, 15, tzinfo=UTC)
    same = {
        "uid": "ann",
        "strategy_id": strategy,
        "session": session.isoformat(),
        "period_start": start,
        "book": "live",
    }
    return {**same, "pnl": pnl, "mode": "ACTIVE", **other}


def test_users_add_up_and_neither_paper_nor_what_nobody_owns_counts() -> None:
    days = [
        day(),
        day(uid="bob", pnl=-4.0),
        day(uid="shadow", book="shadow", pnl=99.0, is_active=False),
        day(uid="unowned", pnl=7.0),
    ]
    assert DayResults.of(days).cells == {("Trend", FIRST): DayResult(6.0, AgentMode.ACTIVE)}


def test_a_session_only_on_paper_has_a_mode_and_no_live_result() -> None:
    (one,) = DayResults.of([day(uid="shadow", book="shadow", mode="SHADOW_MODE", is_active=True)]).cells.values()
    assert math.isnan(one.pnl)
    assert one.mode is AgentMode.SHADOW_MODE


def test_what_is_packed_comes_back_by_strategy_and_session() -> None:
    results = DayResults.of([day(), day(SECOND, "Value", -2.5, mode=None)])
    windows = PerformanceWindows.from_daily_returns([("Trend", FIRST, 0.01), ("Value", SECOND, -0.02)])
    packed = results.to_document(windows)
    assert [len(packed[name]) for name in ("returns", "pnl", "modes")] == [4 * 4, 4 * 4, 4]
    back = DayResults.from_document(packed).cells
    assert back["Trend", FIRST] == DayResult(10.0, AgentMode.ACTIVE)
    assert back["Value", SECOND] == DayResult(-2.5, None)
    assert math.isnan(back["Trend", SECOND].pnl)


def test_a_later_session_replaces_and_an_old_one_leaves() -> None:
    before = DayResults.of([day(FIRST - timedelta(days=1)), day(), day(SECOND)])
    after = before.followed_by(DayResults.of([day(SECOND, pnl=3.0)]), since=FIRST)
    assert {cell[1]: one.pnl for cell, one in after.cells.items()} == {FIRST: 10.0, SECOND: 3.0}


def test_where_none_are_kept_there_are_none_and_damaged_ones_are_refused() -> None:
    assert DayResults.from_document(None).cells == {}
    index = {"strategy_names": ["Trend"], "dates": [FIRST.isoformat()]}
    for damaged in ({"pnl": b"\0" * 4, "modes": b""}, {"pnl": b"\0" * 4, "modes": b"\x09"}, {"pnl": b"\0" * 4}):
        with pytest.raises(PackedStateError, match="a figure and a mode"):
            DayResults.from_document({**index, **damaged})


def test_raw_is_what_strategies_own_records_made_live_or_on_paper() -> None:
    paper = day(uid="shadow", book="shadow", strategy="Exit", pnl=-7.5, is_active=True)
    held_live = day(strategy="Exit", pnl=2.0)  # what it still holds while it is followed on paper
    idle = day(uid="shadow", book="shadow", pnl=99.0, is_active=False)
    days = [day(), day(uid="bob", pnl=-4.0), idle, paper, held_live, day(uid="unowned", pnl=50.0)]
    assert DayResults.of(days).raw == {FIRST: 10.0 - 4.0 - 7.5}


def test_raw_is_packed_beside_the_windows_and_carried_on_with_them() -> None:
    results = DayResults.of([day(), day(SECOND, pnl=3.0)])
    windows = PerformanceWindows.from_daily_returns([("Trend", FIRST - timedelta(days=1), 0.0), ("Trend", FIRST, 0.01)])
    packed = results.to_document(windows)
    assert len(packed["raw"]) == 2 * 8
    assert DayResults.from_document(packed).raw == {FIRST: 10.0}, "of the windows' sessions, and nothing of the others"
    after = results.followed_by(DayResults.of([day(SECOND, pnl=4.0)]), since=SECOND)
    assert after.raw == {SECOND: 4.0}
    del packed["raw"]
    assert DayResults.from_document(packed).raw == {}, "documents of before it was kept"
    with pytest.raises(PackedStateError, match="a figure and a mode"):
        DayResults.from_document({**packed, "raw": b"\0" * 8})
