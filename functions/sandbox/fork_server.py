"""A single-threaded process that forks another for each request: the basis of root and loader."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NoReturn

from functions.sandbox import system, wire

_LOOK_AFTER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Forked:
    pid: int
    life: socket.socket
    """Reports how the fork ended; the fork is ended when the other side closes it."""


class ForkServer:
    """
    Serves requests, each with two sockets: one for its work, and one that controls its lifetime.

    Parameters
    ----------
    requests : socket
        Source of requests; the server returns when it is closed.
    work : callable
        What a fork does with its socket.
    look_after : callable, optional
        Called for other children after one of these ended, with the ids of the remaining ones.
    """

    def __init__(
        self,
        requests: socket.socket,
        work: Callable[[socket.socket], None],
        look_after: Callable[[Collection[int]], None] = lambda _: None,
    ) -> None:
        self._requests = requests
        self._work = work
        self._look_after = look_after
        self._wakeups = system.Wakeups()
        self._selector = selectors.DefaultSelector()
        self._forked: dict[int, _Forked] = {}

    def serve(self) -> None:
        self._selector.register(self._requests, selectors.EVENT_READ)
        self._selector.register(self._wakeups.reading, selectors.EVENT_READ)
        while True:
            events = self._selector.select(_LOOK_AFTER_SECONDS)
            if not events:
                self._look_after(self._forked)
            for key, _ in events:
                if key.fileobj is self._requests:
                    try:
                        self._fork()
                    except (EOFError, OSError):
                        return
                elif key.fileobj is self._wakeups.reading:
                    self._wakeups.drain()
                    self._reap()
                else:
                    system.kill(key.data)

    def _fork(self) -> None:
        _, (work, life) = wire.receive(self._requests)
        _flush()
        pid = os.fork()
        if pid == 0:
            os.close(life)
            self._become(socket.socket(fileno=work))
        os.close(work)
        forked = _Forked(pid, socket.socket(fileno=life))
        self._forked[pid] = forked
        self._selector.register(forked.life, selectors.EVENT_READ, pid)

    def _become(self, work: socket.socket) -> NoReturn:
        """Do the work, in the new process."""
        code = 1
        try:
            system.die_with_parent()
            os.setsid()
            self._wakeups.close()
            self._selector.close()
            self._requests.close()
            for other in self._forked.values():
                other.life.close()
            self._work(work)
            code = 0
        except (EOFError, BrokenPipeError, ConnectionResetError):
            code = 0  # the requester has ended
        finally:
            _flush()
            os._exit(code)

    def _reap(self) -> None:
        for pid in list(self._forked):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done == 0:
                continue
            system.kill_group(pid)
            forked = self._forked.pop(pid)
            self._selector.unregister(forked.life)
            with contextlib.suppress(OSError):
                forked.life.sendall(wire.framed(json.dumps(system.ending(status)).encode()))
            forked.life.close()
        self._look_after(self._forked)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
