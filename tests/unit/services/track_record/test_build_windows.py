"""Which days windows are made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.domain.kernel.book_names import UNOWNED
from functions.services.track_record.build_windows import windows_of


def day(uid: str, strategy_id: str) -> dict[str, Any]:
    figures = {"pnl": 5.0, "capital_base": 100.0, "unrealized_pnl": 0.0, "fills": 1, "book": "live"}
    return {"uid": uid, "strategy_id": strategy_id, "period_start": datetime(2020, 3, 2, tzinfo=UTC), **figures}


def test_nobody_is_judged_by_what_no_strategy_owns() -> None:
    windows = windows_of([day("ann", "Trend"), day(UNOWNED, UNOWNED)])
    assert {uid: of_uid.strategy_names for uid, of_uid in windows.items()} == {None: ("Trend",), "ann": ("Trend",)}
