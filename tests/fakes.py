"""In-memory stand-ins for the ports; the store obeys the same contract as Firestore's (tests/contract)."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from functions.domain.kernel.errors import StoreConflict, StoreUnavailable
from functions.domain.kernel.spans import Span
from functions.domain.ledger.entries import LedgerEntry
from functions.services.broker.drift_ports import ReconciledRecords
from functions.services.kernel.ports import Document, TenantPage, Version, Versioned
from functions.services.ledger.ports import LedgerHead
from functions.services.orchestration.ports import CycleWrites, TenantState
from functions.services.trading.ports import TradingRecords, TradingWrites
from tools.lab.engine.stores.cycle_store import MemoryCycleStore
from tools.lab.engine.stores.documents import LOGS, Documents
from tools.lab.engine.stores.ledger_store import MemoryLedgerStore
from tools.lab.engine.stores.trading_store import MemoryTradingStore

MARCH_16 = datetime(2020, 3, 16, 19, 55, tzinfo=UTC)
"""The day the S&P 500 fell 12 %; inside market hours."""


class FakeClock:
    def __init__(self, now: datetime = MARCH_16) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


class FakeTenants:
    """`TenantDirectory` of given policies; None where a tenant has none. Reads of a failing tenant fail with all."""

    def __init__(self, policies: Mapping[str, Mapping[str, Any] | None], failing: str = "") -> None:
        self._policies = policies
        self._failing = failing
        self.reads: list[Sequence[str]] = []

    def enabled_tenants(self) -> list[str]:
        return list(self._policies)

    def page(self, span: Span, limit: int) -> TenantPage:
        until = span.until
        ids = sorted(one for one in self._policies if one > span.after and (until is None or one <= until))[:limit]
        return TenantPage(ids, ids[-1] if ids else "", is_more=len(ids) == limit)

    def settings(self, tenant_ids: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Any]]:
        self.reads.append(tuple(tenant_ids))
        if self._failing in tenant_ids:
            raise StoreUnavailable("the policies cannot be read")
        stored = {one: self._policies[one] for one in tenant_ids}
        return {
            one: {name: doc[name] for name in names if name in doc} for one, doc in stored.items() if doc is not None
        }


class FakeQueue:
    """`TaskQueue` that knows a task by its id; tasks of a failing tenant cannot be queued."""

    def __init__(self, failing: str = "") -> None:
        self.tasks: dict[str, Mapping[str, Any]] = {}
        self._failing = failing

    def enqueue(self, task_id: str, payload: Mapping[str, Any]) -> bool:
        if payload["tenant_id"] == self._failing:
            raise StoreUnavailable("queue is down")
        is_new = task_id not in self.tasks
        self.tasks[task_id] = payload
        return is_new

    def labels(self) -> list[tuple[str, str]]:
        """Return (tenant, label) of every task, in order."""
        return sorted((str(one["tenant_id"]), str(one["label"])) for one in self.tasks.values())


class FakeRuns:
    """`ScheduleRuns` in a dict."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[int, Mapping[str, Any]]] = {}
        self.writes = 0
        self.is_down = False
        self._lock = threading.Lock()

    def read(self, schedule: str) -> Versioned[Mapping[str, Any] | None]:
        if self.is_down:
            raise StoreUnavailable("the store is down")
        version, document = self.documents.get(schedule, (0, None))
        return Versioned(document, Version(version) if version else None)

    def write(self, schedule: str, document: Mapping[str, Any], before: Versioned[Mapping[str, Any] | None]) -> None:
        with self._lock:
            now = self.read(schedule)
            if now.version != before.version:
                raise StoreConflict("somebody else wrote first")
            self.writes += 1
            self.documents[schedule] = (self.writes, copy.deepcopy(document))


class FakeCycleStore(MemoryCycleStore):
    """`CycleStore` that hands out copies and counts; `is_down` makes every call fail."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        """The store's own."""
        self.stored = Documents(self)  # whose clock a test may change
        super().__init__(self.stored)
        self.is_down = False
        self.reads = 0
        self.commits = 0
        self.before_commit: list[Any] = []
        """Callables run once each, before the next commits: another writer getting in first."""

    def now(self) -> datetime:
        return self.clock.now()

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        """All documents by path, themselves: who changes one changes what is stored."""
        documents: dict[str, Any] = dict(self.stored.all())
        return documents

    @property
    def versions(self) -> dict[str, Any]:
        return {path: self.version(path) for path in self.stored.all()}

    def put(self, path: str, document: Mapping[str, Any]) -> None:
        self.stored.put(path, copy.deepcopy(dict(document)))

    def delete(self, path: str) -> None:
        folder, _, name = path.rpartition("/")
        self.stored.collection(folder).delete(name)

    def versioned(self, path: str) -> Versioned[Document | None]:
        folder, _, name = path.rpartition("/")
        return copy.deepcopy(self.stored.collection(folder).versioned(name))

    def read(self, tenant_id: str, uid: str | None, slot: str | None, key_id: str | None = None) -> TenantState:
        self.count_read()
        return copy.deepcopy(super().read(tenant_id, uid, slot, key_id))

    def count_read(self) -> None:
        self._check_up()
        self.reads += 1

    def commit(self, tenant_id: str, uid: str | None, writes: CycleWrites, session_version: Version | None) -> None:
        self._check_up()
        self.next_comes_first()
        self._check_up()
        super().commit(tenant_id, uid, copy.deepcopy(writes), session_version)
        self.commits += 1

    def next_comes_first(self) -> None:
        """Let another writer get in, if there is one."""
        if self.before_commit:
            self.before_commit.pop(0)()

    def write_shadow_record(self, tenant_id: str, record_id: str, record: Mapping[str, Any]) -> None:
        self._check_up()
        super().write_shadow_record(tenant_id, record_id, copy.deepcopy(record))

    def record_superseded(self, tenant_id: str, slot: str, record: Mapping[str, Any]) -> None:
        self._check_up()
        super().record_superseded(tenant_id, slot, copy.deepcopy(record))

    def logs(self) -> list[dict[str, Any]]:
        return list(self.those_below(LOGS).values())

    def those_below(self, folder: str) -> dict[str, dict[str, Any]]:
        """Return copies of a collection's documents, by id."""
        return copy.deepcopy({name: dict(one) for name, one in self.stored.collection(folder).items()})

    def version(self, path: str) -> Version | None:
        folder, _, name = path.rpartition("/")
        return self.stored.collection(folder).versioned(name).version

    def _check_up(self) -> None:
        if self.is_down:
            raise StoreUnavailable("the fake store is down")


class FakeTradingStore(MemoryTradingStore):
    """`TradingStore` and `BookStore` on the documents of a `FakeCycleStore`, which hands out copies."""

    def __init__(self, cycles: FakeCycleStore) -> None:
        super().__init__(cycles.stored)
        self._cycles = cycles

    def read(
        self,
        tenant_id: str,
        nonces: Sequence[str],
        fill_ids: Sequence[str] = (),
        key_ids: Sequence[str] = (),
        *,
        with_drift: bool = False,
    ) -> TradingRecords:
        self._cycles.count_read()
        return copy.deepcopy(super().read(tenant_id, nonces, fill_ids, key_ids, with_drift=with_drift))

    def commit(self, tenant_id: str, writes: TradingWrites, session_version: Version | None) -> None:
        self._cycles.next_comes_first()
        super().commit(tenant_id, copy.deepcopy(writes), session_version)

    def issued(self, tenant_id: str, session_id: str) -> Document | None:
        return copy.deepcopy(super().issued(tenant_id, session_id))


class FakeDriftStore:
    """`DriftStore` on the documents of a `FakeCycleStore`."""

    def __init__(self, cycles: FakeCycleStore) -> None:
        self._cycles = cycles
        self.writes = 0
        self.before_put: list[Any] = []
        """Callables run once each, before the next writes: another writer getting in first."""

    def read(self, tenant_id: str) -> ReconciledRecords:
        state, path = self._cycles.read(tenant_id, None, None), f"tenants/{tenant_id}/state/drift"
        drift = Versioned(state.drift, self._cycles.version(path))
        return ReconciledRecords(state.session.value, state.positions, drift)

    def put_drift(
        self, tenant_id: str, document: Mapping[str, Any], before: Versioned[Mapping[str, Any] | None]
    ) -> None:
        if self.before_put:
            self.before_put.pop(0)()
        path = f"tenants/{tenant_id}/state/drift"
        if self._cycles.version(path) != before.version:
            raise StoreConflict("state/drift changed")
        self.writes += 1
        self._cycles.put(path, document)


class FakeLedger(MemoryLedgerStore):
    """`EntryLedger` on the documents of a `FakeCycleStore`; no checkpoint was ever taken, unless one is put."""

    def __init__(self, cycles: FakeCycleStore) -> None:
        super().__init__(cycles.stored)
        self.known_head: LedgerHead | None = None
        self.known_checkpoint: Document | None = None
        self.reads: list[datetime | None] = []
        """Where each reading began."""
        self.while_reading: list[Any] = []
        """Callables run once each, when a reading ends: another writer."""

    def entries(self, tenant_id: str, start: datetime | None) -> Iterator[LedgerEntry]:
        self.reads.append(start)
        yield from super().entries(tenant_id, start)
        if self.while_reading:
            self.while_reading.pop(0)()

    def head(self, tenant_id: str) -> Versioned[LedgerHead | None]:
        return Versioned(self.known_head, None)

    def checkpoint(self, tenant_id: str, at_or_before: datetime) -> Document | None:
        known = self.known_checkpoint
        return known if known is not None and known["at"] <= at_or_before else None
