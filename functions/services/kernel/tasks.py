"""Work for a queue: the form of every task, and queueing many, where one failure does not stop the others."""

from __future__ import annotations

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from functions.domain.kernel.errors import InputError, StoreError
from functions.domain.kernel.parsing import is_document_id
from functions.services.kernel.ports import TaskQueue

logger = logging.getLogger("maestro")

QUEUED_AT_ONCE = 10
"""Concurrent calls: as many connections as the Cloud Tasks client keeps open."""


@dataclass(frozen=True, slots=True)
class Task(ABC):
    """One unit of work of a tenant; each kind adds its own fields."""

    SHAPE: ClassVar[str]
    """What a payload must be, as the end of "task must be …"."""

    tenant_id: str

    @property
    @abstractmethod
    def task_id(self) -> str:
        """The queue's key, from `hashed_id`: tasks with the same id are queued once."""

    @abstractmethod
    def details(self) -> dict[str, Any]:
        """Return what a payload says besides the tenant."""

    @classmethod
    @abstractmethod
    def from_details(cls, tenant_id: str, details: Mapping[str, Any]) -> Self:
        """Read what `details` gave. Raises InputError."""

    @property
    def title(self) -> str | None:
        """Its name in the log when it will be retried; None: not logged."""
        return None

    @property
    def log_fields(self) -> dict[str, str]:
        return {"tenant": self.tenant_id}

    @property
    def receiver(self) -> str | None:
        """The tenant's recipient, as in "to channel ops"; None: it has no recipient of its own."""
        return None

    def to_payload(self) -> dict[str, Any]:
        return {"tenant_id": self.tenant_id, **self.details()}

    @classmethod
    def from_payload(cls, payload: Any) -> Self:
        """
        Read what `to_payload` gave.

        Raises
        ------
        InputError
            If it is not a map, or the tenant or a detail is missing or malformed.
        """
        if not isinstance(payload, Mapping):
            raise InputError("task", cls.SHAPE, type(payload).__name__)
        tenant_id = payload.get("tenant_id")
        if not is_document_id(tenant_id):
            raise InputError("tenant_id", "a document id", tenant_id)
        return cls.from_details(tenant_id, payload)


def hashed_id(*parts: str, label: str | None = None) -> str:
    """
    Return a task's id, beginning with a hash because Cloud Tasks advises against sequences.

    Parameters
    ----------
    label : str or None
        A readable ending.

    >>> hashed_id("acme", "day-2020-03-16", label="day-2020-03-16")
    'aa4b22dd0ffa1a76cecc-day-2020-03-16'
    """
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return digest[:40] if label is None else f"{digest[:20]}-{label}"


def enqueue_all(queue: TaskQueue, tasks: Sequence[Task], what: str) -> int:
    """
    Queue every task, ten at once, and return their number.

    Parameters
    ----------
    what : str
        Their name in messages: "cycles of 2020-03-16T19:55:00Z".

    Raises
    ------
    StoreError
        If any could not be queued; the others are, and a retry completes the rest.
    """
    with ThreadPoolExecutor(min(QUEUED_AT_ONCE, len(tasks) or 1)) as threads:
        errors = list(threads.map(lambda task: _refusal(queue, task), tasks))
    failed = []
    for task, error in zip(tasks, errors, strict=True):
        if error is not None:
            which = f"{what} {task.receiver}" if task.receiver else what
            logger.error("One of the %s not queued: %s", which, error, extra={"tenant": task.tenant_id})
            failed.append(task)
    if failed:
        first = failed[0].receiver or f"of tenant {failed[0].tenant_id}"
        raise StoreError(f"{len(failed)} of {len(tasks)} {what} not queued, first {first}")
    logger.info("Queued %d %s", len(tasks), what, extra=_tenant_of(tasks) | {"count": len(tasks)})
    return len(tasks)


def _refusal(queue: TaskQueue, task: Task) -> StoreError | None:
    try:
        queue.enqueue(task.task_id, task.to_payload())
    except StoreError as error:
        return error
    return None


def _tenant_of(tasks: Sequence[Task]) -> dict[str, Any]:
    """Return the log field of the tenant that all tasks belong to; none if there are several tenants or no tasks."""
    tenants = {task.tenant_id for task in tasks}
    return {"tenant": tenants.pop()} if len(tenants) == 1 else {}
