"""Adopt what users' own code wrote to the ledger: count it once, like what clients report."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from functions.domain.kernel.errors import FillError, InputError
from functions.domain.kernel.parsing import is_document_id
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.ledger.events import EntryKind, kind_of
from functions.domain.ledger.fills import Fill, parse_fill
from functions.domain.trading.entry_batch import EntryBatch
from functions.domain.trading.fill_batch import FillBatch, nonce_of
from functions.domain.trading.ledger_batch import LedgerBatch
from functions.domain.trading.reported_fills import FillResult
from functions.services.kernel.ports import Document
from functions.services.trading.batch_state import state_of
from functions.services.trading.ledger_writer import LedgerWriter

logger = logging.getLogger("maestro")


class AdoptFills(LedgerWriter):
    """The use case; keep one per process."""

    def run(
        self, tenant_id: str, entry_id: str, document: Document, policy_defaults: Mapping[str, Any]
    ) -> FillResult | None:
        """
        Adopt one ledger document of any kind; repeating it changes nothing.

        Parameters
        ----------
        document : mapping
            As its writer created it.

        Returns
        -------
        FillResult or None
            None if there is nothing to do: Maestro wrote or already adopted it, or it is malformed or gone.

        Raises
        ------
        RefusedError
            With CONTENTION.
        StoreUnavailable
            If it is unknown whether it was adopted: try again.
        """
        if document.get("ledger_version") is not None:
            return None
        nonce, of = nonce_of(document), document.get("of")
        ids = [entry_id, *([of] if is_document_id(of) else [])]

        def attempt() -> FillResult | None:
            return self._attempt(tenant_id, ids, [] if nonce is None else [nonce], policy_defaults)

        try:
            result = self._commits.run(tenant_id, attempt)
        except InputError as error:
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
        self, tenant_id: str, ids: list[str], nonces: list[str], policy_defaults: Mapping[str, Any]
    ) -> FillResult | None:
        entry_id, *of = ids
        records = self._store.read(tenant_id, nonces, ids)
        stored = records.fills.get(entry_id)
        if stored is None or stored.created_at is None:
            return None
        entry = LedgerEntry(entry_id, stored.value, stored.created_at)
        if entry.is_recorded:
            return None
        state = state_of(tenant_id, "", self._clock.now(), records, policy_defaults)
        batch: LedgerBatch
        if kind_of(entry.document) is EntryKind.FILL:
            batch = self._adopt_fill(tenant_id, entry, FillBatch(**state))
        else:
            batch = EntryBatch(**state)
            batch.adopt(entry, batch.stored.get(of[0]) if of else None)
        whole = {entry_id: {**entry.document, **batch.adopted[entry_id]}}
        self._changes.commit(tenant_id, batch, records, whole)
        return batch.results[0]

    def _adopt_fill(self, tenant_id: str, entry: LedgerEntry, batch: FillBatch) -> FillBatch:
        fill = parse_fill(entry.entry_id, entry.document)
        ts = self._first_ts(tenant_id, fill)
        whole = {entry.entry_id: {**entry.document, "ts": ts}}
        changes = self._changes.of_instant(tenant_id, ts, whole)
        is_amended = not changes.is_only(entry.entry_id)
        batch.adopt(entry, is_amended=is_amended, ts=ts, added_cost=changes.added_cost)
        return batch

    def _first_ts(self, tenant_id: str, fill: Fill) -> datetime:
        """Return the time of a fill's first recorded revision; its own if there is no other."""
        broker_fill_id = fill.order[0]
        if fill.execution is None:
            return fill.at
        for one in self._changes.revisions(tenant_id, broker_fill_id.rpartition(".")[0]):
            try:
                other = parse_fill(one.entry_id, one.document)
            except FillError:  # it counts nowhere, and readers of the ledger report it
                continue
            if other.execution == fill.execution:
                return other.at
        return fill.at
