"""Tasks for one tenant: checking its alerts, making its report."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from functions.domain.kernel.errors import InputError, StoreError
from functions.domain.monitoring.due_checks import CHANGED_WITHIN, is_due
from functions.domain.monitoring.due_reports import REPORT_SETTINGS, reports_due
from functions.services.kernel.enabled_tenants import enabled_tenants
from functions.services.kernel.fan_out import TenantsOfPage
from functions.services.kernel.ports import TaskQueue, TenantDirectory
from functions.services.kernel.tasks import Task, enqueue_all, hashed_id
from functions.services.monitoring.change_ports import ChangedTenants

logger = logging.getLogger("maestro")


class TenantJob(StrEnum):
    """What to do."""

    ALERTS = "alerts"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class TenantTask(Task):
    """One job of one tenant, at one time."""

    SHAPE = "a map of tenant_id, job and label"

    job: TenantJob
    label: str
    """The slot of a check, or the day of a report: tasks with the same label are queued once."""

    @property
    def task_id(self) -> str:
        return hashed_id(self.tenant_id, self.job, self.label)

    @property
    def title(self) -> str:
        return self.job

    @property
    def day(self) -> date:
        """The day of a report. Raises InputError."""
        try:
            return date.fromisoformat(self.label)
        except ValueError as error:
            raise InputError("label", "YYYY-MM-DD", self.label) from error

    @property
    def is_hourly(self) -> bool:
        """Whether a check is its hour's first, which also does what would be too expensive in each."""
        try:
            return self.job is TenantJob.ALERTS and datetime.fromisoformat(self.label).minute == 0
        except ValueError:  # a label that is not a slot is not the first of any hour
            return False

    def details(self) -> dict[str, str]:
        return {"job": str(self.job), "label": self.label}

    @classmethod
    def from_details(cls, tenant_id: str, details: Mapping[str, Any]) -> TenantTask:
        job, label = details.get("job"), details.get("label")
        if not isinstance(job, str) or job not in list(TenantJob):
            raise InputError("job", "one of " + ", ".join(TenantJob), job)
        if not isinstance(label, str):
            raise InputError("label", "a text", label)
        return cls(tenant_id, TenantJob(job), label)


def changed_tenants(changed: ChangedTenants, now: datetime) -> Set[str] | None:
    """Return the tenants whose state recently changed, or None if that is unknown: then all are checked."""
    try:
        return changed.changed_since(now - CHANGED_WITHIN)
    except StoreError as error:
        logger.error("Changed tenants cannot be read, checking the alerts of all: %s", error)
        return None


def enqueue_checks(
    tenants: TenantsOfPage, queue: TaskQueue, slot: datetime, now: datetime, changed: Set[str] | None
) -> int:
    """
    Queue one alert check per enabled tenant that needs one, and return their number. Raises StoreError.

    Parameters
    ----------
    changed : set of str or None
        From `changed_tenants`.
    """
    label = slot.isoformat()
    now = max(slot, now)
    due = [
        one
        for one in tenants.enabled_tenants()
        if changed is None or one in changed or is_due(tenants.next_checks.get(one), now, slot)
    ]
    return enqueue_all(queue, [TenantTask(one, TenantJob.ALERTS, label) for one in due], f"checks of {label}")


def enqueue_reports(
    directory: TenantDirectory, policy_defaults: Mapping[str, Any], queue: TaskQueue, now: datetime
) -> int:
    """
    Queue the reports of enabled tenants whose report hour recently came, and return their number.

    Called every hour, it queues a day's report once, as the task is named after the day, and catches up on missed
    hours. Raises StoreError as `functions.services.ledger.snapshot_tasks.enqueue_days` does.
    """
    found = enabled_tenants(directory, REPORT_SETTINGS, policy_defaults)
    due = reports_due(found.policies.items(), now)
    count = enqueue_all(
        queue, [TenantTask(one.tenant_id, TenantJob.REPORT, one.day.isoformat()) for one in due], "reports"
    )
    found.check_all_read()
    return count
