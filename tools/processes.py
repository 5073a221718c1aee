"""End everything a program started, also what it left behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

_SET_CHILD_SUBREAPER = 36
_SET_PARENT_DEATH_SIGNAL = 1
_TERM_SECONDS = 3.0
_KILL_SECONDS = 30.0


def adopt_orphans() -> None:
    """
    Make this process the parent of orphaned descendants, so that `descendants` finds them.

    The emulators' Python workers and Java outlive them. Linux only; elsewhere orphans go to init as usual, and only
    those that were listed before are found.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """In a new child: end when the parent does, even by SIGKILL. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)


def descendants(ancestor: int) -> list[int]:
    """Return the ids of all live processes below one."""
    children: dict[int, list[int]] = {}
    for process, parent, state in _processes():
        if not state.startswith("Z"):
            children.setdefault(parent, []).append(process)
    found: list[int] = []
    todo = [ancestor]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def end_processes(processes: list[int]) -> list[int]:
    """End processes, politely first; return those that are still there."""
    for number, patience in ((signal.SIGTERM, _TERM_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)
        deadline = time.monotonic() + patience
        while (processes := [p for p in processes if _is_alive(p)]) and time.monotonic() < deadline:
            time.sleep(0.05)
        if not processes:
            break
    return processes


def run_command(words: list[str], environment: Mapping[str, str]) -> int:
    """Run a command and return its exit code; if we are interrupted, end it with all it started."""
    adopt_orphans()
    command = subprocess.Popen(words, env=environment, preexec_fn=die_with_parent)  # noqa: PLW1509 - no threads yet
    try:
        return command.wait()
    except BaseException:
        end_processes([command.pid, *descendants(command.pid)])
        raise


def _processes() -> Iterator[tuple[int, int, str]]:
    """Yield id, parent and state of every process, from /proc or, where there is none, from ps."""
    if not Path("/proc/self/stat").exists():
        listing = subprocess.check_output(["ps", "-A", "-o", "pid=,ppid=,state="], text=True)
        yield from (
            (int(process), int(parent), state) for process, parent, state in map(str.split, listing.splitlines())
        )
        return
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended while we looked
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            yield int(entry.name), int(parent), state


def _is_alive(process: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process, os.WNOHANG)  # an adopted orphan stays a zombie until its parent looks
    return any(one == process and not state.startswith("Z") for one, _, state in _processes())
