"""Schedules: each finds the work that is due and hands it to a task queue."""

from __future__ import annotations

from datetime import UTC, datetime

from firebase_functions import scheduler_fn

from functions import bootstrap
from functions.domain.kernel.slots import EVERY_SLOT
from functions.domain.ledger.periods import Period
from functions.services.broker.feed_tasks import CycleQueues, enqueue_feeds_and_cycles
from functions.services.kernel.fan_out import QueuePage, TenantsOfPage
from functions.services.kernel.ports import TaskQueue
from functions.services.ledger.snapshot_tasks import enqueue_days, enqueue_months
from functions.services.monitoring.tenant_tasks import changed_tenants, enqueue_checks, enqueue_reports
from functions.triggers.cold_start_probe import ignores_probe
from functions.triggers.serving import SERVING

TIMEOUT_SECONDS = 120
_LEFT_OVER_SECONDS = 20
"""Nothing new is begun this long before the function's own timeout; the retry continues."""


@scheduler_fn.on_schedule(
    schedule=EVERY_SLOT,
    retry_count=3,
    min_backoff_seconds=5,
    max_retry_seconds=120,
    timeout_sec=TIMEOUT_SECONDS,
    **SERVING["orchestrate_tick"].options(),
)
@ignores_probe
def orchestrate_tick(event: scheduler_fn.ScheduledEvent) -> None:
    """Queue one cycle, or the feed before it, per enabled tenant, during its own market's hours."""
    at, connections, feeds = event.schedule_time, bootstrap.connections(), bootstrap.feed_queue()
    calendars, defaults = bootstrap.calendars(), bootstrap.policy_defaults()

    def queue_page(tenants: TenantsOfPage, queue: TaskQueue) -> int:
        queues, now = CycleQueues(queue, feeds), bootstrap.clock().now()
        return enqueue_feeds_and_cycles(tenants, connections, calendars, queues, defaults, at, now)

    _fan_out("orchestrate_tick", bootstrap.cycle_queue(), at, queue_page)


@scheduler_fn.on_schedule(
    schedule=EVERY_SLOT,
    retry_count=3,
    min_backoff_seconds=5,
    max_retry_seconds=120,
    timeout_sec=TIMEOUT_SECONDS,
    **SERVING["check_alerts"].options(),
)
@ignores_probe
def check_alerts(event: scheduler_fn.ScheduledEvent) -> None:
    """Queue one alert check per enabled tenant that needs one: it finds what the trigger missed, and missing cycles."""
    at, now = event.schedule_time, bootstrap.clock().now()
    changed = changed_tenants(bootstrap.changed_tenants(), now)
    _fan_out(
        "check_alerts",
        bootstrap.tenant_queue(),
        at,
        lambda tenants, queue: enqueue_checks(tenants, queue, at, now, changed),
    )


@scheduler_fn.on_schedule(
    schedule="0 * * * *",
    retry_count=5,
    min_backoff_seconds=30,
    timeout_sec=TIMEOUT_SECONDS,
    **SERVING["daily_report"].options(),
)
@ignores_probe
def daily_report(event: scheduler_fn.ScheduledEvent) -> None:
    """Queue the report of every enabled tenant whose report hour, in its own time zone, has recently come."""
    at, defaults = event.schedule_time, bootstrap.policy_defaults()
    _fan_out(
        "daily_report",
        bootstrap.tenant_queue(),
        at,
        lambda tenants, queue: enqueue_reports(tenants, defaults, queue, at),
    )


@scheduler_fn.on_schedule(
    schedule="30 * * * *",
    retry_count=5,
    min_backoff_seconds=30,
    timeout_sec=TIMEOUT_SECONDS,
    **SERVING["daily_performance_snapshot"].options(),
)
@ignores_probe
def daily_performance_snapshot(event: scheduler_fn.ScheduledEvent) -> None:
    """Queue the day's snapshot for every enabled tenant whose market recently closed; the job fills in missed days."""
    at = event.schedule_time
    calendars, defaults = bootstrap.calendars(), bootstrap.policy_defaults()
    _fan_out(
        "daily_performance_snapshot",
        bootstrap.snapshot_queue(),
        at,
        lambda tenants, queue: enqueue_days(tenants, calendars, queue, defaults, at),
    )


@scheduler_fn.on_schedule(
    schedule="0 12 1-3 * *",  # UTC: the month is over in every market, and a missed run is made up for by the next
    retry_count=5,
    min_backoff_seconds=30,
    timeout_sec=TIMEOUT_SECONDS,
    **SERVING["monthly_performance_snapshot"].options(),
)
@ignores_probe
def monthly_performance_snapshot(event: scheduler_fn.ScheduledEvent) -> None:
    """Queue the performance job of the month that just ended, for every enabled tenant."""
    at = event.schedule_time
    month = Period.month_before(at.astimezone(UTC).date())
    _fan_out(
        "monthly_performance_snapshot",
        bootstrap.snapshot_queue(),
        at,
        lambda tenants, queue: enqueue_months(tenants, queue, month.label),
    )


def _fan_out(schedule: str, queue: TaskQueue, at: datetime, queue_page: QueuePage) -> None:
    """Queue a schedule's tasks for all tenants. Raises StoreError if some remain: the scheduler's retry continues."""
    bootstrap.fan_out(queue).run(schedule, at, TIMEOUT_SECONDS - _LEFT_OVER_SECONDS, queue_page)
