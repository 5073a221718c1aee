"""Cycles in memory: one read, one commit that is whole or not at all."""

from __future__ import annotations

from functions.domain.kernel.errors import StoreConflict
from functions.services.kernel.ports import Document, Version
from functions.services.orchestration.ports import CycleWrites, TenantState
from tools.lab.engine.stores.documents import LOGS, Documents


class MemoryCycleStore:
    """`CycleStore` in memory."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def read(self, tenant_id: str, uid: str | None, slot: str | None, key_id: str | None = None) -> TenantState:
        state = self._documents.of(tenant_id, "state")
        suffix = _suffix(uid)
        account = self._documents.of(tenant_id, "accounts").versioned("primary")
        return TenantState(
            policy=self._documents.of(tenant_id, "config").get("maestro"),
            windows=state.get(f"windows{suffix}"),
            modes=state.get(f"modes{suffix}"),
            session=state.versioned("session"),
            positions=state.get("positions"),
            account=account.value,
            account_received_at=account.stored_at,
            market_data=self._documents.of(tenant_id, "market_data").get("latest"),
            regime=self._documents.collection("systemStatus").get("market_regime"),
            cycle_record=None if slot is None else self._documents.of(tenant_id, "cycles").get(slot),
            keyed=None if key_id is None else self._documents.of(tenant_id, "idempotency").get(key_id),
            cockpit=state.get("cockpit"),
            broker=state.get("broker"),
            drift=state.get("drift"),
        )

    def commit(self, tenant_id: str, uid: str | None, writes: CycleWrites, session_version: Version | None) -> None:
        with self._documents.lock:
            self._commit(tenant_id, uid, writes, session_version)

    def _commit(self, tenant_id: str, uid: str | None, writes: CycleWrites, session_version: Version | None) -> None:
        state, documents = self._documents.of(tenant_id, "state"), self._documents
        state.check_version("session", session_version)
        cycles, keyed = documents.of(tenant_id, "cycles"), documents.of(tenant_id, "idempotency")
        if any(slot in cycles for slot in writes.new_cycles) or any(key in keyed for key in writes.new_keyed):
            raise StoreConflict("a slot or a key exists")
        documents.collection(LOGS).put(writes.session_id, writes.log)
        documents.of(tenant_id, "sessions").put(writes.session_id, writes.session)
        state.merge("session", writes.current_session)
        if writes.modes is not None:
            state.put(f"modes{_suffix(uid)}", writes.modes)
        if writes.cockpit is not None:
            state.put("cockpit", writes.cockpit)
        for record_id, record in writes.shadow_records.items():
            documents.of(tenant_id, "shadow_pnl").put(record_id, record)
        for slot, record in writes.new_cycles.items():
            cycles.put(slot, record)
        for key_id, record in writes.new_keyed.items():
            keyed.put(key_id, record)

    def write_shadow_record(self, tenant_id: str, record_id: str, record: Document) -> None:
        self._documents.of(tenant_id, "shadow_pnl").put(record_id, record)

    def record_superseded(self, tenant_id: str, slot: str, record: Document) -> None:
        cycles = self._documents.of(tenant_id, "cycles")
        with self._documents.lock:
            if slot in cycles:
                raise StoreConflict(f"slot {slot} exists")
            cycles.put(slot, record)


def _suffix(uid: str | None) -> str:
    return "" if uid is None else f"__{uid}"
