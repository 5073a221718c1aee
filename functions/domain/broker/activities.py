"""
Activities of an account, as the broker reports them afterwards: executions, corporate actions, money.

A figure that the broker does not report is None. Money is USD, positive if received and negative if paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

ActivityCursor = NewType("ActivityCursor", str)
"""How far an account's activities were read; only the adapter that gave it looks inside. Text, for storing."""


class Standing(StrEnum):
    """Whether an activity is still valid."""

    EXECUTED = "executed"
    CORRECTION = "correction"
    """It replaces another, which the broker does not name."""
    CANCELED = "canceled"
    """It was reported before, but never happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Base of all activities."""

    activity_id: str
    """The broker's id; the same however often it is reported."""
    at: datetime
    """When it happened, UTC; the start of the day if the broker reports only the day."""
    posted_at: datetime | None = None
    """When the broker booked it: fees come days late."""
    standing: Standing = Standing.EXECUTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution(Activity):
    """One fill, or part of one, of an order."""

    execution_id: str
    """Id by which a bust or a correction refers to it."""
    order_id: str
    """Links it to the order, which has the `client_order_id`; a replacement order has its own id."""
    symbol: str
    side: str
    """buy, sell or sell_short."""
    qty: float
    price: float
    """USD per unit."""
    order_qty_filled: float | None
    """Cumulative filled quantity of the order, units."""
    order_qty_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bust(Activity):
    """An execution was cancelled: it never happened."""

    of: str
    """Its execution_id."""
    order_id: str
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction(Activity):
    """Corrected figures of an execution."""

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
    """A symbol's units were multiplied or reduced."""

    symbol: str
    qty_change: float | None
    """Change of the position, units."""
    ratio: float | None
    """New units per old unit: 4 for 4:1, 0.1 for a reverse split 1:10."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DividendActivity(Activity):
    """A dividend, or tax withheld from one."""

    symbol: str | None
    usd: float | None
    per_unit: float | None
    """USD."""
    qty: float | None
    """Units that it was paid on or, if in kind, paid in."""
    is_in_kind: bool
    """Whether it was paid in units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeActivity(Activity):
    """A fee, in money or, for coins, in the traded coin."""

    usd: float | None
    """Negative if paid, positive for a rebate. None if it was taken in coins."""
    symbol: str | None
    qty: float | None
    """Units taken, positive; None if it was taken in money."""
    price: float | None
    """Price at which they were taken, USD per unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestActivity(Activity):
    """Interest on cash, or on margin."""

    usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferActivity(Activity):
    """Money or units moved into or out of the account."""

    usd: float | None
    symbol: str | None
    qty: float | None
    """Units, negative if taken out; None for money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenamingActivity(Activity):
    """A symbol changed its name: the broker reports one of these for each side."""

    symbol: str
    qty_change: float | None
    """Units; negative for the old name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherActivity(Activity):
    """An activity that no rule handles: for people to look at."""

    kind: str
    """The broker's name for it."""
    symbol: str | None
    qty: float | None
    usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPage:
    """Activities since a cursor, in order of time."""

    activities: tuple[Activity, ...]
    cursor: ActivityCursor
    """Cursor after these; store it once they are booked."""
    is_complete: bool
    """Whether the end was reached. What is booked between the calls of one walk may appear only in the next walk."""
    interrupted: str | None
    """The error instead of the rest, or of an unreadable entry; None if all went well."""
