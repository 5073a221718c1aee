"""The two books that fills belong to: live trades, and trades on paper."""

from __future__ import annotations

SHADOW_UID = "shadow"
"""The user that paper fills belong to in books and performance documents."""

LIVE_BOOK, SHADOW_BOOK = "live", "shadow"


def book_of(uid: str) -> str:
    """Return the book that a user's fills are in."""
    return SHADOW_BOOK if uid == SHADOW_UID else LIVE_BOOK
