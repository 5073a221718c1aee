"""What the schedule of alert checks needs to know about changes."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from typing import Protocol


class ChangedTenants(Protocol):
    """Which tenants changed in a way that alerts depend on."""

    def mark(self, tenant_id: str) -> None:
        """Record a change that was not written by Maestro. Raises StoreUnavailable."""
        ...

    def changed_since(self, at: datetime) -> Set[str]:
        """Return tenants for which Maestro stored something since a time, by the store's clock. Raises StoreError."""
        ...
