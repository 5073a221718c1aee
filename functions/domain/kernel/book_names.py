"""The books that fills belong to: live trades, trades on paper, and what no strategy owns."""

from __future__ import annotations

from functions.domain.kernel.errors import InputError

SHADOW_UID = "shadow"
"""The user that paper fills belong to in books and performance documents."""

UNOWNED = "unowned"
"""The user, and the strategy, of what the account did and no strategy: it is booked, and nobody is judged by it."""

LIVE_BOOK, SHADOW_BOOK = "live", "shadow"


def book_of(uid: str) -> str:
    """Return the book that a user's fills are in."""
    return SHADOW_BOOK if uid == SHADOW_UID else LIVE_BOOK


def check_strategy_name(name: str, error: type[InputError] = InputError) -> None:
    """Raise an error, of a kind of InputError, for the one name that no strategy can have."""
    if name == UNOWNED:
        raise error("strategy", f"named otherwise: {UNOWNED} is what no strategy owns", name)
