"""Ctrl-C and similar signals: turned into an exception, so that everything is cleaned up, once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into KeyboardInterrupt, so that context managers clean up."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    with handled_by(interrupt):
        yield


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let nothing interrupt what must be finished; a process group's signal often comes twice, through make too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with handled_by(signal.SIG_IGN):
        yield


@contextlib.contextmanager
def handled_by(handler: Any) -> Iterator[None]:
    previous = {number: signal.signal(number, handler) for number in INTERRUPTIONS}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)
