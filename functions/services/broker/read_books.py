"""Read the books that are compared with a broker: strategies' and unowned positions, and orders under way."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import datetime

from functions.domain.broker.reconciliation import Books
from functions.domain.kernel.errors import InputError
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.orchestration.drift import Drifts
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.trading.ledger_positions import unowned_of
from functions.domain.trading.reservations import CurrentSession
from functions.services.broker.drift_ports import ReconciledRecords
from functions.services.kernel.damage import reading
from functions.services.ledger.open_lots import lots_since_checkpoint
from functions.services.ledger.ports import LedgerReader
from functions.services.ledger.read_ledger import SkippedDocuments

logger = logging.getLogger("maestro")


def read_books(ledger: LedgerReader, tenant_id: str, records: ReconciledRecords, known: Drifts, now: datetime) -> Books:
    """
    Return the stored books; unowned positions are counted from the ledger if it changed.

    Parameters
    ----------
    known : Drifts
        The last count of unowned positions, which is right for its version of the ledger.

    Raises
    ------
    DamagedDocument
        If the session cannot be read. A position book that cannot be read makes positions unknown.
    StoreUnavailable
    """
    with reading(records.session):
        session = CurrentSession.from_document(records.session)
    try:
        book = PositionBook.from_document(records.positions)
    except InputError as error:  # decisions report it as an input issue
        logger.error("The position book cannot be read: nothing is compared with it: %s", error)
        book = PositionBook()
    if book.opened_at is None:
        return Books(positions=None, unowned=known.unowned, ledger_version=known.ledger_version)
    version, unowned = session.ledger_version, known.unowned
    if known.ledger_version != version:
        unowned = _unowned(ledger, tenant_id, book.opened_at)
    positions = dict(unowned)
    costs: dict[str, float] = defaultdict(float)
    for (_, symbol), one in book.holdings.items():
        positions[symbol] = positions.get(symbol, 0.0) + one.qty
        costs[symbol] += one.qty * one.average_price
    return Books(
        positions=positions,
        costs={symbol: usd for symbol, usd in costs.items() if symbol not in unowned},
        orders={nonce: one for nonce, one in book.orders.items() if one.is_kept(now)},
        reserved={nonce: one.held(now) for nonce, one in session.reservations.items()},
        unowned=unowned,
        ledger_version=version,
    )


def _unowned(ledger: LedgerReader, tenant_id: str, opened_at: datetime) -> dict[str, float]:
    """Return what the ledger has booked as unowned, signed units by canonical symbol."""

    def is_counted(entry: LedgerEntry) -> bool:
        return entry.is_known_at(opened_at)

    return unowned_of(lots_since_checkpoint(ledger, tenant_id, is_counted, SkippedDocuments()))


def drifts_of(records: ReconciledRecords) -> Drifts:
    """Read the stored differences; a damaged record starts over."""
    try:
        return Drifts.from_document(records.drift.value)
    except InputError as error:
        logger.error("state/drift cannot be read and starts over: %s", error)
        return Drifts()
