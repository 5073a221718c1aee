"""Read a tenant's record, so that policies can be tried on it; nothing is written."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import MAX_WINDOW_DAYS, Policy
from functions.domain.lab.record import Record
from functions.domain.lab.recorded_session import RecordedSession, paper_exits, read_session
from functions.domain.lab.replayed_sessions import modes_after
from functions.domain.orchestration.cycle_documents import shadow_id
from functions.domain.orchestration.decision import check_logged
from functions.services.kernel.ports import Document, MarketCalendar, MarketCalendars
from functions.services.lab.ports import RecordStore
from functions.services.lab.read_returns import ReadReturns

logger = logging.getLogger("maestro")

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_AT_ONCE = MAX_WINDOW_DAYS + 1
"""Decisions requested together."""
Advance = Callable[[int, int], None]
"""Called with the number of sessions read so far, and their total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much of a record is read."""

    days: Sequence[date]
    """Trading days whose last decisions are read, oldest first."""
    lookback: int
    """How many sessions' returns before each must be known."""
    most_daily_documents: int
    """Maximum daily documents before the windows' first day; with more, sessions without all returns are left out."""


class ReadRecord:
    """The use case; keep one per process."""

    def __init__(self, store: RecordStore, calendars: MarketCalendars) -> None:
        self._store = store
        self._calendars = calendars

    def policy(self, tenant_id: str, defaults: Mapping[str, Any]) -> Policy:
        """Return the policy in force; the defaults if it cannot be read."""
        return _policy(defaults, self._store.policy(tenant_id))

    def newest(self, tenant_id: str, before: datetime) -> Document | None:
        """Return the log of the newest decision before a time."""
        (found,) = self._store.last_decisions(tenant_id, [(LONG_AGO, before)])
        return found

    def days(self, tenant_id: str, market: str, first: date | None, last: date | None, now: datetime) -> list[date]:
        """
        Return the trading days from the first to the newest decision on record, or those between two days.

        The first few may have none. Raises StoreUnavailable.
        """
        calendar = self._calendars.of(market)
        end = now + _DAY if last is None else calendar.end_of(sessions_to(calendar, last, 1)[0])
        newest = self.newest(tenant_id, end)
        if newest is None:
            return []
        last = calendar.session_of(newest["timestamp"])
        begin = last
        while newest is not None and (first is None or begin > first):  # a few months at a time, across any gap
            begin = sessions_to(calendar, calendar.session_of(newest["timestamp"]), MAX_WINDOW_DAYS)[0]
            newest = self.newest(tenant_id, calendar.end_of(calendar.session_before(begin)))
        begin = begin if first is None else max(begin, first)
        return calendar.sessions(begin, last) if begin <= last else []

    def run(
        self,
        tenant_id: str,
        holds: Policy,
        defaults: Mapping[str, Any],
        extent: Extent,
        progress: Advance = lambda _done, _of: None,
    ) -> Record:
        """
        Read decisions and returns.

        Parameters
        ----------
        holds : Policy
            As `policy` returns it.

        Raises
        ------
        DamagedDocument
            If the windows cannot be read. Decisions that cannot be read are left out and listed.
        StoreUnavailable
        """
        calendar = self._calendars.of(holds.market)
        read, before = self._sessions(tenant_id, calendar, extent.days, progress)
        sessions = [one for one in read.values() if one is not None]
        policies = self._policies(tenant_id, sessions, holds, defaults)
        lookback = max(extent.lookback, *(one.performance_lookback_days for one in policies.values()), 1)
        since = sessions_to(calendar, min(read, default=date.max), lookback + 1)[0] if read else date.max
        windows, is_cut = ReadReturns(self._store).run(tenant_id, None, calendar, since, extent.most_daily_documents)
        known = [len(windows.before(one.day).dates) >= (lookback if is_cut else 0) for one in sessions]
        start = known.index(True) if True in known else len(sessions)
        before = sessions[start - 1] if start else before
        record = Record(
            sessions=tuple(sessions[start:]),
            first_modes={} if before is None else modes_after(before),
            windows=windows,
            holds=holds,
            policies=policies,
            unreadable=tuple(day for day, one in read.items() if one is None),
            undecided=tuple(day for day in extent.days if read and day > min(read) and day not in read),
            uncounted=tuple(one.day for one in sessions[:start]),
        )
        return replace(record, sessions=tuple(map(record.with_named_samples, record.sessions)))

    def _sessions(
        self, tenant_id: str, calendar: MarketCalendar, days: Sequence[date], progress: Advance
    ) -> tuple[dict[date, RecordedSession | None], RecordedSession | None]:
        """Return each day's last decision, None if it cannot be read, and the one before the first."""
        if not days:
            return {}, None
        ends = [calendar.end_of(day) for day in (calendar.session_before(days[0]), *days)]
        spans = [(LONG_AGO, ends[0]), *pairwise(ends)]
        logs: list[Document | None] = []
        for begin in range(0, len(spans), _AT_ONCE):
            logs += self._store.last_decisions(tenant_id, spans[begin : begin + _AT_ONCE])
            progress(min(len(logs), len(days)), len(days))
        fills = self._on_paper(tenant_id, [log for log in logs if log is not None])
        read = {
            day: _read(log, day, max(since, until - _DAY), fills)
            for log, day, (since, until) in zip(logs[1:], days, spans[1:], strict=True)
            if log is not None
        }
        return read, None if logs[0] is None else _read(logs[0], date.min, LONG_AGO, fills)

    def _on_paper(self, tenant_id: str, logs: Sequence[Document]) -> frozenset[str]:
        """Return the ids of the paper fills that shadowed strategies' SELLs became."""
        asked = []
        for log in logs:
            try:
                check_logged(log)
            except InputError:
                continue  # `_read` reports it
            asked += [shadow_id(log["session_id"], name, symbol) for name, symbol in paper_exits(log).items()]
        return frozenset(self._store.paper_fills(tenant_id, asked)) if asked else frozenset()

    def _policies(
        self, tenant_id: str, sessions: Sequence[RecordedSession], holds: Policy, defaults: Mapping[str, Any]
    ) -> dict[int, Policy]:
        """Return the policies that decided sessions, by version, as far as they are on record."""
        versions = {one.policy_version for one in sessions} - {0, holds.version}
        changes = self._store.policies(tenant_id, sorted(versions)) if versions else {}
        return {holds.version: holds, **{version: _policy(defaults, one) for version, one in changes.items()}}


def sessions_to(calendar: MarketCalendar, last: date, count: int) -> list[date]:
    """Return that many trading days up to a day, which is included if it is a trading day."""
    return calendar.sessions(last - 3 * count * _DAY - 10 * _DAY, last)[-count:]  # one of three days is one


def _policy(defaults: Mapping[str, Any], document: Document | None) -> Policy:
    """Return a stored policy; the defaults if it cannot be read."""
    is_readable = document is not None and not Policy.problems(defaults, document)
    return Policy.from_sources(defaults, document if is_readable else None)


def _read(log: Document, day: date, begins_at: datetime, paper_fills: frozenset[str]) -> RecordedSession | None:
    try:
        check_logged(log)
        exits = paper_exits(log).items()
        on_paper = {name for name, symbol in exits if shadow_id(log["session_id"], name, symbol) in paper_fills}
        return read_session(log, day, begins_at, on_paper)
    except InputError as error:
        logger.warning("Decision left out: %s", error)
        return None
