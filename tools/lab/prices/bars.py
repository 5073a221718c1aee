"""Daily bars, as the lab works on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float64]
FIELDS = ("open", "high", "low", "close", "volume")
"""The figures of a bar, in the order that arrays of all of them have."""
CLOSE = FIELDS.index("close")
VOLUME = FIELDS.index("volume")


@dataclass(frozen=True, slots=True)
class DailyBars:
    """
    Daily bars of several symbols. No array can be written to.

    Every array has shape (days, symbols). NaN: unknown, as volume in a file of closes, or anything before a symbol's
    first and after its last day. Between those two days no close is NaN.
    """

    days: tuple[date, ...]
    """Sessions of the market, in its own date, oldest first, no day twice."""
    symbols: tuple[str, ...]
    """As books spell them, in the order of the file."""
    open: Figures
    """Prices are in the file's currency, above 0."""
    high: Figures
    low: Figures
    close: Figures
    volume: Figures
    """In units of the symbol as the source counts them (some count hundreds), 0 or more."""

    @classmethod
    def of(cls, days: tuple[date, ...], symbols: tuple[str, ...], values: Figures) -> DailyBars:
        """Return bars from one array of shape (fields, days, symbols), which is copied and frozen."""
        frozen = np.array(values, dtype=np.float64)
        frozen.setflags(write=False)
        return cls(days, symbols, *frozen)
