"""
What happened on an account, as the broker tells it afterwards: executions, corporate actions, money.

A figure that the broker does not tell is None. Money is USD, above 0 received and below 0 paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

ActivityCursor = NewType("ActivityCursor", str)
"""Up to where an account's activities were told; only the adapter that gave it looks inside. Text, to be stored."""


class Standing(StrEnum):
    """Whether an activity still holds."""

    EXECUTED = "executed"
    CORRECTION = "correction"
    """It holds in the place of another, which the broker does not name."""
    CANCELED = "canceled"
    """It was told before, and never happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Anything that happened."""

    activity_id: str
    """The broker's; the same however often it is told."""
    at: datetime
    """When it happened, UTC; the beginning of the day where the broker tells that only."""
    posted_at: datetime | None = None
    """When the broker booked it: fees come days late."""
    standing: Standing = Standing.EXECUTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution(Activity):
    """One fill, or part of one, of an order."""

    execution_id: str
    """By which a bust or a correction names it."""
    order_id: str
    """Joins it to the order, which knows the `client_order_id`; a replacement's is its own."""
    symbol: str
    side: str
    """buy, sell or sell_short."""
    qty: float
    price: float
    """USD per unit."""
    order_qty_filled: float | None
    """What the order had filled with it, units."""
    order_qty_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bust(Activity):
    """An execution never happened after all."""

    of: str
    """Its execution_id."""
    order_id: str
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction(Activity):
    """An execution happened with these figures."""

    of: str
    """Its execution_id."""
    order_id: str
    symbol: str
    side: str
    qty: float
    price: float
    """USD per unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitActivity(Activity):
    """Units of a symbol became more, or fewer."""

    symbol: str
    qty_change: float | None
    """Units that the position changed by."""
    ratio: float | None
    """New units for an old one: 4 for 4:1, 0.1 for a reverse split 1:10."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DividendActivity(Activity):
    """A dividend, or what was withheld of one."""

    symbol: str | None
    usd: float | None
    per_unit: float | None
    """USD."""
    qty: float | None
    """Units that it was paid for, or, in kind, paid in."""
    is_in_kind: bool
    """Whether it was paid in units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeActivity(Activity):
    """A fee, in money or, for coins, in what was traded."""

    usd: float | None
    """Below 0 paid; above 0 a rebate. None where it was taken in coins."""
    symbol: str | None
    qty: float | None
    """Units taken, above 0; None where it was taken in money."""
    price: float | None
    """USD per unit that they were taken at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestActivity(Activity):
    """Interest on cash, or on margin."""

    usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferActivity(Activity):
    """Money, or units, that came from outside the account or went there."""

    usd: float | None
    symbol: str | None
    qty: float | None
    """Units, below 0 taken out; None for money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenamingActivity(Activity):
    """Units of a symbol went by another name: the broker tells one of these for each side."""

    symbol: str
    qty_change: float | None
    """Units, below 0 for the old name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherActivity(Activity):
    """Something that the rules do not know: for a person to look at."""

    kind: str
    """The broker's word for it."""
    symbol: str | None
    qty: float | None
    usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPage:
    """Activities since a cursor, in the order they happened."""

    activities: tuple[Activity, ...]
    cursor: ActivityCursor
    """After these; store it once they are booked."""
    is_complete: bool
    """Whether the end was reached. What is booked between the calls of one walk may be for the next walk to tell."""
    interrupted: str | None
    """What the broker answered instead of the rest, or of an entry that cannot be read; None if all went well."""
