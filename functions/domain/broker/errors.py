"""
What a broker answers instead of what was asked.

::

    BrokerError
    ├── BrokerUnavailable     no answer, or none that can be used: nothing is known, and asking again may help
    │   ├── RateLimited       too many requests: says when to ask again
    │   └── MalformedAnswer   an answer, but not one that its API gives: half of one, a web page, a redirect
    ├── KeysUnavailable       the keys are not there, or cannot be read: the broker was not asked
    ├── KeysRefused           the keys are wrong or revoked: asking again does not help
    ├── Forbidden             the keys are right, and the account may not do that
    ├── UnknownSymbol         the broker does not know the symbol: misspelled, renamed or delisted
    ├── UnsupportedCurrency   the account is kept in another currency than USD
    ├── CursorExpired         the broker no longer tells what happened since a cursor
    ├── OrderRejected         the broker does not take the order: nothing was traded
    └── RequestRefused        the broker does not take the request, however often it is sent

No message has a key in it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from functions.domain.kernel.errors import MaestroError


class BrokerError(MaestroError):
    """Base of all that a broker may answer instead."""


class BrokerUnavailable(BrokerError):
    """No answer, or none that can be used: nothing is known, and asking again may help."""


class RateLimited(BrokerUnavailable):
    """
    Too many requests.

    Parameters
    ----------
    retry_at : datetime or None
        From when on the broker takes requests again, UTC, by our own clock; None if it does not say.
    """

    def __init__(self, message: str, retry_at: datetime | None) -> None:
        self.retry_at = retry_at
        when = "" if retry_at is None else f"; ask again at {retry_at.isoformat(timespec='seconds')}"
        super().__init__(f"{message}{when}")


class MalformedAnswer(BrokerUnavailable):
    """An answer that is not one of the broker's API, or lacks what its API promises."""


class KeysUnavailable(BrokerError):
    """The keys are not there, or cannot be read or kept: the broker was not asked."""


class KeysRefused(BrokerError):
    """The keys are wrong or revoked, or of the other kind of account (paper or live)."""


class Forbidden(BrokerError):
    """The keys are right, and the account may not do that."""


class UnknownSymbol(BrokerError):
    """
    The broker does not know a symbol.

    Parameters
    ----------
    symbol : str
        The one at fault, as it was asked for.
    """

    def __init__(self, message: str, symbol: str) -> None:
        self.symbol = symbol
        super().__init__(message)


class UnsupportedCurrency(BrokerError):
    """The account is kept in another currency than USD: none of its figures may be taken for USD."""

    def __init__(self, message: str, currency: str) -> None:
        self.currency = currency
        super().__init__(message)


class CursorExpired(BrokerError):
    """The broker no longer tells what happened since a cursor: begin at a later time, and compare positions."""


class Rejection(StrEnum):
    """Why a broker does not take an order."""

    BUYING_POWER = "insufficient buying power"
    QUANTITY = "insufficient quantity"
    """More to sell than is free."""
    WASH_TRADE = "wash trade"
    """An own order of the other side is open: the two could trade with each other."""
    WHOLE_UNITS = "whole units only"
    NOT_LENT = "not lent"
    """It cannot be sold short."""
    NOT_TRADABLE = "not tradable"
    TOO_FEW = "too few"
    """Fewer units than can be traded; the broker was not asked."""
    ID_TAKEN = "id taken"
    """An order of the same client_order_id is there already."""
    OTHER = "other"


class OrderRejected(BrokerError):
    """The broker does not take the order; nothing was traded."""

    def __init__(self, message: str, reason: Rejection = Rejection.OTHER) -> None:
        self.reason = reason
        super().__init__(message)


class RequestRefused(BrokerError):
    """
    The broker does not take the request, however often it is sent.

    Parameters
    ----------
    status : int
        Of its answer.
    """

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)
