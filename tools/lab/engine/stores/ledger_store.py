"""The ledger, the documents computed from it, and its progress, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from functions.domain.kernel.markets import LONGEST_CLOSURE
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.ledger.fills import is_paper_fill
from functions.domain.track_record.daily_returns import day_of
from functions.domain.track_record.day_results import FIELD as RESULTS
from functions.services.kernel.ports import Document, Version, Versioned
from functions.services.ledger.ports import DayWrites, LedgerHead, TenantSettings
from tools.lab.engine.stores.collection import Collection, Named
from tools.lab.engine.stores.documents import Documents

_HEAD = "head"
"""Id of the document with the ledger's progress."""
_UNTIMED_SHOWN = 20


class MemoryLedgerStore:
    """`LedgerStore`, `EntryLedger` and `JobStore` in memory."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def fills(self, tenant_id: str, start: datetime | None, end: datetime) -> list[Named]:
        return self._trades(tenant_id).between("ts", start, end)

    def entries(self, tenant_id: str, start: datetime | None) -> Iterator[LedgerEntry]:
        return self._entries(tenant_id, self._trades(tenant_id).between("ts", start, None))

    def at_instant(self, tenant_id: str, at: datetime) -> Sequence[LedgerEntry]:
        found = self._trades(tenant_id).between("ts", at, at + timedelta.resolution)
        return list(self._entries(tenant_id, found))

    def revisions(self, tenant_id: str, broker_fill_id: str) -> Sequence[LedgerEntry]:
        stem = f"{broker_fill_id}."
        named = self._trades(tenant_id).items()
        found = [(name, one) for name, one in named if str(one.get("broker_fill_id")).startswith(stem)]
        return list(self._entries(tenant_id, found))

    def shadow_fills(self, tenant_id: str, start: datetime | None, end: datetime) -> list[Named]:
        return self._paper(tenant_id).between("timestamp", start, end)

    def untimed_fills(self, tenant_id: str) -> Iterator[Named]:
        untimed = ((name, one) for name, one in self._trades(tenant_id).items() if isinstance(one.get("ts"), str))
        return islice(untimed, _UNTIMED_SHOWN)

    def first_fill_time(self, tenant_id: str) -> datetime | None:
        times = self._trades(tenant_id).oldest_time("ts"), self._paper(tenant_id).oldest_time("timestamp")
        return min((one for one in times if one is not None), default=None)

    def earliest_late_fill(self, tenant_id: str, created_since: datetime, before: datetime) -> datetime | None:
        late = self._trades(tenant_id).between("created_at", created_since, None)
        times = [one["ts"] for _, one in late if isinstance(one.get("ts"), datetime) and one["ts"] < before]
        paper = self._paper(tenant_id).between("timestamp", created_since, before) if created_since < before else []
        return min([*times, *(one["timestamp"] for _, one in paper if is_paper_fill(one))], default=None)

    def head(self, tenant_id: str) -> Versioned[LedgerHead | None]:
        stored = self._heads(tenant_id).versioned(_HEAD)
        return Versioned(None if stored.value is None else stored.value[_HEAD], stored.version)

    def checkpoint(self, tenant_id: str, at_or_before: datetime) -> Document | None:
        return self._documents.of(tenant_id, "state/ledger/checkpoints").newest("at", at_or_before)

    def daily_documents(
        self, tenant_id: str, first: date, last: date, begin: datetime | None = None
    ) -> Iterator[Named]:
        earliest = _midnight(first) - LONGEST_CLOSURE if begin is None else min(begin, _midnight(first))
        performance = self._documents.of(tenant_id, "strategy_performance")
        for name, one in performance.between("period_start", earliest, _midnight(last + timedelta(days=1))):
            if one["period"] == "day" and _is_within(one, first, last):
                yield name, one

    def settings(self, tenant_id: str) -> TenantSettings:
        policy = self._documents.of(tenant_id, "config").get("maestro")
        market_data = self._documents.of(tenant_id, "market_data").get("latest")
        return TenantSettings(policy, market_data, self._documents.of(tenant_id, "state").get("modes"))

    def marks(self, tenant_id: str, session: date) -> Document | None:
        return self._marks(tenant_id).get(session.isoformat())

    def write_marks(self, tenant_id: str, session: date, marks: Document) -> None:
        self._marks(tenant_id).put(session.isoformat(), marks)

    def staged(self, tenant_id: str, first: date | None = None) -> Iterator[Named]:
        found = sorted(self._staged(tenant_id).items(), key=lambda day: str(day[1]["session"]))
        return ((name, one) for name, one in found if first is None or one["session"] >= first.isoformat())

    def commit_day(self, tenant_id: str, writes: DayWrites, head_version: Version | None) -> Version:
        with self._documents.lock:
            return self._commit_day(tenant_id, writes, head_version)

    def _commit_day(self, tenant_id: str, writes: DayWrites, head_version: Version | None) -> Version:
        heads, day = self._heads(tenant_id), (writes.session or writes.head.last_day).isoformat()
        heads.check_version(_HEAD, head_version)
        heads.put(_HEAD, {_HEAD: writes.head})
        if writes.checkpoint is not None:
            self._documents.of(tenant_id, "state/ledger/checkpoints").put(day, writes.checkpoint)
        if writes.marks is not None:
            self._marks(tenant_id).put(day, writes.marks)
        for name in writes.unstaged:
            self._staged(tenant_id).delete(name)
        for name, document in writes.staged.items():
            self._staged(tenant_id).put(name, document)
        self.write_snapshots(tenant_id, writes.snapshots)
        self.write_windows(tenant_id, writes.windows)
        version = heads.versioned(_HEAD).version
        assert version is not None  # it was just written
        return version

    def write_snapshots(self, tenant_id: str, snapshots: Mapping[str, Document]) -> None:
        performance = self._documents.of(tenant_id, "strategy_performance")
        for name, document in snapshots.items():
            performance.put(name, document)

    def windows(self, tenant_id: str, uids: Sequence[str | None]) -> dict[str | None, Document | None]:
        state = self._documents.of(tenant_id, "state")
        found = {uid: state.get(_windows_name(uid)) for uid in uids}
        if own := found.get(None):
            found[None] = {**own, RESULTS: state.get(RESULTS)}
        return found

    def write_windows(self, tenant_id: str, windows: Mapping[str | None, Document]) -> None:
        state = self._documents.of(tenant_id, "state")
        for uid, document in windows.items():
            if RESULTS in document:
                state.put(RESULTS, document[RESULTS])
            state.put(_windows_name(uid), {name: one for name, one in document.items() if name != RESULTS})

    def job(self, tenant_id: str, job_id: str) -> Document | None:
        return self._documents.of(tenant_id, "jobs").get(job_id)

    def write_job(self, tenant_id: str, job_id: str, document: Document) -> None:
        self._documents.of(tenant_id, "jobs").merge(job_id, document)

    def _trades(self, tenant_id: str) -> Collection:
        return self._documents.of(tenant_id, "ledger_trades")

    def _paper(self, tenant_id: str) -> Collection:
        return self._documents.of(tenant_id, "shadow_pnl")

    def _marks(self, tenant_id: str) -> Collection:
        return self._documents.of(tenant_id, "state/ledger/marks")

    def _staged(self, tenant_id: str) -> Collection:
        return self._documents.of(tenant_id, "state/ledger/staged")

    def _heads(self, tenant_id: str) -> Collection:
        return self._documents.of(tenant_id, "state/ledger")

    def _entries(self, tenant_id: str, found: Sequence[Named]) -> Iterator[LedgerEntry]:
        trades = self._trades(tenant_id)
        return (LedgerEntry(name, one, trades.created_at(name)) for name, one in found)


def _is_within(document: Document, first: date, last: date) -> bool:
    try:
        return first <= day_of(document) <= last
    except (TypeError, ValueError):  # the caller says what becomes of it
        return True


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _windows_name(uid: str | None) -> str:
    return "windows" if uid is None else f"windows__{uid}"
