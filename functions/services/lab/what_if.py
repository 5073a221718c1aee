"""
Say what another policy would have decided over a tenant's last sessions; nothing is written.

Reads are bounded: 92 decisions at most, a policy for each version they were decided by, the windows, the paper fills of
shadowed SELLs, and daily documents of the sessions before the windows' first, `MOST_DAILY_DOCUMENTS` at most.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from functions.domain.kernel.errors import InputError, PolicyProblemsError
from functions.domain.kernel.policy import MAX_WINDOW_DAYS, Policy
from functions.domain.lab.recorded_session import RecordedSession, paper_exits, read_session
from functions.domain.lab.replayed_sessions import modes_after
from functions.domain.lab.what_if import WhatIf, what_if
from functions.domain.orchestration.cycle_documents import shadow_id
from functions.domain.orchestration.decision import check_logged, logged_verdicts
from functions.domain.track_record.daily_returns import day_of
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.kernel.damage import reading
from functions.services.kernel.ports import Clock, Document, MarketCalendar, MarketCalendars
from functions.services.lab.ports import PreviewStore
from functions.services.orchestration.manage_policy import problems_of
from functions.services.track_record.build_windows import usable, windows_of

logger = logging.getLogger("maestro")

SESSIONS = 90
MOST_VERDICTS = 9_000
"""Strategies times sessions: with more than 100 strategies fewer sessions are looked at."""
MOST_DAILY_DOCUMENTS = 5_000
"""With more, sessions whose returns are not all there are left out."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SPAN = timedelta(days=3 * SESSIONS)
"""Calendar time that holds so many trading days, holidays included."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What another policy would have changed, and of how much of the record that is said."""

    found: WhatIf
    unreadable: int
    """Sessions left out, as their decision cannot be read."""


@dataclass(frozen=True, slots=True)
class _Spans:
    """Trading days, oldest first, and from when until when times belong to each."""

    days: Sequence[date]
    bounds: Sequence[tuple[datetime, datetime]]


class PreviewPolicy:
    """The use case; keep one per process."""

    def __init__(self, store: PreviewStore, clock: Clock, calendars: MarketCalendars) -> None:
        self._store = store
        self._clock = clock
        self._calendars = calendars

    def run(self, tenant_id: str, overrides: Mapping[str, Any], defaults: Mapping[str, Any]) -> Preview:
        """
        Compare a policy with the one that holds.

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
        tried, holds = Policy.from_sources(defaults, overrides), _policy(defaults, self._store.policy(tenant_id))
        calendar = self._calendars.of(holds.market)
        (newest,) = self._store.last_decisions(tenant_id, [(_LONG_AGO, self._clock.now() + timedelta(days=1))])
        spans = _Spans((), ()) if newest is None else _spans(calendar, newest)
        logs = self._store.last_decisions(tenant_id, [(_LONG_AGO, spans.bounds[0][0]), *spans.bounds]) if newest else ()
        held = self._on_paper(tenant_id, [log for log in logs if log is not None])
        sessions = [
            _read(log, day, max(since, before - _DAY), held)
            for log, day, (since, before) in zip(logs[1:], spans.days, spans.bounds, strict=True)
            if log is not None
        ]
        first = _read(logs[0], date.min, _LONG_AGO, held) if logs and logs[0] is not None else None
        readable = [one for one in sessions if one is not None]
        policies = self._policies(tenant_id, readable, holds, defaults)
        longest = max(one.performance_lookback_days for one in (tried, *policies.values()))
        windows, is_cut = self._returns(tenant_id, calendar, longest)
        kept, modes = _kept(readable, first, windows, longest if is_cut else 0)
        found = what_if(kept, modes, windows, (holds, tried), lambda one: policies.get(one.policy_version, holds))
        return Preview(found, len(sessions) - len(readable))

    def _on_paper(self, tenant_id: str, logs: Sequence[Document]) -> frozenset[str]:
        """Return the ids of the paper fills that shadowed strategies' SELLs became."""
        asked = []
        for log in logs:
            try:
                check_logged(log)
            except InputError:
                continue  # `_read` tells of it
            asked += [shadow_id(log["session_id"], name, symbol) for name, symbol in paper_exits(log).items()]
        return frozenset(self._store.paper_fills(tenant_id, asked)) if asked else frozenset()

    def _policies(
        self, tenant_id: str, sessions: Sequence[RecordedSession], holds: Policy, defaults: Mapping[str, Any]
    ) -> dict[int, Policy]:
        """Return the policies that sessions were decided by, by version, as far as they are on record."""
        versions = {one.policy_version for one in sessions} - {0, holds.version}
        changes = self._store.policies(tenant_id, sorted(versions)) if versions else {}
        return {holds.version: holds, **{version: _policy(defaults, one) for version, one in changes.items()}}

    def _returns(self, tenant_id: str, calendar: MarketCalendar, lookback: int) -> tuple[PerformanceWindows, bool]:
        """Return the daily returns of all sessions, and whether the oldest were too many to read."""
        stored = self._store.windows(tenant_id)
        with reading(stored):
            windows = PerformanceWindows.from_document(stored)
        if len(windows.dates) < MAX_WINDOW_DAYS:  # what was before is not counted any more, or never was
            return windows, False
        oldest = windows.dates[0]
        before = calendar.sessions(oldest - _SPAN, oldest - timedelta(days=1))[-lookback - 1 :]
        since, until = calendar.end_of(before[0]), calendar.end_of(before[-1])
        documents = self._store.daily_documents(tenant_id, since, until, MOST_DAILY_DOCUMENTS)
        is_cut = len(documents) == MOST_DAILY_DOCUMENTS
        days = [one for one in usable(documents).values() if day_of(one) < oldest]
        if is_cut and days:  # of the oldest day some may be missing
            days = [one for one in days if day_of(one) > day_of(days[0])]
        earlier = windows_of(days).get(None, PerformanceWindows.empty())
        return earlier.followed_by(windows, most_days=2 * MAX_WINDOW_DAYS), is_cut


def _policy(defaults: Mapping[str, Any], document: Document | None) -> Policy:
    """Return what a stored policy says; the defaults where it cannot be read."""
    is_readable = document is not None and not Policy.problems(defaults, document)
    return Policy.from_sources(defaults, document if is_readable else None)


def _spans(calendar: MarketCalendar, newest: Document) -> _Spans:
    """Return the last sessions up to that of a decision: as many as its strategies allow."""
    with reading(newest):
        check_logged(newest)
    count = min(SESSIONS, max(1, MOST_VERDICTS // max(1, len(logged_verdicts(newest)))))
    last = calendar.session_of(newest["timestamp"])
    days = calendar.sessions(last - _SPAN, last)[-count - 1 :]
    ends = [calendar.end_of(day) for day in days]
    return _Spans(days[1:], list(pairwise(ends)))


def _read(log: Document, day: date, begins_at: datetime, paper_fills: frozenset[str]) -> RecordedSession | None:
    try:
        check_logged(log)
        exits = paper_exits(log).items()
        on_paper = {name for name, symbol in exits if shadow_id(log["session_id"], name, symbol) in paper_fills}
        return read_session(log, day, begins_at, on_paper)
    except InputError as error:
        logger.warning("Decision left out: %s", error)
        return None


def _kept(
    sessions: Sequence[RecordedSession], first: RecordedSession | None, windows: PerformanceWindows, needed: int
) -> tuple[Sequence[RecordedSession], dict[str, ModeState]]:
    """Return the sessions that so many days are known before, and the modes before the first of them."""
    known = [len(windows.before(one.day).dates) >= needed for one in sessions]
    start = known.index(True) if True in known else len(sessions)
    before = sessions[start - 1] if start else first
    return sessions[start:], {} if before is None else modes_after(before)
