"""What live fills tell of what the next one costs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from functions.domain.kernel.book_names import SHADOW_BOOK, SHADOW_UID, UNOWNED
from functions.domain.kernel.errors import InputError
from functions.domain.track_record.live_costs import MIN_FILLS, LiveCosts, LiveDays

FIRST = date(2020, 3, 16)
SUMS = {"fees": 50.0, "slippage": 100.0, "turnover": 500_000.0, "fills": 40}


def day_of(number: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a daily document of 40 fills of 500,000 USD, at 1 bp and 2 bp."""
    day = FIRST + timedelta(days=number)
    document = {
        "uid": "ann", "strategy_id": "Trend", "book": "live", "session": day.isoformat(),
        "period_start": datetime(day.year, day.month, day.day, tzinfo=UTC), "fees": 50.0,
        "trading_fees": 50.0, "slippage": 100.0, "turnover": 500_000.0, "fills": 40,
    }  # fmt: skip
    return {**document, **fields}


@pytest.mark.parametrize(
    ("sums", "fee_bps", "slippage_bps"),
    [
        ({}, 1.0, 2.0),
        ({"fills": MIN_FILLS}, 1.0, 2.0),
        ({"fills": MIN_FILLS - 1}, None, None),
        ({"fees": -10.0}, -0.2, 2.0),  # a maker's rebates
        ({"fees": 0.0}, 0.0, 2.0),  # a broker without commission
        ({"slippage": 0.0}, 1.0, None),  # nobody states it
        ({"turnover": 0.0}, None, None),
        ({"fees": 1e6, "slippage": 1e6}, 1000.0, 1000.0),  # no more than a policy may say
        ({"fees": -1e6}, -100.0, 2.0),
    ],
)
def test_of_sums(sums: dict[str, Any], fee_bps: float | None, slippage_bps: float | None) -> None:
    costs = LiveCosts.of_sums(**{**SUMS, **sums})
    assert costs.fee_bps == pytest.approx(fee_bps)
    assert costs.slippage_bps == pytest.approx(slippage_bps)
    assert costs.fills == {**SUMS, **sums}["fills"]


@pytest.mark.parametrize(
    "other",
    [
        day_of(uid=SHADOW_UID, book=SHADOW_BOOK, trading_fees=1.0),
        day_of(uid=UNOWNED, strategy_id=UNOWNED, trading_fees=1e4),
        day_of(turnover=0.0, trading_fees=0.0, slippage=0.0),  # what an operator gave away
        {name: value for name, value in day_of().items() if name not in ("turnover", "trading_fees", "slippage")},
        day_of(-90, trading_fees=1e4),  # 90 sessions ago: the newest 90 begin a day later
    ],
)
def test_what_no_strategy_of_late_traded_live_does_not_count(other: dict[str, Any]) -> None:
    sessions = [day_of(-number, fills=0, turnover=0.0, trading_fees=0.0, slippage=0.0) for number in range(1, 90)]
    assert LiveDays.of([other, *sessions, day_of()]).costs() == LiveDays.of([day_of()]).costs()


def test_users_strategies_and_days_pool_by_what_they_traded() -> None:
    days = [
        day_of(fills=15, fees=999.0),  # a fee that no trade caused is none of a trade
        day_of(1, uid="bob", fills=15, turnover=1_500_000.0, trading_fees=350.0, slippage=500.0),
    ]
    costs = LiveDays.of(days).costs()
    assert (costs.fee_bps, costs.slippage_bps) == pytest.approx((2.0, 3.0))
    assert costs.fills == 30
    assert LiveDays.of([]).costs() == LiveCosts()


def test_they_survive_their_document_and_windows_of_before_tell_nothing() -> None:
    for costs in (LiveCosts(), LiveCosts(-0.2, None, 30), LiveCosts(1.25, 2.5, 4000)):
        assert LiveCosts.from_windows({"dates": [], "live_costs": costs.to_document()}) == costs
    of_before: list[dict[str, Any] | None] = [None, {}, {"dates": []}, {"live_costs": None}]
    for windows in of_before:
        assert LiveCosts.from_windows(windows) == LiveCosts()


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ([1.0], "live_costs must be a map, was [1.0]"),
        ({"fee_bps": 1.0}, "live_costs.fills must be a whole number, 0 or more, was missing"),
        ({"fills": -1}, "live_costs.fills must be a whole number, 0 or more, was -1"),
        ({"fills": 30, "fee_bps": "1"}, "live_costs.fee_bps must be a number from -100 to 1000 or null, was '1'"),
        (
            {"fills": 30, "fee_bps": float("nan")},
            "live_costs.fee_bps must be a number from -100 to 1000 or null, was nan",
        ),
        (
            {"fills": 30, "slippage_bps": -0.5},
            "live_costs.slippage_bps must be a number from 0 to 1000 or null, was -0.5",
        ),
    ],
)
def test_damage_is_named(stored: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        LiveCosts.from_windows({"live_costs": stored})
    assert str(caught.value) == message
