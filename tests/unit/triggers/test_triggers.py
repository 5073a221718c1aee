"""Triggers with real Flask requests, and the helpers around them."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime

import flask
import pytest

from functions import bootstrap
from functions.services.orchestration.due_cycles import CycleTask
from functions.settings import Settings
from functions.triggers.cold_start_probe import PROBE_PATH, ignores_probe
from functions.triggers.run_async import run_async
from functions.triggers.tasks import replayed_now

APP = flask.Flask(__name__)


@pytest.mark.parametrize(
    ("path", "is_emulated", "calls"),
    [(PROBE_PATH, True, 0), (PROBE_PATH, False, 1), ("/", True, 1)],
)
def test_only_the_emulators_probe_is_kept_away(
    path: str, is_emulated: bool, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUNCTIONS_EMULATOR", "true" if is_emulated else "false")
    seen: list[object] = []
    with APP.test_request_context(path):
        ignores_probe(seen.append)("event")
    assert len(seen) == calls


def test_a_coroutine_gives_its_result_or_its_error() -> None:
    async def answer() -> int:
        return 42

    async def fail() -> None:
        raise KeyError("no")

    assert run_async(answer(), 5) == 42
    with pytest.raises(KeyError):
        run_async(fail(), 5)


def test_a_stubborn_task_left_behind_holds_up_nothing() -> None:
    release = threading.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue

    async def cycle() -> str:
        cycle.task = asyncio.create_task(stubborn())  # type: ignore[attr-defined]
        return "decided"

    started = time.monotonic()
    assert run_async(cycle(), 30) == "decided"
    assert time.monotonic() - started < 15
    release.set()


def test_a_blocked_loop_is_a_timeout_not_a_hang() -> None:
    release = threading.Event()

    async def blocks() -> None:
        release.wait(10)

    with pytest.raises(TimeoutError):
        run_async(blocks(), 0.2)
    release.set()


@pytest.mark.parametrize(
    ("is_emulated", "now", "expected"),
    [
        (True, datetime(2026, 1, 1, tzinfo=UTC), datetime(2020, 3, 16, 19, 55, tzinfo=UTC)),
        (True, datetime(2020, 3, 16, 19, 56, tzinfo=UTC), None),
        (False, datetime(2026, 1, 1, tzinfo=UTC), None),
    ],
)
def test_history_is_replayed_in_the_emulator_only(
    is_emulated: bool, now: datetime, expected: datetime | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock:
        def now(self) -> datetime:
            return now

    monkeypatch.setattr(bootstrap, "settings", lambda: Settings("us-central1", "XNYS", (), "", (), None, is_emulated))
    monkeypatch.setattr(bootstrap, "clock", Clock)
    assert replayed_now(CycleTask("acme", "2020-03-16T19:55:00Z")) == expected
