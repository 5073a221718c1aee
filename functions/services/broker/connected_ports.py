"""What a tick needs to know about connections to brokers, as a protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class ConnectedTenants(Protocol):
    """Which tenants have a broker."""

    def connected(self, tenant_ids: Sequence[str]) -> frozenset[str]:
        """Return which of some tenants are connected, in one batched read. Raises StoreUnavailable."""
        ...
