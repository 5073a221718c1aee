"""The task that delivers one notification to one channel, and how often its queue tries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import is_document_id
from functions.domain.monitoring.notifications import Notification
from functions.services.kernel.tasks import Task, hashed_id

MAX_ATTEMPTS = 8
"""Attempts before a delivery is dead; some twenty minutes, with a backoff doubling from 10 s."""
QUEUE_ATTEMPTS = 2 * MAX_ATTEMPTS
"""Dispatches the queue must allow: some end before a send, because the store fails or another dispatch is active."""


@dataclass(frozen=True, slots=True)
class DeliveryTask(Task):
    """One notification for one channel. Raises InputError if the notification belongs to another tenant."""

    SHAPE = "a map of tenant_id, channel_id and notification"

    channel_id: str
    notification: Notification

    def __post_init__(self) -> None:
        if self.notification.tenant_id != self.tenant_id:
            raise InputError("tenant_id", f"{self.notification.tenant_id}, the notification's", self.tenant_id)

    @property
    def delivery_id(self) -> str:
        return f"{self.notification.notification_id}__{self.channel_id}"

    @property
    def task_id(self) -> str:
        return hashed_id(self.tenant_id, self.delivery_id)

    @property
    def receiver(self) -> str:
        return f"to channel {self.channel_id}"

    def details(self) -> dict[str, Any]:
        return {"channel_id": self.channel_id, "notification": self.notification.to_payload()}

    @classmethod
    def from_details(cls, tenant_id: str, details: Mapping[str, Any]) -> DeliveryTask:
        channel_id = details.get("channel_id")
        if not is_document_id(channel_id):
            raise InputError("channel_id", "a channel's id", type(channel_id).__name__)
        return cls(tenant_id, channel_id, Notification.from_payload(details.get("notification")))
