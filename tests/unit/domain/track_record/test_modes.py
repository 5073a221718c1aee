"""How Sharpe ratios become modes, and how modes persist."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.agent_mode import WEIGHTS, AgentMode
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.cycle_documents import modes_document
from functions.domain.track_record.modes import EARNED, ModeState, read_modes
from functions.domain.track_record.modes import next_mode as mode_after
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.standing import standings
from functions.domain.track_record.windows import PerformanceWindows

NOW = datetime(2020, 3, 16, 20, tzinfo=UTC)
ACTIVE, REDUCED, SHADOW, DISABLED = AgentMode
EARNED_REASON = {
    ACTIVE: ReasonCode.SHARPE_HEALTHY,
    REDUCED: ReasonCode.SHARPE_BELOW_REDUCE,
    SHADOW: ReasonCode.SHARPE_BELOW_SHADOW,
}


def next_mode(
    sharpe: float,
    previous: ModeState | None = None,
    *,
    days: int = 30,
    now: datetime = NOW,
    is_sample: bool = False,
    **settings: Any,
) -> ModeState:
    return mode_after("A", sharpe, days, previous, Policy(**settings), now, is_sample=is_sample)


def earned(mode: AgentMode, days_ago: float = 10) -> ModeState:
    return ModeState(mode, NOW - timedelta(days=days_ago), EARNED_REASON[mode])


@pytest.mark.parametrize(
    ("sharpe", "mode", "reason"),
    [
        (1.0, ACTIVE, ReasonCode.SHARPE_HEALTHY),
        (0.999, REDUCED, ReasonCode.SHARPE_BELOW_REDUCE),
        (0.5, REDUCED, ReasonCode.SHARPE_BELOW_REDUCE),
        (0.499, SHADOW, ReasonCode.SHARPE_BELOW_SHADOW),
        (-20.0, SHADOW, ReasonCode.SHARPE_BELOW_SHADOW),
        (math.nan, ACTIVE, ReasonCode.INSUFFICIENT_DATA),
    ],
)
def test_a_new_strategy_gets_what_its_sharpe_earns(sharpe: float, mode: AgentMode, reason: ReasonCode) -> None:
    assert next_mode(sharpe) == ModeState(mode, NOW, reason)


@pytest.mark.parametrize(
    ("previous", "days_ago", "sharpe", "settings", "mode", "reason"),
    [
        (ACTIVE, 0.0, -1.0, {}, SHADOW, ReasonCode.SHARPE_BELOW_SHADOW),  # down at once, all the way
        (ACTIVE, 0.0, 0.7, {}, REDUCED, ReasonCode.SHARPE_BELOW_REDUCE),
        (SHADOW, 2.0, 5.0, {}, REDUCED, ReasonCode.SHARPE_HEALTHY),  # up one rung at a time
        (REDUCED, 2.0, 5.0, {}, ACTIVE, ReasonCode.SHARPE_HEALTHY),
        (SHADOW, 0.5, 5.0, {}, SHADOW, ReasonCode.PROMOTION_PENDING),  # not before the dwell time
        (SHADOW, 0.5, 5.0, {"min_dwell_days": 0}, REDUCED, ReasonCode.SHARPE_HEALTHY),
        (REDUCED, 2.0, 1.05, {"promotion_margin": 0.1}, REDUCED, ReasonCode.PROMOTION_PENDING),
        (REDUCED, 2.0, 1.10, {"promotion_margin": 0.1}, ACTIVE, ReasonCode.SHARPE_HEALTHY),
        (ACTIVE, 2.0, 1.05, {"promotion_margin": 0.1}, ACTIVE, ReasonCode.SHARPE_HEALTHY),  # a margin demotes nobody
    ],
)
def test_down_at_once_up_in_steps(
    previous: AgentMode, days_ago: float, sharpe: float, settings: dict[str, Any], mode: AgentMode, reason: ReasonCode
) -> None:
    state = next_mode(sharpe, earned(previous, days_ago), **settings)
    assert (state.mode, state.reason_code) == (mode, reason)


@pytest.mark.parametrize("sharpe", [math.nan, 3.0])
def test_a_mode_is_never_improved_because_data_ran_out(sharpe: float) -> None:
    state = next_mode(sharpe, earned(SHADOW), days=4)
    assert (state.mode, state.reason_code) == (SHADOW, ReasonCode.HELD_WITHOUT_DATA)
    again = next_mode(sharpe, state, days=0, now=NOW + timedelta(days=400))
    assert again.mode is SHADOW


def test_without_data_the_policy_can_only_make_an_earned_mode_worse() -> None:
    assert next_mode(math.nan, earned(ACTIVE), insufficient_data_mode="SHADOW_MODE").mode is SHADOW
    assert next_mode(math.nan, earned(SHADOW), insufficient_data_mode="ACTIVE").mode is SHADOW


def test_a_mode_given_for_want_of_data_follows_the_policy_and_is_no_rung_to_climb_from() -> None:
    given_shadow = next_mode(math.nan, insufficient_data_mode="SHADOW_MODE")
    assert given_shadow.mode is SHADOW
    assert next_mode(math.nan, given_shadow).mode is ACTIVE
    assert next_mode(2.0, given_shadow).mode is ACTIVE


def test_disabled_by_hand_until_it_ends_then_back_to_the_mode_earned_before() -> None:
    end = NOW + timedelta(hours=2)
    off = next_mode(2.0, earned(SHADOW), disabled_strategies={"A": end})
    assert (off.mode, off.until, off.earned_mode) == (DISABLED, end, SHADOW)
    later = next_mode(math.nan, off, disabled_strategies={"A": end}, now=end)
    assert (later.mode, later.reason_code) == (SHADOW, ReasonCode.HELD_WITHOUT_DATA)


def test_a_sample_that_is_not_named_is_disabled_and_named_goes_on_with_what_it_earned() -> None:
    off = next_mode(2.0, earned(SHADOW), is_sample=True)
    assert (off.mode, off.reason_code, off.earned_mode) == (DISABLED, ReasonCode.SAMPLE_NOT_NAMED, SHADOW)
    assert next_mode(2.0, off, is_sample=True) == off
    assert next_mode(0.1, off, is_sample=True, sample_strategies=["A"]).mode is SHADOW
    assert next_mode(2.0, earned(SHADOW), is_sample=True, sample_strategies=["A"]).mode is REDUCED
    assert next_mode(2.0, is_sample=False).mode is ACTIVE, "a strategy of the user's needs no naming"


def test_a_sample_that_earned_nothing_yet_begins_as_a_new_strategy_once_it_is_named() -> None:
    given_active = next_mode(math.nan)
    for before in (None, given_active, next_mode(math.nan, is_sample=True)):
        off = next_mode(math.nan, before, is_sample=True)
        assert (off.mode, off.earned_mode) == (DISABLED, None)
        named = next_mode(math.nan, off, is_sample=True, sample_strategies=["A"], insufficient_data_mode="SHADOW_MODE")
        assert (named.mode, named.reason_code) == (SHADOW, ReasonCode.INSUFFICIENT_DATA)
        assert next_mode(0.7, off, is_sample=True, sample_strategies=["A"]).mode is REDUCED
        assert next_mode(0.7, off, is_sample=True).earned_mode is REDUCED, "what its fills of before earn, come late"


def test_an_operators_switch_comes_before_the_naming_of_samples() -> None:
    end = NOW + timedelta(hours=2)
    off = next_mode(2.0, is_sample=True, disabled_strategies={"A": end})
    assert (off.reason_code, off.until) == (ReasonCode.DISABLED_BY_POLICY, end)
    later = next_mode(2.0, off, is_sample=True, disabled_strategies={"A": end}, now=end)
    assert (later.mode, later.reason_code, later.until) == (DISABLED, ReasonCode.SAMPLE_NOT_NAMED, None)


@pytest.mark.parametrize(
    ("policy", "is_readable", "mode"),
    [
        (Policy(), True, DISABLED),
        (Policy(enabled=False), True, DISABLED),
        (Policy(sample_strategies=("A",)), True, ACTIVE),
        (Policy(enabled=False, sample_strategies=("A",)), True, ACTIVE),
        (Policy(), False, SHADOW),
    ],
)
def test_a_sample_acts_where_it_is_named_only(policy: Policy, is_readable: bool, mode: AgentMode) -> None:
    found = standings(["A", "Own"], PerformanceWindows.empty(), {}, policy, NOW, samples={"A"}, is_readable=is_readable)
    assert (found["A"].state.mode, found["Own"].state.mode) == (mode, ACTIVE)


def test_a_sample_keeps_a_known_mode_while_the_policy_cannot_be_read() -> None:
    known = {"A": earned(ACTIVE)}
    found = standings(["A"], PerformanceWindows.empty(), known, Policy(), NOW, samples={"A"}, is_readable=False)
    assert found["A"].state == known["A"]


@pytest.mark.parametrize(
    ("days", "confidence", "mode", "reason"),
    [
        (30, None, SHADOW, ReasonCode.SHARPE_BELOW_SHADOW),
        (30, 0.95, ACTIVE, ReasonCode.SHARPE_LOW_NOT_PROVEN),  # not "healthy", which it is not
        (30, 0.55, SHADOW, ReasonCode.SHARPE_BELOW_SHADOW),
        (90, 0.60, SHADOW, ReasonCode.SHARPE_BELOW_SHADOW),
    ],
)
def test_a_demotion_can_be_made_to_take_proof(
    days: int, confidence: float | None, mode: AgentMode, reason: ReasonCode
) -> None:
    # A daily Sharpe ratio a little below 0: 30 days make it likely to be below 0.5 a year, not certain.
    returns = np.resize([0.0095, -0.0100], days)
    windows = PerformanceWindows(
        ("A",), tuple(NOW.date() + timedelta(days=d) for d in range(days)), SessionReturns.plain(returns[np.newaxis])
    )
    policy = Policy(demotion_confidence=confidence, performance_lookback_days=days, risk_free_rate=0.0)
    for known in ({}, {"A": earned(ACTIVE)}):
        state = standings(["A"], windows, known, policy, NOW)["A"].state
        assert (state.mode, state.reason_code) == (mode, reason)


@pytest.mark.parametrize("reason", ReasonCode)
def test_every_reason_is_stored_and_read(reason: ReasonCode) -> None:
    state = ModeState(REDUCED, NOW, reason)
    assert ModeState.from_entry("A", state.to_entry()) == state


def test_a_mode_that_stays_keeps_its_since() -> None:
    before = earned(REDUCED, days_ago=7)
    assert next_mode(0.7, before) == before


states = st.builds(
    ModeState,
    st.sampled_from(EARNED),
    st.integers(0, 30).map(lambda days: NOW - timedelta(days=days)),
    st.sampled_from(list(EARNED_REASON.values())),
)


@given(st.floats(-5, 5), st.floats(-5, 5), st.none() | states)
def test_a_better_sharpe_never_earns_a_worse_mode(one: float, other: float, previous: ModeState | None) -> None:
    low, high = sorted((one, other))
    assert WEIGHTS[next_mode(low, previous).mode] <= WEIGHTS[next_mode(high, previous).mode]


@given(st.floats(-5, 5) | st.just(math.nan), states, st.integers(0, 30))
def test_no_cycle_climbs_more_than_one_rung(sharpe: float, previous: ModeState, days: int) -> None:
    after = next_mode(sharpe, previous, days=days)
    assert EARNED.index(after.mode) >= EARNED.index(previous.mode) - 1


@given(states, st.none() | st.just(NOW))
def test_modes_survive_their_document(state: ModeState, until: datetime | None) -> None:
    stored = ModeState(state.mode, state.since, state.reason_code, until, AgentMode.REDUCED)
    assert read_modes(modes_document({"A": stored}, NOW)) == {"A": stored}


@pytest.mark.parametrize(
    "entry", [None, [], {"mode": "ACTIVE"}, {"mode": "FAST", "since": "2020-03-16", "reason_code": "X"}]
)
def test_a_malformed_entry_is_named(entry: Any) -> None:
    with pytest.raises(InputError, match=r"modes\.A must be"):
        read_modes({"strategies_json": json.dumps({"A": entry})})
