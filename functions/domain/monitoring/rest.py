"""How long a tenant's alerts need no check: while its market is closed and no finding depends on time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from functions.domain.kernel.slots import SLOT_MINUTES, SLOT_PERIOD
from functions.domain.monitoring.due_checks import RESTS_AT_MOST
from functions.domain.monitoring.findings import JOB_CUT_OFF_AFTER, Observed

_MOMENT = timedelta(seconds=1)


def next_check(
    observed: Observed, is_market_open: Callable[[datetime], bool], next_lapse: Callable[[], datetime | None]
) -> datetime:
    """
    Return when a tenant's alerts must be checked next if nothing changes; now while the market is open.

    Parameters
    ----------
    next_lapse : callable
        Looks up when the next reservation lapses; called while the market is closed.
    """
    now = observed.now
    if is_market_open(now):
        return now
    lapse = next_lapse()
    times = [_opens(is_market_open, now), *_times_of(observed), *([] if lapse is None else [lapse])]
    return min(one for one in times if one > now)


def _opens(is_market_open: Callable[[datetime], bool], now: datetime) -> datetime:
    """Return the first slot from now on in which the market is open, or when to check again."""
    utc = now.astimezone(UTC)
    slot = utc - timedelta(minutes=utc.minute % SLOT_MINUTES, seconds=utc.second, microseconds=utc.microsecond)
    while slot < now + RESTS_AT_MOST - SLOT_PERIOD:
        slot += SLOT_PERIOD
        if is_market_open(slot):
            break
    return slot


def _times_of(observed: Observed) -> Iterator[datetime]:
    """Yield the times at which findings change by time alone."""
    if observed.policy.trading_state_until is not None:
        yield observed.policy.trading_state_until
    if observed.breaker.tripped_until is not None:
        yield observed.breaker.tripped_until
    for job in observed.jobs:
        if job.get("status") == "RUNNING":
            yield job["started_at"] + JOB_CUT_OFF_AFTER + _MOMENT
