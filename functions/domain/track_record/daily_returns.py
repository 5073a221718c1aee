"""Which daily performance documents count, and what users of one strategy come to together."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from functions.domain.kernel.book_names import SHADOW_BOOK
from functions.domain.kernel.errors import InputError

Document = Mapping[str, Any]
Cell = tuple[str, date]
"""A strategy's day."""
_NAMES = ("uid", "strategy_id")
_RETURN_NUMBERS = ("pnl", "capital_base")
_NUMBERS = ("pnl", "capital_base", "unrealized_pnl", "fills")


def day_of(document: Document) -> date:
    """
    Return the trading day that a daily document is of: its session; of documents of before there were any, the UTC day.

    Raises
    ------
    ValueError, TypeError
        If it names a session that is no date; `check_daily` finds that out.
    """
    session = document.get("session")
    if session is not None:
        return date.fromisoformat(session)
    start: datetime = document["period_start"]
    return start.date()


def check_daily(document_id: str, document: Document, numbers: Sequence[str] = _NUMBERS) -> None:
    """
    Raise InputError if a stored daily document lacks what is made of it.

    Parameters
    ----------
    numbers : sequence of str
        Fields that have to be finite numbers; by default what returns and curves are made of.
    """
    if not isinstance(document.get("period_start"), datetime):
        raise InputError(f"{document_id}.period_start", "a timestamp", document.get("period_start"))
    try:
        day_of(document)
    except (TypeError, ValueError) as error:
        raise InputError(f"{document_id}.session", "YYYY-MM-DD", document.get("session")) from error
    for name in _NAMES:
        if not isinstance(document.get(name), str):
            raise InputError(f"{document_id}.{name}", "a name", document.get(name))
    for name in numbers:
        value = document.get(name)
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise InputError(f"{document_id}.{name}", "a finite number", value)
    if not isinstance(document.get("mode"), str | None):
        raise InputError(f"{document_id}.mode", "a mode or null", document["mode"])


def check_return(document_id: str, document: Document) -> None:
    """Raise InputError if a stored daily document lacks what a return is made of; one of a user's own may lack more."""
    check_daily(document_id, document, _NUMBERS if is_on_paper(document) else _RETURN_NUMBERS)


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
