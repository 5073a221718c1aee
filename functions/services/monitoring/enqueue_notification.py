"""Queue a notification for a tenant's channels, one task each."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace

from functions.domain.monitoring.channels import Channel, DeliveryMode, read_channels
from functions.domain.monitoring.notifications import Notification
from functions.services.kernel.ports import TaskQueue
from functions.services.kernel.tasks import enqueue_all
from functions.services.monitoring.delivery_errors import DeliveryReason
from functions.services.monitoring.delivery_task import DeliveryTask
from functions.services.monitoring.notification_ports import DeliveryStore

logger = logging.getLogger("maestro")


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
