"""Turn one tick of the schedule into one task per tenant."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.slots import parse_slot, slot_of
from functions.services.kernel.enqueue_all import enqueue_all
from functions.services.kernel.ports import MarketCalendar, TaskQueue, TenantDirectory

logger = logging.getLogger("maestro")


@dataclass(frozen=True, slots=True)
class CycleTask:
    """One cycle to run for one tenant."""

    tenant_id: str
    slot: str

    @property
    def task_id(self) -> str:
        """The queue's key: the same cycle is queued once. Hashed first, as Cloud Tasks advises against sequences."""
        digest = hashlib.sha256(f"{self.tenant_id}\n{self.slot}".encode()).hexdigest()
        return f"{digest[:20]}-{self.slot.replace(':', '')}"

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.slot)

    def to_payload(self) -> dict[str, str]:
        return {"tenant_id": self.tenant_id, "slot": self.slot}

    @classmethod
    def from_payload(cls, payload: Any) -> CycleTask:
        """
        Read a task's payload.

        Raises
        ------
        InputError
            If the tenant or the slot is missing or malformed.
        """
        if not isinstance(payload, Mapping):
            raise InputError("task", "a map of tenant_id and slot", payload)
        tenant_id, slot = payload.get("tenant_id"), payload.get("slot")
        if not isinstance(tenant_id, str) or not tenant_id or "/" in tenant_id:
            raise InputError("tenant_id", "a document id", tenant_id)
        return cls(tenant_id, parse_slot(slot))


def enqueue_cycles(
    tenants: TenantDirectory, queue: TaskQueue, calendar: MarketCalendar, at: datetime
) -> list[CycleTask]:
    """
    Queue one cycle per enabled tenant, if the market is open; doing it again queues nothing twice.

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
        return []
    tasks = [CycleTask(tenant_id, slot) for tenant_id in tenants.enabled_tenants()]
    enqueue_all(queue, tasks, f"cycles of {slot}")
    return tasks
