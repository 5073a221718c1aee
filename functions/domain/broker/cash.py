"""
Compare a broker's cash with the ledger: once a day, because fees are booked late.

The broker's cash at one read plus what the ledger recorded since is the cash expected at a later read, in whatever
order and however late entries were reported. If both agree, that read is the new start; if not, the start stays, so
that a difference disappears only when it is booked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from functions.domain.broker.snapshot import BrokerSnapshot
from functions.domain.kernel.book_names import SHADOW_UID
from functions.domain.ledger.books import Checkpoint, OpenLots, compute_period
from functions.domain.ledger.events import Event, Flow
from functions.domain.ledger.fills import Fill
from functions.domain.orchestration.drift import (
    CashKnown,
    Difference,
    DriftKind,
    Drifts,
    Subject,
    sorted_differences,
)

TOLERANCE_USD = 0.01
TOLERANCE_AN_ENTRY_USD = 0.005
"""Tolerance per entry recorded since, USD: the broker rounds to cents."""
TOLD_LATE_BY = timedelta(days=8)
"""How long before the last comparison an entry recorded since may have happened and still count."""
_LARGEST_FEE_USD = 25.0
"""Largest likely unbooked daily fee or interest: a larger difference is likely something else."""


@dataclass(frozen=True, slots=True)
class CashChange:
    """What the ledger recorded since a version of it."""

    usd: float
    entries: int

    @property
    def tolerance(self) -> float:
        """How far cash may differ from the ledger, USD."""
        return TOLERANCE_USD + TOLERANCE_AN_ENTRY_USD * self.entries


def cash_of(opening: Checkpoint, events: Iterable[Event]) -> float:
    """
    Return how events changed the account's cash, USD.

    That is what was realised, less what went into open positions, plus deposits less withdrawals. What an operator
    assigned to a strategy cost nothing, and slippage is already in the prices.

    Parameters
    ----------
    opening : Checkpoint
        The books before them.
    events : iterable of Event
        The valid ones, in any order.
    """
    told = list(events)
    live = {key: lots for key, lots in opening.lots.items() if key.uid != SHADOW_UID}
    end = max((one.at for one in told), default=None)
    if end is None:
        return 0.0
    results, closing = compute_period(Checkpoint(opening.at, live, opening.marks), told, {}, end)
    usd = [one.realized_pnl for one in results]
    usd += [one.usd for one in told if isinstance(one, Flow)]
    usd += [_not_paid(one) for one in told if isinstance(one, Fill)]
    return math.fsum(usd) + _invested(live) - _invested(closing.lots)


def _not_paid(fill: Fill) -> float:
    return fill.signed_quantity * fill.price + fill.cost if fill.is_given else fill.slippage


def _invested(lots: OpenLots) -> float:
    """Return the cash that open positions took, USD; shorts brought in some."""
    return math.fsum(
        float(one.signed_quantity @ one.price + abs(one.signed_quantity) @ one.unit_cost) for one in lots.values()
    )


def is_due(drifts: Drifts, seen: BrokerSnapshot) -> bool:
    """Return whether to compare cash, or to start: once a UTC day, at the first read at which positions agree."""
    if not seen.activities_complete or seen.account.cash is None or drifts.unknown_because is not None:
        return False
    if drifts.ledger_version is None or any(one.subject is Subject.POSITION for one in drifts.differences):
        return False
    return drifts.cash is None or drifts.cash.compared_on < _day(seen)


def with_cash(drifts: Drifts, seen: BrokerSnapshot, change: CashChange | None) -> Drifts:
    """
    Return the differences including that of cash, or the start of comparing it.

    A difference is drift once it is the same on two days.

    Parameters
    ----------
    change : CashChange or None
        Since the version of `Drifts.cash`; None if there is none yet.
    """
    cash, version = seen.account.cash, drifts.ledger_version
    if cash is None or version is None:
        return drifts
    others = [one for one in drifts.differences if one.subject is not Subject.CASH]
    known = next((one for one in drifts.differences if one.subject is Subject.CASH), None)
    begun = CashKnown(usd=cash, as_of=seen.as_of, ledger_version=version, compared_on=_day(seen))
    if drifts.cash is None or change is None:
        return replace(drifts, cash=begun)
    expected = drifts.cash.usd + change.usd
    if abs(cash - expected) <= change.tolerance:
        return replace(drifts, cash=begun, differences=sorted_differences(others))
    now = Difference(
        subject=Subject.CASH,
        symbol="",
        broker=cash,
        book=expected,
        kind=DriftKind.FEE if 0 < expected - cash <= _LARGEST_FEE_USD else DriftKind.UNKNOWN,
        since=seen.as_of,
        read_at=seen.as_of,
    )
    if known is not None and known.amount is not None:
        is_same = abs(known.amount - (cash - expected)) <= change.tolerance
        now = replace(now, since=known.since, is_drift=True) if is_same or known.is_drift else now
    compared = replace(drifts.cash, compared_on=_day(seen))
    return replace(drifts, cash=compared, differences=sorted_differences((*others, now)))


def _day(seen: BrokerSnapshot) -> str:
    return seen.as_of.date().isoformat()
