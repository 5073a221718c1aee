"""Slots: the time grid of cycles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import parse_time

SLOT_MINUTES = 5
"""A divisor of 60, so that every hour begins with a slot."""
SLOT_PERIOD = timedelta(minutes=SLOT_MINUTES)
EVERY_SLOT = f"*/{SLOT_MINUTES} * * * *"
"""The cron expression of what runs once a slot."""


def slot_of(at: datetime) -> str:
    """
    Return the slot of a time, as used in document ids.

    >>> slot_of(datetime(2020, 3, 16, 19, 57, 12, tzinfo=UTC))
    '2020-03-16T19:55:00Z'
    """
    utc = at.astimezone(UTC)
    start = utc - timedelta(minutes=utc.minute % SLOT_MINUTES, seconds=utc.second, microseconds=utc.microsecond)
    return start.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_slot(value: Any) -> str:
    """Parse a slot from outside. Raises InputError."""
    if not isinstance(value, str) or slot_of(parse_time("slot", value)) != value:
        raise InputError("slot", "a time on the five-minute grid like 2020-03-16T19:55:00Z", value)
    return value
