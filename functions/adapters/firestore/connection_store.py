"""Connections to brokers on Firestore, and the declared symbols of deployed strategies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256

from google.cloud.firestore import DocumentReference

from functions.adapters.firestore import paths
from functions.adapters.firestore.base import FirestoreStore
from functions.adapters.firestore.writes import update_over
from functions.domain.broker.connection import BrokerConnection
from functions.domain.kernel.errors import StoreConflict
from functions.domain.kernel.stored_fields import LIST, MAP, TEXT, TEXTS
from functions.domain.orchestration.broker_feed import ConnectionStatus
from functions.services.broker.connection_ports import DeclaredSymbols
from functions.services.kernel.damage import check_stored, reading
from functions.services.kernel.ports import ABSENT, Version, Versioned

_PLAIN_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
_ATTEMPTS = 3


class FirestoreConnectionStore(FirestoreStore):
    """`ConnectionStore` on Firestore."""

    def read(self, tenant_id: str) -> Versioned[BrokerConnection | None]:
        stored = self._get(paths.broker(self._db, tenant_id), f"reading the broker of tenant {tenant_id}")
        if stored.value is None:
            return ABSENT
        with reading(stored.value, "mend that field, or delete the document and connect again"):
            return Versioned(BrokerConnection.from_document(stored.value), stored.version)

    def write(self, tenant_id: str, connection: BrokerConnection, before: Version | None) -> Version:
        batch = self._db.batch()
        update_over(batch, paths.broker(self._db, tenant_id), connection.to_document(), before)
        batch.set(paths.connection(self._db, tenant_id), connection.to_members_document())
        version, _ = self._commit(batch, f"storing the broker of tenant {tenant_id}")
        return version

    def owner(self, connection: BrokerConnection) -> str | None:
        known = self._get(self._account(connection), "reading whose an account is").value
        if known is None:
            return None
        check_stored(known, {"tenant_id": TEXT})
        return str(known["tenant_id"])

    def claim(self, connection: BrokerConnection, tenant_id: str) -> str:
        reference, doing = self._account(connection), f"claiming the account of tenant {tenant_id}"
        for _ in range(_ATTEMPTS):
            owner = self.owner(connection)
            if owner is not None:
                return owner
            batch = self._db.batch()
            batch.create(reference, {"tenant_id": tenant_id})
            try:
                self._commit(batch, doing)
            except StoreConflict:
                continue
            return tenant_id
        raise StoreConflict(f"{doing}: too many concurrent claims and releases")

    def release(self, connection: BrokerConnection, tenant_id: str) -> None:
        reference, doing = self._account(connection), f"releasing the account of tenant {tenant_id}"
        if (self._get(reference, doing).value or {}).get("tenant_id") == tenant_id:
            batch = self._db.batch()
            batch.delete(reference)
            self._commit(batch, doing, is_repeatable=True)

    def connected(self, tenant_ids: Sequence[str]) -> frozenset[str]:
        if not tenant_ids:
            return frozenset()
        asked = {one: paths.broker(self._db, one) for one in tenant_ids}
        doing = f"reading which of {len(tenant_ids)} tenants are connected"
        found = self._get_fields(list(asked.values()), ["status"], doing)
        statuses = {one: found.get(reference.path, {}).get("status") for one, reference in asked.items()}
        return frozenset(one for one, status in statuses.items() if status == ConnectionStatus.CONNECTED)

    def declared_symbols(self) -> DeclaredSymbols:
        stored = self._get(paths.declared_symbols(self._db), "reading declared symbols").value
        if stored is None:
            return DeclaredSymbols()
        check_stored(stored, {"symbols": TEXTS, "samples": MAP})
        for listed in stored["samples"].values():
            check_stored({"samples": listed}, {"samples": LIST})
        samples = {name: tuple(map(str, listed)) for name, listed in stored["samples"].items()}
        return DeclaredSymbols(tuple(stored["symbols"]), samples)

    def _account(self, connection: BrokerConnection) -> DocumentReference:
        is_plain = _PLAIN_ID.fullmatch(connection.account_id)
        name = connection.account_id if is_plain else sha256(connection.account_id.encode()).hexdigest()
        return paths.broker_account(self._db, f"{connection.broker}_{name}")


class FirestoreSymbolStore(FirestoreStore):
    """`SymbolStore` on Firestore."""

    def write_symbols(self, symbols: Sequence[str], samples: Mapping[str, Sequence[str]]) -> None:
        batch = self._db.batch()
        document = {"symbols": list(symbols), "samples": {name: list(one) for name, one in samples.items()}}
        batch.set(paths.declared_symbols(self._db), document)
        self._commit(batch, "storing declared symbols", is_repeatable=True)
