"""What the schedule of alert checks needs to know of what changed."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from typing import Protocol


class ChangedTenants(Protocol):
    """Whose state changed, as far as alerts are about it."""

    def mark(self, tenant_id: str) -> None:
        """Store that something changed, for what others wrote. Raises StoreUnavailable."""
        ...

    def changed_since(self, at: datetime) -> Set[str]:
        """Return tenants of whom Maestro stored something since a time, by the store's clock. Raises StoreError."""
        ...
