"""A ledger store that collects what it is given to write, and writes it only if asked to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from google.cloud.firestore import Client

from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.services.kernel.ports import Document, Version
from functions.services.ledger.ports import DayWrites


class RecordingLedgerStore(FirestoreLedgerStore):
    """
    `LedgerStore` for people: reads the real one, and shows what it would write.

    Parameters
    ----------
    writes : bool
        False for a dry run: nothing is stored.
    """

    def __init__(self, db: Client, *, writes: bool) -> None:
        super().__init__(db)
        self._writes = writes
        self.snapshots: dict[str, Document] = {}
        """Performance documents by id."""
        self._staged: dict[str, Document] = {}

    def commit_day(self, tenant_id: str, writes: DayWrites, head_version: Version | None) -> Version:
        version = super().commit_day(tenant_id, writes, head_version) if self._writes else Version("dry run")
        self._staged = {name: one for name, one in self._staged.items() if name not in writes.unstaged}
        self._staged |= writes.staged
        self.snapshots |= writes.snapshots
        return version

    def staged(self, tenant_id: str, first: date | None = None) -> Iterator[tuple[str, Document]]:
        yield from super().staged(tenant_id, first)
        if not self._writes:
            yield from self._staged.items()

    def write_marks(self, tenant_id: str, session: date, marks: Document) -> None:
        if self._writes:
            super().write_marks(tenant_id, session, marks)

    def write_snapshots(self, tenant_id: str, snapshots: Mapping[str, Document]) -> None:
        if self._writes:
            super().write_snapshots(tenant_id, snapshots)
        self.snapshots |= snapshots

    def write_windows(self, tenant_id: str, windows: Mapping[str | None, Document]) -> None:
        if self._writes:
            super().write_windows(tenant_id, windows)
