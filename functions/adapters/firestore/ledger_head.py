"""The stored progress of a ledger's processing."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from functions.domain.kernel.stored_fields import DAY, MAP, TEXTS, TIME, Kinds, check_fields
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
    Read a head; one from before days were sessions counts UTC days.

    Raises
    ------
    InputError
        If it is malformed.
    """
    if "done_until" not in document:
        return _of_utc_days(document)
    check_fields(document, {**_ALWAYS, "done_until": TIME}, {"recomputing": MAP, "months_due": TEXTS})
    again = document.get("recomputing")
    return LedgerHead(
        date.fromisoformat(document["last_day"]),
        document["seen_until"],
        document["done_until"],
        None if again is None else _recomputation(again),
        frozenset(document.get("months_due") or ()),
    )


_ALWAYS: Kinds = {"last_day": DAY, "seen_until": TIME}


def _recomputation(stored: Document) -> Recomputation:
    reached: Kinds = {"reached": DAY, "reached_at": TIME}
    check_fields(stored, {"from": DAY, "seen_until": TIME}, inside="recomputing.", or_null=reached)
    return Recomputation(
        date.fromisoformat(stored["from"]),
        None if stored["reached"] is None else date.fromisoformat(stored["reached"]),
        stored["reached_at"],
        stored["seen_until"],
    )


def _of_utc_days(document: Document) -> LedgerHead:
    """
    Read a head whose last day ends at midnight, UTC.

    Back then recomputed days were served one by one, except the windows: the rest remains to be done.
    """
    check_fields(document, _ALWAYS, {"served_day": DAY})
    reached = date.fromisoformat(document["last_day"])
    served = date.fromisoformat(document.get("served_day") or document["last_day"])
    seen_until = document["seen_until"]
    done_until = datetime.combine(reached + timedelta(days=1), time(), UTC)
    if served <= reached:
        return LedgerHead(reached, seen_until, done_until)
    again = Recomputation(reached + timedelta(days=1), reached, done_until, seen_until)
    return LedgerHead(served, seen_until, done_until, again)
