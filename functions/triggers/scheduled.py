"""Schedules: each finds the work that is due and hands it to a task queue."""

from __future__ import annotations

from datetime import UTC

from firebase_functions import scheduler_fn

from functions import bootstrap
from functions.domain.kernel.slots import EVERY_SLOT
from functions.domain.ledger.periods import Period
from functions.services.ledger.snapshot_tasks import enqueue_days, enqueue_months
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
    """Queue one cycle per enabled tenant, inside the hours of its own market."""
    enqueue_cycles(
        bootstrap.tenant_directory(),
        bootstrap.calendars(),
        bootstrap.cycle_queue(),
        bootstrap.policy_defaults(),
        event.schedule_time,
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
    """Queue the report of every enabled tenant whose report hour, in its own time zone, came of late."""
    enqueue_reports(
        bootstrap.tenant_directory(), bootstrap.policy_defaults(), bootstrap.tenant_queue(), event.schedule_time
    )


@scheduler_fn.on_schedule(
    schedule="30 * * * *",
    retry_count=5,
    min_backoff_seconds=30,
    timeout_sec=120,
    **SERVING["daily_performance_snapshot"].options(),
)
@ignores_probe
def daily_performance_snapshot(event: scheduler_fn.ScheduledEvent) -> None:
    """Queue the day's snapshot for every enabled tenant whose market closed of late; the job fills in missed days."""
    enqueue_days(
        bootstrap.tenant_directory(),
        bootstrap.calendars(),
        bootstrap.snapshot_queue(),
        bootstrap.policy_defaults(),
        event.schedule_time,
    )


@scheduler_fn.on_schedule(
    schedule="0 12 1-3 * *",  # UTC: the month is over in every market, and a day that is lost loses none
    retry_count=5,
    min_backoff_seconds=30,
    timeout_sec=120,
    **SERVING["monthly_performance_snapshot"].options(),
)
@ignores_probe
def monthly_performance_snapshot(event: scheduler_fn.ScheduledEvent) -> None:
    """Queue the month that just ended, in January that of the year before, for every enabled tenant."""
    month = Period.month_before(event.schedule_time.astimezone(UTC).date())
    enqueue_months(bootstrap.tenant_directory(), bootstrap.snapshot_queue(), month.label)
