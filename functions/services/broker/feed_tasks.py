"""Turn one tick into a feed for each tenant with a connected broker, and into a cycle for every other tenant."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.errors import StoreError
from functions.domain.kernel.parsing import parse_time
from functions.domain.kernel.slots import parse_slot
from functions.services.broker.connected_ports import ConnectedTenants
from functions.services.kernel.ports import MarketCalendars, TaskQueue, TenantDirectory
from functions.services.kernel.tasks import Task, enqueue_all, hashed_id
from functions.services.orchestration.due_cycles import due_cycles

logger = logging.getLogger("maestro")


@dataclass(frozen=True, slots=True)
class FeedTask(Task):
    """One feed for one tenant: fetch from the broker what the cycle needs."""

    SHAPE = "a map of tenant_id, slot and queued_at"

    slot: str
    queued_at: datetime
    """When its time limit starts."""

    @property
    def task_id(self) -> str:
        return hashed_id(self.tenant_id, "feed", self.slot, label=self.slot.replace(":", ""))

    @property
    def title(self) -> str:
        return "Feed"

    @property
    def log_fields(self) -> dict[str, str]:
        return {"tenant": self.tenant_id, "slot": self.slot}

    def details(self) -> dict[str, str]:
        return {"slot": self.slot, "queued_at": self.queued_at.isoformat()}

    @classmethod
    def from_details(cls, tenant_id: str, details: Mapping[str, Any]) -> FeedTask:
        return cls(tenant_id, parse_slot(details.get("slot")), parse_time("queued_at", details.get("queued_at")))


@dataclass(frozen=True, slots=True)
class CycleQueues:
    """The queues for a tick's work."""

    cycles: TaskQueue
    feeds: TaskQueue


def enqueue_feeds_and_cycles(
    directory: TenantDirectory,
    connections: ConnectedTenants,
    calendars: MarketCalendars,
    queues: CycleQueues,
    policy_defaults: Mapping[str, Any],
    at: datetime,
    now: datetime,
) -> int:
    """
    Queue a feed, which then queues the cycle, or a cycle alone, for each enabled tenant whose market is open.

    Repeating it queues nothing twice. If connections cannot be read, every tenant gets a cycle: one without its feed
    adds no exposure.

    Returns
    -------
    int
        How many tasks there are.

    Raises
    ------
    StoreError
        If tenants could not be read, or a task could not be queued. The other tenants' tasks are queued, and the
        schedule's retry completes the rest.
    """
    due = due_cycles(directory, calendars, policy_defaults, at)
    try:
        connected = connections.connected([task.tenant_id for task in due.tasks])
    except StoreError as error:
        logger.error("Connections to brokers cannot be read: cycles run without feeds: %s", error)
        connected = frozenset()
    feeds = [FeedTask(task.tenant_id, task.slot, now) for task in due.tasks if task.tenant_id in connected]
    cycles = [task for task in due.tasks if task.tenant_id not in connected]
    count = enqueue_all(queues.cycles, cycles, f"cycles of {due.slot}")
    count += enqueue_all(queues.feeds, feeds, f"feeds of {due.slot}") if feeds else 0
    due.found.check_all_read()
    return count
