"""Ports for connections to brokers: which tenant is connected to which account, and its keys."""

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
    """The only place where the keys of tenants' accounts are stored; strategies cannot read it."""

    def read(self, tenant_id: str) -> Credentials | None:
        """Return a tenant's keys; None if there are none. Raises KeysUnavailable."""
        ...

    def write(self, tenant_id: str, credentials: Credentials) -> None:
        """Store a tenant's keys, replacing earlier ones. Raises KeysUnavailable."""
        ...

    def delete(self, tenant_id: str) -> None:
        """Delete a tenant's keys; repeating it changes nothing. Raises KeysUnavailable."""
        ...


OpenBroker = Callable[[BrokerConnection, Credentials, float], AbstractContextManager[Broker]]
"""
Opens an account for a number of seconds; requests after that, or still waiting then, raise BrokerUnavailable.

Raises KeysRefused if the credentials cannot be keys.
"""


@dataclass(frozen=True, slots=True)
class DeclaredSymbols:
    """The symbols that the deployed strategies declare to use."""

    own: tuple[str, ...] = ()
    """Of all strategies but the samples."""
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By sample."""


class ConnectionStore(ConnectedTenants, Protocol):
    """Where connections to brokers are stored; every method raises StoreUnavailable."""

    def read(self, tenant_id: str) -> Versioned[BrokerConnection | None]:
        """Return a tenant's connection, to write over. Raises DamagedDocument."""
        ...

    def write(self, tenant_id: str, connection: BrokerConnection, before: Version | None) -> Version:
        """Store it, and return its new version. Raises StoreConflict if it was written since ``before``."""
        ...

    def owner(self, connection: BrokerConnection) -> str | None:
        """Return the tenant that has an account connected, or None. Raises DamagedDocument."""
        ...

    def claim(self, connection: BrokerConnection, tenant_id: str) -> str:
        """Assign an account to a tenant, unless another tenant has it, and return the tenant that has it."""
        ...

    def release(self, connection: BrokerConnection, tenant_id: str) -> None:
        """Free an account for other tenants, if this tenant has it."""
        ...

    def declared_symbols(self) -> DeclaredSymbols:
        """Return the declared symbols; none before the deployed strategies ran for the first time."""
        ...
