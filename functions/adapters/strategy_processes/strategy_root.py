"""Starts the parent process of all strategies, and opens channels to it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from functions.domain.kernel.errors import StrategyProcessesError
from functions.sandbox import wire

logger = logging.getLogger("maestro")

_START = "import sys; sys.path[:] = {path!r}; from functions.sandbox.root import main; main({fd}, with_namespaces={ns})"
_START_SECONDS = 60.0
_ENDING_SECONDS = 2.0
"""How long to wait for the exit status of a process after its socket closed."""
_HANDED_ON = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"})
_FOR_STRATEGIES = "STRATEGY_"
"""Variables with this prefix are passed on to strategies."""


def is_supported() -> bool:
    """Return whether this system can run strategies in processes: others lack prctl or fork."""
    return sys.platform == "linux" and Path("/proc/self/statm").exists()


def environment_for(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for strategies: without possible secrets, except those passed on by prefix."""
    clean = {name: value for name, value in variables.items() if name in _HANDED_ON or name.startswith(_FOR_STRATEGIES)}
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return clean | one_thread | {"PYTHONUNBUFFERED": "1"}


class ProcessesGoneError(StrategyProcessesError):
    """A process ended before any strategy's code ran in it, because its parent was killed."""


class Fork:
    """The host's view of a process below the root; closing it ends the process."""

    def __init__(self, work: socket.socket, life: socket.socket) -> None:
        self.work = work
        self.life = life

    def __enter__(self) -> Fork:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.work.close()
        self.life.close()

    def ending(self) -> dict[str, int] | None:
        """Return how it ended, ``{"exit": code}`` or ``{"signal": number}``; None if unknown in time."""
        self.life.settimeout(_ENDING_SECONDS)
        with contextlib.suppress(OSError, EOFError, ValueError):
            ending: dict[str, int] = json.loads(wire.receive_bytes(self.life))
            return ending
        return None

    def is_gone_with_its_server(self) -> bool:
        """Return whether its exit status can no longer be learned."""
        self.life.settimeout(_ENDING_SECONDS)
        try:
            wire.receive_bytes(self.life)
        except EOFError:
            return True
        except OSError as error:
            return not isinstance(error, TimeoutError)
        return False


def fork(server: socket.socket) -> Fork:
    """Request a process from a fork server. Raises OSError if that has ended."""
    work, its_work = socket.socketpair()
    life, its_life = socket.socketpair()
    with its_work, its_life:
        try:
            wire.send(server, {}, [its_work.fileno(), its_life.fileno()])
        except OSError:
            work.close()
            life.close()
            raise
    return Fork(work, life)


class StrategyRoot:
    """
    The root process: started on first use, restarted if it ended, and ended with this process.

    Parameters
    ----------
    with_namespaces : bool
        Use namespaces where the system allows them.
    """

    def __init__(self, *, with_namespaces: bool = True) -> None:
        self._with_namespaces = with_namespaces
        self._lock = threading.Lock()
        self._owner = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self.isolation = ""
        """The kind of isolation, as text, once it runs."""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def fork_loader(self) -> Fork:
        """Fork a loader. Raises StrategyProcessesError."""
        with self._lock:
            for _ in range(2):
                requests = self._running()
                try:
                    return fork(requests)
                except OSError:
                    self._end()
        raise StrategyProcessesError("the root process of strategies ends as soon as it starts")

    def close(self) -> None:
        """End it, with all processes below it."""
        with self._lock:
            self._end()

    def _running(self) -> socket.socket:
        is_ours = self._owner == os.getpid()  # this process may be forked from one with a root
        if self._requests is None or self._process is None or not is_ours or self._process.poll() is not None:
            self._end()
            self._requests = self._start()
        return self._requests

    def _end(self) -> None:
        if self._requests is not None:
            self._requests.close()
        if self._process is not None and self._owner == os.getpid():
            try:
                self._process.wait(_START_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._requests = self._process = None

    def _start(self) -> socket.socket:
        ours, its = socket.socketpair()
        with its:
            try:
                self._process = self._run(its.fileno())
            except OSError as error:  # out of processes or memory
                ours.close()
                raise _no_start(error) from error
        self._owner = os.getpid()
        ours.settimeout(_START_SECONDS)
        try:
            self.isolation = wire.receive(ours)[0]["isolation"]
        except (OSError, EOFError) as error:
            ours.close()
            self._process.kill()
            raise _no_start(error) from error
        ours.settimeout(None)
        logger.info("Strategies run in %s", self.isolation)
        return ours

    def _run(self, descriptor: int) -> subprocess.Popen[bytes]:
        path = [os.path.abspath(folder) for folder in sys.path]  # noqa: PTH100 - "" is where we are
        code = _START.format(path=path, fd=descriptor, ns=self._with_namespaces)
        return subprocess.Popen(  # noqa: S603 - our own code, by our own interpreter
            [sys.executable, *(["-B"] if sys.dont_write_bytecode else []), "-I", "-c", code],
            env=environment_for(os.environ),
            stdin=subprocess.DEVNULL,
            pass_fds=[descriptor],
            start_new_session=True,
        )


def _no_start(error: Exception) -> StrategyProcessesError:
    return StrategyProcessesError(f"the root process of strategies did not start: {error!r}")
