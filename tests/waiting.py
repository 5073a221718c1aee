"""Waiting for what happens elsewhere, as long as a busy machine may take."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 60.0


def eventually(look: Callable[[], T | None], seconds: float = PATIENCE_SECONDS) -> T:
    """Look again and again until there is something, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing within {seconds} s")
