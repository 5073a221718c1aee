"""Which daily documents windows are made of."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from functions.domain.kernel.book_names import SHADOW_BOOK, SHADOW_UID, UNOWNED
from functions.services.track_record.build_windows import windows_of


def day_of(uid: str, strategy_id: str, pnl: float, book: str = "live") -> dict[str, Any]:
    return {
        "uid": uid, "strategy_id": strategy_id, "book": book, "session": "2020-03-16",
        "period_start": datetime(2020, 3, 14, 4, tzinfo=UTC), "pnl": pnl, "capital_base": 1_000.0,
        "unrealized_pnl": 0.0, "fills": 1,
    }  # fmt: skip


def test_what_no_strategy_owns_is_in_no_window() -> None:
    windows = windows_of([day_of("ann", "Trend", 10.0), day_of(UNOWNED, UNOWNED, -500.0)])
    assert windows.keys() == {None, "ann"}
    for one in windows.values():
        assert list(one.strategy_names) == ["Trend"]
        assert list(one.dates) == [date(2020, 3, 16)]
    assert windows_of([day_of(UNOWNED, UNOWNED, -500.0)]) == {}


def test_what_a_strategy_trades_on_paper_counts_whatever_is_not_its_own() -> None:
    days = [day_of(SHADOW_UID, "Trend", 5.0, SHADOW_BOOK), day_of(UNOWNED, UNOWNED, 7.0)]
    assert windows_of(days).keys() == {None, SHADOW_UID}
