"""Account breakers: confirmations, latching, timed release, and bad ticks that move nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.slots import SLOT_PERIOD
from functions.domain.track_record.breakers import BreakerState, next_breaker

NOW = datetime(2020, 3, 16, 14, 0, tzinfo=UTC)
POLICY = Policy(max_drawdown=0.10, daily_loss_limit=0.05, breaker_release_hours=24)


def observe(equities: Sequence[float | None], policy: Policy = POLICY, start: datetime = NOW) -> BreakerState:
    state = BreakerState()
    for number, equity in enumerate(equities):
        state = at(state, equity, start + number * SLOT_PERIOD, policy)
    return state


def at(state: BreakerState, equity: float | None, now: datetime, policy: Policy = POLICY) -> BreakerState:
    """Observe a snapshot that is as of now."""
    return next_breaker(state, equity, now, now, now.date(), policy)


@pytest.mark.parametrize(
    ("equities", "reason"),
    [
        ([100, 100, 100, 94], None),  # not confirmed
        ([100, 100, 100, 94, 94], None),
        ([100, 100, 100, 94, 94, 94], ReasonCode.DAILY_LOSS),
        ([100, 100, 100, 94, 96, 94, 94], None),  # one tick above the limit starts the count again
        ([100, 100, 100, 1, 100, 100], None),  # one bad tick down
        ([100, 100, 100, 1000, 100, 100, 100], None),  # one bad tick up sets no peak to fall from
        ([100, 100, 100, None, None, None], None),
        ([100, 100, 100, 96, 96, 96], None),
    ],
)
def test_confirmations(equities: list[float | None], reason: ReasonCode | None) -> None:
    assert observe(equities).reason_code is reason


def test_drawdown_is_measured_from_the_confirmed_peak_over_days() -> None:
    state = BreakerState()
    for day, equity in enumerate([100.0, 120.0, 116.0, 112.0, 109.0, 107.0]):
        for tick in range(3):
            state = at(state, equity, NOW + timedelta(days=day) + tick * SLOT_PERIOD)
    assert state.peak == 120
    assert state.reason_code is ReasonCode.ACCOUNT_DRAWDOWN


def test_a_tripped_breaker_stays_until_its_time_even_if_equity_recovers() -> None:
    tripped = observe([100, 100, 100, 90, 90, 90])
    later = at(tripped, 130.0, NOW + timedelta(hours=23))
    assert later.is_tripped(NOW + timedelta(hours=23))
    until = tripped.tripped_until
    assert until is not None
    released = at(later, 90.0, until)
    assert not released.is_tripped(until)
    assert released.peak is None, "the peak starts again, or it would trip at once"
    assert "daily loss until" in tripped.detail


def test_one_snapshot_counts_once_however_many_cycles_read_it() -> None:
    calm = observe([100, 100, 100])
    read_at = NOW + timedelta(hours=1)
    state = calm
    for cycle in range(10):
        state = next_breaker(state, 0.0, read_at, read_at + cycle * SLOT_PERIOD, NOW.date(), POLICY)
    assert state.recent == (100, 100, 0)
    assert state.reason_code is None
    older = next_breaker(state, 0.0, read_at - timedelta(minutes=1), read_at + timedelta(hours=1), NOW.date(), POLICY)
    assert older == state, "nor does an older one"


def test_breakers_are_off_until_set() -> None:
    assert observe([100] * 3 + [1] * 10, Policy()).reason_code is None


@given(st.lists(st.floats(95.5, 104.5), min_size=5, max_size=30), st.data())
def test_no_single_bad_tick_ever_trips_a_breaker(calm: list[float], data: st.DataObject) -> None:
    calm = [100.0] * 3 + calm
    policy = Policy(max_drawdown=0.10, daily_loss_limit=0.10)
    index = data.draw(st.integers(3, len(calm) - 1))
    bad = data.draw(st.floats(0.01, 1e9))
    assert observe([*calm[:index], bad, *calm[index:]], policy).reason_code is None


def test_the_state_survives_its_document_and_damage_is_named() -> None:
    state = observe([100, 100, 100, 90, 90, 90])
    assert BreakerState.from_document(state.to_document()) == state
    assert BreakerState.from_document(None) == BreakerState()
    damaged: dict[str, Any] = {**state.to_document(), "recent": "high"}
    with pytest.raises(InputError, match=r"breaker\.recent must be a list of finite numbers"):
        BreakerState.from_document(damaged)


@pytest.mark.parametrize("name", ["best", "highs", "opening", "max_drawdown", "daily_loss_limit"])
def test_a_trip_that_lost_a_field_is_damaged_and_not_refuted(name: str) -> None:
    document = observe([100, 100, 100, 80, 80, 80]).to_document()
    assert document["trip"] is not None
    del document["trip"][name]
    with pytest.raises(InputError, match=rf"breaker\.trip\.{name} must be .+, was missing"):
        BreakerState.from_document(document)


def test_a_flow_that_lost_its_factor_is_damaged_and_not_settled_again() -> None:
    document = BreakerState().to_document() | {"flows": [{"usd": 5.0, "ts": datetime(2020, 3, 16, tzinfo=UTC)}]}
    with pytest.raises(InputError, match=r"breaker\.flows\[0\]\.factor must be there, or null"):
        BreakerState.from_document(document)
