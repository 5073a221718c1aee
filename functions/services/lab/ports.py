"""What trying a policy on a tenant's record needs from the outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Protocol

from functions.services.kernel.ports import Document


class RecordStore(Protocol):
    """Where a tenant's record is read; every method raises StoreUnavailable."""

    def policy(self, tenant_id: str) -> Document | None:
        """Return the policy in force."""
        ...

    def policies(self, tenant_id: str, versions: Iterable[int]) -> Mapping[int, Document]:
        """Return the policies of some versions, as far as they are on record."""
        ...

    def last_decisions(self, tenant_id: str, spans: Sequence[tuple[datetime, datetime]]) -> Sequence[Document | None]:
        """Return the log of the last decision in each half-open span of time; None where there is none."""
        ...

    def windows(self, tenant_id: str, uid: str | None = None) -> Document | None:
        """Return the tenant's own windows, or those of one of its users."""
        ...

    def daily_documents(
        self, tenant_id: str, since: datetime, before: datetime, limit: int
    ) -> Sequence[tuple[str, Document]]:
        """Return (id, document) of the newest days that begin in a half-open span of time, newest first."""
        ...

    def paper_fills(self, tenant_id: str, ids: Sequence[str]) -> Set[str]:
        """Return which of some records of paper fills there are."""
        ...
