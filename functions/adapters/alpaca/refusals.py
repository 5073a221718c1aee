"""Meaning of unsuccessful statuses, with Alpaca's message."""

from __future__ import annotations

import json
import re
from datetime import datetime

from functions.domain.broker.errors import (
    BrokerError,
    BrokerUnavailable,
    Forbidden,
    KeysRefused,
    MalformedAnswer,
    OrderRejected,
    RateLimited,
    Rejection,
    RequestRefused,
)

_MOST_CHARACTERS = 200
_ORDERS = "/v2/orders"
_REASONS: tuple[tuple[str, Rejection], ...] = (
    ("wash trade", Rejection.WASH_TRADE),
    ("opposite side", Rejection.WASH_TRADE),
    ("buying power", Rejection.BUYING_POWER),
    ("insufficient balance", Rejection.BUYING_POWER),
    ("insufficient qty", Rejection.QUANTITY),
    ("client_order_id must be unique", Rejection.ID_TAKEN),
    ("not fractionable", Rejection.WHOLE_UNITS),
    ("cannot be sold short", Rejection.NOT_LENT),
    ("not allowed to short", Rejection.NOT_LENT),
    ("not tradable", Rejection.NOT_TRADABLE),
    ("not active", Rejection.NOT_TRADABLE),
    ("could not find asset", Rejection.NOT_TRADABLE),
)
"""Lower-case parts of rejection messages, with their reasons."""


def described(received: bytes) -> str:
    """
    Return Alpaca's message with a refusal, as one short line; empty if there is none of its own.

    >>> described(b'{"code": 40110000, "message": "request is not authorized"}'), described(b"<html>")
    ('request is not authorized', '')
    """
    try:
        message = json.loads(received)["message"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    line = re.sub(r"\s+", " ", message).strip() if isinstance(message, str) else ""
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}…"


def error_of(status: int, method: str, path: str, said: str, resumes_at: datetime | None) -> BrokerError:
    """Return the error for a status."""
    answers = f"Alpaca answers {status}" + (f": {said}" if said else "")
    if status == 401:
        return KeysRefused(f"{answers}. The keys are wrong, revoked, or for the other kind of account (paper or live)")
    if status == 429:
        return RateLimited(f"{answers}. Too many requests for this account", resumes_at)
    if status == 408 or status >= 500:
        return BrokerUnavailable(answers)
    if not 400 <= status < 500:
        return MalformedAnswer(f"{answers}, a redirect, which is not followed: {path}")
    return _refusal(status, method, path, answers, said)


def _refusal(status: int, method: str, path: str, answers: str, said: str) -> BrokerError:
    if method == "POST" and path == _ORDERS:
        return OrderRejected(answers, rejection_of(said))
    if status == 403:
        return Forbidden(
            f"{answers}. The account may not do that, or the keys are for the other kind of account (paper or live)"
        )
    return RequestRefused(f"{answers} ({path})", status)


def rejection_of(said: str) -> Rejection:
    """
    Return the reason of an order's rejection, by its message.

    >>> rejection_of("insufficient buying power"), rejection_of("halted")
    (<Rejection.BUYING_POWER: 'insufficient buying power'>, <Rejection.OTHER: 'other'>)
    """
    low = said.lower()
    return next((reason for words, reason in _REASONS if words in low), Rejection.OTHER)
