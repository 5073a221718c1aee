"""Task queues: one unit of work each, delivered at least once."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, TypeVar

from firebase_functions import https_fn, options, tasks_fn

from functions import bootstrap
from functions.domain.kernel.errors import InputError, RefusedError, StoreError, StoreRefused, StrategyProcessesError
from functions.services.broker.feed_tasks import FeedTask
from functions.services.kernel.tasks import Task
from functions.services.ledger.snapshot_tasks import SnapshotTask
from functions.services.monitoring.delivery_errors import DeliveryFailed
from functions.services.monitoring.delivery_task import QUEUE_ATTEMPTS, DeliveryTask
from functions.services.monitoring.tenant_tasks import TenantJob, TenantTask
from functions.services.orchestration.due_cycles import CycleTask
from functions.settings import BROKER_SERVICE_ACCOUNT, WEBHOOK_SIGNING_KEY
from functions.triggers.run_async import run_async
from functions.triggers.serving import SERVING

logger = logging.getLogger("maestro")

TIMEOUT_SECONDS = 120
SNAPSHOT_TIMEOUT_SECONDS = 540
_REPLAY_AGE = timedelta(hours=1)

T = TypeVar("T", bound=Task)
Handler = Callable[[https_fn.CallableRequest[Any]], dict[str, Any]]


def handles(
    task_type: type[T], *, retried: tuple[type[Exception], ...]
) -> Callable[[Callable[[T], dict[str, Any]]], Handler]:
    """
    Make a function of a task handle a queue's requests; goes below ``on_task_dispatched``.

    A malformed task or document stays malformed, and what the store refused it will refuse again: neither is retried.

    Parameters
    ----------
    retried : tuple of exception types
        Errors on which the queue should retry the task: they are raised as HttpsError with UNAVAILABLE.
    """

    def decorate(run: Callable[[T], dict[str, Any]]) -> Handler:
        @functools.wraps(run)
        def handle(request: https_fn.CallableRequest[Any]) -> dict[str, Any]:
            try:
                task = task_type.from_payload(request.data)
                return run(task)
            except InputError as error:
                logger.error("Task refused: %s", error)
                return {"status": "REFUSED", "detail": str(error)}
            except StoreRefused as error:
                logger.error("%s refused by the store, not retried: %s", task.title or "Task", error)
                return {"status": "REFUSED", "detail": str(error)}
            except retried as error:
                if task.title is not None:
                    logger.error("%s failed, will be retried: %s", task.title, error, extra=task.log_fields)
                raise https_fn.HttpsError(https_fn.FunctionsErrorCode.UNAVAILABLE, str(error)) from error

        return handle

    return decorate


@tasks_fn.on_task_dispatched(
    retry_config=options.RetryConfig(max_attempts=5, min_backoff_seconds=2, max_backoff_seconds=30),
    rate_limits=options.RateLimits(max_concurrent_dispatches=20, max_dispatches_per_second=100),
    timeout_sec=TIMEOUT_SECONDS,
    **SERVING["orchestratetenant"].options(),
)
@handles(CycleTask, retried=(StoreError, StrategyProcessesError, TimeoutError))
def orchestratetenant(task: CycleTask) -> dict[str, Any]:
    """Run the cycle of one tenant and slot; a repeated delivery changes nothing."""
    loader = bootstrap.strategy_loader(task.tenant_id)
    decision = run_async(loader.orchestrate_slot(task.slot, replayed_now(task)), TIMEOUT_SECONDS - 10)
    bootstrap.declare_symbols().run(loader.get_found())
    return {"status": "SETTLED" if decision is None else "DECIDED"}


@tasks_fn.on_task_dispatched(
    retry_config=options.RetryConfig(max_attempts=3, min_backoff_seconds=2, max_backoff_seconds=10),
    rate_limits=options.RateLimits(max_concurrent_dispatches=20, max_dispatches_per_second=100),
    timeout_sec=TIMEOUT_SECONDS,
    service_account=BROKER_SERVICE_ACCOUNT,  # type: ignore[arg-type]  # options accept parameters
    **SERVING["feedtenant"].options(),
)
@handles(FeedTask, retried=(StoreError, RefusedError))
def feedtenant(task: FeedTask) -> dict[str, Any]:
    """Fetch what a tenant's cycle needs from the broker, then queue the cycle; a repeated delivery changes nothing."""
    feed = bootstrap.feed_tenant().run(task)
    return {"status": "NONE" if feed is None else str(feed.status)}


@tasks_fn.on_task_dispatched(
    retry_config=options.RetryConfig(max_attempts=5, min_backoff_seconds=30, max_backoff_seconds=600),
    rate_limits=options.RateLimits(max_concurrent_dispatches=10, max_dispatches_per_second=50),
    timeout_sec=SNAPSHOT_TIMEOUT_SECONDS,
    memory=options.MemoryOption.GB_1,
    **SERVING["snapshottenant"].options(),
)
@handles(SnapshotTask, retried=(StoreError,))
def snapshottenant(task: SnapshotTask) -> dict[str, Any]:
    """Run one performance job of one tenant, or the next part of it; a repeated delivery changes nothing."""
    done = bootstrap.run_snapshot_task().run(task, bootstrap.policy_defaults())
    return {"status": done["status"], "documents": done["documents"], "skipped_documents": done["skipped_documents"]}


@tasks_fn.on_task_dispatched(
    retry_config=options.RetryConfig(max_attempts=3, min_backoff_seconds=10, max_backoff_seconds=60),
    rate_limits=options.RateLimits(max_concurrent_dispatches=20, max_dispatches_per_second=100),
    timeout_sec=60,
    **SERVING["checktenant"].options(),
)
@handles(TenantTask, retried=(StoreError, RefusedError))
def checktenant(task: TenantTask) -> dict[str, Any]:
    """Check one tenant's alerts, or make its daily report; a repeated delivery changes nothing."""
    if task.job is TenantJob.REPORT:
        bootstrap.make_report().run(bootstrap.report_due(task.tenant_id, task.day))
        return {"status": "DONE", "changes": 1}
    closed, failure = _close_memberships(task) if task.is_hourly else ([], None)
    changes = bootstrap.check_alerts().run(task.tenant_id, bootstrap.policy_defaults(), closed_memberships=closed)
    if failure is not None:
        raise failure
    return {"status": "DONE", "changes": len(changes)}


def _close_memberships(task: TenantTask) -> tuple[list[dict[str, Any]], StoreError | None]:
    """Return recently closed memberships, or the failure: alerts do not wait for Firebase Authentication."""
    try:
        return [asdict(one) for one in bootstrap.close_memberships().run(task.tenant_id)], None
    except StoreError as error:
        return [], error


@tasks_fn.on_task_dispatched(
    retry_config=options.RetryConfig(
        max_attempts=QUEUE_ATTEMPTS, min_backoff_seconds=10, max_backoff_seconds=600, max_doublings=6
    ),
    rate_limits=options.RateLimits(max_concurrent_dispatches=20, max_dispatches_per_second=50),
    timeout_sec=120,
    secrets=[WEBHOOK_SIGNING_KEY],
    **SERVING["delivernotification"].options(),
)
@handles(DeliveryTask, retried=(StoreError, DeliveryFailed))
def delivernotification(task: DeliveryTask) -> dict[str, Any]:
    """Deliver one notification to one channel; a repeated delivery sends nothing twice."""
    outcome = bootstrap.deliver_notification().run(task)
    return {"status": str(outcome)}


def replayed_now(task: CycleTask) -> datetime | None:
    """Return the slot's own time when replaying history, which only the emulator allows; None: use the clock."""
    is_history = bootstrap.clock().now() - task.at > _REPLAY_AGE
    return task.at if bootstrap.settings().is_emulated and is_history else None
