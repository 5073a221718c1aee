"""Reconcile: compare a broker's report with the books, and store the differences in ``state/drift``."""

from __future__ import annotations

import logging

from functions.domain.broker.cash import is_due, with_cash
from functions.domain.broker.reconciliation import reconciled
from functions.domain.broker.snapshot import BrokerSnapshot
from functions.domain.orchestration.drift import Drifts
from functions.services.broker.drift_ports import DriftStore
from functions.services.broker.read_books import drifts_of, read_books
from functions.services.broker.read_cash import cash_change
from functions.services.kernel.commits import Commits
from functions.services.kernel.ports import Clock
from functions.services.ledger.ports import LedgerReader

logger = logging.getLogger("maestro")


class Reconcile:
    """The use case, a `Reconciler`; keep one per process."""

    def __init__(self, store: DriftStore, ledger: LedgerReader, clock: Clock, commits: Commits) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._commits = commits

    def reconcile(self, tenant_id: str, seen: BrokerSnapshot) -> None:
        """
        Compare a snapshot with the books, once its activities are booked; repeating it changes nothing.

        It writes only if a difference, or the count of unowned positions, changed.

        Raises
        ------
        DamagedDocument
            If the session cannot be read.
        RefusedError
            With CONTENTION.
        StoreUnavailable
        """

        def attempt() -> tuple[Drifts, Drifts]:
            records = self._store.read(tenant_id)
            before = drifts_of(records)
            after = reconciled(before, read_books(self._ledger, tenant_id, records, before, seen.as_of), seen)
            if is_due(after, seen):
                change = None if after.cash is None else cash_change(self._ledger, tenant_id, after.cash)
                after = with_cash(after, seen, change)
            if after != before:
                self._store.put_drift(tenant_id, after.to_document(self._clock.now()), records.drift)
            return before, after

        _log(tenant_id, *self._commits.run(f"{tenant_id}/drift", attempt))


def _log(tenant_id: str, before: Drifts, after: Drifts) -> None:
    was, now = ({one.key: one for one in drifts.lasting} for drifts in (before, after))
    for key in sorted({*was, *now}):
        if key not in was:
            logger.warning("Broker and books differ: %s", now[key], extra={"tenant": tenant_id})
        elif key not in now:
            logger.info("Broker and books agree again: %s", was[key], extra={"tenant": tenant_id})
