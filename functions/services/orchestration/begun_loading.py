"""Load strategies while waiting for something else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from functions.services.orchestration.ports import FoundStrategies

Load = Callable[[], Awaitable[FoundStrategies]]


@asynccontextmanager
async def begun(load: Load | None) -> AsyncIterator[Callable[[], Awaitable[FoundStrategies | None]]]:
    """Start loading, and yield a function that waits for the result; leaving the block stops waiting."""
    task = None if load is None else asyncio.ensure_future(load())

    async def loaded() -> FoundStrategies | None:
        return None if task is None else await task

    try:
        yield loaded
    finally:
        if task is not None:
            task.cancel()
