"""The books that fills belong to: live trades, trades on paper, and unowned ones."""

from __future__ import annotations

from functions.domain.kernel.errors import InputError

SHADOW_UID = "shadow"
"""The user that paper fills belong to in books and performance documents."""

UNOWNED = "unowned"
"""The user and strategy of what the account did without a strategy: it is booked, but counts in no track record."""

LIVE_BOOK, SHADOW_BOOK = "live", "shadow"


def book_of(uid: str) -> str:
    """Return the book of a user's fills."""
    return SHADOW_BOOK if uid == SHADOW_UID else LIVE_BOOK


def check_strategy_name(name: str, error: type[InputError] = InputError) -> None:
    """Raise the given kind of InputError for the one name that no strategy may have."""
    if name == UNOWNED:
        raise error("strategy", f"a name other than {UNOWNED}, which is reserved for unowned positions", name)
