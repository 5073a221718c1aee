"""Turn one tick of the schedule into one task per tenant."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.slots import parse_slot, slot_of
from functions.services.kernel.ports import MarketCalendar, TaskQueue, TenantDirectory
from functions.services.kernel.tasks import Task, enqueue_all, hashed_id

logger = logging.getLogger("maestro")


@dataclass(frozen=True, slots=True)
class CycleTask(Task):
    """One cycle to run for one tenant."""

    SHAPE = "a map of tenant_id and slot"

    slot: str

    @property
    def task_id(self) -> str:
        return hashed_id(self.tenant_id, self.slot, label=self.slot.replace(":", ""))

    @property
    def title(self) -> str:
        return "Cycle"

    @property
    def log_fields(self) -> dict[str, str]:
        return {"tenant": self.tenant_id, "slot": self.slot}

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.slot)

    def details(self) -> dict[str, str]:
        return {"slot": self.slot}

    @classmethod
    def from_details(cls, tenant_id: str, details: Mapping[str, Any]) -> CycleTask:
        return cls(tenant_id, parse_slot(details.get("slot")))


def enqueue_cycles(tenants: TenantDirectory, queue: TaskQueue, calendar: MarketCalendar, at: datetime) -> int:
    """
    Queue one cycle per enabled tenant, and return how many there are; doing it again queues nothing twice.

    While the market is closed there are none.

    Parameters
    ----------
    at : datetime
        The scheduled time, aware.

    Raises
    ------
    StoreError
        If tenants could not be read, or a task not be queued; the other tenants' tasks are queued all the same, and
        the schedule's retry completes the rest.
    """
    slot = slot_of(at)
    if not calendar.is_open(at):
        logger.info("Market closed at %s: no cycles", slot, extra={"slot": slot})
        return 0
    tasks = [CycleTask(tenant_id, slot) for tenant_id in tenants.enabled_tenants()]
    return enqueue_all(queue, tasks, f"cycles of {slot}")
