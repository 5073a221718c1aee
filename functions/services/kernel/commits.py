"""
Optimistic concurrency: read, decide, commit if nothing changed since the read; on conflict start over.

All commits run in `races`. A request runs in `Commits`, with pauses and in turns; a cycle reads again after a conflict
but evaluates the strategies once; a snapshot continues from the day another run reached.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from functions.domain.kernel.errors import RefusedError, StoreConflict
from functions.domain.kernel.reasons import ReasonCode
from functions.services.kernel.ports import Pause

T = TypeVar("T")

MAX_ATTEMPTS = 40
"""Attempts; with the pauses in between, some ten seconds."""
MAX_WAIT_SECONDS = 10.0


class Race:
    """One attempt to commit; a context manager that swallows StoreConflict."""

    is_lost = False

    def __enter__(self) -> None:
        """Start the attempt."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        self.is_lost = isinstance(error, StoreConflict)
        return self.is_lost


def races(most: int, pause: Pause = lambda _: None) -> Iterator[Race]:
    """
    Yield races until one is won: an attempt that ends without StoreConflict is the last.

    ::

        for race in races(5):
            with race:  # swallows StoreConflict: another writer came first
                done = read_decide_and_commit()
            if race.is_lost:
                ...  # what to do before the next race
        ...  # done, or all races lost: nothing was written

    Parameters
    ----------
    most : int
        Maximum number of races.
    pause : Pause
        Waits after every lost race.
    """
    for number in range(most):
        race = Race()
        yield race
        if not race.is_lost:
            return
        pause(number)


class Commits:
    """
    Runs attempts to commit until no other writer comes first; keep one per process.

    The store's precondition makes a commit safe. In addition, one tenant's writers in this process take turns instead
    of racing each other: of fifty at once, each then tries about once, not a dozen times.
    """

    def __init__(self, pause: Pause) -> None:
        self._pause = pause
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def run(self, tenant_id: str, attempt: Callable[[], T]) -> T:
        """
        Run an attempt, retrying on every StoreConflict, and return its result.

        Raises
        ------
        RefusedError
            With CONTENTION, if every attempt lost: nothing was written, and a later try may succeed.
        """
        for race in races(MAX_ATTEMPTS, self._pause):
            with race, self._turn(tenant_id):
                return attempt()
        raise _contention()

    @contextmanager
    def _turn(self, tenant_id: str) -> Iterator[None]:
        turn = self._turns[tenant_id]
        if not turn.acquire(timeout=MAX_WAIT_SECONDS):
            raise _contention()
        try:
            yield
        finally:
            turn.release()


def _contention() -> RefusedError:
    return RefusedError(ReasonCode.CONTENTION, "too many concurrent writes to this tenant: try again in a moment")
