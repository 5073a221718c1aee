"""Whether a tenant's alerts are due for a check, by the time of the next one as stored."""

from __future__ import annotations

from datetime import datetime, timedelta

from functions.domain.kernel.slots import SLOT_PERIOD

RESTS_AT_MOST = timedelta(days=1)
CHANGED_WITHIN = 3 * SLOT_PERIOD
"""How long after a change a tenant is checked in every slot, so that one or two missed slots do not matter."""
_RENEWED_BEFORE = timedelta(hours=1)
"""The first check of each hour is never skipped."""


def is_to_be_stored(known: datetime | None, following: datetime, now: datetime) -> bool:
    """Return whether a next check must be stored: earlier than the stored one, or later than one that is soon due."""
    if known is None or known <= now:
        return following > now + SLOT_PERIOD
    return following < known or (following > known and known <= now + _RENEWED_BEFORE)


def is_due(known: datetime | None, now: datetime, slot: datetime) -> bool:
    """Return whether a tenant must be checked in a slot without recent changes; the hour's first always is."""
    return known is None or not now < known <= now + RESTS_AT_MOST or slot.minute == 0
