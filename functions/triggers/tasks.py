"""Task queues: one unit of work each, delivered at least once."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from firebase_functions import https_fn, options, tasks_fn

from functions import bootstrap
from functions.domain.kernel.errors import InputError, RefusedError, StoreError
from functions.services.ledger.snapshot_tasks import SnapshotTask
from functions.services.monitoring.deliver_notification import QUEUE_ATTEMPTS, DeliveryTask
from functions.services.monitoring.make_report import ReportDue
from functions.services.monitoring.notification_ports import DeliveryFailed
from functions.services.monitoring.tenant_tasks import TenantJob, TenantTask
from functions.services.orchestration.enqueue_cycles import CycleTask
from functions.settings import REGION, WEBHOOK_SIGNING_KEY
from functions.strategies.maestro_controller import MaestroController
from functions.triggers.run_async import run_async

logger = logging.getLogger("maestro")

TIMEOUT_SECONDS = 120
SNAPSHOT_TIMEOUT_SECONDS = 540
_REPLAY_AGE = timedelta(hours=1)


@tasks_fn.on_task_dispatched(
    region=REGION,
    retry_config=options.RetryConfig(max_attempts=5, min_backoff_seconds=2, max_backoff_seconds=30),
    rate_limits=options.RateLimits(max_concurrent_dispatches=20, max_dispatches_per_second=100),
    timeout_sec=TIMEOUT_SECONDS,
    memory=options.MemoryOption.MB_512,
)
def orchestratetenant(request: https_fn.CallableRequest[Any]) -> dict[str, Any]:
    """Run the cycle of one tenant and slot; a repeated delivery changes nothing."""
    try:
        task = CycleTask.from_payload(request.data)
        loader = bootstrap.strategy_loader(task.tenant_id)
        decision = run_async(loader.orchestrate_slot(task.slot, replayed_now(task)), TIMEOUT_SECONDS - 10)
    except InputError as error:
        # A malformed task stays malformed: say so and do not have it delivered again.
        logger.error("Task refused: %s", error)
        return {"status": "REFUSED", "detail": str(error)}
    except (StoreError, TimeoutError) as error:
        logger.error("Cycle failed, to be retried: %s", error, extra={"tenant": task.tenant_id, "slot": task.slot})
        raise https_fn.HttpsError(https_fn.FunctionsErrorCode.UNAVAILABLE, str(error)) from error
    return {"status": "SETTLED" if decision is None else "DECIDED"}


@tasks_fn.on_task_dispatched(
    region=REGION,
    retry_config=options.RetryConfig(max_attempts=5, min_backoff_seconds=30, max_backoff_seconds=600),
    rate_limits=options.RateLimits(max_concurrent_dispatches=10, max_dispatches_per_second=50),
    timeout_sec=SNAPSHOT_TIMEOUT_SECONDS,
    memory=options.MemoryOption.GB_1,
)
def snapshottenant(request: https_fn.CallableRequest[Any]) -> dict[str, Any]:
    """Run one performance job of one tenant; a repeated delivery changes nothing."""
    try:
        task = SnapshotTask.from_payload(request.data)
        done = bootstrap.run_snapshot_task().run(task, MaestroController.policy_defaults())
    except InputError as error:
        logger.error("Task refused: %s", error)
        return {"status": "REFUSED", "detail": str(error)}
    except StoreError as error:
        logger.error("Snapshot failed, to be retried: %s", error, extra={"tenant": task.tenant_id})
        raise https_fn.HttpsError(https_fn.FunctionsErrorCode.UNAVAILABLE, str(error)) from error
    return {"status": "DONE", "documents": done["documents"], "skipped_documents": done["skipped_documents"]}


@tasks_fn.on_task_dispatched(
    region=REGION,
    retry_config=options.RetryConfig(max_attempts=3, min_backoff_seconds=10, max_backoff_seconds=60),
    rate_limits=options.RateLimits(max_concurrent_dispatches=20, max_dispatches_per_second=100),
    timeout_sec=60,
    memory=options.MemoryOption.MB_512,
)
def checktenant(request: https_fn.CallableRequest[Any]) -> dict[str, Any]:
    """Check one tenant's alerts, or make its daily report; a repeated delivery changes nothing."""
    try:
        task = TenantTask.from_payload(request.data)
        if task.job is TenantJob.REPORT:
            bootstrap.make_report().run(ReportDue(task.tenant_id, task.day))
            return {"status": "DONE", "changes": 1}
        changes = bootstrap.check_alerts().run(task.tenant_id, bootstrap.policy_defaults())
    except InputError as error:
        logger.error("Task refused: %s", error)
        return {"status": "REFUSED", "detail": str(error)}
    except (StoreError, RefusedError) as error:
        logger.error("%s failed, to be retried: %s", task.job, error, extra={"tenant": task.tenant_id})
        raise https_fn.HttpsError(https_fn.FunctionsErrorCode.UNAVAILABLE, str(error)) from error
    return {"status": "DONE", "changes": len(changes)}


@tasks_fn.on_task_dispatched(
    region=REGION,
    retry_config=options.RetryConfig(
        max_attempts=QUEUE_ATTEMPTS, min_backoff_seconds=10, max_backoff_seconds=600, max_doublings=6
    ),
    rate_limits=options.RateLimits(max_concurrent_dispatches=20, max_dispatches_per_second=50),
    timeout_sec=120,
    memory=options.MemoryOption.MB_512,
    secrets=[WEBHOOK_SIGNING_KEY],
)
def delivernotification(request: https_fn.CallableRequest[Any]) -> dict[str, Any]:
    """Bring one notification to one channel; a repeated delivery tells nobody twice."""
    try:
        task = DeliveryTask.from_payload(request.data)
        outcome = bootstrap.deliver_notification().run(task.tenant_id, task.channel_id, task.notification)
    except InputError as error:
        logger.error("Task refused: %s", error)
        return {"status": "REFUSED", "detail": str(error)}
    except (StoreError, DeliveryFailed) as error:
        raise https_fn.HttpsError(https_fn.FunctionsErrorCode.UNAVAILABLE, str(error)) from error
    return {"status": str(outcome)}


def replayed_now(task: CycleTask) -> datetime | None:
    """Return the slot's own time where history is replayed, which only the emulator allows; None: the clock's."""
    is_history = bootstrap.clock().now() - task.at > _REPLAY_AGE
    return task.at if bootstrap.settings().is_emulated and is_history else None
