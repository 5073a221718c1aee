"""The broker's reports that need attention, as alerts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.errors import shortened
from functions.domain.monitoring.alerts import AlertKind, Finding
from functions.domain.monitoring.notifications import Severity

TOLD_WITHIN = timedelta(days=1)
_TITLE = 160


def broker_told(told: Iterable[Mapping[str, Any]], now: datetime) -> Iterator[Finding]:
    """Yield the last day's reports: trades that were not Maestro's, and activities that no rule books."""
    for one in told:
        if now - one["at"] <= TOLD_WITHIN:
            yield Finding(
                f"broker-told:{one['text']}",
                AlertKind.BROKER_TOLD,
                Severity.WARNING,
                f"🏦 {shortened(one['text'], _TITLE)}",
                f"{one['text']}; the broker reported it {one['at'].isoformat(timespec='seconds')}: see broker status, "
                "and whether positions are as they should be",
                is_event=True,
            )
