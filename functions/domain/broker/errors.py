"""
What a broker may answer instead of the requested data.

::

    BrokerError
    ├── BrokerUnavailable     no usable answer: nothing is known, and asking again may help
    │   ├── RateLimited       too many requests: carries when to ask again
    │   └── MalformedAnswer   an answer that is not one of the API's: incomplete, a web page, a redirect
    ├── KeysUnavailable       the keys are missing or cannot be read: the broker was not asked
    ├── KeysRefused           the keys are wrong or revoked: asking again does not help
    ├── Forbidden             the keys are right, but the account may not do that
    ├── UnknownSymbol         the broker does not know the symbol: misspelled, renamed or delisted
    ├── UnsupportedCurrency   the account is kept in a currency other than USD
    ├── CursorExpired         the broker no longer reports what happened since a cursor
    ├── OrderRejected         the broker does not accept the order: nothing was traded
    └── RequestRefused        the broker will never accept the request

No message contains a key.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from functions.domain.kernel.errors import MaestroError


class BrokerError(MaestroError):
    """Base of all errors of brokers."""


class BrokerUnavailable(BrokerError):
    """No usable answer: nothing is known, and asking again may help."""


class RateLimited(BrokerUnavailable):
    """
    Too many requests.

    Parameters
    ----------
    retry_at : datetime or None
        When the broker accepts requests again, UTC, by our own clock; None if it does not say.
    """

    def __init__(self, message: str, retry_at: datetime | None) -> None:
        self.retry_at = retry_at
        when = "" if retry_at is None else f"; ask again at {retry_at.isoformat(timespec='seconds')}"
        super().__init__(f"{message}{when}")


class MalformedAnswer(BrokerUnavailable):
    """An answer that does not come from the broker's API, or lacks what the API promises."""


class KeysUnavailable(BrokerError):
    """The keys are missing, or cannot be read or stored: the broker was not asked."""


class KeysRefused(BrokerError):
    """The keys are wrong or revoked, or belong to the other kind of account (paper or live)."""


class Forbidden(BrokerError):
    """The keys are right, but the account may not do that."""


class UnknownSymbol(BrokerError):
    """
    The broker does not know a symbol.

    Parameters
    ----------
    symbol : str
        The symbol at fault, as requested.
    """

    def __init__(self, message: str, symbol: str) -> None:
        self.symbol = symbol
        super().__init__(message)


class UnsupportedCurrency(BrokerError):
    """The account is kept in a currency other than USD: its figures must not be taken for USD."""

    def __init__(self, message: str, currency: str) -> None:
        self.currency = currency
        super().__init__(message)


class CursorExpired(BrokerError):
    """The broker no longer reports what happened since a cursor: start at a later time, and compare positions."""


class Rejection(StrEnum):
    """Why a broker does not accept an order."""

    BUYING_POWER = "insufficient buying power"
    QUANTITY = "insufficient quantity"
    """More units to sell than are available."""
    WASH_TRADE = "wash trade"
    """An order of the account on the other side is open: the two could trade with each other."""
    WHOLE_UNITS = "whole units only"
    NOT_LENT = "not lent"
    """It cannot be sold short."""
    NOT_TRADABLE = "not tradable"
    TOO_FEW = "too few"
    """Fewer units than the minimum; the broker was not asked."""
    ID_TAKEN = "id taken"
    """An order with the same client_order_id exists already."""
    OTHER = "other"


class OrderRejected(BrokerError):
    """The broker does not accept the order; nothing was traded."""

    def __init__(self, message: str, reason: Rejection = Rejection.OTHER) -> None:
        self.reason = reason
        super().__init__(message)


class RequestRefused(BrokerError):
    """
    The broker will never accept the request.

    Parameters
    ----------
    status : int
        Of its answer.
    """

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)
