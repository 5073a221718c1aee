"""
Compare a broker's cash with the ledger, once a day, as fees are booked late.

The broker's cash at one reading, and what the ledger recorded since, make the cash expected at another, in whatever
order and however late it was told. Where the two agree the comparison goes on from there; where not, it stays where it
was, so that a difference goes away only by being booked.
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
"""Of each entry recorded since: the broker keeps cents."""
TOLD_LATE_BY = timedelta(days=8)
"""How long before the last comparison an entry may have happened that is recorded since, and counts."""
_LARGEST_FEE_USD = 25.0
"""A day's, where nobody booked it: above it a difference is likely something else."""


@dataclass(frozen=True, slots=True)
class CashChange:
    """What the ledger recorded since a version of it."""

    usd: float
    entries: int

    @property
    def tolerance(self) -> float:
        """USD."""
        return TOLERANCE_USD + TOLERANCE_AN_ENTRY_USD * self.entries


def cash_of(opening: Checkpoint, events: Iterable[Event]) -> float:
    """
    Return what events did to the account's cash, USD.

    It is what was realised, less what went into open positions, with what was put in or taken out. What an operator
    gave a strategy cost nothing, and slippage is in the prices already.

    Parameters
    ----------
    opening : Checkpoint
        The books before them.
    events : iterable of Event
        Those that hold, in any order.
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
    """Return what open positions took from the cash, USD: shorts gave some."""
    return math.fsum(
        float(one.signed_quantity @ one.price + abs(one.signed_quantity) @ one.unit_cost) for one in lots.values()
    )


def is_due(drifts: Drifts, seen: BrokerSnapshot) -> bool:
    """Tell whether to compare cash, or begin with it: once a UTC day, at the first read at which positions agree."""
    if not seen.activities_complete or seen.account.cash is None or drifts.unknown_because is not None:
        return False
    if drifts.ledger_version is None or any(one.subject is Subject.POSITION for one in drifts.differences):
        return False
    return drifts.cash is None or drifts.cash.compared_on < _day(seen)


def with_cash(drifts: Drifts, seen: BrokerSnapshot, change: CashChange | None) -> Drifts:
    """
    Return what differs with the cash compared, or begun with.

    A difference is drift once it is the same on two days.

    Parameters
    ----------
    change : CashChange or None
        Since the version that `Drifts.cash` is of; None where there is none yet.
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
