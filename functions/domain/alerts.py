"""What needs a person's attention, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any


class AlertState(StrEnum):
    """Where an alert stands."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    """Somebody looks after it."""
    RESOLVED = "RESOLVED"
    """Its condition is over."""


def acknowledged(alert: Mapping[str, Any], uid: str, now: datetime) -> dict[str, Any]:
    """Return an alert that somebody took on; the first to do so stays on record, and a resolved one stays resolved."""
    if alert.get("acknowledged_at") is not None:
        return dict(alert)
    state = AlertState.ACKNOWLEDGED if alert["state"] == AlertState.OPEN else AlertState(alert["state"])
    return {**alert, "state": str(state), "acknowledged_at": now, "acknowledged_by": uid}
