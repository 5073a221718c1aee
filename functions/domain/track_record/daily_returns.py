"""Which daily performance documents count, and what users of one strategy come to together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from functions.domain.kernel.book_names import SHADOW_BOOK
from functions.domain.kernel.stored_fields import DAY, NUMBER, TEXT, TIME, Kinds, check_fields

Document = Mapping[str, Any]
Cell = tuple[str, date]
"""A strategy's day."""
OF_RETURN: Kinds = {
    **dict.fromkeys(("uid", "strategy_id"), TEXT),
    **dict.fromkeys(("pnl", "capital_base"), NUMBER),
    "period_start": TIME,
}
"""What a return is made of, in a stored daily document."""
OF_DAY: Kinds = {**OF_RETURN, **dict.fromkeys(("unrealized_pnl", "fills"), NUMBER)}
"""What tells besides whether a day on paper counts, and curves are made of."""
OF_DAY_AT_TIMES: Kinds = {"session": DAY, "mode": TEXT, "book": TEXT}


def day_of(document: Document) -> date:
    """Return the trading day of a daily document: its session; of one of before there were any, the UTC day."""
    session = document.get("session")
    if session is not None:
        return date.fromisoformat(session)
    start: datetime = document["period_start"]
    return start.date()


COST_SUMS = ("trading_fees", "slippage", "turnover")
"""What a day's fills cost, and were worth, USD; documents of before lack them."""


def check_daily(document: Document, always: Kinds = OF_DAY) -> None:
    """Raise InputError if a stored daily document lacks what is read of it: which day it is of, and what is named."""
    check_fields(document, {"period_start": TIME, **always}, {**OF_DAY_AT_TIMES, **dict.fromkeys(COST_SUMS, NUMBER)})


def check_return(document: Document) -> None:
    """Raise InputError if a stored daily document lacks what a return is made of; one of a user's own may lack more."""
    check_daily(document, OF_DAY if is_on_paper(document) else OF_RETURN)


def counted(days: Sequence[Document]) -> list[Document]:
    """
    Return the documents that count of either book.

    A day that a strategy traded, or held a position, on paper counts with its paper return: that is how a shadowed
    strategy earns its way back.
    """
    on_paper = {cell_of(document) for document in days if is_on_paper(document) and _is_active(document)}
    return [document for document in days if is_on_paper(document) == (cell_of(document) in on_paper)]


def pooled_returns(days: Iterable[Document]) -> dict[Cell, float]:
    """Return daily returns by strategy and day, a fraction; users pool as profit over capital."""
    profit: dict[Cell, float] = defaultdict(float)
    capital: dict[Cell, float] = defaultdict(float)
    for document in days:
        profit[cell_of(document)] += float(document["pnl"])
        capital[cell_of(document)] += float(document["capital_base"])
    return {cell: profit[cell] / base for cell, base in capital.items() if base > 0}


def cell_of(document: Document) -> Cell:
    return document["strategy_id"], day_of(document)


def is_on_paper(document: Document) -> bool:
    """Tell whether a document is of the shadow book."""
    return bool(document.get("book") == SHADOW_BOOK)


def _is_active(document: Document) -> bool:
    return bool(document["fills"] or document["pnl"] or document["unrealized_pnl"])
