"""What track records need from the outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from functions.services.kernel.ports import Document


class PerformanceStore(Protocol):
    """Where daily performance is read and the windows made of it are written."""

    def daily_documents(
        self, tenant_id: str, first: date, last: date, begin: datetime | None = None
    ) -> Iterable[tuple[str, Document]]:
        """
        Yield (id, document) of the days from first to last, both included, in order of when they begin.

        With ``begin``, the time the first day begins, fewer documents are scanned.

        Documents without their day may be among them. Raises StoreUnavailable.
        """
        ...

    def windows(self, tenant_id: str, uids: Sequence[str | None]) -> dict[str | None, Document | None]:
        """Return the windows documents of users, None: the tenant's own; None if missing. Raises StoreUnavailable."""
        ...

    def write_windows(self, tenant_id: str, windows: Mapping[str | None, Document]) -> None:
        """Replace the windows documents, by uid (None: the tenant's own). Raises StoreUnavailable."""
        ...
