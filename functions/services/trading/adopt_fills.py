"""Take in fills that users' own code wrote to the ledger: count them as those that clients report, once each."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from functions.domain.kernel.errors import FillError
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.trading.fill_batch import FillBatch, nonce_of
from functions.domain.trading.reported_fills import FillResult
from functions.services.kernel.commits import Commits
from functions.services.kernel.ports import Clock, Document, Versioned
from functions.services.trading.ports import TradingStore
from functions.services.trading.record_fills import writes_of
from functions.services.trading.redeem_signals import book_or_closed, current_session, policy_or_none, read_redemption

logger = logging.getLogger("maestro")


class AdoptFills:
    """The use case; keep one per process."""

    def __init__(self, store: TradingStore, clock: Clock, commits: Commits) -> None:
        self._store = store
        self._clock = clock
        self._commits = commits

    def run(
        self, tenant_id: str, entry_id: str, document: Document, policy_defaults: Mapping[str, Any]
    ) -> FillResult | None:
        """
        Take in one ledger document; doing it again changes nothing.

        Parameters
        ----------
        document : mapping
            As its writer created it.

        Returns
        -------
        FillResult or None
            None if there is nothing to do: Maestro wrote it itself, has it already, or it is malformed or gone.

        Raises
        ------
        RefusedError
            With CONTENTION.
        StoreUnavailable
            If it is not known to be taken in: try again.
        """
        if document.get("ledger_version") is not None:
            return None
        nonce = nonce_of(document)
        try:
            result = self._commits.run(tenant_id, lambda: self._attempt(tenant_id, entry_id, nonce, policy_defaults))
        except FillError as error:
            extra = {"tenant": tenant_id, "reason_code": str(ReasonCode.MALFORMED_FILL)}
            logger.warning("Ledger document left out of the position book: %s", error, extra=extra)
            return None
        if result is not None:
            level = logging.INFO if result.reason_code is None else logging.WARNING
            code = None if result.reason_code is None else str(result.reason_code)
            odd = {"tenant": tenant_id, "reason_code": code}
            logger.log(level, "Ledger document %s taken in", entry_id, extra=odd)
        return result

    def _attempt(
        self, tenant_id: str, entry_id: str, nonce: str | None, policy_defaults: Mapping[str, Any]
    ) -> FillResult | None:
        records = self._store.read(tenant_id, [] if nonce is None else [nonce], [entry_id])
        stored = records.fills.get(entry_id)
        if stored is None or stored.created_at is None:
            return None
        entry = LedgerEntry(entry_id, stored.value, stored.created_at)
        if entry.is_recorded:
            return None
        redeemed = {name: read_redemption(one) for name, one in records.redemptions.items()}
        batch = FillBatch(
            tenant_id=tenant_id,
            uid="",
            now=self._clock.now(),
            policy=policy_or_none(policy_defaults, records.policy) or Policy(),
            current=current_session(records),
            book=book_or_closed(records),
            redemptions=dict(redeemed),
        )
        batch.adopt(entry)
        adopted = {name: Versioned(fields, stored.version) for name, fields in batch.adopted.items()}
        writes = replace(writes_of(batch, redeemed), adopted_fills=adopted)
        self._store.commit(tenant_id, writes, records.session.version)
        return batch.results[0]
