"""Record ledger entries other than fills: corporate actions, cash, flows, voids and corrections, once each."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from functions.domain.trading.entry_batch import EntryBatch
from functions.domain.trading.reported_entries import ReportedEntry
from functions.services.trading.batch_state import RecordedBatch, state_of
from functions.services.trading.ledger_writer import LedgerWriter

logger = logging.getLogger("maestro")


class RecordEntries(LedgerWriter):
    """The use case; keep one per process."""

    def run(
        self,
        tenant_id: str,
        uid: str,
        entries: Sequence[ReportedEntry],
        policy_defaults: Mapping[str, Any],
        *,
        is_backfill: bool = False,
    ) -> RecordedBatch:
        """
        Record a batch of entries; reporting them again changes nothing.

        Position book, paper positions, sizes under way and account breakers are updated in the same commit.

        Parameters
        ----------
        is_backfill : bool
            Whether an operator records them: then of any age.

        Raises
        ------
        InputError
            If a new one is malformed, dated ahead, too old, or amends an entry that does not exist: none is recorded.
        RefusedError
            With CONTENTION.
        StoreUnavailable
            If it is unknown whether they were recorded: report them again.
        """
        ids = sorted({one.entry_id for one in entries} | {one.of for one in entries if one.of is not None})

        def attempt() -> RecordedBatch:
            records = self._store.read(tenant_id, [], ids)
            state = state_of(tenant_id, uid, self._clock.now(), records, policy_defaults)
            batch = EntryBatch(**state, is_backfill=is_backfill)
            for entry in entries:
                batch.add(entry)
            if batch.ledger:
                self._changes.commit(tenant_id, batch, records)
            return RecordedBatch.of(batch)

        recorded = self._commits.run(tenant_id, attempt)
        for entry, result in zip(entries, recorded.results, strict=True):
            code = None if result.reason_code is None else str(result.reason_code)
            level = logging.INFO if code is None else logging.WARNING
            extra = {"tenant": tenant_id, "reason_code": code}
            logger.log(level, "Ledger entry %s: %s %s", result.status, entry.kind, result.fill_id, extra=extra)
        return recorded
