"""Schedules: each finds the work that is due and hands it to a task queue."""

from __future__ import annotations

from firebase_functions import options, scheduler_fn

from functions import bootstrap
from functions.services.enqueue_cycles import enqueue_cycles
from functions.settings import REGION
from functions.triggers.cold_start_probe import ignores_probe


@scheduler_fn.on_schedule(
    schedule="*/5 * * * *",
    region=REGION,
    retry_count=3,
    min_backoff_seconds=5,
    max_retry_seconds=120,
    timeout_sec=60,
    memory=options.MemoryOption.MB_512,
)
@ignores_probe
def orchestrate_tick(event: scheduler_fn.ScheduledEvent) -> None:
    """Queue one cycle per enabled tenant, inside market hours."""
    enqueue_cycles(
        bootstrap.tenant_directory(), bootstrap.cycle_queue(), bootstrap.market_calendar(), event.schedule_time
    )
