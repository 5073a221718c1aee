"""Record fills in the ledger, once each, and settle the buying power that they used."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from functions.domain.orchestration.identity import shown_nonce
from functions.domain.trading.fill_batch import FillBatch
from functions.domain.trading.reported_fills import FillResult, ReportedFill
from functions.services.trading.batch_state import RecordedBatch, state_of
from functions.services.trading.ledger_writer import LedgerWriter

logger = logging.getLogger("maestro")


class RecordFills(LedgerWriter):
    """The use case; keep one per process."""

    def run(
        self,
        tenant_id: str,
        uid: str,
        fills: Sequence[ReportedFill],
        policy_defaults: Mapping[str, Any],
        *,
        is_backfill: bool = False,
    ) -> RecordedBatch:
        """
        Record a batch of fills; reporting them again changes nothing.

        A fill is a fact: even a late one, or one above its reservation, is recorded. Only a fill that contradicts the
        redeemed signal or the ledger is rejected.

        Parameters
        ----------
        is_backfill : bool
            Whether an operator records them: then of any age, already in the account, and holding no buying power.

        Raises
        ------
        InputError
            If a new one is dated ahead, or is older than the policy's ``max_fill_age_days``: none is recorded.
        RefusedError
            With CONTENTION.
        StoreUnavailable
            If it is unknown whether they were recorded: report them again.
        """
        recorded = self._commits.run(
            tenant_id, lambda: self._attempt(tenant_id, uid, fills, policy_defaults, is_backfill)
        )
        for fill, result in zip(fills, recorded.results, strict=True):
            _log(tenant_id, fill, result)
        return recorded

    def _attempt(
        self,
        tenant_id: str,
        uid: str,
        fills: Sequence[ReportedFill],
        policy_defaults: Mapping[str, Any],
        is_backfill: bool,
    ) -> RecordedBatch:
        nonces = sorted({fill.nonce for fill in fills if fill.nonce})
        records = self._store.read(tenant_id, nonces, sorted({one for fill in fills for one in fill.known_ids}))
        batch = FillBatch(
            **state_of(tenant_id, uid, self._clock.now(), records, policy_defaults), is_backfill=is_backfill
        )
        stems = {fill.ids.stem for fill in fills if fill.ids is not None and fill.ids.stem is not None}
        batch.revisions = {stem: self._changes.revisions(tenant_id, stem) for stem in stems}
        for fill in fills:
            batch.add(fill)
        if batch.ledger:
            self._changes.commit(tenant_id, batch, records)
        return RecordedBatch.of(batch)


def _log(tenant_id: str, fill: ReportedFill, result: FillResult) -> None:
    level = logging.INFO if result.reason_code is None else logging.WARNING
    logger.log(
        level,
        "Fill %s: %s %s %s at %s, nonce %s…",
        result.status,
        fill.side,
        fill.qty,
        fill.symbol,
        fill.price,
        shown_nonce(fill.nonce),
        extra={
            "tenant": tenant_id,
            "strategy": fill.strategy_id,
            "reason_code": None if result.reason_code is None else str(result.reason_code),
        },
    )
