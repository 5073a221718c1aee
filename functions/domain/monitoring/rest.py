"""Until when a tenant's alerts need no check: its market is closed, and nothing changes as time passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from functions.domain.kernel.slots import SLOT_MINUTES, SLOT_PERIOD
from functions.domain.monitoring.findings import JOB_CUT_OFF_AFTER, Observed

RESTS_AT_MOST = timedelta(days=1)
CHANGED_WITHIN = 3 * SLOT_PERIOD
"""How long after a change a tenant is checked in every slot, so that a lost slot or two lose nothing."""
_RENEWED_BEFORE = timedelta(hours=1)
"""The first check of each hour comes whatever rests."""
_MOMENT = timedelta(seconds=1)


def next_check(
    observed: Observed, is_market_open: Callable[[datetime], bool], next_lapse: Callable[[], datetime | None]
) -> datetime:
    """
    Return when a tenant's alerts are to be checked next if nothing changes; now while the market is open.

    Parameters
    ----------
    next_lapse : callable
        Looks up when the next reservation lapses; asked while the market is closed.
    """
    now = observed.now
    if is_market_open(now):
        return now
    lapse = next_lapse()
    times = [_opens(is_market_open, now), *_times_of(observed), *([] if lapse is None else [lapse])]
    return min(one for one in times if one > now)


def is_to_be_stored(known: datetime | None, following: datetime, now: datetime) -> bool:
    """Tell whether a next check is news: earlier than what is known, or later than what will be over soon."""
    if known is None or known <= now:
        return following > now + SLOT_PERIOD
    return following < known or (following > known and known <= now + _RENEWED_BEFORE)


def is_due(known: datetime | None, now: datetime, slot: datetime) -> bool:
    """Tell whether a tenant is to be checked in a slot, if nothing changed of late; the hour's first comes anyway."""
    return known is None or not now < known <= now + RESTS_AT_MOST or slot.minute == 0


def _opens(is_market_open: Callable[[datetime], bool], now: datetime) -> datetime:
    """Return the first slot from now on in which the market is open, or when to look again."""
    utc = now.astimezone(UTC)
    slot = utc - timedelta(minutes=utc.minute % SLOT_MINUTES, seconds=utc.second, microseconds=utc.microsecond)
    while slot < now + RESTS_AT_MOST - SLOT_PERIOD:
        slot += SLOT_PERIOD
        if is_market_open(slot):
            break
    return slot


def _times_of(observed: Observed) -> Iterator[datetime]:
    """Yield when what is found becomes another by time alone."""
    if observed.policy.trading_state_until is not None:
        yield observed.policy.trading_state_until
    if observed.breaker.tripped_until is not None:
        yield observed.breaker.tripped_until
    for job in observed.jobs:
        if job.get("status") == "RUNNING":
            yield job["started_at"] + JOB_CUT_OFF_AFTER + _MOMENT
