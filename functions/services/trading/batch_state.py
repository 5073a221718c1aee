"""Converts between stored documents and a batch: its initial state, and what it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.policy import Policy
from functions.domain.trading.ledger_batch import LedgerBatch
from functions.domain.trading.redemption import Redemption
from functions.domain.trading.reported_fills import FillResult
from functions.services.kernel.ports import Document, Versioned
from functions.services.trading.ports import TradingRecords, TradingWrites
from functions.services.trading.redeem_signals import book_or_closed, current_session, policy_or_none, read_redemption


@dataclass(frozen=True, slots=True)
class RecordedBatch:
    """The outcome of a batch."""

    results: list[FillResult]
    """In the order in which they were reported."""
    ledger_version: int
    """The ledger's version that includes them."""

    @classmethod
    def of(cls, batch: LedgerBatch) -> RecordedBatch:
        return cls(batch.results, batch.current.ledger_version)


def state_of(
    tenant_id: str, uid: str, now: datetime, records: TradingRecords, policy_defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the initial state of a `LedgerBatch`. Raises DamagedDocument."""
    return {
        "tenant_id": tenant_id,
        "uid": uid,
        "now": now,
        "policy": policy_or_none(policy_defaults, records.policy) or Policy(),
        "current": current_session(records),
        "book": book_or_closed(records),
        "redemptions": _redeemed(records),
        "stored": {entry_id: one.value for entry_id, one in records.fills.items()},
    }


def writes_of(
    batch: LedgerBatch, records: TradingRecords, modes: Mapping[str | None, Document] | None = None
) -> TradingWrites:
    """
    Return what a batch writes.

    Parameters
    ----------
    records : TradingRecords
        The state it was based on.
    modes : mapping, optional
        Fields to set of modes documents, by user.
    """
    before, session = _redeemed(records), batch.current.to_fields(batch.now)
    if batch.current.breaker != current_session(records).breaker:
        session["breaker"] = batch.current.breaker.to_document()
    return TradingWrites(
        session=session,
        positions=batch.book.to_document(batch.now) if batch.book.is_open else None,
        redemptions={nonce: one.to_document() for nonce, one in batch.redemptions.items() if one != before.get(nonce)},
        new_fills=batch.ledger,
        adopted_fills={
            entry_id: Versioned(fields, records.fills[entry_id].version) for entry_id, fields in batch.adopted.items()
        },
        modes=modes or {},
    )


def _redeemed(records: TradingRecords) -> dict[str, Redemption]:
    return {nonce: read_redemption(document) for nonce, document in records.redemptions.items()}
