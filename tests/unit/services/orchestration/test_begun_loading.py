"""Strategies are loaded while a cycle reads, so that a cold start pays for the longer of both."""

from __future__ import annotations

import asyncio

import pytest

from functions.services.orchestration.begun_loading import begun
from functions.services.orchestration.ports import FoundStrategies

FOUND = FoundStrategies(["Own"])


def test_loading_goes_on_while_something_else_is_waited_for() -> None:
    async def cycle() -> FoundStrategies | None:
        has_begun, is_read = asyncio.Event(), asyncio.Event()

        async def load() -> FoundStrategies:
            has_begun.set()
            await is_read.wait()
            return FOUND

        async with begun(load) as loaded:
            await asyncio.wait_for(has_begun.wait(), 5)  # the read, which the load does not wait for
            is_read.set()
            return await loaded()

    assert asyncio.run(cycle()) is FOUND


def test_a_load_that_fails_fails_the_cycle_and_one_not_needed_is_let_go() -> None:
    async def fails() -> FoundStrategies:
        raise ImportError("no package")

    async def needed() -> None:
        async with begun(fails) as loaded:
            await loaded()

    async def settled_already() -> str:
        async with begun(lambda: asyncio.sleep(60, FOUND)):
            return "settled"

    with pytest.raises(ImportError, match="no package"):
        asyncio.run(needed())
    assert asyncio.run(asyncio.wait_for(settled_already(), 5)) == "settled"


def test_without_anything_to_load_there_is_nothing() -> None:
    async def cycle() -> FoundStrategies | None:
        async with begun(None) as loaded:
            return await loaded()

    assert asyncio.run(cycle()) is None
