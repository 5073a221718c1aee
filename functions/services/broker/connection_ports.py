"""What use cases need to know which tenant is connected to which account, and by which keys, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.credentials import Credentials
from functions.services.broker.connected_ports import ConnectedTenants
from functions.services.broker.ports import Broker
from functions.services.kernel.ports import Version, Versioned


class BrokerKeys(Protocol):
    """Where the keys of tenants' accounts are kept: nowhere else, and not readable where strategies run."""

    def read(self, tenant_id: str) -> Credentials | None:
        """Return a tenant's keys; None if there are none. Raises KeysUnavailable."""
        ...

    def write(self, tenant_id: str, credentials: Credentials) -> None:
        """Keep them, in the place of those before. Raises KeysUnavailable."""
        ...

    def delete(self, tenant_id: str) -> None:
        """Forget them; again changes nothing. Raises KeysUnavailable."""
        ...


OpenBroker = Callable[[BrokerConnection, Credentials, float], AbstractContextManager[Broker]]
"""
Opens an account for so many seconds: what is asked of it later, or takes longer, is BrokerUnavailable.

Raises KeysRefused if what is given cannot be keys.
"""


@dataclass(frozen=True, slots=True)
class DeclaredSymbols:
    """What the deployed strategies declare to look at."""

    own: tuple[str, ...] = ()
    """Of all but the samples."""
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By sample."""


class ConnectionStore(ConnectedTenants, Protocol):
    """Where connections to brokers are kept; every method raises StoreUnavailable."""

    def read(self, tenant_id: str) -> Versioned[BrokerConnection | None]:
        """Return a tenant's connection, to write over. Raises DamagedDocument."""
        ...

    def write(self, tenant_id: str, connection: BrokerConnection, before: Version | None) -> Version:
        """Store it, and return its new version. Raises StoreConflict if somebody else did since ``before``."""
        ...

    def owner(self, connection: BrokerConnection) -> str | None:
        """Return the tenant that has an account connected, or None. Raises DamagedDocument."""
        ...

    def claim(self, connection: BrokerConnection, tenant_id: str) -> str:
        """Let an account be a tenant's, unless it is another's, and return whose it is."""
        ...

    def release(self, connection: BrokerConnection, tenant_id: str) -> None:
        """Free an account for other tenants, if it is this tenant's."""
        ...

    def declared_symbols(self) -> DeclaredSymbols:
        """Return what the deployed strategies declare; nothing before they ran for the first time."""
        ...
