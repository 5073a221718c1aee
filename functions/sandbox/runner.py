"""One cycle of one loader's strategies: reads the inputs once, forks a child for each, enforces their limits."""

from __future__ import annotations

import gc
import json
import os
import pickle
import selectors
import socket
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from functions.sandbox import child, system, wire
from functions.sandbox.limits import Limits, apply, memory_limits

FIRST_CHILDREN = 8
MOST_CHILDREN = 64
"""Maximum concurrent children: each has memory of its own."""
ALIVE_SECONDS = 0.5
"""Interval of heartbeats of a runner with nothing to report."""
_TICK_SECONDS = 0.02
_PIPE_BYTES = 1 << 16


def main(host: socket.socket, evaluates: Mapping[str, Mapping[str, child.Evaluate]], *, in_namespace: bool) -> None:
    """
    Run one cycle for the host; ends early when the host closes the socket.

    Parameters
    ----------
    evaluates : mapping
        Evaluation functions of strategies, by module and class.
    """
    is_first = in_namespace and system.enter_pid_namespace()
    if is_first:  # the next child is the first in this cycle's namespace: everything there ends with it
        pid = os.fork()
        if pid != 0:
            host.close()
            system.reap(pid)
            return
        system.die_with_parent()
    else:
        system.adopt_orphans()
    request, _ = wire.receive(host)
    try:
        inputs, own = pickle.loads(wire.receive_bytes(host))  # noqa: S301 - from the host, not from a strategy
    except EOFError:
        raise
    except Exception as error:  # noqa: BLE001 - a class of the caller's that is missing in the sandbox
        wire.send(host, {"failed": f"{type(error).__name__}: {error}"})
        return
    gc.freeze()
    np.random.seed()  # as Python does for `random` in each fork: otherwise every cycle would draw the same numbers
    asked = {name: evaluates[module][name] for module, name in request["asked"]}
    try:
        _Cycle(host, asked, inputs, own, Limits(**request["limits"]), is_first=is_first).run()
    finally:
        if not is_first:
            system.end_strangers()
    wire.send(host, {"done": True})


@dataclass(slots=True)
class _Running:
    name: str
    pid: int
    reading: int
    deadline: float
    frames: wire.Frames = field(default_factory=wire.Frames)
    is_reaped: bool = False


class _Cycle:
    def __init__(
        self,
        host: socket.socket,
        asked: Mapping[str, child.Evaluate],
        inputs: Any,
        own: Any,
        limits: Limits,
        *,
        is_first: bool,
    ) -> None:
        self._host = host
        self._queue = deque(asked.items())
        self._is_first = is_first
        self._of_memory = memory_limits(limits.memory_bytes)
        self._inputs = inputs
        self._own = own
        self._limits = limits
        self._wakeups = system.Wakeups()
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, _Running] = {}
        self._told_at = time.monotonic()

    def run(self) -> None:
        self._selector.register(self._host, selectors.EVENT_READ)
        self._selector.register(self._wakeups.reading, selectors.EVENT_READ)
        most = FIRST_CHILDREN
        while self._queue or self._running:
            while self._queue and len(self._running) < most:
                self._start(*self._queue.popleft())
            left = len(self._running)
            self._look(_TICK_SECONDS)
            self._give_up_on_late()
            if self._queue and len(self._running) == left:  # none returned: waiting strategies must not wait longer
                most = min(2 * most, MOST_CHILDREN)
            if time.monotonic() - self._told_at > ALIVE_SECONDS:
                self._tell({"alive": True})
        self._wakeups.close()

    def _start(self, name: str, evaluate: child.Evaluate) -> None:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._become_child()
            os.close(reading)
            child.answer(name, evaluate, self._inputs, self._own.get(name) or {}, self._limits, writing)
        os.close(writing)
        os.set_blocking(reading, False)
        running = _Running(name, pid, reading, time.monotonic() + self._limits.seconds)
        self._running[pid] = running
        self._selector.register(reading, selectors.EVENT_READ, running)

    def _become_child(self) -> None:
        """Close the runner's resources, and apply the limits; runs for each strategy, so it does little."""
        os.setsid()  # keeps its children, and signals to its group, separate
        if not self._is_first:
            system.die_with_parent()
        apply(self._of_memory)
        self._wakeups.close()
        self._selector.close()
        self._host.close()
        for other in self._running.values():
            os.close(other.reading)

    def _look(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._host:  # readable only when it closed
                raise EOFError
            if key.fileobj is self._wakeups.reading:
                self._wakeups.drain()
                self._reap()
            elif key.data.pid in self._running:
                self._read(key.data)

    def _read(self, running: _Running) -> bool:
        """Read a child's output; True if that settles it."""
        try:
            while piece := os.read(running.reading, _PIPE_BYTES):
                bodies = running.frames.feed(piece)
                if bodies:
                    self._settle(running, {"answer": bodies[0].decode(errors="replace")})
                    return True
        except BlockingIOError:
            return False
        except wire.FrameTooLargeError:
            self._settle(running, {"too_large": True})
            return True
        self._selector.unregister(running.reading)  # closed without an answer: its exit status follows
        return False

    def _reap(self) -> None:
        for running in list(self._running.values()):
            done, status = os.waitpid(running.pid, os.WNOHANG)
            if done:
                running.is_reaped = True
                if not self._read_rest(running):
                    self._settle(running, {"ended": system.ending(status)})

    def _read_rest(self, running: _Running) -> bool:
        is_open = running.reading in self._selector.get_map()
        return is_open and self._read(running)

    def _give_up_on_late(self) -> None:
        now = time.monotonic()
        for running in [one for one in self._running.values() if one.deadline < now]:
            self._settle(running, {"late": True})

    def _settle(self, running: _Running, outcome: dict[str, Any]) -> None:
        """Report a strategy's outcome, and end its process with its group."""
        del self._running[running.pid]
        if running.reading in self._selector.get_map():
            self._selector.unregister(running.reading)
        os.close(running.reading)
        if running.is_reaped:
            system.kill_group(running.pid)
        else:
            system.kill(running.pid)
            system.reap(running.pid)
        self._tell({"name": running.name, **outcome})

    def _tell(self, message: dict[str, Any]) -> None:
        self._host.sendall(wire.framed(json.dumps(message).encode()))
        self._told_at = time.monotonic()
