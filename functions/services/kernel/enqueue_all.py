"""Hand one task per tenant, or channel, to a queue: what can be queued is, whatever cannot."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from functions.domain.kernel.errors import StoreError
from functions.services.kernel.ports import TaskQueue

logger = logging.getLogger("maestro")


class Task(Protocol):
    """One unit of work of a tenant."""

    @property
    def tenant_id(self) -> str: ...

    @property
    def task_id(self) -> str:
        """The queue's key: a task of the same id is queued once."""
        ...

    def to_payload(self) -> Mapping[str, Any]: ...


def enqueue_all(queue: TaskQueue, tasks: Sequence[Task], what: str) -> None:
    """
    Queue every task.

    Parameters
    ----------
    what : str
        What they are, as messages should say it: "cycles of 2020-03-16T19:55:00Z".

    Raises
    ------
    StoreError
        If one could not be queued; the others are all the same, and a retry completes the rest.
    """
    failed = []
    for task in tasks:
        try:
            queue.enqueue(task.task_id, task.to_payload())
        except StoreError as error:
            logger.error("One of the %s not queued: %s", what, error, extra={"tenant": task.tenant_id})
            failed.append(task.tenant_id)
    if failed:
        raise StoreError(f"{len(failed)} of {len(tasks)} {what} not queued, first of tenant {failed[0]}")
    logger.info("Queued %d %s", len(tasks), what, extra={"count": len(tasks)})
