"""Optimistic concurrency: read, decide, commit over what was read; on conflict start over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from functions.domain.errors import RefusedError, StoreConflict
from functions.domain.reasons import ReasonCode
from functions.services.ports import Pause

T = TypeVar("T")

MAX_ATTEMPTS = 40
"""With the pauses in between, some ten seconds."""


def optimistically(attempt: Callable[[], T], pause: Pause) -> T:
    """
    Run an attempt until no other writer comes first.

    Raises
    ------
    RefusedError
        With CONTENTION, when others came first every time: nothing was written, and a later try may succeed.
    """
    for number in range(MAX_ATTEMPTS):
        try:
            return attempt()
        except StoreConflict:
            pause(number)
    raise RefusedError(ReasonCode.CONTENTION, f"others wrote first {MAX_ATTEMPTS} times: try again in a moment")
