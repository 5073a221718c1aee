"""Which daily performance documents count, and how users of one strategy are pooled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from functions.domain.kernel.book_names import SHADOW_BOOK, UNOWNED
from functions.domain.kernel.stored_fields import DAY, FLAG, NUMBER, TEXT, TIME, Kinds, check_fields, word
from functions.domain.track_record.session_returns import SessionReturn

Document = Mapping[str, Any]
Cell = tuple[str, date]
"""A strategy's day."""


class BaseSource(StrEnum):
    """The source of a daily document's capital base."""

    STRATEGY_CAPITAL = "strategy_capital"
    """The policy's figure for the strategy."""
    LEDGER = "ledger"
    """The capital held at the session's start, or granted in it."""
    BASE_CAPITAL = "base_capital"
    """The policy's general figure: it was idle, and had no capital of its own."""


OF_RETURN: Kinds = {
    **dict.fromkeys(("uid", "strategy_id"), TEXT),
    **dict.fromkeys(("pnl", "capital_base"), NUMBER),
    "period_start": TIME,
}
"""Fields of a daily document that a return is made of."""
OF_DAY: Kinds = {**OF_RETURN, **dict.fromkeys(("unrealized_pnl", "fills"), NUMBER)}
"""Further fields, for whether a day on paper counts and for curves."""
OF_DAY_AT_TIMES: Kinds = {"session": DAY, "mode": TEXT, "book": TEXT} | {
    "is_active": FLAG,
    "capital_long": NUMBER,
    "capital_source": word(BaseSource),
}


def day_of(document: Document) -> date:
    """Return the trading day of a daily document: its session, or the UTC day in documents from before sessions."""
    session = document.get("session")
    if session is not None:
        return date.fromisoformat(session)
    start: datetime = document["period_start"]
    return start.date()


COST_SUMS = ("trading_fees", "slippage", "turnover")
"""Costs and turnover of a day's fills, USD; older documents lack them."""


_AT_TIMES: Kinds = {**OF_DAY_AT_TIMES, **dict.fromkeys(COST_SUMS, NUMBER)}


def check_daily(document: Document, always: Kinds = OF_DAY) -> None:
    """Raise InputError if a stored daily document lacks its day or a named field."""
    check_fields(document, always if "period_start" in always else {"period_start": TIME, **always}, _AT_TIMES)


def check_return(document: Document) -> None:
    """Raise InputError if a stored daily document lacks a field of its return; users' own may lack others."""
    check_daily(document, OF_DAY if is_on_paper(document) else OF_RETURN)


def counted(days: Sequence[Document]) -> list[Document]:
    """
    Return the documents of each book that count.

    A day on which a strategy traded, or held a position, on paper counts with its paper return: that is how a shadowed
    strategy earns its way back.
    """
    on_paper = {cell_of(document) for document in days if is_on_paper(document) and _is_active(document)}
    return [document for document in days if is_on_paper(document) == (cell_of(document) in on_paper)]


def sessions_by_uid(days: Iterable[Document]) -> dict[str | None, dict[Cell, SessionReturn]]:
    """Return the sessions of usable daily documents, by uid and pooled under None; unowned ones are in none."""
    by_uid: dict[str | None, list[Document]] = defaultdict(list)
    for document in counted([day for day in days if day["uid"] != UNOWNED]):
        for uid in (None, document["uid"]):
            by_uid[uid].append(document)
    sessions = {uid: pooled_sessions(documents) for uid, documents in by_uid.items()}
    return {uid: cells for uid, cells in sessions.items() if cells}


def pooled_sessions(days: Iterable[Document]) -> dict[Cell, SessionReturn]:
    """Return sessions by strategy and day; users pool as profit over capital."""
    by_cell: dict[Cell, list[Document]] = defaultdict(list)
    for document in days:
        by_cell[cell_of(document)].append(document)
    pooled = ((cell, session_of(documents)) for cell, documents in by_cell.items())
    return {cell: session for cell, session in pooled if session is not None}


def session_of(documents: Sequence[Document]) -> SessionReturn | None:
    """
    Return the pooled result of one session's daily documents; None without a base above 0.

    The general figure of an idle user is not a base if others have their own. A document from before capital in use was
    stored is treated like a return in `SessionReturns.plain`.
    """
    own = [one for one in documents if one.get("capital_source") != BaseSource.BASE_CAPITAL] or documents
    base = sum(float(one["capital_base"]) for one in own)
    if base <= 0:
        return None
    long = sum(_in_longs(one) for one in documents)
    is_active = any(one.get("is_active", bool(one["pnl"])) for one in documents)
    return SessionReturn(sum(float(one["pnl"]) for one in documents) / base, long / base, is_active)


def _in_longs(document: Document) -> float:
    """Return the capital on which the risk-free rate is charged, USD."""
    known = document.get("capital_long")
    if known is None:
        known = document["capital_base"] if document["pnl"] else 0.0
    return float(known)


def cell_of(document: Document) -> Cell:
    return document["strategy_id"], day_of(document)


def is_on_paper(document: Document) -> bool:
    """Return whether a document belongs to the shadow book."""
    return bool(document.get("book") == SHADOW_BOOK)


def _is_active(document: Document) -> bool:
    known = document.get("is_active")
    return bool(document["fills"] or document["pnl"] or document["unrealized_pnl"]) if known is None else bool(known)
