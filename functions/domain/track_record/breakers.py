"""The account breakers: stop new exposure when the account itself loses too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from functions.domain.kernel.policy import Policy
from functions.domain.track_record.breaker_state import BreakerState
from functions.domain.track_record.breaker_trip import Limits, Trip
from functions.domain.track_record.equity_flows import Equity, contains, is_in_doubt, with_high

__all__ = ["BreakerState", "next_breaker"]


def next_breaker(
    state: BreakerState, equity: float | None, as_of: datetime | None, now: datetime, session: date, policy: Policy
) -> BreakerState:
    """
    Observe one account snapshot.

    Parameters
    ----------
    equity : float or None
        USD; None (unknown) only allows a release. A negative value is a total loss.
    as_of : datetime or None
        The snapshot's own time; one not newer than the last was already observed, and one that may or may not contain a
        waiting flow of money is not an observation.
    session : date
        The market's current session: a daily loss is that of one session.

    Notes
    -----
    A single bad snapshot changes nothing: the peak rises only to what the last N observations all reach, and a breaker
    trips only when all of them are in breach, with N = ``breaker_confirmations``. After its time a breaker releases,
    and the peak starts again from the current equity.
    """
    state = _released(state, now)
    if equity is None or as_of is None or (state.observed_as_of is not None and as_of <= state.observed_as_of):
        return state
    waiting = [one for one in state.flows if one.factor is None]
    if any(is_in_doubt(as_of, one.ts) for one in waiting):
        return state
    seen = Equity(equity, as_of)
    due = sorted((one for one in waiting if contains(as_of, one.ts)), key=lambda one: one.ts)
    state = state.settled(due, seen) if due else state
    state = _observed(state, seen, session, policy.breaker_confirmations)
    if state.is_tripped(now):
        return state.reviewed(now) if due else state
    if len(state.observations) < policy.breaker_confirmations:
        return state
    best = max(state.observations, key=lambda one: one.usd)
    trip = Trip(best, state.highs, state.opening, Limits(policy.max_drawdown, policy.daily_loss_limit))
    reason = trip.limits.breach(best.usd, trip.highs, trip.opening)
    if reason is None:
        return state
    until = now + timedelta(hours=policy.breaker_release_hours)
    return replace(state, tripped_until=until, reason_code=reason, trip=trip)


def _observed(state: BreakerState, seen: Equity, session: date, confirmations: int) -> BreakerState:
    observations = (*state.observations, seen)[-confirmations:]
    lowest = min(reversed(observations), key=lambda one: one.usd)
    is_high = len(observations) == confirmations and lowest.usd > 0
    day, opening = session.isoformat(), state.opening
    if day != state.day:
        opening = _median(state.observations or observations)
    return replace(
        state,
        observations=observations,
        highs=with_high(state.highs, lowest) if is_high else state.highs,
        day=day,
        opening=opening,
        observed_as_of=seen.as_of,
    )


def _median(observations: Sequence[Equity]) -> Equity:
    """Return the median observation, the lower of two middle ones, with its time, which shows the flows it contains."""
    return sorted(observations, key=lambda one: one.usd)[(len(observations) - 1) // 2]


def _released(state: BreakerState, now: datetime) -> BreakerState:
    if state.tripped_until is None or now < state.tripped_until:
        return state
    return BreakerState(observed_as_of=state.observed_as_of, flows=state.flows, refuted_at=state.refuted_at)
