"""How far a ledger is processed, as it is stored."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.services.kernel.ports import Document
from functions.services.ledger.ports import LedgerHead, Recomputation


def head_document(head: LedgerHead) -> dict[str, Any]:
    """Return the fields of a head."""
    again = head.recomputing
    return {
        "last_day": head.last_day.isoformat(),
        "seen_until": head.seen_until,
        "done_until": head.done_until,
        "months_due": sorted(head.months_due),
        "recomputing": None
        if again is None
        else {
            "from": again.first.isoformat(),
            "reached": None if again.reached is None else again.reached.isoformat(),
            "reached_at": again.reached_at,
            "seen_until": again.seen_until,
        },
    }


def read_head(document: Document) -> LedgerHead:
    """
    Read a head; one of before sessions were days stands for UTC days.

    Raises
    ------
    InputError
        If it is malformed.
    """
    try:
        if "done_until" not in document:
            return _of_utc_days(document)
        again = document.get("recomputing")
        return LedgerHead(
            date.fromisoformat(document["last_day"]),
            _time(document["seen_until"]),
            _time(document["done_until"]),
            None if again is None else _recomputation(again),
            frozenset(map(str, document.get("months_due") or ())),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError("state/ledger", "last_day, seen_until and done_until", dict(document)) from error


def _recomputation(stored: Document) -> Recomputation:
    return Recomputation(
        date.fromisoformat(stored["from"]),
        None if stored["reached"] is None else date.fromisoformat(stored["reached"]),
        None if stored["reached_at"] is None else _time(stored["reached_at"]),
        _time(stored["seen_until"]),
    )


def _of_utc_days(document: Document) -> LedgerHead:
    """
    Read a head whose last day ends at midnight, UTC.

    Days that were being computed again then were served one by one, but for the windows: the rest is still to come.
    """
    reached = date.fromisoformat(document["last_day"])
    served = date.fromisoformat(document.get("served_day") or document["last_day"])
    seen_until = _time(document["seen_until"])
    done_until = datetime.combine(reached + timedelta(days=1), time(), UTC)
    if served <= reached:
        return LedgerHead(reached, seen_until, done_until)
    again = Recomputation(reached + timedelta(days=1), reached, done_until, seen_until)
    return LedgerHead(served, seen_until, done_until, again)


def _time(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} is no time")
    return value
