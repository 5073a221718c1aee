"""Record fills in the ledger, once each, and settle what they used of the buying power."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.domain.kernel.policy import Policy
from functions.domain.orchestration.identity import shown_nonce
from functions.domain.trading.fill_batch import FillBatch
from functions.domain.trading.redemption import Redemption
from functions.domain.trading.reported_fills import FillResult, ReportedFill
from functions.services.kernel.commits import Commits
from functions.services.kernel.ports import Clock
from functions.services.trading.ports import TradingStore, TradingWrites
from functions.services.trading.redeem_signals import book_or_closed, current_session, policy_or_none, read_redemption

logger = logging.getLogger("maestro")


@dataclass(frozen=True, slots=True)
class RecordedFills:
    """What became of a batch of fills."""

    results: list[FillResult]
    """In the order they were reported."""
    ledger_version: int
    """The ledger's, with them in it."""


class RecordFills:
    """The use case; keep one per process."""

    def __init__(self, store: TradingStore, clock: Clock, commits: Commits) -> None:
        self._store = store
        self._clock = clock
        self._commits = commits

    def run(
        self,
        tenant_id: str,
        uid: str,
        fills: Sequence[ReportedFill],
        policy_defaults: Mapping[str, Any],
        *,
        is_backfill: bool = False,
    ) -> RecordedFills:
        """
        Record a batch of fills; reporting them again changes nothing.

        A fill is a fact: one that is late, or above what was reserved, is recorded all the same. Rejected is only what
        contradicts the redeemed signal, or the ledger.

        Parameters
        ----------
        is_backfill : bool
            An operator's: fills of any age, which are in the account already and hold no buying power.

        Raises
        ------
        InputError
            If one that is not in the ledger is dated ahead, or longer ago than the policy's ``max_fill_age_days``:
            none is recorded.
        RefusedError
            With CONTENTION.
        StoreUnavailable
            If they are not known to be recorded: report them again.
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
    ) -> RecordedFills:
        nonces = sorted({fill.nonce for fill in fills if fill.nonce})
        records = self._store.read(tenant_id, nonces, sorted({fill.fill_id for fill in fills}))
        redeemed = {nonce: read_redemption(document) for nonce, document in records.redemptions.items()}
        batch = FillBatch(
            tenant_id=tenant_id,
            uid=uid,
            now=self._clock.now(),
            policy=policy_or_none(policy_defaults, records.policy) or Policy(),
            current=current_session(records),
            book=book_or_closed(records),
            redemptions=dict(redeemed),
            is_backfill=is_backfill,
        )
        for fill in fills:
            stored = records.fills.get(fill.fill_id)
            batch.add(fill, None if stored is None else stored.value)
        if batch.ledger:
            self._store.commit(tenant_id, writes_of(batch, redeemed), records.session.version)
        return RecordedFills(batch.results, batch.current.ledger_version)


def writes_of(batch: FillBatch, redeemed: Mapping[str, Redemption]) -> TradingWrites:
    """Return what a batch writes; ``redeemed`` are the redemptions as they were read."""
    changed = {nonce: one.to_document() for nonce, one in batch.redemptions.items() if one != redeemed[nonce]}
    return TradingWrites(
        session=batch.current.to_fields(batch.now),
        positions=batch.book.to_document(batch.now) if batch.book.is_open else None,
        redemptions=changed,
        new_fills=batch.ledger,
    )


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
