"""Resource limits of one strategy."""

from __future__ import annotations

import resource
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ANSWER_BYTES = 256 * 1024
"""The largest answer of one strategy, as JSON."""
MEMORY_BYTES = 256 * 1024 * 1024
"""Memory that one strategy may allocate while it evaluates, beyond what its process starts with."""
_ADDRESSES_PER_MEMORY = 16
"""Reserved addresses and mapped files cost no memory: they are limited loosely."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of each strategy of one cycle."""

    seconds: float
    """From the strategy's own start."""
    memory_bytes: int = MEMORY_BYTES
    answer_bytes: int = ANSWER_BYTES


def memory_limits(more_bytes: int) -> dict[int, int]:
    """
    Return limits under which a fork of this process can allocate that much more memory than this one has now.

    Its memory is shared with its forks, so only their growth counts.
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
    """Set limits for this process and its children."""
    for kind, limit in most.items():
        resource.setrlimit(kind, (limit, limit))


def is_single_threaded() -> bool:
    """Return whether this process has only one thread, counting threads of libraries."""
    return threading.active_count() == 1 and len(list(Path("/proc/self/task").iterdir())) == 1
