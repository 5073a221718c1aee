"""In-memory stand-ins for the ports; the store obeys the same contract as Firestore's (tests/contract)."""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.domain.kernel.errors import StoreConflict, StoreUnavailable
from functions.domain.kernel.spans import Span
from functions.domain.ledger.entries import LedgerEntry
from functions.services.kernel.ports import TenantPage, Version, Versioned
from functions.services.ledger.ports import LedgerHead
from functions.services.orchestration.ports import CycleWrites, TenantState
from functions.services.trading.ports import AccountAndPrices, TradingRecords, TradingWrites

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


class CountingIds:
    """Nonces that tests can tell apart: 32 hexadecimal digits, counting up."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def nonce(self) -> str:
        return f"{next(self._numbers):016x}" * 2  # told apart by either half: session ids keep the first


class FakeCycleStore:
    """`CycleStore` in a dict of paths; `is_down` makes every call fail."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, int] = {}
        self.stored_at: dict[str, datetime] = {}
        self.created_at: dict[str, datetime] = {}
        self._ticks = itertools.count()
        self.clock = FakeClock()
        """The store's own."""
        self.is_down = False
        self.reads = 0
        self.commits = 0
        self.lock = threading.Lock()
        self.before_commit: list[Any] = []
        """Callables run once each, before the next commits: another writer getting in first."""

    def put(self, path: str, document: Mapping[str, Any]) -> None:
        self.documents[path] = copy.deepcopy(dict(document))
        self.versions[path] = self.versions.get(path, 0) + 1
        self.stored_at[path] = self.clock.now()
        self.created_at.setdefault(path, self.tick())

    def tick(self) -> datetime:
        """Return the store's time; no two are the same."""
        return self.clock.now() + timedelta(microseconds=next(self._ticks))

    def versioned(self, path: str) -> Versioned[dict[str, Any]]:
        document = copy.deepcopy(self.documents[path])
        return Versioned(document, self.version(path), self.stored_at.get(path), self.created_at.get(path))

    def read(self, tenant_id: str, uid: str | None, slot: str | None, key_id: str | None = None) -> TenantState:
        self._check_up()
        self.reads += 1
        tenant = f"tenants/{tenant_id}"
        suffix = "" if uid is None else f"__{uid}"
        return TenantState(
            policy=self._get(f"{tenant}/config/maestro"),
            windows=self._get(f"{tenant}/state/windows{suffix}"),
            modes=self._get(f"{tenant}/state/modes{suffix}"),
            session=Versioned(self._get(f"{tenant}/state/session"), self.version(f"{tenant}/state/session")),
            positions=self._get(f"{tenant}/state/positions"),
            account=self._get(f"{tenant}/accounts/primary"),
            account_received_at=self.stored_at.get(f"{tenant}/accounts/primary"),
            market_data=self._get(f"{tenant}/market_data/latest"),
            regime=self._get("systemStatus/market_regime"),
            cycle_record=None if slot is None else self._get(f"{tenant}/cycles/{slot}"),
            keyed=None if key_id is None else self._get(f"{tenant}/idempotency/{key_id}"),
            cockpit=self._get(f"{tenant}/state/cockpit"),
        )

    def commit(self, tenant_id: str, uid: str | None, writes: CycleWrites, session_version: Version | None) -> None:
        self._check_up()
        if self.before_commit:
            self.before_commit.pop(0)()
        self._check_up()
        with self.lock:
            self._commit(tenant_id, uid, writes, session_version)

    def _commit(self, tenant_id: str, uid: str | None, writes: CycleWrites, session_version: Version | None) -> None:
        tenant = f"tenants/{tenant_id}"
        suffix = "" if uid is None else f"__{uid}"
        current = f"{tenant}/state/session"
        if self.version(current) != session_version:
            raise StoreConflict("state/session changed")
        created = {f"{tenant}/cycles/{slot}": one for slot, one in writes.new_cycles.items()}
        created |= {f"{tenant}/idempotency/{key_id}": one for key_id, one in writes.new_keyed.items()}
        if created.keys() & self.documents.keys():
            raise StoreConflict("a slot or a key exists")
        self.commits += 1
        self.put(f"systemStatus/orchestration_logs/logs/{writes.session_id}", writes.log)
        self.put(f"{tenant}/sessions/{writes.session_id}", writes.session)
        self.put(current, {**self.documents.get(current, {}), **writes.current_session})
        if writes.modes is not None:
            self.put(f"{tenant}/state/modes{suffix}", writes.modes)
        if writes.cockpit is not None:
            self.put(f"{tenant}/state/cockpit", writes.cockpit)
        for record_id, record in writes.shadow_records.items():
            self.put(f"{tenant}/shadow_pnl/{record_id}", record)
        for path, document in created.items():
            self.put(path, document)

    def write_shadow_record(self, tenant_id: str, record_id: str, record: Mapping[str, Any]) -> None:
        self._check_up()
        self.put(f"tenants/{tenant_id}/shadow_pnl/{record_id}", record)

    def record_superseded(self, tenant_id: str, slot: str, record: Mapping[str, Any]) -> None:
        self._check_up()
        path = f"tenants/{tenant_id}/cycles/{slot}"
        if path in self.documents:
            raise StoreConflict(f"slot {slot} exists")
        self.put(path, record)

    def logs(self) -> list[dict[str, Any]]:
        return [doc for path, doc in self.documents.items() if path.startswith("systemStatus/orchestration_logs/logs/")]

    def _get(self, path: str) -> dict[str, Any] | None:
        return copy.deepcopy(self.documents.get(path))

    def those_below(self, folder: str) -> dict[str, dict[str, Any]]:
        """Return copies of a collection's documents, by id."""
        paths = (path for path in self.documents if path.rpartition("/")[0] == folder)
        return {path.rpartition("/")[2]: copy.deepcopy(self.documents[path]) for path in list(paths)}

    def version(self, path: str) -> Version | None:
        return Version(self.versions[path]) if path in self.versions else None

    def _check_up(self) -> None:
        if self.is_down:
            raise StoreUnavailable("the fake store is down")


class FakeTradingStore:
    """`TradingStore` and `BookStore` on the documents of a `FakeCycleStore`."""

    def __init__(self, cycles: FakeCycleStore) -> None:
        self._cycles = cycles

    def read(
        self, tenant_id: str, nonces: Sequence[str], fill_ids: Sequence[str] = (), key_ids: Sequence[str] = ()
    ) -> TradingRecords:
        state = self._cycles.read(tenant_id, None, None)
        ledger = {one: f"tenants/{tenant_id}/ledger_trades/{one}" for one in fill_ids}
        return TradingRecords(
            policy=state.policy,
            positions=state.positions,
            session=state.session,
            redemptions=self._found(f"tenants/{tenant_id}/redemptions", nonces),
            fills={one: self._cycles.versioned(path) for one, path in ledger.items() if path in self._cycles.documents},
            read_at=self._cycles.tick(),
            keyed=self._found(f"tenants/{tenant_id}/idempotency", key_ids),
        )

    def issued(self, tenant_id: str, session_id: str) -> dict[str, Any] | None:
        return copy.deepcopy(self._cycles.documents.get(f"tenants/{tenant_id}/sessions/{session_id}"))

    def commit(self, tenant_id: str, writes: TradingWrites, session_version: Version | None) -> None:
        if self._cycles.before_commit:
            self._cycles.before_commit.pop(0)()
        with self._cycles.lock:
            self._commit(f"tenants/{tenant_id}", writes, session_version)

    def _commit(self, tenant: str, writes: TradingWrites, session_version: Version | None) -> None:
        current = f"{tenant}/state/session"
        if self._cycles.version(current) != session_version:
            raise StoreConflict("state/session changed")
        created = {f"{tenant}/redemptions/{nonce}": one for nonce, one in writes.new_redemptions.items()}
        created |= {f"{tenant}/ledger_trades/{fill_id}": one for fill_id, one in writes.new_fills.items()}
        created |= {f"{tenant}/idempotency/{key_id}": one for key_id, one in writes.new_keyed.items()}
        created |= {f"{tenant}/state/positions/history/{one}": doc for one, doc in writes.new_book_changes.items()}
        adopted = {f"{tenant}/ledger_trades/{fill_id}": one for fill_id, one in writes.adopted_fills.items()}
        if created.keys() & self._cycles.documents.keys():
            raise StoreConflict("a redemption or a fill exists")
        if any(self._cycles.version(path) != fields.version for path, fields in adopted.items()):
            raise StoreConflict("a fill changed")
        for path, set_ in adopted.items():
            self._cycles.put(path, {**self._cycles.documents[path], **set_.value})
        for path, document in created.items():
            self._cycles.put(path, document)
        for nonce, document in writes.redemptions.items():
            self._cycles.put(f"{tenant}/redemptions/{nonce}", document)
        for uid, fields in writes.modes.items():
            path = f"{tenant}/state/modes" if uid is None else f"{tenant}/state/modes__{uid}"
            self._cycles.put(path, {**self._cycles.documents[path], **fields})
        if writes.positions is not None:
            self._cycles.put(f"{tenant}/state/positions", writes.positions)
        self._cycles.put(current, {**self._cycles.documents.get(current, {}), **writes.session})

    def modes(self, tenant_id: str) -> dict[str | None, dict[str, Any]]:
        found = self._cycles.those_below(f"tenants/{tenant_id}/state")
        named = ((name.partition("__"), one) for name, one in found.items())
        return {uid or None: one for (name, _, uid), one in named if name == "modes"}

    def account_and_prices(self, tenant_id: str) -> AccountAndPrices:
        state = self._cycles.read(tenant_id, None, None)
        return AccountAndPrices(state.account, state.market_data)

    def reserved_redemptions(self, tenant_id: str, lapses_since: datetime) -> list[dict[str, Any]]:
        found = list(self._cycles.those_below(f"tenants/{tenant_id}/redemptions").values())
        reserved = [one for one in found if one["status"] == "RESERVED" and one["lapses_at"] >= lapses_since]
        return sorted(reserved, key=lambda one: one["lapses_at"])

    def _found(self, folder: str, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        paths = {name: f"{folder}/{name}" for name in names}
        documents = self._cycles.documents
        return {name: copy.deepcopy(documents[path]) for name, path in paths.items() if path in documents}


class FakeLedger:
    """`EntryLedger` on the documents of a `FakeCycleStore`; no checkpoint was ever taken, unless one is put."""

    def __init__(self, cycles: FakeCycleStore) -> None:
        self._cycles = cycles
        self.known_head: LedgerHead | None = None
        self.known_checkpoint: dict[str, Any] | None = None
        self.reads: list[datetime | None] = []
        """Where each reading began."""
        self.while_reading: list[Any] = []
        """Callables run once each, when a reading ends: another writer."""

    def entries(self, tenant_id: str, start: datetime | None) -> Iterator[LedgerEntry]:
        self.reads.append(start)
        found = self._cycles.those_below(f"tenants/{tenant_id}/ledger_trades")
        timed = {name: one for name, one in found.items() if isinstance(one.get("ts"), datetime)}
        for name, document in sorted(timed.items(), key=lambda one: (one[1]["ts"], one[0])):
            if start is None or document["ts"] >= start:
                path = f"tenants/{tenant_id}/ledger_trades/{name}"
                yield LedgerEntry(name, document, self._cycles.created_at[path])
        if self.while_reading:
            self.while_reading.pop(0)()

    def at_instant(self, tenant_id: str, at: datetime) -> list[LedgerEntry]:
        return [one for one in self._all(tenant_id) if one.document.get("ts") == at]

    def revisions(self, tenant_id: str, broker_fill_id: str) -> list[LedgerEntry]:
        named = ((str(one.document.get("broker_fill_id")), one) for one in self._all(tenant_id))
        return [one for name, one in named if name.startswith(f"{broker_fill_id}.")]

    def shadow_fills(
        self, tenant_id: str, start: datetime | None, end: datetime
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, one in self._cycles.those_below(f"tenants/{tenant_id}/shadow_pnl").items():
            if (start is None or start <= one["timestamp"]) and one["timestamp"] < end:
                yield name, one

    def _all(self, tenant_id: str) -> list[LedgerEntry]:
        folder = f"tenants/{tenant_id}/ledger_trades"
        found = self._cycles.those_below(folder)
        return [LedgerEntry(name, one, self._cycles.created_at[f"{folder}/{name}"]) for name, one in found.items()]

    def untimed_fills(self, tenant_id: str) -> list[tuple[str, dict[str, Any]]]:
        found = self._cycles.those_below(f"tenants/{tenant_id}/ledger_trades")
        return [(name, one) for name, one in found.items() if isinstance(one.get("ts"), str)]

    def earliest_late_fill(self, tenant_id: str, created_since: datetime, before: datetime) -> datetime | None:
        found = self._cycles.those_below(f"tenants/{tenant_id}/ledger_trades").values()
        created = [one for one in found if isinstance(one.get("created_at"), datetime)]
        late = [one["ts"] for one in created if one["created_at"] >= created_since and one["ts"] < before]
        return min(late, default=None)

    def head(self, tenant_id: str) -> Versioned[LedgerHead | None]:
        return Versioned(self.known_head, None)

    def checkpoint(self, tenant_id: str, at_or_before: datetime) -> dict[str, Any] | None:
        known = self.known_checkpoint
        return known if known is not None and known["at"] <= at_or_before else None
