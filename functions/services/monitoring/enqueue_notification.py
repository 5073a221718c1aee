"""Queue a notification for a tenant's channels, one task each."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import is_document_id
from functions.domain.monitoring.channels import Channel, DeliveryMode, read_channels
from functions.domain.monitoring.notifications import Notification
from functions.services.kernel.ports import TaskQueue
from functions.services.kernel.tasks import Task, enqueue_all, hashed_id
from functions.services.monitoring.notification_ports import DeliveryReason, DeliveryStore

logger = logging.getLogger("maestro")


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


def fan_out(notification: Notification, channels: Iterable[Channel]) -> list[tuple[str, DeliveryMode]]:
    """Return which channels get a notification, and how."""
    modes = [(channel.channel_id, channel.mode_for(notification)) for channel in channels]
    return [(channel_id, mode) for channel_id, mode in modes if mode is not DeliveryMode.OFF]


class EnqueueNotification:
    """
    The use case: one task per channel that is to have a notification.

    Parameters
    ----------
    dashboard_url : str
        What links begin with, without a slash at the end; empty: notifications carry none.
    """

    def __init__(self, store: DeliveryStore, queue: TaskQueue, dashboard_url: str = "") -> None:
        self._store = store
        self._queue = queue
        self._dashboard_url = dashboard_url

    def run(self, notification: Notification) -> int:
        """
        Queue the tasks and return their number; repeating it sends nothing twice.

        Raises
        ------
        StoreError
            If the channels could not be read or a task not queued; the other tasks are queued.
        """
        tenant_id = notification.tenant_id
        channels = read_channels(self._store.channels(tenant_id))
        for error in channels.problems.values():
            extra = {"tenant": tenant_id, "reason_code": DeliveryReason.MALFORMED_CHANNEL}
            logger.error("A notification channel is malformed: %s", error, extra=extra)
        chosen = fan_out(notification, channels.usable.values())
        notification = self.linked(notification)
        return enqueue_all(self._queue, [DeliveryTask(tenant_id, one, notification) for one, _ in chosen], "deliveries")

    def linked(self, notification: Notification) -> Notification:
        """Return a notification whose path of the dashboard is a URL."""
        url = self._dashboard_url
        return replace(notification, link=f"{url}{notification.link}" if url and notification.link else "")
