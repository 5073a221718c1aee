"""Cloud Tasks, through the queue that Firebase creates for a task function."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from firebase_admin import exceptions
from firebase_admin import functions as task_functions
from google.auth.exceptions import GoogleAuthError

from functions.domain.kernel.errors import StoreUnavailable

TASKS_A_SECOND = 450
"""Tasks queued per second: Cloud Tasks accepts 500 per queue."""


class Pace:
    """Limits callers in any number of threads to a rate per second."""

    def __init__(
        self,
        per_second: float,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._between = 1 / per_second
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = monotonic()
        self._lock = Lock()

    def wait(self) -> None:
        with self._lock:
            now = self._monotonic()
            at = max(now, self._next)
            self._next = at + self._between
        if at > now:
            self._sleep(at - now)


class CloudTaskQueue:
    """`TaskQueue` of one task function."""

    def __init__(self, function_name: str, region: str) -> None:
        self._pace = Pace(TASKS_A_SECOND)
        self._queue = task_functions.task_queue(f"locations/{region}/functions/{function_name}")

    def enqueue(self, task_id: str, payload: Mapping[str, Any]) -> bool:
        """Queue a task; False if one with that id was already queued. Raises StoreUnavailable."""
        self._pace.wait()
        try:
            self._queue.enqueue({"data": dict(payload)}, task_functions.TaskOptions(task_id=task_id))
        except (exceptions.ConflictError, exceptions.AlreadyExistsError):
            return False
        except ValueError as error:
            # The emulator's answer has no task name to parse (firebase-admin 7.7.0), though the task is queued.
            if not ("CLOUD_TASKS_EMULATOR_HOST" in os.environ and "resource name" in str(error)):
                raise
        except (exceptions.FirebaseError, GoogleAuthError) as error:
            raise StoreUnavailable(f"queueing task {task_id}: {error}") from error
        return True
