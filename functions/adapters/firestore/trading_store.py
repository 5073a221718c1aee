"""Redemptions, releases and fills on Firestore: one batched read, one atomic commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore.errors import translated_errors
from functions.services.kernel.ports import Document
from functions.services.trading.ports import TradingRecords, TradingWrites


class FirestoreTradingStore:
    """`TradingStore` on Firestore."""

    def __init__(self, db: Client) -> None:
        self._db = db

    def read(self, tenant_id: str, nonces: Sequence[str], fill_ids: Sequence[str] = ()) -> TradingRecords:
        db = self._db
        policy, session = paths.policy(db, tenant_id), paths.current_session(db, tenant_id)
        redemptions = {nonce: paths.redemption(db, tenant_id, nonce) for nonce in nonces}
        fills = {fill_id: paths.ledger_trades(db, tenant_id).document(fill_id) for fill_id in fill_ids}
        references = [policy, session, *redemptions.values(), *fills.values()]
        with translated_errors(f"reading the session of tenant {tenant_id}"):
            snapshots = db.get_all(references, retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
            found = {snapshot.reference.path: snapshot for snapshot in snapshots if snapshot.exists}

        def those(group: dict[str, Any]) -> dict[str, Document]:
            return {key: found[one.path].to_dict() or {} for key, one in group.items() if one.path in found}

        current = found.get(session.path)
        return TradingRecords(
            policy=found[policy.path].to_dict() if policy.path in found else None,
            session=None if current is None else current.to_dict(),
            session_version=None if current is None else current.update_time,
            redemptions=those(redemptions),
            fills=those(fills),
        )

    def issued(self, tenant_id: str, session_id: str) -> Document | None:
        with translated_errors(f"reading session {session_id} of tenant {tenant_id}"):
            snapshot = paths.session(self._db, tenant_id, session_id).get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
            document: Document | None = snapshot.to_dict()
        return document

    def commit(self, tenant_id: str, writes: TradingWrites, session_version: Any) -> None:
        db = self._db
        batch = db.batch()
        if writes.reservations is not None:
            unchanged = db.write_option(last_update_time=session_version)
            reservations = {"reservations": dict(writes.reservations)}
            batch.update(paths.current_session(db, tenant_id), reservations, option=unchanged)
        for nonce, document in writes.new_redemptions.items():
            batch.create(paths.redemption(db, tenant_id, nonce), dict(document))
        for nonce, document in writes.redemptions.items():
            batch.set(paths.redemption(db, tenant_id, nonce), dict(document))
        for fill_id, document in writes.new_fills.items():
            batch.create(paths.ledger_trades(db, tenant_id).document(fill_id), dict(document))
        with translated_errors(f"storing redemptions and fills of tenant {tenant_id}"):
            batch.commit(retry=None, timeout=TIMEOUT_SECONDS)
