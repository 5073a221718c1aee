"""What keeping track records needs from the outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from functions.services.kernel.ports import Document


class PerformanceStore(Protocol):
    """Where daily performance is read, and the windows made of it are written."""

    def daily_documents(self, tenant_id: str, start: datetime, end: datetime) -> Iterable[Document]:
        """Yield the daily documents whose period starts in [start, end), oldest first. Raises StoreUnavailable."""
        ...

    def write_windows(self, tenant_id: str, windows: Mapping[str | None, Document]) -> None:
        """Replace the windows documents, by uid (None: the tenant's own). Raises StoreUnavailable."""
        ...
