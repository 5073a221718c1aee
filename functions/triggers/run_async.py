"""Run a coroutine from a synchronous handler: the Functions SDK awaits nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


def run_async(coroutine: Coroutine[Any, Any, T], timeout_seconds: float) -> T:
    """
    Run a coroutine on an event loop of its own and return its result.

    The loop runs in a daemon thread, and the result does not wait for the loop to end: an async strategy that refuses
    cancellation or blocks the loop holds up only its own thread.

    Raises
    ------
    TimeoutError
        If there is no result in time.
    """
    future: Future[T] = Future()

    async def deliver() -> None:
        try:
            future.set_result(await coroutine)
        except BaseException as error:  # noqa: BLE001 - passed on to the caller
            future.set_exception(error)

    threading.Thread(target=asyncio.run, args=(deliver(),), name="maestro-cycle", daemon=True).start()
    return future.result(timeout_seconds)
