"""All documents of a database in memory, by the paths that Firestore's have."""

from __future__ import annotations

import itertools
import threading
from datetime import datetime, timedelta

from functions.services.kernel.ports import Clock, Document
from tools.lab.engine.stores.collection import Collection

LOGS = "systemStatus/orchestration_logs/logs"
_TIMES = {
    "ledger_trades": ("ts", "created_at"),
    "shadow_pnl": ("timestamp",),
    "strategy_performance": ("period_start",),
    "checkpoints": ("at",),
}
"""The time fields by which collections are queried, by the end of their path."""


class Documents:
    """
    The collections that the stores of `tools.lab.engine.stores` share.

    Parameters
    ----------
    clock : Clock
        The store's own, which says when a document was stored.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ticks = itertools.count()
        self._collections: dict[str, Collection] = {}
        self.lock = threading.Lock()
        """Held during a commit, so that it is whole for every other writer."""

    def tick(self) -> datetime:
        """Return the store's time; no two are the same."""
        return self._clock.now() + timedelta(microseconds=next(self._ticks))

    def collection(self, path: str) -> Collection:
        found = self._collections.get(path)
        if found is None:
            found = Collection(self.tick, _TIMES.get(path.rpartition("/")[2], ()))
            found = self._collections.setdefault(path, found)
        return found

    def of(self, tenant_id: str, name: str) -> Collection:
        """Return a collection of a tenant: ``state``, ``ledger_trades``, ``state/ledger/marks`` …"""
        return self.collection(f"tenants/{tenant_id}/{name}")

    def put(self, path: str, document: Document) -> None:
        folder, _, name = path.rpartition("/")
        self.collection(folder).put(name, document)

    def get(self, path: str) -> Document | None:
        folder, _, name = path.rpartition("/")
        return self.collection(folder).get(name)

    def all(self) -> dict[str, Document]:
        """Return every document by its path."""
        return {f"{path}/{name}": one for path, folder in self._collections.items() for name, one in folder.items()}
