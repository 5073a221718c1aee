"""
What flows of money do to equity that was observed: they scale it, so that a fall of 10 % stays one of 10 %.

Amounts must not be subtracted: after a peak of 100,000 and a fall to 90,000, 50,000 withdrawn would make it look like a
fall of 20 %. A return is time-weighted: what was observed before a flow counts as if it had been made on the money
that is there since.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from functions.domain.kernel.parsing import CLOCK_SKEW

FLOWS_KEPT, LONGEST_KEPT = 100, timedelta(days=31)
"""Settled ones, so that one that is told later, of the same time, is weighed together with them."""
_DETAIL = 16
"""Highs are kept apart where their distance is at least this fraction of their age: few old ones, all new ones."""


@dataclass(frozen=True, slots=True)
class Equity:
    """One observation."""

    usd: float
    """Scaled by every settled flow since."""
    as_of: datetime


@dataclass(frozen=True, slots=True)
class EquityFlow:
    """Money that came into the account, or left it."""

    usd: float
    """Below 0: withdrawn."""
    ts: datetime
    """When the broker's equity changed."""
    factor: float | None = None
    """By which it scaled what was observed before; None while it waits for a snapshot that contains it."""


def is_before(as_of: datetime, ts: datetime) -> bool:
    """Tell whether a snapshot is certain not to contain a flow, as clocks may differ by CLOCK_SKEW."""
    return as_of < ts - CLOCK_SKEW


def contains(as_of: datetime, ts: datetime) -> bool:
    """Tell whether a snapshot is certain to contain a flow."""
    return as_of > ts + CLOCK_SKEW


def is_in_doubt(as_of: datetime, ts: datetime) -> bool:
    """Tell whether a snapshot might or might not contain a flow: it is no observation."""
    return not (is_before(as_of, ts) or contains(as_of, ts))


def certain(one: Equity | None, ts: datetime) -> Equity | None:
    """Return an observation; None if it might or might not contain a flow."""
    return None if one is None or is_in_doubt(one.as_of, ts) else one


def all_certain(several: Iterable[Equity], ts: datetime) -> tuple[Equity, ...]:
    """Return the observations that contain a flow for certain, or for certain do not."""
    return tuple(one for one in several if not is_in_doubt(one.as_of, ts))


@dataclass(frozen=True, slots=True)
class Rescaling:
    """What flows that are settled together do to what was observed before them."""

    ts: datetime
    factor: float | None
    """None: nothing can be compared across them, as the account was empty before or after."""

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
    Say how flows scale what was observed before them.

    With the equity E before them it is (E + F) / E. Of flows that were told late, and where that equity is not known,
    it is E / (E - F) with the equity E after them. Settled flows of the same time, with no observation in between,
    are weighed together with them: the order in which flows are told does not matter.

    Parameters
    ----------
    due : sequence of EquityFlow
        At least one, by time, and nothing observed in between.
    observed : iterable of Equity
        Of two of the same time the later one holds.
    fresh : Equity or None
        The first observation that contains them; None if they were told late, and it is among the observed.
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
    """Return confirmed equities with one more: those that tell the highest before, and after, any flow told late."""
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
    """Return what the snapshot said, without the flows since."""
    return one.usd / _product(flow for flow in settled if flow.ts > one.as_of)


def _product(flows: Iterable[EquityFlow]) -> float:
    return math.prod(1.0 if flow.factor is None else flow.factor for flow in flows)
