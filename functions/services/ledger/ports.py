"""What the ledger needs from the outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from functions.domain.ledger.entries import LedgerEntry
from functions.services.kernel.ports import Document, Version, Versioned
from functions.services.track_record.ports import PerformanceStore


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """How far a tenant's ledger has been processed."""

    last_day: date
    """The last day with a snapshot."""
    seen_until: datetime
    """Fills created before this are in the snapshots."""
    served_day: date
    """The last day of the windows that cycles read: after ``last_day`` while days are being computed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayWrites:
    """Everything a day's snapshot writes, in one atomic commit."""

    head: LedgerHead
    checkpoint: Document
    snapshots: Mapping[str, Document]
    """Performance documents by id."""
    windows: Mapping[str | None, Document]
    """Windows documents by uid; None is the tenant's own."""


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """What performance is computed with; None marks a document that does not exist."""

    policy: Document | None
    market_data: Document | None
    modes: Document | None
    session: Document | None


class LedgerReader(Protocol):
    """Where fills are read, and the books that were made of them."""

    def entries(self, tenant_id: str, start: datetime | None) -> Iterable[LedgerEntry]:
        """Yield all of the live ledger with start <= ts, oldest first, page by page. Raises StoreUnavailable."""
        ...

    def untimed_fills(self, tenant_id: str) -> Iterable[tuple[str, Document]]:
        """Yield the first few documents whose ts is text, which no query by time finds. Raises StoreUnavailable."""
        ...

    def earliest_late_fill(self, tenant_id: str, created_since: datetime, before: datetime) -> datetime | None:
        """Return the oldest time below ``before`` of fills created since then. Raises StoreUnavailable."""
        ...

    def head(self, tenant_id: str) -> Versioned[LedgerHead | None]:
        """Return how far the ledger is worked off, to commit over. Raises StoreUnavailable."""
        ...

    def checkpoint(self, tenant_id: str, at_or_before: datetime) -> Document | None:
        """Return the newest checkpoint that is not after a time. Raises StoreUnavailable."""
        ...


class LedgerStore(LedgerReader, PerformanceStore, Protocol):
    """Where fills are read, and what is made of them is kept."""

    def fills(self, tenant_id: str, start: datetime | None, end: datetime) -> Iterable[tuple[str, Document]]:
        """Yield (id, document) of fills with start <= ts < end, page by page. Raises StoreUnavailable."""
        ...

    def shadow_fills(self, tenant_id: str, start: datetime | None, end: datetime) -> Iterable[tuple[str, Document]]:
        """Yield (id, document) of shadow records with start <= timestamp < end. Raises StoreUnavailable."""
        ...

    def first_fill_time(self, tenant_id: str) -> datetime | None:
        """Return the time of the oldest fill. Raises StoreUnavailable."""
        ...

    def settings(self, tenant_id: str) -> TenantSettings:
        """Read what performance is computed with. Raises StoreUnavailable."""
        ...

    def commit_day(self, tenant_id: str, writes: DayWrites, head_version: Version | None) -> Version:
        """
        Write everything or nothing, and return the new version of the head.

        Raises
        ------
        StoreConflict
            If another run got further since ``head_version``.
        StoreUnavailable
            If it is not known to be written.
        """
        ...

    def write_snapshots(self, tenant_id: str, snapshots: Mapping[str, Document]) -> None:
        """Store performance documents by id. Raises StoreUnavailable."""
        ...


class JobStore(Protocol):
    """Where jobs tell how they are doing."""

    def job(self, tenant_id: str, job_id: str) -> Document | None:
        """Return a job's record. Raises StoreUnavailable."""
        ...

    def write_job(self, tenant_id: str, job_id: str, document: Document) -> None:
        """Merge fields into a job's record. Raises StoreUnavailable."""
        ...
