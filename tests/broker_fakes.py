"""In-memory stand-ins for what a feed works with besides the broker, which runs."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.credentials import Credentials
from functions.domain.broker.snapshot import BrokerSnapshot
from functions.domain.kernel.errors import StoreConflict
from functions.services.broker.connection_ports import DeclaredSymbols
from functions.services.kernel.damage import reading
from functions.services.kernel.ports import ABSENT, Document, Version, Versioned
from tests.fakes import FakeCycleStore


class FakeConnections:
    """`ConnectionStore` on the documents of a `FakeCycleStore`."""

    def __init__(self, cycles: FakeCycleStore) -> None:
        self._cycles = cycles
        self.declared = DeclaredSymbols()
        self.accounts: dict[str, str] = {}

    def read(self, tenant_id: str) -> Versioned[BrokerConnection | None]:
        found = self._cycles.versioned(f"tenants/{tenant_id}/state/broker")
        if found.value is None:
            return ABSENT
        with reading(found.value):
            return Versioned(BrokerConnection.from_document(found.value), found.version)

    def write(self, tenant_id: str, connection: BrokerConnection, before: Version | None) -> Version:
        path = f"tenants/{tenant_id}/state/broker"
        if self._cycles.version(path) != before:
            raise StoreConflict("somebody else wrote first")
        self._cycles.put(path, connection.to_document())
        version = self._cycles.version(path)
        assert version is not None
        return version

    def owner(self, connection: BrokerConnection) -> str | None:
        return self.accounts.get(connection.account_id)

    def claim(self, connection: BrokerConnection, tenant_id: str) -> str:
        return self.accounts.setdefault(connection.account_id, tenant_id)

    def release(self, connection: BrokerConnection, tenant_id: str) -> None:
        if self.accounts.get(connection.account_id) == tenant_id:
            del self.accounts[connection.account_id]

    def connected(self, tenant_ids: Sequence[str]) -> frozenset[str]:
        found = {one: self.read(one).value for one in tenant_ids}
        return frozenset(one for one, connection in found.items() if connection is not None and connection.is_connected)

    def declared_symbols(self) -> DeclaredSymbols:
        return self.declared


class FakeKeys:
    """`BrokerKeys` in a dict."""

    def __init__(self, **credentials: Credentials) -> None:
        self.credentials = dict(credentials)

    def read(self, tenant_id: str) -> Credentials | None:
        return self.credentials.get(tenant_id)

    def write(self, tenant_id: str, credentials: Credentials) -> None:
        self.credentials[tenant_id] = credentials

    def delete(self, tenant_id: str) -> None:
        self.credentials.pop(tenant_id, None)


class FakeInputs:
    """`InputStore` on the documents of a `FakeCycleStore`."""

    PATHS: Mapping[str, str] = {"account": "accounts/primary", "market_data": "market_data/latest"}

    def __init__(self, cycles: FakeCycleStore) -> None:
        self._cycles = cycles

    def read_input(self, tenant_id: str, kind: str) -> Versioned[Document | None]:
        return self._cycles.versioned(f"tenants/{tenant_id}/{self.PATHS[kind]}")

    def commit_input(
        self, tenant_id: str, kind: str, document: Mapping[str, Any], before: Versioned[Mapping[str, Any] | None]
    ) -> None:
        path = f"tenants/{tenant_id}/{self.PATHS[kind]}"
        if self._cycles.version(path) != before.version:
            raise StoreConflict("somebody else wrote first")
        self._cycles.put(path, copy.deepcopy(dict(document)))

    def ledger_version(self, tenant_id: str) -> int:
        session = self._cycles.documents.get(f"tenants/{tenant_id}/state/session", {})
        return int(session.get("ledger_version") or 0)


class SeenByReconciler:
    """A `Reconciler` that keeps what it was told."""

    def __init__(self) -> None:
        self.seen: list[BrokerSnapshot] = []

    def reconcile(self, tenant_id: str, seen: BrokerSnapshot) -> None:
        self.seen.append(seen)
