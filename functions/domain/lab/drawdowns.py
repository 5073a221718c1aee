"""Falls from a high: how deep, from when to when, and how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import ArrayLike

from functions.domain.track_record import statistics
from functions.domain.track_record.moments import Floats


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One fall from a high, until that high is reached again."""

    depth: float
    """From the high to the trough, a fraction below 0."""
    peak: date | None
    """The day at whose close it stood highest; None: before the first day."""
    trough: date
    recovered: date | None
    """The day that reached the high again; None: it has not."""
    sessions: int
    """From the high to the recovery, or to the last day."""


def drawdown_episodes(daily_returns: ArrayLike, days: Sequence[date]) -> tuple[Drawdown, ...]:
    """
    Return every fall from a high, oldest first.

    Parameters
    ----------
    daily_returns : array_like, shape (days,)
        Of the account at each day's close, open positions included; a trade that is under water counts before it is
        closed. Fractions, oldest first.
    days : sequence of date
        The session of each.

    Raises
    ------
    MetricInputError
        If a return is infinite.
    """
    falls = statistics.drawdowns(daily_returns)
    is_below = np.concatenate([[False], falls < 0, [False]])
    begins = np.flatnonzero(is_below[1:] & ~is_below[:-1])
    ends = np.flatnonzero(is_below[:-1] & ~is_below[1:])
    return tuple(_episode(falls[begin:end], int(begin), days) for begin, end in zip(begins, ends, strict=True))


def deepest(episodes: Sequence[Drawdown]) -> Drawdown | None:
    """Return the fall that went deepest; None without any."""
    return min(episodes, key=lambda one: one.depth, default=None)


def longest(episodes: Sequence[Drawdown]) -> Drawdown | None:
    """Return the fall that took most sessions to recover from, which need not be the deepest; None without any."""
    return max(episodes, key=lambda one: one.sessions, default=None)


def _episode(falls: Floats, begin: int, days: Sequence[date]) -> Drawdown:
    end = begin + falls.size
    trough = int(falls.argmin())
    return Drawdown(
        float(falls[trough]),
        days[begin - 1] if begin else None,
        days[begin + trough],
        days[end] if end < len(days) else None,
        falls.size + (end < len(days)),
    )
