"""
Compute what another policy would have decided over a tenant's last sessions; nothing is written.

Reads are bounded: 92 decisions at most, a policy for each version they were decided by, the windows, the paper fills of
shadowed SELLs, and daily documents of the sessions before the windows' first, `MOST_DAILY_DOCUMENTS` at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from functions.domain.kernel.errors import InputError, PolicyProblemsError
from functions.domain.kernel.policy import Policy
from functions.domain.lab.what_if import WhatIf, what_if
from functions.domain.orchestration.decision import check_verdicts, logged_verdicts
from functions.services.kernel.ports import Clock, Document, MarketCalendar, MarketCalendars
from functions.services.lab.ports import RecordStore
from functions.services.lab.read_record import Extent, ReadRecord, sessions_to
from functions.services.orchestration.manage_policy import problems_of

SESSIONS = 90
MOST_VERDICTS = 9_000
"""Strategies times sessions: with more than 100 strategies fewer sessions are examined."""
MOST_DAILY_DOCUMENTS = 5_000
"""With more, sessions without all their returns are left out."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What another policy would have changed, and how much of the record that covers."""

    found: WhatIf
    unreadable: int
    """Sessions left out, as their decision cannot be read."""


class PreviewPolicy:
    """The use case; keep one per process."""

    def __init__(self, store: RecordStore, clock: Clock, calendars: MarketCalendars) -> None:
        self._records = ReadRecord(store, calendars)
        self._clock = clock
        self._calendars = calendars

    def run(self, tenant_id: str, overrides: Mapping[str, Any], defaults: Mapping[str, Any]) -> Preview:
        """
        Compare a policy with the one in force.

        Parameters
        ----------
        overrides : mapping
            Everything the tenant's document would set, as `ManagePolicy.put` takes it.

        Raises
        ------
        PolicyProblemsError
            If a field is unknown or out of range.
        DamagedDocument, StoreUnavailable
        """
        if problems := problems_of(overrides, defaults):
            raise PolicyProblemsError(problems)
        tried, holds = Policy.from_sources(defaults, overrides), self._records.policy(tenant_id, defaults)
        newest = self._records.newest(tenant_id, self._clock.now() + timedelta(days=1))
        record = self._records.run(
            tenant_id,
            holds,
            defaults,
            Extent(
                days=[] if newest is None else _days(self._calendars.of(holds.market), newest),
                lookback=tried.performance_lookback_days,
                most_daily_documents=MOST_DAILY_DOCUMENTS,
            ),
        )
        return Preview(what_if(record, tried), len(record.unreadable))


def _days(calendar: MarketCalendar, newest: Document) -> list[date]:
    """Return the last sessions up to that of a decision: as many as its strategies allow."""
    try:
        check_verdicts(newest)
        strategies = len(logged_verdicts(newest))
    except InputError:
        strategies = 1  # unreadable decisions are left out and listed later
    count = min(SESSIONS, max(1, MOST_VERDICTS // max(1, strategies)))
    return sessions_to(calendar, calendar.session_of(newest["timestamp"]), count)
