"""
Performance of a period: what fills realised in it, and what open lots are worth at its end.

A period is half-open, [start, end). Its profit is what was realised in it plus the change of what is unrealised; the
change of later periods then adds up to what was earned in all.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from functions.domain.kernel.errors import PackedStateError
from functions.domain.ledger.fifo import Lots, match
from functions.domain.ledger.fills import BookKey, Fill

OpenLots = Mapping[BookKey, Lots]

PAGE_SIZE = 10_000
"""Fills in memory at once."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything about a tenant's books at one instant that the fills before it left behind."""

    at: datetime | None
    """The instant; None before the first fill."""
    lots: OpenLots
    marks: Mapping[str, float]
    """The last price known of every symbol held, USD."""
    owners: frozenset[tuple[str, str]] = frozenset()
    """Every (uid, strategy) seen so far: one without a position has days of its own too, of return 0."""

    @classmethod
    def empty(cls) -> Checkpoint:
        return cls(None, {}, {})


@dataclass(frozen=True, slots=True)
class PeriodResult:
    """One (uid, strategy) in one period; USD."""

    uid: str
    strategy_id: str
    realized_pnl: float = 0.0
    """In the period, net of costs."""
    unrealized_pnl: float = 0.0
    """Level at its end, net of costs carried."""
    pnl: float = 0.0
    """Realised plus the change of unrealised."""
    fees: float = 0.0
    """Charged in the period, whether or not realised yet."""
    fills: int = 0
    stale_marks: tuple[str, ...] = ()
    """Symbols valued at an older price for want of one at the period's end."""


def compute_period(
    opening: Checkpoint, fills: Iterable[Fill], marks: Mapping[str, float], end: datetime
) -> tuple[list[PeriodResult], Checkpoint]:
    """
    Carry books over one period.

    Parameters
    ----------
    opening : Checkpoint
        The books at the period's start.
    fills : iterable of Fill
        Of the period, in any order.
    marks : mapping
        Closing prices at the period's end, USD by symbol; a symbol without one keeps its last price.
    end : datetime
        The period's end, which the closing checkpoint stands for.

    Returns
    -------
    tuple
        A result for every (uid, strategy) ever seen, and the books at the end.
    """
    by_book: dict[BookKey, list[Fill]] = defaultdict(list)
    for fill in fills:
        by_book[fill.key].append(fill)
    for book in by_book.values():
        book.sort(key=lambda fill: fill.sort_key)
    traded = {book[-1].key.symbol: book[-1].price for book in sorted(by_book.values(), key=lambda b: b[-1].sort_key)}
    known = {**opening.marks, **traded, **marks}

    results = {owner: PeriodResult(*owner) for owner in sorted(opening.owners)}
    lots: dict[BookKey, Lots] = {}
    for key in sorted({*opening.lots, *by_book}):
        book = by_book.get(key, [])
        before = opening.lots.get(key, Lots.none())
        after, realized = _carry(before, book)
        if after.price.size:
            lots[key] = after
        symbol = key.symbol
        start_value = before.unrealized(opening.marks[symbol]) if before.price.size else 0.0
        end_value = after.unrealized(known[symbol]) if after.price.size else 0.0
        owner = (key.uid, key.strategy_id)
        is_stale = after.price.size > 0 and symbol not in marks
        results[owner] = _added(
            results.get(owner, PeriodResult(*owner)),
            realized,
            end_value,
            start_value,
            book,
            symbol if is_stale else None,
        )
    held = {key.symbol for key in lots}
    closing = Checkpoint(end, lots, {symbol: known[symbol] for symbol in sorted(held)}, frozenset(results))
    return list(results.values()), closing


def compute_period_in_pages(
    opening: Checkpoint, fills: Iterable[Fill], marks: Mapping[str, float], end: datetime, page_size: int = PAGE_SIZE
) -> tuple[list[PeriodResult], Checkpoint]:
    """
    Do what `compute_period` does, with memory for one page of fills.

    Parameters
    ----------
    fills : iterable of Fill
        Of the period; each book's in order of time, as a store yields them. Fills of one instant may be in any order.
    page_size : int
        Fills held at once, but for those of one instant, which are never parted.
    """
    totals: dict[tuple[str, str], PeriodResult] = {}
    books = opening
    for page, is_last in pages_of(fills, page_size):
        results, books = compute_period(books, page, marks if is_last else {}, end)
        for result in results:
            owner = (result.uid, result.strategy_id)
            before = totals.get(owner, PeriodResult(*owner))
            totals[owner] = replace(
                result,
                realized_pnl=before.realized_pnl + result.realized_pnl,
                pnl=before.pnl + result.pnl,
                fees=before.fees + result.fees,
                fills=before.fills + result.fills,
            )
    return list(totals.values()), books


def pages_of(fills: Iterable[Fill], page_size: int) -> Iterator[tuple[list[Fill], bool]]:
    """Yield fills in pages, and whether each is the last; there is always a last one."""
    page: list[Fill] = []
    for fill in fills:
        if len(page) >= page_size and fill.at != page[-1].at:
            yield page, False
            page = []
        page.append(fill)
    yield page, True


def _carry(before: Lots, book: Sequence[Fill]) -> tuple[Lots, float]:
    """Return the lots after a book's fills, and what they realised."""
    if not book:
        return before, 0.0
    columns = np.array([(fill.signed_quantity, fill.price, fill.cost) for fill in book]).T
    matched = match(before, *columns)
    return matched.open_lots, float(matched.realized.sum())


def _added(
    result: PeriodResult, realized: float, end_value: float, start_value: float, book: Sequence[Fill], stale: str | None
) -> PeriodResult:
    """Return a strategy's result with one more of its books in it."""
    return replace(
        result,
        realized_pnl=result.realized_pnl + realized,
        unrealized_pnl=result.unrealized_pnl + end_value,
        pnl=result.pnl + realized + end_value - start_value,
        fees=result.fees + sum(fill.fees for fill in book),
        fills=result.fills + len(book),
        stale_marks=(*result.stale_marks, stale) if stale else result.stale_marks,
    )


def checkpoint_document(checkpoint: Checkpoint) -> dict[str, Any]:
    """Pack a checkpoint: an index of books and three float64 columns as bytes."""
    keys = sorted(checkpoint.lots)
    lots = [checkpoint.lots[key] for key in keys]
    columns = {
        name: np.concatenate([getattr(lot, name) for lot in lots]) if lots else np.empty(0)
        for name in ("signed_quantity", "price", "unit_cost")
    }
    return {
        "at": checkpoint.at,
        "books": [f"{key.uid}/{key.strategy_id}/{key.symbol}" for key in keys],
        "lots": [int(lot.price.size) for lot in lots],
        "marks": dict(checkpoint.marks),
        "owners": sorted(f"{uid}/{strategy_id}" for uid, strategy_id in checkpoint.owners),
        **{name: column.astype("<f8").tobytes() for name, column in columns.items()},
    }


def read_checkpoint(document: Mapping[str, Any] | None) -> Checkpoint:
    """
    Unpack a checkpoint; a missing document is an empty one.

    Raises
    ------
    PackedStateError
        If its parts do not belong together, or something held has no mark: rebuild it from the ledger.
    """
    if document is None:
        return Checkpoint.empty()
    try:
        keys = [BookKey(*book.split("/", 2)) for book in document["books"]]
        ends = np.cumsum([0, *document["lots"]])
        names = ("signed_quantity", "price", "unit_cost")
        columns = [np.frombuffer(document[name], dtype="<f8").astype(np.float64) for name in names]
        if any(column.size != ends[-1] for column in columns) or len(keys) != len(ends) - 1:
            raise ValueError(f"{ends[-1]} lots of {len(ends) - 1} books")
        marks = {symbol: float(price) for symbol, price in document["marks"].items()}
        figures = np.concatenate([list(marks.values()), *columns])
        if min(document["lots"], default=1) < 1 or not np.isfinite(figures).all():
            raise ValueError("a book without lots, or a figure that is not finite")
        if unmarked := sorted({key.symbol for key in keys} - marks.keys()):
            raise ValueError(f"no mark of {unmarked[0]}")
        slices = [slice(start, stop) for start, stop in itertools.pairwise(ends)]
        lots = {key: Lots(*(column[part] for column in columns)) for key, part in zip(keys, slices, strict=True)}
        owners = frozenset((uid, name) for uid, name in (owner.split("/") for owner in document["owners"]))
        return Checkpoint(document["at"], lots, marks, owners)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PackedStateError(
            "checkpoint", "books, lots, marks and three columns of equal length", str(error)
        ) from error
