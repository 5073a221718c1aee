"""
Admission control: neither a busy instance nor an eager client delays control requests, fills or exits.

Requests that may be slow take at most `AT_ONCE` of an instance's threads; the rest serve what must not wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, g, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.triggers.serving import SERVING

F = TypeVar("F", bound=Callable[..., Any])

AT_ONCE = SERVING["api"].at_once * 6 // 10
"""Requests that may be slow, of all users together, on one instance."""
CYCLES_AT_ONCE = 8
"""How many of them may be cycles, which take as long as the slowest strategy."""
PER_MINUTE = 600
"""Requests that may be slow, of one user, on one instance."""
RATIONED_AT_ONCE = 4
"""How many of the requests that may be slow may be ones that cost others: thousands of reads, or a sender's time."""
RATIONED_PER_MINUTE = 20
"""Of one user, on one instance."""
_EXTENSION = "maestro_admission"


class Admission:
    """The free places of one instance, and each user's recent request rate."""

    def __init__(
        self,
        at_once: int = AT_ONCE,
        cycles: int = CYCLES_AT_ONCE,
        per_minute: int = PER_MINUTE,
        rationed_per_minute: int = RATIONED_PER_MINUTE,
    ) -> None:
        self._places = threading.BoundedSemaphore(at_once)
        self._cycles = threading.BoundedSemaphore(cycles)
        self._rationed = threading.BoundedSemaphore(RATIONED_AT_ONCE)
        self._rate = RateLimitItemPerMinute(per_minute)
        self._ration = RateLimitItemPerMinute(rationed_per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def enter(self, uid: str, *, is_cycle: bool, is_rationed: bool = False) -> list[threading.BoundedSemaphore]:
        """
        Take the places that a request needs, and return them.

        Raises
        ------
        RefusedError
            With TOO_MANY_REQUESTS, if no place is free or the user sent too many requests.
        """
        if not self._limiter.hit(self._rate, uid):
            detail = f"more than {self._rate.amount} requests a minute from this user: wait a moment"
            raise RefusedError(ReasonCode.TOO_MANY_REQUESTS, detail)
        if is_rationed and not self._limiter.hit(self._ration, "rationed", uid):
            detail = f"more than {self._ration.amount} previews and tests a minute from this user: wait a moment"
            raise RefusedError(ReasonCode.TOO_MANY_REQUESTS, detail)
        taken: list[threading.BoundedSemaphore] = []
        needed = {self._places: True, self._cycles: is_cycle, self._rationed: is_rationed}
        for places in (places for places, is_needed in needed.items() if is_needed):
            if not places.acquire(blocking=False):
                leave(taken)
                raise RefusedError(ReasonCode.TOO_MANY_REQUESTS, "too many requests at once: try again in a moment")
            taken.append(places)
        return taken


def leave(taken: list[threading.BoundedSemaphore]) -> None:
    """Give places back."""
    for places in taken:
        places.release()


def urgent(view: F) -> F:
    """Mark a route that never waits: it stops trading, ends exposure or reports what happened."""
    view.is_urgent = True  # type: ignore[attr-defined]
    return view


def runs_a_cycle(view: F) -> F:
    """Mark a route that takes as long as a cycle."""
    view.runs_a_cycle = True  # type: ignore[attr-defined]
    return view


def rationed(view: F) -> F:
    """Mark a route whose every request costs others: it has a limit of its own."""
    view.is_rationed = True  # type: ignore[attr-defined]
    return view


def provide_admission(app: Flask, admission: Admission) -> None:
    """Make an application admit only requests that it has a place for."""
    app.extensions[_EXTENSION] = admission
    app.before_request(_admit)
    app.teardown_request(lambda _: leave(g.pop("places", [])))


def _admit() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    who = g.get("principal")
    if who is None or getattr(view, "is_urgent", False):
        return
    admission: Admission = current_app.extensions[_EXTENSION]
    is_cycle, is_rationed = (getattr(view, name, False) for name in ("runs_a_cycle", "is_rationed"))
    g.places = admission.enter(who.uid, is_cycle=is_cycle, is_rationed=is_rationed)
