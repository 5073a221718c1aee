"""Alpaca's rate limit from its headers: how many requests are left, and when it resets."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LONGEST_SECONDS = 3600.0
"""Longer waits in a header are ignored."""


class RateLimit:
    """When the next request may go."""

    def __init__(self) -> None:
        self._resumes: float | None = None

    def note(self, status: int, headers: Mapping[str, str]) -> None:
        """
        Update from an answer's headers.

        The reset time is by Alpaca's clock, so it is compared with the time in the same answer: our clock may be off.
        """
        is_spent = status == 429 or _whole(headers.get("X-RateLimit-Remaining")) == 0
        wait = _seconds(headers) if is_spent else None
        self._resumes = None if wait is None else time.monotonic() + wait

    def seconds_left(self) -> float | None:
        """Return how long to wait; None if there is no need, or the wait is unknown."""
        left = None if self._resumes is None else self._resumes - time.monotonic()
        return left if left is not None and left > 0 else None

    @property
    def resumes_at(self) -> datetime | None:
        """When requests are accepted again, UTC, by our own clock; None if unknown."""
        left = self.seconds_left()
        return None if left is None else datetime.now(UTC) + timedelta(seconds=left)


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Return the time in an answer, UTC; None if missing."""
    try:
        named = parsedate_to_datetime(headers.get("Date", ""))
        return named.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _seconds(headers: Mapping[str, str]) -> float | None:
    after = _whole(headers.get("Retry-After"))
    reset = _whole(headers.get("X-RateLimit-Reset"))
    if reset is not None:
        now = date_of(headers) or datetime.now(UTC)
        after = max(0, reset - int(now.timestamp()))
    return None if after is None or after > _LONGEST_SECONDS else float(after)


def _whole(text: str | None) -> int | None:
    """
    Parse a whole number in a header.

    >>> _whole("12"), _whole("-1"), _whole("soon"), _whole(None)
    (12, None, None, None)
    """
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else None
