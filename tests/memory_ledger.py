"""`LedgerStore` and `JobStore` in memory, with the races and the rules of a commit that Firestore's has."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from functions.domain.kernel.errors import StoreConflict
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.ledger.fills import is_paper_fill
from functions.domain.track_record.daily_returns import day_of
from functions.services.kernel.ports import Document, Version, Versioned
from functions.services.ledger.ports import DayWrites, LedgerHead, TenantSettings


class KilledError(Exception):
    """The process died."""


class MemoryLedger:
    """One tenant's; `dies_after` commits of days the process is gone, until somebody sets it anew."""

    def __init__(self) -> None:
        self.trades: dict[str, dict[str, Any]] = {}
        self.paper: dict[str, dict[str, Any]] = {}
        self.performance: dict[str, dict[str, Any]] = {}
        self.staged_documents: dict[str, dict[str, Any]] = {}
        self.stored_windows: dict[str | None, dict[str, Any]] = {}
        self.checkpoints: dict[date, dict[str, Any]] = {}
        self.kept_marks: dict[date, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.current: LedgerHead | None = None
        self.version = 0
        self.market_data: dict[str, Any] | None = None
        self.policy: dict[str, Any] | None = None
        self.modes: dict[str, Any] | None = None
        self.dies_after: int | None = None
        self.commits: list[DayWrites] = []
        self.before_commit: list[Callable[[], None]] = []
        """Called once each, before the next commits: another writer getting in first."""

    @property
    def served(self) -> dict[str, Any]:
        """What people and cycles see."""
        documents = {name: {**one, "computed_at": None} for name, one in self.performance.items()}
        return copy.deepcopy({"documents": documents, "windows": self.stored_windows})

    def fills(self, _: str, start: datetime | None, end: datetime) -> Iterator[tuple[str, Document]]:
        yield from _within(self.trades, "ts", start, end)

    def entries(self, _: str, start: datetime | None) -> Iterator[LedgerEntry]:
        for name, one in _within(self.trades, "ts", start, None):
            yield LedgerEntry(name, one, one["created_at"])

    def shadow_fills(self, _: str, start: datetime | None, end: datetime) -> Iterator[tuple[str, Document]]:
        yield from _within(self.paper, "timestamp", start, end)

    def untimed_fills(self, _: str) -> list[tuple[str, Document]]:
        return [(name, one) for name, one in self.trades.items() if isinstance(one.get("ts"), str)]

    def first_fill_time(self, _: str) -> datetime | None:
        times = [one["ts"] for one in self.trades.values() if isinstance(one.get("ts"), datetime)]
        return min([*times, *(one["timestamp"] for one in self.paper.values())], default=None)

    def earliest_late_fill(self, _: str, created_since: datetime, before: datetime) -> datetime | None:
        created = [one for one in self.trades.values() if isinstance(one.get("created_at"), datetime)]
        times = [one["ts"] for one in created if one["created_at"] >= created_since and one["ts"] < before]
        paper = [one for _, one in _within(self.paper, "timestamp", created_since, before) if is_paper_fill(one)]
        return min([*times, *(one["timestamp"] for one in paper)], default=None)

    def head(self, _: str) -> Versioned[LedgerHead | None]:
        return Versioned(self.current, Version(self.version) if self.version else None)

    def checkpoint(self, _: str, at_or_before: datetime) -> Document | None:
        found = [one for one in self.checkpoints.values() if one["at"] <= at_or_before]
        return max(found, key=lambda one: one["at"], default=None)

    def daily_documents(
        self, _: str, first: date, last: date, begin: datetime | None = None
    ) -> Iterator[tuple[str, Document]]:
        days = {name: one for name, one in self.performance.items() if one["period"] == "day"}
        for name, one in sorted(days.items(), key=lambda day: day[1]["period_start"]):
            if begin is not None and one["period_start"] < min(begin, datetime.combine(first, time(), UTC)):
                continue
            try:
                is_within = first <= day_of(one) <= last
            except (TypeError, ValueError):
                is_within = True
            if is_within:
                yield name, one

    def settings(self, _: str) -> TenantSettings:
        return TenantSettings(self.policy, self.market_data, self.modes)

    def marks(self, _: str, session: date) -> Document | None:
        return self.kept_marks.get(session)

    def write_marks(self, _: str, session: date, marks: Document) -> None:
        self.kept_marks[session] = dict(marks)

    def staged(self, _: str, first: date | None = None) -> Iterator[tuple[str, Document]]:
        for name, one in sorted(self.staged_documents.items(), key=lambda day: day[1]["session"]):
            if first is None or one["session"] >= first.isoformat():
                yield name, one

    def commit_day(self, _: str, writes: DayWrites, head_version: Version | None) -> Version:
        others, self.before_commit = self.before_commit, []
        for other in others:
            other()
        if self.dies_after is not None:
            if not self.dies_after:
                raise KilledError
            self.dies_after -= 1
        if head_version != (Version(self.version) if self.version else None):
            raise StoreConflict("another run got further")
        self.commits.append(writes)
        self.version += 1
        self.current = writes.head
        if writes.session is not None:
            self.checkpoints[writes.session] = dict(writes.checkpoint or {})
            self.kept_marks[writes.session] = dict(writes.marks or {})
        for name in writes.unstaged:
            del self.staged_documents[name]
        self.staged_documents |= {name: dict(one) for name, one in writes.staged.items()}
        self.write_snapshots("", writes.snapshots)
        self.write_windows("", writes.windows)
        return Version(self.version)

    def write_snapshots(self, _: str, snapshots: Mapping[str, Document]) -> None:
        self.performance |= {name: dict(one) for name, one in snapshots.items()}

    def windows(self, _: str, uids: Sequence[str | None]) -> dict[str | None, Document | None]:
        return {uid: self.stored_windows.get(uid) for uid in uids}

    def write_windows(self, _: str, windows: Mapping[str | None, Document]) -> None:
        self.stored_windows |= {uid: dict(one) for uid, one in windows.items()}

    def job(self, _: str, job_id: str) -> Document | None:
        return self.jobs.get(job_id)

    def write_job(self, _: str, job_id: str, document: Document) -> None:
        self.jobs.setdefault(job_id, {}).update(document)


def _within(
    documents: Mapping[str, dict[str, Any]], field: str, start: datetime | None, end: datetime | None
) -> list[tuple[str, dict[str, Any]]]:
    timed = [(name, one) for name, one in documents.items() if isinstance(one.get(field), datetime)]
    found = [
        (name, one)
        for name, one in timed
        if (start is None or one[field] >= start) and (end is None or one[field] < end)
    ]
    return sorted(found, key=lambda item: (item[1][field], item[0]))
