"""How much one strategy may take of what all share."""

from __future__ import annotations

import resource
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ANSWER_BYTES = 256 * 1024
"""The largest answer of one strategy, as JSON."""
MEMORY_BYTES = 256 * 1024 * 1024
"""What one strategy may ask for while it evaluates, beyond what its process has when it starts."""
_ADDRESSES_PER_MEMORY = 16
"""Addresses that are only reserved, or map a file, cost nothing: they are limited loosely."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the strategies of one cycle may take, each for itself."""

    seconds: float
    """From its own start."""
    memory_bytes: int = MEMORY_BYTES
    answer_bytes: int = ANSWER_BYTES


def memory_limits(more_bytes: int) -> dict[int, int]:
    """
    Return limits under which a fork of this process can ask for so much more memory than this one has now.

    What it has is shared with its forks, so only their growth is counted.
    """
    page = resource.getpagesize()
    figures = [int(word) for word in Path("/proc/self/statm").read_text(encoding="ascii").split()]
    wanted = {
        resource.RLIMIT_DATA: figures[5] * page + more_bytes,
        resource.RLIMIT_AS: figures[0] * page + _ADDRESSES_PER_MEMORY * more_bytes,
        resource.RLIMIT_CORE: 0,
    }
    return {kind: _allowed(kind, most) for kind, most in wanted.items()}


def _allowed(kind: int, most: int) -> int:
    _, hard = resource.getrlimit(kind)
    return most if hard == resource.RLIM_INFINITY else min(most, hard)


def apply(most: Mapping[int, int]) -> None:
    """Set limits for this process and each that it starts."""
    for kind, limit in most.items():
        resource.setrlimit(kind, (limit, limit))


def is_single_threaded() -> bool:
    """Tell whether this process has one thread, also none that a library started."""
    return threading.active_count() == 1 and len(list(Path("/proc/self/task").iterdir())) == 1
