"""A tenant's books for the dashboard: curves of a strategy, open lots and reserved buying power."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from functions.domain.kernel.book_names import book_of
from functions.domain.kernel.errors import DamagedDocument, InputError, RefusedError
from functions.domain.kernel.policy import MAX_WINDOW_DAYS, Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.checkpoints import read_checkpoint
from functions.domain.ledger.fifo import Lots
from functions.domain.ledger.fills import BookKey
from functions.domain.orchestration.identity import shown_nonce
from functions.domain.track_record.curves import StrategyCurves, strategy_curves
from functions.domain.track_record.daily_returns import check_daily, day_of
from functions.domain.trading.reservations import Reservation
from functions.services.kernel.damage import reading
from functions.services.ledger.ports import LedgerStore
from functions.services.monitoring.ports import RecordStore
from functions.services.trading.ports import TradingStore
from functions.services.trading.redeem_signals import current_session, read_redemption

DOCUMENTS_PER_DAY = 8
"""
Of one strategy: one per user, and one on paper. With more users the oldest days are left out.

A curve of D days reads at most (D + `MAX_WINDOW_DAYS`) times as many, plus one: 4 721 documents for 500 days.
"""
MOST_BOOKS = 500
MOST_RESERVATIONS = 200
_END_OF_TIME = datetime(9998, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """All open lots of one (uid, strategy, symbol)."""

    uid: str
    strategy_id: str
    symbol: str
    book: str
    qty: float
    """Units; negative if short."""
    average_price: float
    """USD per unit."""
    mark: float
    """The last price known at the snapshot, USD per unit."""
    unrealized_pnl: float
    """USD, net of the costs carried."""
    lots: int


@dataclass(frozen=True, slots=True)
class OpenPositions:
    """What was held at the last nightly snapshot."""

    as_of: datetime | None
    """None before the first snapshot."""
    items: tuple[OpenPosition, ...]
    is_truncated: bool


@dataclass(frozen=True, slots=True)
class Reserved:
    """What one redeemed signal holds."""

    nonce_prefix: str
    strategy_id: str
    symbol: str
    action: str
    status: str
    notional: float
    """Reserved but not filled, USD."""
    spent: float
    """Filled but not yet in the account snapshot, USD."""
    redeemed_at: datetime
    lapses_at: datetime
    is_lapsed: bool


@dataclass(frozen=True, slots=True)
class AllReserved:
    """A tenant's buying power, and what holds it."""

    buying_power: float | None
    buying_power_as_of: datetime | None
    held: float
    """USD."""
    ledger_version: int
    """How many fills are on record."""
    items: tuple[Reserved, ...]
    """Newest first."""


def curves_of(store: RecordStore, tenant_id: str, strategy_id: str, days: int, policy: Policy) -> StrategyCurves:
    """
    Return a strategy's curves over its latest days.

    Raises
    ------
    RefusedError
        With NOT_FOUND, if it has no daily performance.
    DamagedDocument, StoreUnavailable
    """
    most = (days + MAX_WINDOW_DAYS) * DOCUMENTS_PER_DAY
    page = store.performance(tenant_id, {"period": "day", "strategy_id": strategy_id}, most, None)
    if not page.items:
        raise RefusedError(ReasonCode.NOT_FOUND, f"{strategy_id} has no daily performance yet: it needs fills first")
    documents = [document for _, document in page.items]
    for document in documents:
        with reading(document):
            check_daily(document)
    if page.next_page_token is not None:  # the oldest day may be incomplete
        oldest = day_of(documents[-1])
        documents = [document for document in documents if day_of(document) > oldest]
    try:
        return strategy_curves(documents, days, policy)
    except InputError as error:  # two valid figures may still give no valid return
        raise DamagedDocument(
            f"a day of {strategy_id} in strategy_performance", "pnl, capital_base", error.limit, "another number"
        ) from error


def open_positions(store: LedgerStore, tenant_id: str) -> OpenPositions:
    """
    Return open lots as of the newest checkpoint.

    Raises
    ------
    DamagedDocument, StoreUnavailable
    """
    checkpoint = store.checkpoint(tenant_id, _END_OF_TIME)
    with reading(checkpoint, "the next nightly snapshot rebuilds them from the ledger"):
        books = read_checkpoint(checkpoint)
        keys = sorted(books.lots, key=lambda key: (key.strategy_id, key.symbol, key.uid))
        try:
            items = tuple(_position(key, books.lots[key], books.marks[key.symbol]) for key in keys[:MOST_BOOKS])
        except ZeroDivisionError as error:  # lots of no quantity have no average price
            raise InputError("signed_quantity", "other than 0", 0.0) from error
    return OpenPositions(books.at, items, len(keys) > MOST_BOOKS)


def _position(key: BookKey, lots: Lots, mark: float) -> OpenPosition:
    return OpenPosition(
        uid=key.uid,
        strategy_id=key.strategy_id,
        symbol=key.spelled,
        book=book_of(key.uid),
        qty=lots.quantity,
        average_price=float(np.average(lots.price, weights=np.abs(lots.signed_quantity))),
        mark=mark,
        unrealized_pnl=lots.unrealized(mark),
        lots=int(lots.price.size),
    )


def all_reserved(store: TradingStore, tenant_id: str, now: datetime) -> AllReserved:
    """
    Return what is reserved: the total in ``held``, and the latest reservations one by one.

    Raises
    ------
    DamagedDocument, StoreUnavailable
    """
    reservations = current_session(store.read(tenant_id, [])).reservations
    newest = sorted(reservations, key=lambda nonce: reservations[nonce].lapses_at, reverse=True)
    # Read again with its redemptions, so that total and outcomes are of one instant.
    records = store.read(tenant_id, newest[:MOST_RESERVATIONS])
    current = current_session(records)
    spent = current.spent()
    items = [
        _reserved(document, current.reservations[nonce], spent.get(nonce, 0.0), now)
        for nonce, document in records.redemptions.items()
        if nonce in current.reservations
    ]
    return AllReserved(
        None if current.buying_power.usd is None else float(current.buying_power.usd),
        current.buying_power.as_of,
        current.held(now),
        current.ledger_version,
        tuple(sorted(items, key=lambda one: one.redeemed_at, reverse=True)),
    )


def _reserved(document: Mapping[str, Any], reservation: Reservation | None, spent: float, now: datetime) -> Reserved:
    redemption = read_redemption(document)
    reservation = reservation or Reservation(0.0, redemption.lapses_at)
    is_lapsed = reservation.notional > 0 and now >= reservation.lapses_at
    reserved = 0.0 if is_lapsed else reservation.notional
    return Reserved(
        nonce_prefix=shown_nonce(redemption.nonce),
        strategy_id=redemption.strategy_id,
        symbol=redemption.symbol,
        action=str(redemption.action),
        status=str(redemption.status),
        notional=reserved,
        spent=spent,
        redeemed_at=redemption.redeemed_at,
        lapses_at=reservation.lapses_at,
        is_lapsed=is_lapsed,
    )
