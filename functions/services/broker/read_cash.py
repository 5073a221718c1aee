"""Read what the ledger recorded that changed the account's cash."""

from __future__ import annotations

from collections.abc import Iterable

from functions.domain.broker.cash import TOLD_LATE_BY, CashChange, cash_of
from functions.domain.ledger.books import Checkpoint
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.orchestration.drift import CashKnown
from functions.services.ledger.books import newest_checkpoint
from functions.services.ledger.ports import LedgerReader
from functions.services.ledger.read_ledger import SkippedDocuments, read_events


def cash_change(ledger: LedgerReader, tenant_id: str, since: CashKnown) -> CashChange:
    """
    Return how what the ledger recorded since a comparison changed cash.

    It counts what happened since then or, reported late, up to `TOLD_LATE_BY` before. Raises StoreUnavailable.
    """
    opening = newest_checkpoint(ledger, tenant_id, since.as_of - TOLD_LATE_BY) or Checkpoint.empty()
    entries = [one for one in ledger.entries(tenant_id, opening.at) if one.is_recorded and one.is_timed]
    before = [one for one in entries if one.document["ledger_version"] <= since.ledger_version]

    def cash(told: Iterable[LedgerEntry]) -> float:
        documents = ((one.entry_id, one.document) for one in told)
        return cash_of(opening, read_events(tenant_id, documents, SkippedDocuments()))

    return CashChange(cash(entries) - cash(before), len(entries) - len(before))
