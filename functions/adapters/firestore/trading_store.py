"""Redemptions, releases and fills on Firestore: one batched read, one atomic commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from google.cloud.firestore import DocumentReference, FieldFilter

from functions.adapters.firestore import paths
from functions.adapters.firestore.alert_marks import changed, unmarked
from functions.adapters.firestore.base import FirestoreStore, document_of
from functions.adapters.firestore.market_data import market_data_of
from functions.adapters.firestore.writes import update_over
from functions.services.kernel.ports import ABSENT, Document, Version
from functions.services.trading.ports import AccountAndPrices, TradingRecords, TradingWrites

_LAST_NAME = "\U0010ffff"
"""Sorts after every user id."""


class FirestoreTradingStore(FirestoreStore):
    """`TradingStore` on Firestore."""

    def read(
        self,
        tenant_id: str,
        nonces: Sequence[str],
        fill_ids: Sequence[str] = (),
        key_ids: Sequence[str] = (),
        *,
        with_drift: bool = False,
    ) -> TradingRecords:
        db = self._db
        policy, session = paths.policy(db, tenant_id), paths.current_session(db, tenant_id)
        positions, drift = paths.positions(db, tenant_id), paths.drift(db, tenant_id)
        redemptions = {nonce: paths.redemption(db, tenant_id, nonce) for nonce in nonces}
        fills = {fill_id: paths.ledger_trades(db, tenant_id).document(fill_id) for fill_id in fill_ids}
        keyed = {key_id: paths.idempotency_record(db, tenant_id, key_id) for key_id in key_ids}
        references = [policy, session, positions, *redemptions.values(), *fills.values(), *keyed.values()]
        references += [drift] if with_drift else []
        found, read_at = self._get_all_at(references, f"reading the session of tenant {tenant_id}")

        def those(group: dict[str, DocumentReference]) -> dict[str, Document]:
            return {key: found[one.path].value for key, one in group.items() if one.path in found}

        return TradingRecords(
            policy=found.get(policy.path, ABSENT).value,
            session=unmarked(found.get(session.path, ABSENT)),
            positions=found.get(positions.path, ABSENT).value,
            redemptions=those(redemptions),
            fills={key: found[one.path] for key, one in fills.items() if one.path in found},
            read_at=read_at,
            keyed=those(keyed),
            drift=found.get(drift.path, ABSENT).value,
        )

    def modes(self, tenant_id: str) -> Mapping[str | None, Document]:
        first, last = (paths.modes(self._db, tenant_id, uid) for uid in (None, _LAST_NAME))
        query = first.parent.where(filter=FieldFilter("__name__", ">=", first))
        query = query.where(filter=FieldFilter("__name__", "<=", last))
        found = {one.id: document_of(one) for one in self._stream(query, f"reading the modes of tenant {tenant_id}")}
        named = ((name.partition("__"), document) for name, document in found.items())
        return {uid or None: document for (name, _, uid), document in named if name == first.id}

    def issued(self, tenant_id: str, session_id: str) -> Document | None:
        reference = paths.session(self._db, tenant_id, session_id)
        return self._get(reference, f"reading session {session_id} of tenant {tenant_id}").value

    def commit(self, tenant_id: str, writes: TradingWrites, session_version: Version | None) -> None:
        db = self._db
        batch = db.batch()
        update_over(batch, paths.current_session(db, tenant_id), {**writes.session, **changed()}, session_version)
        if writes.positions is not None:
            batch.set(paths.positions(db, tenant_id), dict(writes.positions))
        for nonce, document in writes.new_redemptions.items():
            batch.create(paths.redemption(db, tenant_id, nonce), dict(document))
        for nonce, document in writes.redemptions.items():
            batch.set(paths.redemption(db, tenant_id, nonce), dict(document))
        for fill_id, document in writes.new_fills.items():
            batch.create(paths.ledger_trades(db, tenant_id).document(fill_id), dict(document))
        for fill_id, added in writes.adopted_fills.items():
            update_over(batch, paths.ledger_trades(db, tenant_id).document(fill_id), added.value, added.version)
        for change_id, document in writes.new_book_changes.items():
            batch.create(paths.positions_history(db, tenant_id).document(change_id), dict(document))
        for key_id, document in writes.new_keyed.items():
            batch.create(paths.idempotency_record(db, tenant_id, key_id), dict(document))
        for uid, fields in writes.modes.items():
            batch.update(paths.modes(db, tenant_id, uid), dict(fields))
        self._commit(batch, f"storing redemptions and fills of tenant {tenant_id}")


class FirestoreBookStore(FirestoreTradingStore):
    """`BookStore` on Firestore."""

    def account_and_prices(self, tenant_id: str) -> AccountAndPrices:
        references = [paths.account(self._db, tenant_id), paths.market_data(self._db, tenant_id)]
        doing = f"reading account and prices of tenant {tenant_id}"
        found = self._get_all_in_parts(references, [market_data_of(self._db, tenant_id)], doing)
        return AccountAndPrices(*(found.get(one.path, ABSENT).value for one in references))

    def reserved_redemptions(self, tenant_id: str, lapses_since: datetime) -> Sequence[Document]:
        query = paths.redemptions(self._db, tenant_id).where(filter=FieldFilter("status", "==", "RESERVED"))
        query = query.where(filter=FieldFilter("lapses_at", ">=", lapses_since)).order_by("lapses_at")
        return self._documents(query, f"reading the redemptions of tenant {tenant_id}")
