"""What delivering notifications needs from the outside, as protocols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from functions.domain.monitoring.channels import Channel, DeliveryMode
from functions.domain.monitoring.notifications import Notification
from functions.services.kernel.ports import Document, Version, Versioned


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
