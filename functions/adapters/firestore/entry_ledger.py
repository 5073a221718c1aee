"""The ledger on Firestore, read for amendments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from google.cloud.firestore import FieldFilter, Query

from functions.adapters.firestore import paths
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore, entry_of
from functions.domain.ledger.entries import LedgerEntry

_MOST_REVISIONS = 100
_AFTER_DOT = "/"
"""The character after the dot, as an upper bound."""


class FirestoreEntryLedger(FirestoreLedgerStore):
    """`EntryLedger` on Firestore."""

    def at_instant(self, tenant_id: str, at: datetime) -> Sequence[LedgerEntry]:
        query = paths.ledger_trades(self._db, tenant_id).where(filter=FieldFilter("ts", "==", at))
        return self._entries(tenant_id, query)

    def revisions(self, tenant_id: str, broker_fill_id: str) -> Sequence[LedgerEntry]:
        first, end = f"{broker_fill_id}.", f"{broker_fill_id}{_AFTER_DOT}"
        query = paths.ledger_trades(self._db, tenant_id).where(filter=FieldFilter("broker_fill_id", ">=", first))
        query = query.where(filter=FieldFilter("broker_fill_id", "<", end)).limit(_MOST_REVISIONS)
        return self._entries(tenant_id, query)

    def _entries(self, tenant_id: str, query: Query) -> list[LedgerEntry]:
        return [entry_of(one) for one in self._stream(query, f"reading the ledger of tenant {tenant_id}")]
