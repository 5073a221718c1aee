"""Flows of money are no returns: breakers see what they would have seen without them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.track_record.breakers import BreakerState, next_breaker
from functions.domain.track_record.equity_flows import Equity, with_high

NOW = datetime(2020, 3, 16, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DRAWDOWN = Policy(max_drawdown=0.2, breaker_confirmations=1)
DAILY = Policy(daily_loss_limit=0.2, breaker_confirmations=1)


def seen(state: BreakerState, equity: float, minute: float, policy: Policy = DRAWDOWN) -> BreakerState:
    """Observe a snapshot that is as of now."""
    now = NOW + minute * MINUTE
    return next_breaker(state, equity, now, now, NOW.date(), policy)


def told(state: BreakerState, usd: float, minute: float, at: float | None = None) -> BreakerState:
    return state.with_flow(usd, NOW + minute * MINUTE, NOW + (minute if at is None else at) * MINUTE)


def is_tripped(state: BreakerState, minute: float) -> bool:
    return state.is_tripped(NOW + minute * MINUTE)


@pytest.mark.parametrize("policy", [DRAWDOWN, DAILY])
def test_a_withdrawal_is_no_loss_and_a_loss_after_it_is_one(policy: Policy) -> None:
    state = told(seen(BreakerState(), 100_000.0, 0, policy), -30_000.0, 5)
    state = seen(state, 70_000.0, 10, policy)
    assert not is_tripped(state, 10)
    assert (state.peak or state.day_start) == pytest.approx(70_000.0)
    assert not is_tripped(seen(state, 57_000.0, 15, policy), 15)
    assert is_tripped(seen(state, 55_000.0, 15, policy), 15)


@pytest.mark.parametrize("policy", [DRAWDOWN, DAILY])
def test_a_deposit_hides_no_loss(policy: Policy) -> None:
    state = told(seen(BreakerState(), 100_000.0, 0, policy), 100_000.0, 5)
    state = seen(state, 155_000.0, 10, policy)
    assert is_tripped(state, 10), "22.5 % of the money that was there"


def test_a_fall_stays_the_same_fraction_after_a_withdrawal() -> None:
    state = seen(seen(BreakerState(), 100_000.0, 0), 90_000.0, 5)
    state = seen(told(state, -50_000.0, 10), 40_000.0, 15)
    assert not is_tripped(state, 15), "a fall of 10 %; 20 % if amounts were subtracted"
    assert state.recent[-1] / (state.peak or 0.0) == pytest.approx(0.9)


@pytest.mark.parametrize("seconds", [-60, -1, 0, 60])
@pytest.mark.parametrize("equity", [100_000.0, 70_000.0])
def test_a_snapshot_that_may_or_may_not_contain_a_flow_is_no_observation(seconds: int, equity: float) -> None:
    state = told(seen(BreakerState(), 100_000.0, 0), -30_000.0, 5)
    assert seen(state, equity, 5 + seconds / 60) == state


def test_a_snapshot_older_than_a_flow_is_observed_as_before_it() -> None:
    state = told(seen(BreakerState(), 100_000.0, 0), -30_000.0, 5)
    state = seen(seen(state, 110_000.0, 5 - 61 / 60), 80_000.0, 10)
    assert not is_tripped(state, 10)
    assert state.peak == pytest.approx(80_000.0)


def test_a_breaker_that_tripped_on_a_flow_told_late_releases_and_says_so() -> None:
    state = seen(seen(seen(BreakerState(), 100_000.0, 0), 70_000.0, 5), 70_700.0, 10)
    assert is_tripped(state, 10)
    state = told(state, -30_000.0, 2, at=12)
    assert not is_tripped(state, 12)
    assert (state.reason_code, state.refuted_at) == (None, NOW + 12 * MINUTE)
    assert state.peak == pytest.approx(70_700.0)
    assert is_tripped(seen(state, 56_000.0, 15), 15), "it is measured on from what there was"


def test_a_breaker_that_tripped_on_a_loss_stays_whatever_flows_are_told_late() -> None:
    state = seen(seen(BreakerState(), 100_000.0, 0), 60_000.0, 5)
    assert is_tripped(told(state, -10_000.0, 2, at=12), 12), "a loss of 30,000 of 90,000"
    recovered = seen(state, 100_000.0, 10)
    for ts in (2, 8):
        assert is_tripped(told(recovered, -1_000.0, ts, at=12), 12), "it holds for its time"
    after = told(recovered, -50_000.0, 15)
    assert is_tripped(seen(after, 50_000.0, 20), 20)


def test_a_breaker_that_tripped_on_a_snapshot_in_doubt_waits_for_the_next_to_tell() -> None:
    state = seen(seen(BreakerState(), 100_000.0, 0), 70_000.0, 5)
    state = told(state, -30_000.0, 4.7, at=6)
    assert is_tripped(state, 6)
    assert not is_tripped(seen(state, 70_000.0, 10), 10)
    assert is_tripped(seen(state, 50_000.0, 10), 10)


def test_a_deposit_that_is_told_late_hides_no_fall_from_the_peak_before_it() -> None:
    state = BreakerState()
    for minute, equity in enumerate([110_000.0, 100_000.0, 150_000.0, 150_000.0]):
        state = seen(state, equity, 10 * minute)
    state = told(state, 50_000.0, 15, at=32)
    assert state.peak == pytest.approx(165_000.0)
    assert is_tripped(seen(state, 131_000.0, 40), 40)


def test_a_withdrawal_that_is_told_late_leaves_the_peak_after_it() -> None:
    state = BreakerState()
    for minute, equity in enumerate([100_000.0, 85_000.0, 95_000.0, 90_000.0]):
        state = seen(state, equity, 10 * minute)
    assert told(state, -15_000.0, 5, at=32).peak == pytest.approx(95_000.0)


@pytest.mark.parametrize("usd", [-100_000.0, -120_000.0])
def test_an_account_that_was_emptied_starts_afresh(usd: float) -> None:
    state = told(seen(BreakerState(), 100_000.0, 0), usd, 5)
    state = seen(state, 500.0, 10)
    assert (state.peak, state.day_start, is_tripped(state, 10)) == (500.0, 500.0, False)
    state = seen(told(state, 9_500.0, 15), 10_000.0, 20)
    assert state.peak == pytest.approx(10_000.0)


def test_a_flow_before_any_observation_changes_nothing() -> None:
    state = seen(told(BreakerState(), 100_000.0, 0), 100_000.0, 5)
    assert (state.peak, state.day_start, state.recent) == (100_000.0, 100_000.0, (100_000.0,))


def test_a_flow_is_an_amount() -> None:
    assert told(BreakerState(), 0.0, 0) == BreakerState()
    with pytest.raises(InputError, match="flow must be a finite amount, USD, was nan"):
        told(BreakerState(), float("nan"), 0)


def test_equity_below_0_is_a_total_loss() -> None:
    state = seen(seen(BreakerState(), 100_000.0, 0), -5_000.0, 5)
    assert (state.reason_code, state.peak) == (ReasonCode.ACCOUNT_DRAWDOWN, 100_000.0)
    fresh = seen(seen(BreakerState(), -5_000.0, 0, DAILY), -5_000.0, 5, DAILY)
    assert (fresh.peak, fresh.reason_code) == (None, None), "nothing to measure a fall from"


@pytest.mark.parametrize("at", [2, 7, 12])
def test_flows_survive_the_document(at: int) -> None:
    state = seen(seen(BreakerState(), 100_000.0, 0), 70_000.0, 5)
    state = told(told(state, -1_000.0, at, at=13), 500.0, 20)
    assert BreakerState.from_document(state.to_document()) == state


def test_a_document_of_before_flows_is_read() -> None:
    stored: dict[str, Any] = {
        "recent": [100_000.0, 90_000.0],
        "peak": 100_000.0,
        "day": "2020-03-16",
        "day_start": 95_000.0,
        "tripped_until": None,
        "reason_code": None,
        "observed_as_of": NOW,
    }
    state = BreakerState.from_document(stored)
    assert (state.recent, state.peak, state.day_start, state.flows) == ((100_000.0, 90_000.0), 100_000.0, 95_000.0, ())
    state = seen(told(state, -45_000.0, 5), 45_000.0, 10)
    assert [state.peak, state.day_start] == pytest.approx([50_000.0, 47_500.0])
    nobody_knows = BreakerState.from_document(stored | {"observed_as_of": None, "recent": [100.0]})
    assert nobody_knows.peak == 100_000.0


@dataclass(frozen=True)
class Event:
    """A snapshot or a flow."""

    seconds_later: int
    clock_ahead: int
    """Of the snapshot's sender, seconds."""
    gain: float
    flow: float | None
    """A fraction of equity; None: it is a snapshot."""
    wait: int
    """After how many events a flow is told."""


def events(fractions: st.SearchStrategy[float], waits: st.SearchStrategy[int]) -> st.SearchStrategy[list[Event]]:
    gain = st.floats(-0.12, 0.1).map(lambda value: round(value, 4))
    flow = st.one_of(st.none(), st.none(), fractions.map(lambda value: round(value, 3)))
    one = st.builds(Event, st.integers(1, 400), st.integers(-60, 60), gain, flow, waits)
    return st.lists(one, min_size=5, max_size=25)


@given(events(st.floats(-0.9, 3.0), st.just(0)), st.integers(1, 3))
def test_breakers_trip_exactly_when_the_same_returns_without_flows_trip_them(
    history: list[Event], confirmations: int
) -> None:
    policy = Policy(
        max_drawdown=0.1500007,
        daily_loss_limit=0.0800007,
        breaker_confirmations=confirmations,
        breaker_release_hours=0.5,
    )
    times = [NOW + timedelta(seconds=sum(one.seconds_later for one in history[: n + 1])) for n in range(len(history))]
    nav, units, flows = 1.0, 1_000.0, list[datetime]()
    state = plain = BreakerState()
    last_seen = NOW - timedelta(days=1)
    for number, event in enumerate(history):
        now = times[number]
        if event.flow is not None:
            if event.flow and now - last_seen > MINUTE:  # else what was seen last is in doubt
                state = state.with_flow(nav * units * event.flow, now, now)
                units *= 1 + event.flow
                flows.append(now)
            continue
        as_of = now + timedelta(seconds=event.clock_ahead)
        is_certain = all(abs(as_of - ts) > MINUTE for ts in flows)
        if not is_certain or as_of <= last_seen:
            state = next_breaker(state, nav * units, as_of, now, NOW.date(), policy)
            plain = next_breaker(plain, None, None, now, NOW.date(), policy)
            continue
        nav, last_seen = nav * (1 + event.gain), as_of
        session = (NOW + timedelta(days=number // 10)).date()
        state = next_breaker(state, nav * units, as_of, now, session, policy)
        plain = next_breaker(plain, nav, as_of, now, session, policy)
        assert (state.tripped_until, state.reason_code) == (plain.tripped_until, plain.reason_code)
        assert state.day_start == pytest.approx((plain.day_start or 0.0) * units, rel=1e-9)
        assert (state.peak or 0.0) == pytest.approx((plain.peak or 0.0) * units, rel=1e-9)
        assert state.recent == pytest.approx([one * units for one in plain.recent], rel=1e-9)


@given(events(st.floats(-0.2, 0.25), st.integers(0, 12)), st.integers(1, 3))
def test_flows_told_late_and_in_any_order_leave_nothing_behind(history: list[Event], confirmations: int) -> None:
    """Without any return, nothing may be in breach, nor look like a fall, once every flow is told."""
    policy = Policy(max_drawdown=1e-3, daily_loss_limit=1e-3, breaker_confirmations=confirmations)
    equity, now, state, flows = 1_000.0, NOW, BreakerState(), 0
    to_tell: dict[int, list[tuple[float, datetime]]] = {}
    quiet = [Event(400, 0, 0.0, None, 0)] * (13 + 3)
    for number, event in enumerate([*history, *quiet]):
        now += timedelta(seconds=event.seconds_later)
        if event.flow is not None and flows < 6:  # what is told must never seem to be more than there is
            flows += 1
            to_tell.setdefault(number + event.wait, []).append((equity * event.flow, now))
            equity *= 1 + event.flow
        else:
            as_of = now + timedelta(seconds=event.clock_ahead)
            state = next_breaker(state, equity, as_of, now, NOW.date(), policy)
        for usd, ts in to_tell.pop(number, []):
            state = state.with_flow(usd, ts, now)
    assert not state.is_tripped(now)
    assert state.recent == pytest.approx([equity] * confirmations, rel=1e-9)
    assert state.peak == pytest.approx(equity, rel=1e-9)
    assert state.day_start == pytest.approx(equity, rel=1e-9)


@given(st.lists(st.tuples(st.integers(1, 20_000), st.floats(1.0, 2.0)), min_size=1, max_size=400))
def test_few_highs_are_kept_and_the_highest_is_one_of_them(steps: list[tuple[int, float]]) -> None:
    at, highs, highest = NOW, tuple[Equity, ...](), 0.0
    for seconds, usd in steps:
        at += timedelta(seconds=seconds)
        highs = with_high(highs, Equity(usd, at))
        highest = max(highest, usd)
        assert max(one.usd for one in highs) == highest
        assert highs[-1] == Equity(usd, at)
        assert [one.as_of for one in highs] == sorted({one.as_of for one in highs})
    assert len(highs) <= 200
