"""What buying every symbol once, for as much each, and holding it would have earned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from functions.domain.track_record.moments import Floats
from tools.lab.prices.bars import DailyBars


@dataclass(frozen=True, slots=True)
class BuyAndHold:
    """Equal weights at the first session's close, left alone from then on; before costs."""

    returns: Floats
    """Daily, fractions, shape (days,); the first is 0."""
    symbols: tuple[str, ...]
    """What was bought: all that had a price then."""
    left_out: tuple[str, ...]
    """What had no price yet."""


def buy_and_hold(bars: DailyBars, days: Sequence[date]) -> BuyAndHold | None:
    """
    Return the benchmark over some sessions; None if nothing had a price at the first.

    A symbol whose prices end is sold at its last close, and the cash is kept.
    """
    position = {day: row for row, day in enumerate(bars.days)}
    closes = bars.close[[position[day] for day in days if day in position]]
    if len(closes) != len(days) or not len(closes):
        return None
    known = ~np.isnan(closes[0])
    if not known.any():
        return None
    held = closes[:, known] / closes[0, known]
    for row in range(1, len(held)):
        held[row] = np.where(np.isnan(held[row]), held[row - 1], held[row])
    value = held.mean(axis=1)
    returns = np.concatenate([[0.0], value[1:] / value[:-1] - 1.0])
    names = np.array(bars.symbols)
    return BuyAndHold(returns, tuple(names[known].tolist()), tuple(names[~known].tolist()))
