"""
Performance of a period: the profit realised in it, and the value of open lots at its end.

A period is half-open, [start, end). Its profit is the realised profit plus the change of the unrealised profit, so that
periods add up to the total.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.capital import Capital
from functions.domain.ledger.carry import CarriedBook, Grouped, carry
from functions.domain.ledger.events import Cash, Event, Flow
from functions.domain.ledger.fifo import Lots
from functions.domain.ledger.fills import BookKey, Fill
from functions.domain.ledger.grants import NO_GRANT, Grant
from functions.domain.track_record.cumulative_moments import ByStrategy

OpenLots = Mapping[BookKey, Lots]

PAGE_SIZE = 10_000
"""Events held in memory at once."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tenant's books at one instant, as the fills before it left them."""

    at: datetime | None
    """The instant; None before the first fill."""
    lots: OpenLots
    marks: Mapping[str, float]
    """The last known price of every symbol held, USD by canonical symbol."""
    grants: Mapping[BookKey, Grant] = field(default_factory=dict)
    """What each open book was granted beyond its cost; a missing book was granted nothing more."""
    owners: frozenset[tuple[str, str]] = frozenset()
    """Every (uid, strategy) seen so far: one without a position still has days, with return 0."""
    moments: ByStrategy | None = None
    """Of every strategy's sessions so far; None if they were not counted."""

    @classmethod
    def empty(cls) -> Checkpoint:
        return cls(None, {}, {}, moments={})


@dataclass(frozen=True, slots=True)
class PeriodResult:
    """One (uid, strategy) in one period; USD."""

    uid: str
    strategy_id: str
    realized_pnl: float = 0.0
    """In the period, net of costs; including dividends, interest, funding and fees without a trade."""
    unrealized_pnl: float = 0.0
    """At the end of the period, net of costs carried."""
    pnl: float = 0.0
    """Realised plus the change of the unrealised profit."""
    fees: float = 0.0
    """Charged in the period, even if not realised yet."""
    fills: int = 0
    stale_marks: tuple[str, ...] = ()
    """Symbols valued at an older price because there is none at the period's end."""
    income: float = 0.0
    """Dividends, interest and funding; included in the realised profit."""
    turnover: float = 0.0
    """Units times price of all trades; positions that an operator assigned are not trades."""
    trading_fees: float = 0.0
    """Those of fills, a part of ``fees``; negative if rebates exceed fees."""
    slippage: float = 0.0
    """As stated by fills, in addition to their prices."""
    capital: Capital = field(default_factory=Capital)
    flows: float = 0.0
    """Deposits into the whole account less withdrawals; not part of any profit."""


def compute_period(
    opening: Checkpoint, events: Iterable[Event], marks: Mapping[str, float], end: datetime
) -> tuple[list[PeriodResult], Checkpoint]:
    """
    Carry books over one period.

    Parameters
    ----------
    opening : Checkpoint
        The books at the period's start.
    events : iterable of Event
        Of the period, in any order.
    marks : mapping
        Closing prices at the period's end, USD by symbol; a symbol without one keeps its last price.
    end : datetime
        The period's end, the instant of the closing checkpoint.

    Returns
    -------
    tuple
        A result for every (uid, strategy) ever seen, in their order, and the books at the end.
    """
    grouped = Grouped.of(events)
    given = {canonical_symbol(symbol): price for symbol, price in marks.items()}
    known = {**_last_prices(opening, grouped), **given}

    results = {owner: PeriodResult(*owner) for owner in opening.owners}
    lots: dict[BookKey, Lots] = {}
    grants: dict[BookKey, Grant] = {}
    for key in sorted({*opening.lots, *grouped.fills}):
        book, symbol = grouped.fills.get(key, []), key.symbol
        before = opening.lots.get(key, Lots.none())
        carried = carry(before, book, grouped.actions_of(symbol), opening.grants.get(key, NO_GRANT))
        is_open = carried.lots.price.size > 0
        if is_open:
            lots[key], grants[key] = carried.lots, carried.grant
        results[key.owner] = _added(
            results.get(key.owner, PeriodResult(*key.owner)),
            carried,
            start_value=before.unrealized(opening.marks[symbol]) if before.price.size else 0.0,
            end_value=carried.lots.unrealized(known[symbol]) if is_open else 0.0,
            before=before,
            symbol=symbol,
            book=book,
            stale=key.spelled if is_open and symbol not in given else None,
        )
    for cash in grouped.cash:
        results[cash.owner] = _paid(results.get(cash.owner, PeriodResult(*cash.owner)), cash)
    held = {key.symbol for key in lots}
    last_prices = {symbol: known[symbol] for symbol in sorted(held)}
    closing = Checkpoint(end, lots, last_prices, grants, frozenset(results))
    return [replace(results[owner], flows=grouped.flows) for owner in sorted(results)], closing


def compute_period_in_pages(
    opening: Checkpoint, events: Iterable[Event], marks: Mapping[str, float], end: datetime, page_size: int = PAGE_SIZE
) -> tuple[list[PeriodResult], Checkpoint]:
    """
    Like `compute_period`, with memory for only one page of events.

    Parameters
    ----------
    events : iterable of Event
        Of the period, oldest first; those of one instant may be in any order.
    page_size : int
        Events held at once; those of one instant are never split between pages.
    """
    totals: dict[tuple[str, str], PeriodResult] = {}
    books, flows = opening, 0.0
    for page, is_last in pages_of(events, page_size):
        is_first = books is opening
        results, books = compute_period(books, page, marks if is_last else {}, end)
        flows += sum(event.usd for event in page if isinstance(event, Flow))
        for result in results:
            owner = (result.uid, result.strategy_id)
            before = totals.get(owner, PeriodResult(*owner))
            totals[owner] = replace(
                result,
                realized_pnl=before.realized_pnl + result.realized_pnl,
                pnl=before.pnl + result.pnl,
                fees=before.fees + result.fees,
                fills=before.fills + result.fills,
                income=before.income + result.income,
                turnover=before.turnover + result.turnover,
                trading_fees=before.trading_fees + result.trading_fees,
                slippage=before.slippage + result.slippage,
                capital=result.capital if is_first else before.capital.followed_by(result.capital),
            )
    return [replace(totals[owner], flows=flows) for owner in sorted(totals)], books


def pages_of(events: Iterable[Event], page_size: int) -> Iterator[tuple[list[Event], bool]]:
    """Yield events in pages, with a flag for the last one; there is always a last page."""
    page: list[Event] = []
    for event in events:
        if len(page) >= page_size and event.at != page[-1].at:
            yield page, False
            page = []
        page.append(event)
    yield page, True


def _last_prices(opening: Checkpoint, grouped: Grouped) -> dict[str, float]:
    """Return the last known price of every symbol, USD per unit after the period's splits."""
    marks = {symbol: mark / grouped.actions_of(symbol).ratio for symbol, mark in opening.marks.items()}
    last_fills = sorted((book[-1] for book in grouped.fills.values()), key=lambda fill: fill.sort_key)
    traded = {
        fill.key.symbol: fill.price / grouped.actions_of(fill.key.symbol).ratio_after(fill.at) for fill in last_fills
    }
    return {**marks, **traded}


def _added(
    result: PeriodResult,
    carried: CarriedBook,
    *,
    start_value: float,
    end_value: float,
    before: Lots,
    symbol: str,
    book: Sequence[Fill],
    stale: str | None,
) -> PeriodResult:
    """Return a strategy's result with one more book added."""
    realized = carried.realized + carried.dividends
    fees = sum(fill.fees for fill in book)
    traded = sum(fill.notional for fill in book)
    return replace(
        result,
        realized_pnl=result.realized_pnl + realized,
        unrealized_pnl=result.unrealized_pnl + end_value,
        pnl=result.pnl + realized + end_value - start_value,
        fees=result.fees + fees,
        fills=result.fills + len(book),
        income=result.income + carried.dividends,
        turnover=result.turnover + sum(fill.notional for fill in book if not fill.is_given),
        trading_fees=result.trading_fees + fees,
        slippage=result.slippage + sum(fill.slippage for fill in book),
        stale_marks=(*result.stale_marks, stale) if stale else result.stale_marks,
        capital=result.capital.with_book(symbol, before, traded, carried.most_granted),
    )


def _paid(result: PeriodResult, cash: Cash) -> PeriodResult:
    """Return a strategy's result with cash received or paid without a trade."""
    return replace(
        result,
        realized_pnl=result.realized_pnl + cash.usd,
        pnl=result.pnl + cash.usd,
        fees=result.fees - cash.usd if cash.is_fee else result.fees,
        income=result.income if cash.is_fee else result.income + cash.usd,
    )
