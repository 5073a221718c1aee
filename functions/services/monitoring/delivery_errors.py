"""
How delivering a notification fails.

::

    MaestroError
    └── DeliveryError          a channel did not take a notification: carries its reason code
        ├── TemporaryFailure   … and may take it later
        │   └── DeliveryFailed   raised to the queue, so that it retries
        └── PermanentFailure   … and never will as things stand
"""

from __future__ import annotations

from enum import StrEnum

from functions.domain.kernel.errors import MaestroError


class DeliveryReason(StrEnum):
    """Why a notification was not delivered."""

    TARGET_TIMEOUT = "TARGET_TIMEOUT"
    """The channel's server did not answer in time."""
    TARGET_UNREACHABLE = "TARGET_UNREACHABLE"
    """No connection, or it broke before an answer."""
    TARGET_UNAVAILABLE = "TARGET_UNAVAILABLE"
    """The server cannot take it now: 5xx, 429, 408 or 425."""
    TARGET_REFUSED = "TARGET_REFUSED"
    """The server refused it: any other 4xx, or a redirect, which is not followed."""
    FORBIDDEN_TARGET = "FORBIDDEN_TARGET"
    """Maestro does not connect to its address."""
    MALFORMED_CHANNEL = "MALFORMED_CHANNEL"
    UNKNOWN_CHANNEL = "UNKNOWN_CHANNEL"
    """The tenant's document no longer has a channel with that id."""
    CHANNEL_OFF = "CHANNEL_OFF"
    """It was switched off since the notification was queued."""
    NO_SENDER = "NO_SENDER"
    """This deployment does not send to channels of that type, or lacks the secret to sign with."""
    DELIVERY_IN_PROGRESS = "DELIVERY_IN_PROGRESS"
    """Another invocation is sending it."""
    ATTEMPTS_EXHAUSTED = "ATTEMPTS_EXHAUSTED"
    """The last attempt did not finish."""


class DeliveryError(MaestroError):
    """
    A channel did not take a notification.

    Parameters
    ----------
    reason_code : DeliveryReason
    detail : str
        What happened, for logs and records: no URL, token or secret, only the host.
    """

    def __init__(self, reason_code: DeliveryReason, detail: str) -> None:
        self.reason_code = reason_code
        self.detail = detail
        super().__init__(f"{reason_code}: {detail}")


class TemporaryFailure(DeliveryError):  # noqa: N818 - named after what happened, as in domain/kernel/errors.py
    """The channel may take it later."""


class DeliveryFailed(TemporaryFailure):
    """The queue should retry the task."""


class PermanentFailure(DeliveryError):  # noqa: N818
    """The channel will not take it until something changes."""
