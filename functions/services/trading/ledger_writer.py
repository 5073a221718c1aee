"""What use cases that write to the ledger have in common."""

from __future__ import annotations

from functions.services.kernel.commits import Commits
from functions.services.kernel.ports import Clock
from functions.services.trading.apply_changes import ApplyChanges
from functions.services.trading.ports import EntryLedger, TradingStore


class LedgerWriter:
    """Base of use cases that build a batch on the stored state, and commit it with everything that it changes."""

    def __init__(self, store: TradingStore, ledger: EntryLedger, clock: Clock, commits: Commits) -> None:
        self._store = store
        self._changes = ApplyChanges(store, ledger)
        self._clock = clock
        self._commits = commits
