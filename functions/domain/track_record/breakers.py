"""The account breakers: stop new exposure when the account itself loses too much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What the breakers remember of a tenant's equity; USD."""

    recent: tuple[float, ...] = ()
    """The last observations, oldest first: as many as it takes to confirm one."""
    peak: float | None = None
    """Highest confirmed equity since the last release."""
    day: str | None = None
    """The session of the last observation, an ISO date."""
    day_start: float | None = None
    """Confirmed equity when that session began."""
    tripped_until: datetime | None = None
    """When the breaker releases; None while it is closed."""
    reason_code: ReasonCode | None = None
    """Which breaker tripped."""
    observed_as_of: datetime | None = None
    """Of the last account snapshot that was observed: each counts once, however many cycles read it."""

    def is_tripped(self, now: datetime) -> bool:
        return self.tripped_until is not None and now < self.tripped_until

    @property
    def detail(self) -> str:
        """Why there is no new exposure, in words."""
        word = "drawdown" if self.reason_code is ReasonCode.ACCOUNT_DRAWDOWN else "daily loss"
        until = "" if self.tripped_until is None else f" until {self.tripped_until.isoformat()}"
        return f"account breaker tripped by {word}{until}"

    def to_document(self) -> dict[str, Any]:
        return {
            "recent": list(self.recent),
            "peak": self.peak,
            "day": self.day,
            "day_start": self.day_start,
            "tripped_until": self.tripped_until,
            "reason_code": None if self.reason_code is None else str(self.reason_code),
            "observed_as_of": self.observed_as_of,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> BreakerState:
        """Read what is stored; nothing stored is a fresh state. Raises InputError if malformed."""
        if document is None:
            return cls()
        try:
            return cls(
                tuple(float(equity) for equity in document["recent"]),
                document["peak"],
                document["day"],
                document["day_start"],
                document["tripped_until"],
                ReasonCode(document["reason_code"]) if document["reason_code"] else None,
                document.get("observed_as_of"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError("session.breaker", "what a cycle stored", document) from error


def next_breaker(
    state: BreakerState, equity: float | None, as_of: datetime | None, now: datetime, session: date, policy: Policy
) -> BreakerState:
    """
    Observe one account snapshot.

    Parameters
    ----------
    equity : float or None
        USD; None (unknown) changes nothing but the release.
    as_of : datetime or None
        The snapshot's own time; one that is not newer than the last was observed already.
    session : date
        The market's, now: a day's loss is one session's.

    Notes
    -----
    One bad snapshot moves nothing: the peak rises only to what the last N observations all reach, and a breaker trips
    only when all of them are in breach, N being ``breaker_confirmations``. After its time a breaker releases, and the
    peak starts again from the equity there is.
    """
    state = _released(state, now)
    if equity is None or as_of is None or (state.observed_as_of is not None and as_of <= state.observed_as_of):
        return state
    recent = (*state.recent, equity)[-policy.breaker_confirmations :]
    is_confirmed = len(recent) == policy.breaker_confirmations
    day = session.isoformat()
    day_start = state.day_start if day == state.day else median(state.recent or recent)
    peak = max(state.peak or 0.0, min(recent)) if is_confirmed else state.peak
    state = replace(state, recent=recent, day=day, day_start=day_start, peak=peak, observed_as_of=as_of)
    if state.is_tripped(now) or not is_confirmed:
        return state
    reason = _breach(max(recent), state, policy)
    if reason is None:
        return state
    return replace(state, tripped_until=now + timedelta(hours=policy.breaker_release_hours), reason_code=reason)


def _released(state: BreakerState, now: datetime) -> BreakerState:
    if state.tripped_until is None or now < state.tripped_until:
        return state
    return replace(state, recent=(), peak=None, day=None, day_start=None, tripped_until=None, reason_code=None)


def _breach(best_recent_equity: float, state: BreakerState, policy: Policy) -> ReasonCode | None:
    if policy.max_drawdown is not None and state.peak and best_recent_equity < state.peak * (1 - policy.max_drawdown):
        return ReasonCode.ACCOUNT_DRAWDOWN
    limit = policy.daily_loss_limit
    if limit is not None and state.day_start and best_recent_equity < state.day_start * (1 - limit):
        return ReasonCode.DAILY_LOSS
    return None
