"""Cycles on Firestore: one batched read, one atomic commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from functions.adapters.firestore import paths
from functions.adapters.firestore.alert_marks import changed, unmarked
from functions.adapters.firestore.base import FirestoreStore
from functions.adapters.firestore.market_data import market_data_of
from functions.adapters.firestore.window_parts import windows_of
from functions.adapters.firestore.writes import update_over
from functions.domain.kernel.slots import SLOT_PERIOD
from functions.services.kernel.ports import ABSENT, Document, Version
from functions.services.orchestration.ports import CycleWrites, TenantState


class FirestoreCycleStore(FirestoreStore):
    """`CycleStore` on Firestore."""

    def read(self, tenant_id: str, uid: str | None, slot: str | None, key_id: str | None = None) -> TenantState:
        db = self._db
        references = {
            "policy": paths.policy(db, tenant_id),
            "windows": paths.windows(db, tenant_id, uid),
            "modes": paths.modes(db, tenant_id, uid),
            "positions": paths.positions(db, tenant_id),
            "drift": paths.drift(db, tenant_id),
            "account": paths.account(db, tenant_id),
            "market_data": paths.market_data(db, tenant_id),
            "regime": paths.market_regime(db),
            "broker": paths.broker(db, tenant_id),
            "cockpit": paths.cockpit(db, tenant_id),
        }
        if slot is not None:
            references["cycle_record"] = paths.cycle_record(db, tenant_id, slot)
        if key_id is not None:
            references["keyed"] = paths.idempotency_record(db, tenant_id, key_id)
        session = paths.current_session(db, tenant_id)
        wanted = [session, *references.values()]
        parted = [market_data_of(db, tenant_id), windows_of(db, tenant_id, uid)]
        found = self._get_all_in_parts(wanted, parted, f"reading the state of tenant {tenant_id}")
        documents: dict[str, Document | None] = {"cycle_record": None, "keyed": None}
        documents |= {name: found.get(reference.path, ABSENT).value for name, reference in references.items()}
        received_at = found.get(references["account"].path, ABSENT).stored_at
        return TenantState(
            session=unmarked(found.get(session.path, ABSENT)), account_received_at=received_at, **documents
        )

    def commit(self, tenant_id: str, uid: str | None, writes: CycleWrites, session_version: Version | None) -> None:
        db = self._db
        batch = db.batch()
        batch.create(paths.orchestration_logs(db).document(writes.session_id), dict(writes.log))
        batch.create(paths.session(db, tenant_id, writes.session_id), dict(writes.session))
        update_over(
            batch,
            paths.current_session(db, tenant_id),
            {**writes.current_session, **_mark(writes.log)},
            session_version,
        )
        if writes.modes is not None:
            batch.set(paths.modes(db, tenant_id, uid), dict(writes.modes))
        if writes.cockpit is not None:
            batch.set(paths.cockpit(db, tenant_id), dict(writes.cockpit))
        for record_id, record in writes.shadow_records.items():
            batch.set(paths.shadow_pnl(db, tenant_id).document(record_id), dict(record))
        for slot, record in writes.new_cycles.items():
            batch.create(paths.cycle_record(db, tenant_id, slot), dict(record))
        for key_id, record in writes.new_keyed.items():
            batch.create(paths.idempotency_record(db, tenant_id, key_id), dict(record))
        self._commit(batch, f"storing the decision of tenant {tenant_id}")

    def write_shadow_record(self, tenant_id: str, record_id: str, record: Document) -> None:
        batch = self._db.batch()
        batch.set(paths.shadow_pnl(self._db, tenant_id).document(record_id), dict(record))
        self._commit(batch, f"storing a shadow trade of tenant {tenant_id}", is_repeatable=True)

    def record_superseded(self, tenant_id: str, slot: str, record: Document) -> None:
        batch = self._db.batch()
        batch.create(paths.cycle_record(self._db, tenant_id, slot), dict(record))
        self._commit(batch, f"storing slot {slot} of tenant {tenant_id}")


def _mark(log: Document) -> Mapping[str, Any]:
    """Return the mark of a cycle outside its slot; within the slot the market is open and alerts are checked anyway."""
    slot = log.get("slot")
    is_in_time = slot is not None and log["timestamp"] < datetime.fromisoformat(slot) + SLOT_PERIOD
    return {} if is_in_time else changed()
