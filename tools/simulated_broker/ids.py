"""Ids that are the same in every run."""

from __future__ import annotations

import uuid
from datetime import datetime

_BASE = uuid.UUID("5d2c6c1e-6d6a-4c53-9a53-4d6165737472")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def uuid_of(name: str) -> str:
    """Return the id of a thing by its name."""
    return str(uuid.uuid5(_BASE, name))


def activity_id(at: datetime, name: str) -> str:
    """Return an activity's id: its time to the millisecond, and a unique part."""
    return f"{at:%Y%m%d%H%M%S}{at.microsecond // 1000:03d}::{uuid_of(name)}"


def event_id(at: datetime, count: int) -> str:
    """Return an event's id (a ULID): it sorts by time, then in the order of events."""
    number = (int(at.timestamp() * 1000) << 80) | count
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
