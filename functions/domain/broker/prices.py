"""Bars and quotes as a broker reports them; what it does not report is None, never 0."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Adjustment(StrEnum):
    """What past prices are adjusted for."""

    NONE = "none"
    """As traded."""
    SPLITS = "splits"
    SPLITS_AND_DIVIDENDS = "splits and dividends"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A symbol's prices in one day, USD per unit; volume in units."""

    at: datetime
    """The start of the day, UTC: midnight in the market's time zone."""
    open: float
    high: float
    low: float
    close: float
    volume: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A symbol's current prices, USD per unit."""

    symbol: str
    """As requested."""
    price: float | None
    """Price of the last trade."""
    at: datetime | None
    """Time of the last trade, UTC, by the market's clock."""
    bid: float | None
    """Also None if there are no bids."""
    ask: float | None
    day: Bar | None
    """The day so far."""
    day_before: Bar | None
    """The trading day before that."""
