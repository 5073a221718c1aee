"""Bars and quotes as a broker reports them; what it does not say is None, never 0."""

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
    """What a symbol traded at in one day, USD per unit; volume in units."""

    at: datetime
    """The day's beginning, UTC: midnight by the market's own clock."""
    open: float
    high: float
    low: float
    close: float
    volume: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a symbol trades at now, USD per unit."""

    symbol: str
    """As it was asked for."""
    price: float | None
    """Of the last trade."""
    at: datetime | None
    """When that was, UTC, by the market's clock."""
    bid: float | None
    """None also where nobody bids."""
    ask: float | None
    day: Bar | None
    """The day so far."""
    day_before: Bar | None
    """The trading day before that."""
