"""What the ledger needs from the outside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from functions.domain.kernel.document_size import stored_bytes
from functions.domain.ledger.entries import LedgerEntry
from functions.services.kernel.ports import Document, Version, Versioned
from functions.services.track_record.ports import PerformanceStore


@dataclass(frozen=True, slots=True)
class Recomputation:
    """Days being recomputed, to be served together when all are done."""

    first: date
    reached: date | None
    """The last staged day, initially the one before ``first``; None if there was none."""
    reached_at: datetime | None
    """The end of that day, where the next day's books begin; None: before the first fill."""
    seen_until: datetime
    """Fills created before this are in the staged days."""


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """How far a tenant's ledger has been processed."""

    last_day: date
    """The last day that is served."""
    seen_until: datetime
    """Fills created before this are included in what is served."""
    done_until: datetime
    """Fills that happened before this are included: the end of the last day, where the next day's books begin."""
    recomputing: Recomputation | None = None
    """Up to ``last_day``."""
    months_due: frozenset[str] = frozenset()
    """Labels of months with days that changed since the month was computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayWrites:
    """Everything that one step of a ledger's processing writes, in one atomic commit."""

    head: LedgerHead
    session: date | None = None
    """The day of this checkpoint and these marks; None: no day."""
    checkpoint: Document | None = None
    marks: Document | None = None
    snapshots: Mapping[str, Document] = field(default_factory=dict)
    """Performance documents by id, to be served."""
    windows: Mapping[str | None, Document] = field(default_factory=dict)
    """Windows documents by uid; None is the tenant's own."""
    staged: Mapping[str, Document] = field(default_factory=dict)
    """Staged performance documents by id, to be served when all days are recomputed."""
    unstaged: Collection[str] = ()
    """Ids of staged documents to delete."""

    @property
    def size(self) -> int:
        """Total size in the store, bytes."""
        once = [one for one in (self.checkpoint, self.marks) if one is not None]
        return sum(map(stored_bytes, (*once, self.snapshots, *self.windows.values(), self.staged)))


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """The inputs of performance; None marks a document that does not exist."""

    policy: Document | None
    market_data: Document | None
    modes: Document | None


class LedgerReader(Protocol):
    """Where fills, and the books made from them, are read."""

    def entries(self, tenant_id: str, start: datetime | None) -> Iterable[LedgerEntry]:
        """Yield all of the live ledger with start <= ts, oldest first, page by page. Raises StoreUnavailable."""
        ...

    def untimed_fills(self, tenant_id: str) -> Iterable[tuple[str, Document]]:
        """Yield the first few documents whose ts is text and which no query by time finds. Raises StoreUnavailable."""
        ...

    def earliest_late_fill(self, tenant_id: str, created_since: datetime, before: datetime) -> datetime | None:
        """Return the oldest time, before ``before``, of either book's fills created since. Raises StoreUnavailable."""
        ...

    def head(self, tenant_id: str) -> Versioned[LedgerHead | None]:
        """Return how far the ledger is processed, to commit over. Raises StoreUnavailable."""
        ...

    def checkpoint(self, tenant_id: str, at_or_before: datetime) -> Document | None:
        """Return the newest checkpoint that is not after a time. Raises StoreUnavailable."""
        ...


class LedgerStore(LedgerReader, PerformanceStore, Protocol):
    """Where fills are read and results are stored."""

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
        """Read the inputs of performance. Raises StoreUnavailable."""
        ...

    def marks(self, tenant_id: str, session: date) -> Document | None:
        """Return the stored marks of a session. Raises StoreUnavailable."""
        ...

    def write_marks(self, tenant_id: str, session: date, marks: Document) -> None:
        """Replace the stored marks of a session. Raises StoreUnavailable."""
        ...

    def staged(self, tenant_id: str, first: date | None = None) -> Iterable[tuple[str, Document]]:
        """Yield (id, document) of staged documents, from a session on, oldest first. Raises StoreUnavailable."""
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
    """Where jobs record their status."""

    def job(self, tenant_id: str, job_id: str) -> Document | None:
        """Return a job's record. Raises StoreUnavailable."""
        ...

    def write_job(self, tenant_id: str, job_id: str, document: Document) -> None:
        """Merge fields into a job's record. Raises StoreUnavailable."""
        ...
