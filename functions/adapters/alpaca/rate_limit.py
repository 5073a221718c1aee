"""Alpaca's rate limit, as its headers tell it: how many requests are left, and when there are more."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LONGEST_SECONDS = 3600.0
"""A header that says more is not believed."""


class RateLimit:
    """When the next request may go."""

    def __init__(self) -> None:
        self._resumes: float | None = None

    def note(self, status: int, headers: Mapping[str, str]) -> None:
        """
        Take in what an answer's headers say.

        The reset is a time by Alpaca's clock, so it is measured from the time the same answer names: ours may be off.
        """
        is_spent = status == 429 or _whole(headers.get("X-RateLimit-Remaining")) == 0
        wait = _seconds(headers) if is_spent else None
        self._resumes = None if wait is None else time.monotonic() + wait

    def seconds_left(self) -> float | None:
        """Return how long to wait; None if there is nothing to wait for, or nobody said how long."""
        left = None if self._resumes is None else self._resumes - time.monotonic()
        return left if left is not None and left > 0 else None

    @property
    def resumes_at(self) -> datetime | None:
        """When requests are taken again, UTC, by our own clock; None if nobody said."""
        left = self.seconds_left()
        return None if left is None else datetime.now(UTC) + timedelta(seconds=left)


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Return the time that an answer names, UTC; None if it does not."""
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
    Read a whole number of a header.

    >>> _whole("12"), _whole("-1"), _whole("soon"), _whole(None)
    (12, None, None, None)
    """
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else None
