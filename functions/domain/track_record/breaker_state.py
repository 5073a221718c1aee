"""The account breakers' memory of a tenant's equity, and the effect of flows of money on it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.track_record.breaker_checks import check_breaker
from functions.domain.track_record.breaker_trip import Trip, equity_document, read_equity
from functions.domain.track_record.equity_flows import (
    FLOWS_KEPT,
    LONGEST_KEPT,
    Equity,
    EquityFlow,
    all_certain,
    certain,
    contains,
    rescaling,
)

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BreakerState:
    """The breakers' memory of a tenant's equity; USD, scaled by every flow of money since."""

    observations: tuple[Equity, ...] = ()
    """The latest, oldest first: as many as are needed to confirm one."""
    highs: tuple[Equity, ...] = ()
    """Confirmed equities since the last release, oldest first: those that a late-reported flow may make the highest."""
    day: str | None = None
    """The session of the last observation, an ISO date."""
    opening: Equity | None = None
    """Confirmed equity at the start of that session."""
    tripped_until: datetime | None = None
    """When the breaker releases; None unless one is tripped."""
    reason_code: ReasonCode | None = None
    """Which breaker tripped."""
    observed_as_of: datetime | None = None
    """Time of the last observed account snapshot: each counts once, however many cycles read it."""
    flows: tuple[EquityFlow, ...] = ()
    """Waiting and recently settled flows."""
    trip: Trip | None = None
    """What tripped it; None while it is closed, and if it can no longer be refuted."""
    refuted_at: datetime | None = None
    """When flows of money last showed that it had tripped without a loss."""

    @property
    def recent(self) -> tuple[float, ...]:
        """The last observations, oldest first."""
        return tuple(one.usd for one in self.observations)

    @property
    def peak(self) -> float | None:
        """Highest confirmed equity since the last release."""
        return max((one.usd for one in self.highs), default=None)

    @property
    def day_start(self) -> float | None:
        """Confirmed equity at the start of the last observation's session."""
        return None if self.opening is None else self.opening.usd

    @property
    def remembered(self) -> tuple[Equity, ...]:
        """All remembered observations."""
        opening = () if self.opening is None else (self.opening,)
        of_trip = () if self.trip is None else self.trip.observed
        return (*of_trip, *self.highs, *opening, *self.observations)

    def is_tripped(self, now: datetime) -> bool:
        return self.tripped_until is not None and now < self.tripped_until

    @property
    def detail(self) -> str:
        """Why there is no new exposure, as text."""
        word = "drawdown" if self.reason_code is ReasonCode.ACCOUNT_DRAWDOWN else "daily loss"
        until = "" if self.tripped_until is None else f" until {self.tripped_until.isoformat()}"
        return f"account breaker tripped by {word}{until}"

    def with_flow(self, usd: float, ts: datetime, now: datetime) -> BreakerState:
        """
        Return the memory after a deposit or withdrawal, which is neither a gain nor a loss.

        A flow waits for a snapshot that certainly contains it. One reported late, after such a snapshot was observed,
        counts at once; a breaker that tripped on it, with nothing in breach now, releases (`refuted_at`).

        Parameters
        ----------
        usd : float
            Positive if deposited, negative if withdrawn. Each flow must be reported once, in any order.
        ts : datetime
            Aware; when the broker's equity changed.

        Raises
        ------
        InputError
            If ``usd`` is not finite.
        """
        if not math.isfinite(usd):
            raise InputError("flow", "a finite amount, USD", usd)
        if usd == 0:
            return self
        waiting = [one for one in self.flows if one.factor is None]
        settled = [one for one in self.flows if one.factor is not None and one.ts > now - LONGEST_KEPT]
        flow = EquityFlow(usd, ts)
        state = replace(self._without_doubtful(ts), flows=(*settled[-FLOWS_KEPT:], *waiting, flow))
        if not any(contains(one.as_of, ts) for one in state.remembered):
            return state
        return state.settled([flow], None).reviewed(now)

    def settled(self, due: Sequence[EquityFlow], fresh: Equity | None) -> BreakerState:
        """
        Scale observations before flows that an observation now contains.

        Parameters
        ----------
        due, fresh
            As for `rescaling`.
        """
        before = [one for one in self.flows if one.factor is not None]
        scaling = rescaling(due, before, self.remembered, fresh)
        factors = [1.0 if scaling.factor is None else scaling.factor, *(1.0 for _ in due[1:])]
        done = [replace(one, factor=factor) for one, factor in zip(due, factors, strict=True)]
        left = list(self.flows)
        for one in due:
            left.remove(one)
        opening = scaling.of(self.opening)
        return replace(
            self,
            observations=scaling.of_all(self.observations),
            highs=scaling.of_all(self.highs),
            opening=opening,
            day=None if opening is None else self.day,
            flows=(*done, *left),
            trip=None if self.trip is None else self.trip.scaled(scaling),
        )

    def reviewed(self, now: datetime) -> BreakerState:
        """Release a breaker if flows refute its trip and nothing is in breach now."""
        trip = self.trip
        if trip is None or not self.is_tripped(now) or not trip.is_refuted or not self.observations:
            return self
        if trip.limits.breach(max(self.recent), self.highs, self.opening) is not None:
            return self
        return replace(self, tripped_until=None, reason_code=None, trip=None, refuted_at=now)

    def _without_doubtful(self, ts: datetime) -> BreakerState:
        """Drop observations that may or may not contain a flow."""
        opening = certain(self.opening, ts)
        return replace(
            self,
            observations=all_certain(self.observations, ts),
            highs=all_certain(self.highs, ts),
            opening=opening,
            day=None if opening is None else self.day,
            trip=None if self.trip is None else self.trip.without_doubtful(ts),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "recent": list(self.recent),
            "recent_as_of": [one.as_of for one in self.observations],
            "peak": self.peak,
            "highs": [equity_document(one) for one in self.highs],
            "day": self.day,
            "day_start": self.day_start,
            "day_start_as_of": None if self.opening is None else self.opening.as_of,
            "tripped_until": self.tripped_until,
            "reason_code": None if self.reason_code is None else str(self.reason_code),
            "observed_as_of": self.observed_as_of,
            "flows": [{"usd": one.usd, "ts": one.ts, "factor": one.factor} for one in self.flows],
            "trip": None if self.trip is None else self.trip.to_document(),
            "refuted_at": self.refuted_at,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> BreakerState:
        """Read the stored state; a missing one is fresh. Raises InputError if malformed."""
        if document is None:
            return cls()
        if not isinstance(document, Mapping):
            raise InputError("breaker", "a map", document)
        check_breaker(document)
        return _read(document)


def _read(document: Mapping[str, Any]) -> BreakerState:
    """Read a cycle's stored state; before 0.2, observations, peak and day_start had no times of their own."""
    observed_as_of = document.get("observed_as_of")
    last = observed_as_of or _LONG_AGO
    recent, peak, day_start = document["recent"], document["peak"], document["day_start"]
    times = document.get("recent_as_of") or [last] * len(recent)
    highs = document.get("highs")
    if highs is None:
        highs = [] if peak is None else [{"usd": peak, "as_of": last}]
    trip = document.get("trip")
    return BreakerState(
        tuple(Equity(float(usd), as_of) for usd, as_of in zip(recent, times, strict=True)),
        tuple(map(read_equity, highs)),
        document["day"],
        None if day_start is None else Equity(float(day_start), document.get("day_start_as_of") or last),
        document["tripped_until"],
        ReasonCode(document["reason_code"]) if document["reason_code"] else None,
        observed_as_of,
        tuple(EquityFlow(one["usd"], one["ts"], one["factor"]) for one in document.get("flows") or ()),
        None if trip is None else Trip.from_document(trip),
        document.get("refuted_at"),
    )
