"""A ledger store that keeps what it is told to write, and writes it only if asked to."""

from __future__ import annotations

from collections.abc import Mapping

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

    def commit_day(self, tenant_id: str, writes: DayWrites, head_version: Version | None) -> Version:
        version = super().commit_day(tenant_id, writes, head_version) if self._writes else Version("dry run")
        self.snapshots |= writes.snapshots
        return version

    def write_snapshots(self, tenant_id: str, snapshots: Mapping[str, Document]) -> None:
        if self._writes:
            super().write_snapshots(tenant_id, snapshots)
        self.snapshots |= snapshots

    def write_windows(self, tenant_id: str, windows: Mapping[str | None, Document]) -> None:
        if self._writes:
            super().write_windows(tenant_id, windows)
