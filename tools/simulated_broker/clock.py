"""The simulated broker's clock: it stands still until it is moved."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Now = Callable[[], datetime]
"""Gives the aware time now, UTC."""

EPOCH = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
"""A Monday, half an hour after the opening in New York."""


class ScriptedClock:
    """A clock that the program running the broker moves."""

    def __init__(self, at: datetime = EPOCH) -> None:
        self._at = at
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            return self._at

    def advance(self, **by: float) -> None:
        """Move on, as by ``advance(minutes=5)``."""
        with self._lock:
            self._at += timedelta(**by)


def stamp(at: datetime) -> str:
    """
    Return a time as Alpaca writes it.

    >>> stamp(EPOCH)
    '2026-01-05T15:00:00.000000Z'
    """
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def parse(text: str) -> datetime:
    """Read a time or a date of a query."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
