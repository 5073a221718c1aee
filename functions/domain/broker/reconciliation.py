"""
Compare a broker's reports with the books, over the union of both sides; separate what lasts from what is in transit.

A difference is drift once it is present in two complete reads between which nothing happened to its symbol: both
figures are unchanged. The figures show whether anything happened, as a cursor advances with the clock. For a symbol
that is traded in every cycle, the same difference becomes drift after a while, too.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from functions.domain.broker.account import AssetClass, BrokerPosition
from functions.domain.broker.likely_kinds import Evidence, likely_kind, with_renamings
from functions.domain.broker.orders import BrokerOrder
from functions.domain.broker.snapshot import BrokerSnapshot
from functions.domain.kernel.symbols import canonical_symbol, pair_of
from functions.domain.orchestration.drift import Difference, DriftKind, Drifts, Subject, sorted_differences
from functions.domain.orchestration.position_book import Order

TOLERANCES: Mapping[AssetClass, float] = {AssetClass.STOCK: 1e-6, AssetClass.CRYPTO: 1e-7, AssetClass.OTHER: 1e-6}
"""Absolute tolerance of positions and open orders, units; in addition `ROUNDING` of the larger."""
ROUNDING = 1e-9
USD_TOLERANCE = 0.01
"""The same for reservations."""
READS_APART = timedelta(minutes=1)
"""Two reads closer than this count as one: a task that was delivered twice."""
BUSY_FOR = timedelta(minutes=30)
"""After this long the same difference is drift even if its symbol is constantly traded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Our own records of an account."""

    positions: Mapping[str, float] | None
    """Signed units by canonical symbol, owned and unowned; None: unknown."""
    costs: Mapping[str, float] = field(default_factory=dict)
    """Their cost, signed USD."""
    orders: Mapping[str, Order] = field(default_factory=dict)
    """Redeemed signals with an open outcome, by nonce, which is their order's ``client_order_id``."""
    reserved: Mapping[str, float] = field(default_factory=dict)
    """Buying power that they hold, USD by nonce."""
    unowned: Mapping[str, float] = field(default_factory=dict)
    """The unowned part of the positions."""
    ledger_version: int | None = None
    """The ledger's version that this is based on."""


def reconciled(before: Drifts, books: Books, seen: BrokerSnapshot) -> Drifts:
    """
    Return the current differences, given the previous ones.

    An incomplete read ends differences but begins none: the books may lack what it did not report. While the books are
    unknown, everything stays as it was. A read older than the last one changes nothing.
    """
    if any(one.read_at > seen.as_of for one in before.differences if one.subject is not Subject.CASH):
        return before
    known = replace(before, unowned=books.unowned, ledger_version=books.ledger_version)
    if books.positions is None:
        return replace(known, unknown_because="the position book is not open")
    found = {one.key: one for one in (*_positions(books, seen), *_orders(books, seen))}
    was = {one.key: one for one in before.differences}
    carried = (_carried(was.get(key), one, seen) for key, one in found.items())
    cash = (one for one in before.differences if one.subject is Subject.CASH)
    differences = sorted_differences((*(one for one in carried if one is not None), *cash))
    return replace(known, differences=differences, unknown_because=None)


def _carried(known: Difference | None, now: Difference, seen: BrokerSnapshot) -> Difference | None:
    """Return a difference after this read; None: it is dropped."""
    if not seen.activities_complete or known is None:
        return known if known is not None or not seen.activities_complete else now
    tolerance = _tolerance_of(now)
    if _is_same(known.broker, now.broker, tolerance) and _is_same(known.book, now.book, tolerance):
        return replace(known, is_drift=known.is_drift or seen.as_of - known.read_at >= READS_APART)
    if known.is_drift:
        return replace(now, since=known.since, is_drift=True)
    if not _is_same(known.amount, now.amount, tolerance):
        return now
    return replace(now, since=known.since, is_drift=seen.as_of - known.since >= BUSY_FOR)


def _positions(books: Books, seen: BrokerSnapshot) -> list[Difference]:
    held: dict[str, list[BrokerPosition]] = defaultdict(list)
    for one in seen.positions:
        held[canonical_symbol(one.symbol)].append(one)
    ours = books.positions or {}
    found = []
    for symbol in sorted({*held, *ours}):
        theirs = held.get(symbol, [])
        broker, book = math.fsum(one.qty for one in theirs), ours.get(symbol, 0.0)
        asset_class = theirs[0].asset_class if theirs else _class_of(symbol)
        if _is_same(broker, book, TOLERANCES[asset_class]):
            continue
        evidence = Evidence(
            asset_class=asset_class,
            broker=broker,
            book=book,
            broker_cost=_cost(theirs),
            book_cost=books.costs.get(symbol),
            orders=[one for one in books.orders.values() if one.symbol == symbol or symbol in one.qty_by_symbol],
        )
        price = theirs[0].price if theirs else None
        found.append(_found(Subject.POSITION, symbol, broker, book, likely_kind(evidence), seen.as_of, price))
    return with_renamings(found)


def _orders(books: Books, seen: BrokerSnapshot) -> Iterator[Difference]:
    """Yield open orders without a redeemed signal, and reservations whose orders are not open."""
    is_open = {one.client_order_id for one in seen.open_orders}
    waiting = {nonce: one for nonce, one in books.orders.items() if nonce not in is_open}
    others = [one for one in seen.open_orders if one.client_order_id not in books.orders]
    strange: dict[str, list[BrokerOrder]] = defaultdict(list)
    for order in others:
        symbol = canonical_symbol(order.symbol)
        same = (nonce for nonce, one in waiting.items() if one.symbol in {"", symbol})
        replaced = next(same, None) if order.replaces else None
        if replaced is None:
            strange[symbol].append(order)
        else:  # it replaced one of our orders, and has an id from the broker
            del waiting[replaced]
    for symbol, orders in strange.items():
        units = _units_left(orders)
        yield _found(Subject.ORDERS, symbol, units, 0.0, DriftKind.MANUAL_TRADE, seen.as_of)
    usd: dict[str, float] = defaultdict(float)
    for nonce, one in waiting.items():
        usd[one.symbol] += books.reserved.get(nonce, 0.0)
    for symbol, reserved in usd.items():
        if reserved > USD_TOLERANCE:
            yield _found(Subject.RESERVATION, symbol, 0.0, reserved, DriftKind.MISSED_FILL, seen.as_of)


def _found(
    subject: Subject,
    symbol: str,
    broker: float | None,
    book: float | None,
    kind: DriftKind,
    at: datetime,
    price: float | None = None,
) -> Difference:
    return Difference(
        subject=subject, symbol=symbol, broker=broker, book=book, kind=kind, since=at, read_at=at, price=price
    )


def _units_left(orders: Iterable[BrokerOrder]) -> float | None:
    left = [None if one.qty is None else one.qty - one.filled_qty for one in orders]
    return None if None in left else math.fsum(one for one in left if one is not None)


def _cost(positions: Iterable[BrokerPosition]) -> float | None:
    costs = [None if one.average_price is None else one.qty * one.average_price for one in positions]
    return None if None in costs else math.fsum(one for one in costs if one is not None)


def _class_of(symbol: str) -> AssetClass:
    """Return the asset class of a symbol that the broker does not hold, by its spelling."""
    return AssetClass.CRYPTO if pair_of(symbol)[0] else AssetClass.STOCK


def _tolerance_of(one: Difference) -> float:
    if one.subject in {Subject.RESERVATION, Subject.CASH}:
        return USD_TOLERANCE
    return TOLERANCES[_class_of(one.symbol)]


def is_same_position(symbol: str, one: float | None, other: float | None) -> bool:
    """Return whether two quantities of a canonical symbol are equal, within the tolerance of its likely asset class."""
    return _is_same(one, other, TOLERANCES[_class_of(symbol)])


def _is_same(one: float | None, other: float | None, tolerance: float) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=tolerance)
