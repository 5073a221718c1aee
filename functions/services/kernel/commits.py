"""Optimistic concurrency: read, decide, commit over what was read; on conflict start over."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

from functions.domain.kernel.errors import RefusedError, StoreConflict
from functions.domain.kernel.reasons import ReasonCode
from functions.services.kernel.ports import Pause

T = TypeVar("T")

MAX_ATTEMPTS = 40
"""With the pauses in between, some ten seconds."""
MAX_WAIT_SECONDS = 10.0


class Commits:
    """
    Runs attempts to commit until no other writer comes first; keep one per process.

    What makes a commit safe is the store's precondition. Besides, writers of one tenant who share this process take
    turns instead of racing each other: of fifty at once each then tries about once, not a dozen times.
    """

    def __init__(self, pause: Pause) -> None:
        self._pause = pause
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def run(self, tenant_id: str, attempt: Callable[[], T]) -> T:
        """
        Run an attempt, again on every StoreConflict, and return what it returns.

        Raises
        ------
        RefusedError
            With CONTENTION, when others came first every time: nothing was written, and a later try may succeed.
        """
        for number in range(MAX_ATTEMPTS):
            turn = self._turns[tenant_id]
            if not turn.acquire(timeout=MAX_WAIT_SECONDS):
                break
            try:
                return attempt()
            except StoreConflict:
                pass
            finally:
                turn.release()
            self._pause(number)
        raise RefusedError(ReasonCode.CONTENTION, "too many others write at once: try again in a moment")
