"""
The effect of flows of money on observed equity: they scale it, so that a fall of 10 % stays one of 10 %.

Amounts must not be subtracted: after a peak of 100,000 and a fall to 90,000, 50,000 withdrawn would make it look like a
fall of 20 %. Returns are time-weighted: observations before a flow count as if made on the money after it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from functions.domain.kernel.parsing import CLOCK_SKEW

FLOWS_KEPT, LONGEST_KEPT = 100, timedelta(days=31)
"""Maximum settled flows kept, so that one of the same time reported later is weighed together with them."""
_DETAIL = 16
"""Highs are kept if their distance is at least this fraction of their age: few old ones, all new ones."""


@dataclass(frozen=True, slots=True)
class Equity:
    """One observation."""

    usd: float
    """Scaled by every settled flow since."""
    as_of: datetime


@dataclass(frozen=True, slots=True)
class EquityFlow:
    """Money deposited into the account or withdrawn from it."""

    usd: float
    """Negative if withdrawn."""
    ts: datetime
    """When the broker's equity changed."""
    factor: float | None = None
    """Factor by which it scaled earlier observations; None while it waits for a snapshot that contains it."""


def is_before(as_of: datetime, ts: datetime) -> bool:
    """Return whether a snapshot certainly does not contain a flow, as clocks may differ by CLOCK_SKEW."""
    return as_of < ts - CLOCK_SKEW


def contains(as_of: datetime, ts: datetime) -> bool:
    """Return whether a snapshot certainly contains a flow."""
    return as_of > ts + CLOCK_SKEW


def is_in_doubt(as_of: datetime, ts: datetime) -> bool:
    """Return whether a snapshot may or may not contain a flow: then it is not an observation."""
    return not (is_before(as_of, ts) or contains(as_of, ts))


def certain(one: Equity | None, ts: datetime) -> Equity | None:
    """Return an observation; None if it may or may not contain a flow."""
    return None if one is None or is_in_doubt(one.as_of, ts) else one


def all_certain(several: Iterable[Equity], ts: datetime) -> tuple[Equity, ...]:
    """Return the observations that certainly contain, or certainly do not contain, a flow."""
    return tuple(one for one in several if not is_in_doubt(one.as_of, ts))


@dataclass(frozen=True, slots=True)
class Rescaling:
    """The effect of flows that are settled together on earlier observations."""

    ts: datetime
    factor: float | None
    """None: no comparison across them is possible, as the account was empty before or after."""

    def of(self, one: Equity | None) -> Equity | None:
        if one is None or not is_before(one.as_of, self.ts):
            return one
        return None if self.factor is None else replace(one, usd=one.usd * self.factor)

    def of_all(self, several: Iterable[Equity]) -> tuple[Equity, ...]:
        return tuple(scaled for one in several if (scaled := self.of(one)) is not None)


def rescaling(
    due: Sequence[EquityFlow], settled: Sequence[EquityFlow], observed: Iterable[Equity], fresh: Equity | None
) -> Rescaling:
    """
    Return how flows scale earlier observations.

    With the equity E before them the factor is (E + F) / E. For flows reported late, or if that equity is unknown, it
    is E / (E - F) with the equity E after them. Settled flows of the same time, with no observation in between, are
    weighed together with them: the order of reporting does not matter.

    Parameters
    ----------
    due : sequence of EquityFlow
        At least one, by time, with no observation in between.
    observed : iterable of Equity
        Of two with the same time the later one counts.
    fresh : Equity or None
        The first observation that contains them; None if they were reported late and it is among the observed.
    """
    known = sorted(observed, key=lambda one: one.as_of)
    before = next((one for one in reversed(known) if is_before(one.as_of, due[0].ts)), None)
    after = fresh or next((one for one in known if contains(one.as_of, due[-1].ts)), None)
    beside = [one for one in settled if _is_between(one.ts, before, after)]
    usd = math.fsum(one.usd for one in (*due, *beside))
    if before is not None and (fresh is not None or after is None):
        start = _as_seen(before, settled)
        end = start + usd
    elif after is not None:
        end = _as_seen(after, settled)
        start = end - usd
    else:
        return Rescaling(due[0].ts, None)
    is_comparable = start > 0 and end > 0
    return Rescaling(due[0].ts, end / start / _product(beside) if is_comparable else None)


def with_high(highs: Sequence[Equity], high: Equity) -> tuple[Equity, ...]:
    """Return confirmed equities with one more: those that give the peak before and after any late-reported flow."""
    if highs and high.as_of <= highs[-1].as_of:
        return tuple(highs)
    kept = [high]
    for one in reversed(highs):
        if kept[-1].as_of - one.as_of < (high.as_of - kept[-1].as_of) / _DETAIL:
            kept[-1] = max(kept[-1], one, key=lambda each: each.usd)
        else:
            kept.append(one)
    kept.reverse()
    return tuple(
        one
        for index, one in enumerate(kept)
        if one.usd > max((each.usd for each in kept[:index]), default=-math.inf)
        or one.usd > max((each.usd for each in kept[index + 1 :]), default=-math.inf)
    )


def _is_between(ts: datetime, before: Equity | None, after: Equity | None) -> bool:
    return (before is None or ts > before.as_of) and (after is None or ts < after.as_of)


def _as_seen(one: Equity, settled: Sequence[EquityFlow]) -> float:
    """Return the equity of the snapshot, without flows since."""
    return one.usd / _product(flow for flow in settled if flow.ts > one.as_of)


def _product(flows: Iterable[EquityFlow]) -> float:
    return math.prod(1.0 if flow.factor is None else flow.factor for flow in flows)
