"""Cycles on Firestore: one batched read, one atomic commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore.errors import translated_errors
from functions.services.orchestration.ports import CycleWrites, TenantState


class FirestoreCycleStore:
    """`CycleStore` on Firestore."""

    def __init__(self, db: Client) -> None:
        self._db = db

    def read(self, tenant_id: str, uid: str | None, cycle_id: str | None) -> TenantState:
        db = self._db
        references = {
            "policy": paths.policy(db, tenant_id),
            "windows": paths.windows(db, tenant_id, uid),
            "modes": paths.modes(db, tenant_id, uid),
            "session": paths.current_session(db, tenant_id),
            "account": paths.account(db, tenant_id),
            "market_data": paths.market_data(db, tenant_id),
            "regime": paths.market_regime(db),
        }
        if cycle_id is not None:
            references["cycle_record"] = paths.cycle_record(db, tenant_id, cycle_id)
        with translated_errors(f"reading the state of tenant {tenant_id}"):
            snapshots = db.get_all(list(references.values()), retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
            by_path = {snapshot.reference.path: snapshot for snapshot in snapshots}
        found = {name: by_path[reference.path] for name, reference in references.items()}
        documents = {name: snapshot.to_dict() if snapshot.exists else None for name, snapshot in found.items()}
        documents.setdefault("cycle_record", None)
        return TenantState(session_version=_version(found["session"]), **documents)

    def commit(self, tenant_id: str, uid: str | None, writes: CycleWrites, session_version: Any) -> None:
        db = self._db
        batch = db.batch()
        batch.create(paths.orchestration_logs(db).document(writes.session_id), dict(writes.log))
        batch.create(paths.session(db, tenant_id, writes.session_id), dict(writes.session))
        current = paths.current_session(db, tenant_id)
        if session_version is None:
            batch.create(current, dict(writes.current_session))
        else:
            unchanged = db.write_option(last_update_time=session_version)
            batch.update(current, dict(writes.current_session), option=unchanged)
        if writes.modes is not None:
            batch.set(paths.modes(db, tenant_id, uid), dict(writes.modes))
        for record_id, record in writes.shadow_records.items():
            batch.set(paths.shadow_pnl(db, tenant_id).document(record_id), dict(record))
        if writes.cycle_id is not None and writes.cycle_record is not None:
            batch.create(paths.cycle_record(db, tenant_id, writes.cycle_id), dict(writes.cycle_record))
        with translated_errors(f"storing the decision of tenant {tenant_id}"):
            batch.commit(retry=None, timeout=TIMEOUT_SECONDS)

    def write_shadow_record(self, tenant_id: str, record_id: str, record: Mapping[str, Any]) -> None:
        with translated_errors(f"storing a shadow trade of tenant {tenant_id}"):
            reference = paths.shadow_pnl(self._db, tenant_id).document(record_id)
            reference.set(dict(record), retry=READ_RETRY, timeout=TIMEOUT_SECONDS)

    def record_superseded(self, tenant_id: str, slot: str, record: Mapping[str, Any]) -> None:
        with translated_errors(f"storing slot {slot} of tenant {tenant_id}"):
            paths.cycle_record(self._db, tenant_id, slot).create(dict(record), retry=None, timeout=TIMEOUT_SECONDS)


def _version(snapshot: Any) -> Any:
    return snapshot.update_time if snapshot.exists else None
