"""Schedules: each finds the work that is due and hands it to a task queue."""

from __future__ import annotations

from datetime import UTC

from firebase_functions import scheduler_fn

from functions import bootstrap
from functions.domain.kernel.slots import EVERY_SLOT
from functions.domain.ledger.periods import Period
from functions.services.ledger.snapshot_tasks import enqueue_snapshots
from functions.services.monitoring.tenant_tasks import enqueue_checks, enqueue_reports
from functions.services.orchestration.enqueue_cycles import enqueue_cycles
from functions.triggers.cold_start_probe import ignores_probe
from functions.triggers.serving import SERVING


@scheduler_fn.on_schedule(
    schedule=EVERY_SLOT,
    retry_count=3,
    min_backoff_seconds=5,
    max_retry_seconds=120,
    timeout_sec=60,
    **SERVING["orchestrate_tick"].options(),
)
@ignores_probe
def orchestrate_tick(event: scheduler_fn.ScheduledEvent) -> None:
    """Queue one cycle per enabled tenant, inside market hours."""
    enqueue_cycles(
        bootstrap.tenant_directory(), bootstrap.cycle_queue(), bootstrap.market_calendar(), event.schedule_time
    )


@scheduler_fn.on_schedule(
    schedule=EVERY_SLOT,
    retry_count=1,
    timeout_sec=60,
    **SERVING["check_alerts"].options(),
)
@ignores_probe
def check_alerts(event: scheduler_fn.ScheduledEvent) -> None:
    """Queue one check of alerts per enabled tenant: what the trigger missed, and the heartbeat."""
    enqueue_checks(bootstrap.tenant_directory(), bootstrap.tenant_queue(), event.schedule_time)


@scheduler_fn.on_schedule(
    schedule="0 * * * *",
    retry_count=5,
    min_backoff_seconds=30,
    timeout_sec=120,
    **SERVING["daily_report"].options(),
)
@ignores_probe
def daily_report(event: scheduler_fn.ScheduledEvent) -> None:
    """Queue the report of every enabled tenant whose report hour, in its own time zone, has come."""
    enqueue_reports(bootstrap.tenant_directory(), bootstrap.policy_of, bootstrap.tenant_queue(), event.schedule_time)


@scheduler_fn.on_schedule(
    schedule="30 22 * * *",  # UTC: an hour and a half after the close in New York's winter
    retry_count=5,
    min_backoff_seconds=30,
    timeout_sec=120,
    **SERVING["daily_performance_snapshot"].options(),
)
@ignores_probe
def daily_performance_snapshot(event: scheduler_fn.ScheduledEvent) -> None:
    """Queue the day's snapshot for every enabled tenant; missed days are filled in by the same job."""
    day = event.schedule_time.astimezone(UTC).date()
    enqueue_snapshots(bootstrap.tenant_directory(), bootstrap.snapshot_queue(), Period.of_day(day))


@scheduler_fn.on_schedule(
    schedule="0 0 1 * *",
    retry_count=5,
    min_backoff_seconds=30,
    timeout_sec=120,
    **SERVING["monthly_performance_snapshot"].options(),
)
@ignores_probe
def monthly_performance_snapshot(event: scheduler_fn.ScheduledEvent) -> None:
    """Queue the month that just ended, in January that of the year before, for every enabled tenant."""
    month = Period.month_before(event.schedule_time.astimezone(UTC).date())
    enqueue_snapshots(bootstrap.tenant_directory(), bootstrap.snapshot_queue(), month)
