"""
What delivering notifications needs from the outside, and how it fails.

::

    MaestroError
    └── DeliveryError          a channel did not take a notification: carries its reason code
        ├── TemporaryFailure   … and may take it later
        │   └── DeliveryFailed   raised to the queue, so that it retries
        └── PermanentFailure   … and never will as things stand
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from functions.domain.kernel.errors import MaestroError
from functions.domain.monitoring.channels import Channel, DeliveryMode
from functions.domain.monitoring.notifications import Notification
from functions.services.kernel.ports import Document, Version, Versioned


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


class Sender(Protocol):
    """Sends to channels of one type."""

    def send(self, channel: Channel, notification: Notification, mode: DeliveryMode) -> None:
        """Send once; return when the receiver has it. Raises TemporaryFailure, PermanentFailure."""
        ...


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """What a delivery reads, in one batched read; None marks a document that does not exist."""

    channels: Document | None
    """``tenants/{t}/config/notifications``."""
    delivery: Versioned[Document | None]
    """``tenants/{t}/deliveries/{id}``, to write over."""


class DeliveryStore(Protocol):
    """Where channels, and the outcome of every delivery, are stored."""

    def channels(self, tenant_id: str) -> Document | None:
        """Return ``tenants/{t}/config/notifications``. Raises StoreUnavailable."""
        ...

    def read_delivery(self, tenant_id: str, delivery_id: str) -> DeliveryState:
        """Read everything in one round trip. Raises StoreUnavailable."""
        ...

    def write_delivery(self, tenant_id: str, delivery_id: str, fields: Document, version: Version | None) -> Version:
        """
        Create the record (version None) or set fields of it, and return its new version.

        Raises
        ------
        StoreConflict
            If it was written since ``version``.
        StoreUnavailable
            If it is not known to be written.
        """
        ...
