"""Runs strategies in processes of their own: none can harm another, or the process that commits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import selectors
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from functions.adapters.strategy_processes.inputs import pickled
from functions.adapters.strategy_processes.loading import Loaded, Loader
from functions.adapters.strategy_processes.outcomes import ended_its_runner, read_outcome
from functions.adapters.strategy_processes.strategy_root import Fork, StrategyRoot
from functions.domain.kernel.errors import StrategyProcessesError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.signals import ProposedSignal, failed_signal
from functions.sandbox import wire
from functions.sandbox.limits import MEMORY_BYTES, Limits
from functions.services.orchestration.ports import FoundStrategies, StrategyInputs

SILENCE_SECONDS = 10.0
"""A runner sends a heartbeat twice a second: without one for this long it counts as stuck, and is ended."""
_ATTEMPTS = 3
_LOOK_SECONDS = 0.5
_PIECE_BYTES = 1 << 18

Signals = dict[str, ProposedSignal]


class ProcessRunner:
    """
    A `StrategyRunner` of one package, for all tenants: no process outlives its cycle, so nothing is remembered.

    Parameters
    ----------
    root : StrategyRoot
        The root of this process.
    package : str
        The package whose modules hold the strategies; imported in the sandbox, never here.
    memory_bytes : int
        Memory that one strategy may allocate while it evaluates.
    silence_seconds : float
        How long a runner may be silent.
    """

    def __init__(
        self,
        root: StrategyRoot,
        package: str,
        *,
        memory_bytes: int = MEMORY_BYTES,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._root = root
        self._package = package
        self._memory_bytes = memory_bytes
        self._silence_seconds = silence_seconds
        self._lock = threading.Lock()
        self._loaded: Loaded | None = None

    def found(self, timeout_seconds: float) -> FoundStrategies:
        return self._ready(timeout_seconds).found

    def reload(self) -> None:
        with self._lock:
            self._forget()

    async def evaluate(
        self,
        tenant_id: str,  # noqa: ARG002 - no strategy still runs when its cycle is over
        names: Sequence[str],
        inputs: StrategyInputs,
        timeout_seconds: float,
    ) -> list[ProposedSignal]:
        return await asyncio.to_thread(self._evaluate, names, inputs, Limits(timeout_seconds, self._memory_bytes))

    def _ready(self, timeout_seconds: float) -> Loaded:
        with self._lock:
            if self._loaded is not None and self._loaded.is_worth_another_try:
                self._forget()
            if self._loaded is None:
                self._loaded = Loaded(self._root.fork_loader, self._package, timeout_seconds)
            return self._loaded

    def _forget(self) -> None:
        if self._loaded is not None:
            self._loaded.close()
            self._loaded = None

    def _evaluate(self, names: Sequence[str], inputs: StrategyInputs, limits: Limits) -> list[ProposedSignal]:
        own = {name: fields for name in names if (fields := inputs.own_fields(name))}
        body = pickled(inputs.market_data, inputs.account_snapshot, inputs.regime, own)
        signals: Signals = {}
        for _ in range(_ATTEMPTS):
            loaded = self._ready(limits.seconds)
            missing = [name for name in names if name not in signals]
            signals |= {name: _gone(name) for name in missing if name not in loaded.place}
            try:
                signals |= self._run_all([name for name in missing if name in loaded.place], loaded, body, limits)
                return [signals[name] for name in names]
            except OSError:  # a loader was killed: it is started again
                with self._lock:
                    if self._loaded is loaded:
                        self._forget()
        raise StrategyProcessesError("the processes that run strategies end as soon as they start")

    def _run_all(self, names: Sequence[str], loaded: Loaded, body: bytes, limits: Limits) -> Signals:
        """Run strategies concurrently; those whose runner ended before they answered run once more, each by itself."""
        groups: dict[Loader, list[str]] = {}
        for name in names:
            groups.setdefault(loaded.place[name][0], []).append(name)
        signals = self._run(groups.items(), loaded, body, limits)
        lost = [name for name in names if name not in signals]
        if lost:
            signals |= self._run([(loaded.place[name][0], [name]) for name in lost], loaded, body, limits)
        return signals | {name: ended_its_runner(name) for name in lost if name not in signals}

    def _run(
        self, groups: Iterable[tuple[Loader, Sequence[str]]], loaded: Loaded, body: bytes, limits: Limits
    ) -> Signals:
        signals: Signals = {}
        with selectors.DefaultSelector() as selector, contextlib.ExitStack() as opened:
            for loader, names in groups:
                runner = _Runner(opened.enter_context(loader.run()), names, self._silence_seconds)
                runner.ask([(loaded.place[name][1], name) for name in names], limits, body)
                selector.register(runner.fork.work, selectors.EVENT_READ, runner)
            while runners := [key.data for key in selector.get_map().values()]:
                readable = {key.data for key, _ in selector.select(_LOOK_SECONDS)}
                for runner in runners:
                    goes_on = runner.read(signals, limits) if runner in readable else not runner.is_silent
                    if goes_on:
                        continue
                    selector.unregister(runner.fork.work)
                    if runner.has_ended_early and runner.fork.is_gone_with_its_server():
                        raise ConnectionResetError("the loader has gone")
        return signals


class _Runner:
    """The host's view of a process that runs one cycle of one loader's strategies."""

    def __init__(self, fork: Fork, names: Sequence[str], silence_seconds: float) -> None:
        self.fork = fork
        self._missing = set(names)
        self._frames = wire.Frames()
        self._silence_seconds = silence_seconds
        self._heard_at = time.monotonic()

    @property
    def has_ended_early(self) -> bool:
        """Whether it closed its socket before it reported all."""
        return bool(self._missing) and not self.is_silent

    @property
    def is_silent(self) -> bool:
        return time.monotonic() - self._heard_at > self._silence_seconds

    def ask(self, asked: Sequence[tuple[str, str]], limits: Limits, body: bytes) -> None:
        """Send everything; if the process has ended, unsent strategies get no answer, either."""
        self.fork.work.settimeout(self._silence_seconds)
        with contextlib.suppress(OSError):
            wire.send(self.fork.work, {"asked": asked, "limits": asdict(limits)})
            self.fork.work.sendall(wire.framed(body))

    def read(self, signals: Signals, limits: Limits) -> bool:
        """Process received messages; False when no more will come. Raises StrategyProcessesError."""
        self._heard_at = time.monotonic()
        try:
            piece = self.fork.work.recv(_PIECE_BYTES)
            messages = [json.loads(body) for body in self._frames.feed(piece)]
        except (OSError, ValueError, wire.FrameTooLargeError):
            return False
        for message in messages:
            if "failed" in message:
                raise StrategyProcessesError(f"the inputs cannot be passed to strategies: {message['failed']}")
            name = message.get("name")
            if name in self._missing:
                self._missing.discard(name)
                signals[name] = read_outcome(name, message, limits)
        return bool(piece) and not any("done" in message for message in messages)


def _gone(name: str) -> ProposedSignal:
    return failed_signal(name, "its file could not be loaded again", ReasonCode.STRATEGY_ERROR)
