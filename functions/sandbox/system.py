"""Linux features to group and isolate processes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
from collections.abc import Collection
from pathlib import Path

_SET_PARENT_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36
_NEW_IPC, _NEW_USER, _NEW_PID = 0x08000000, 0x10000000, 0x20000000
_LIBC = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """
    End this process when its parent ends, however that happens.

    The kernel watches the thread that forked: only single-threaded processes may have such children.
    """
    _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """Adopt descendants whose parents end, so that they can be found and ended."""
    _LIBC.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def enter_namespaces() -> bool:
    """
    Move into a user and an IPC namespace, and the next child into a PID namespace; False if that is refused.

    Privileges outside are gone then; inside there are all. The process must be single-threaded.
    """
    uid, gid = os.geteuid(), os.getegid()
    if _LIBC.unshare(_NEW_USER | _NEW_IPC | _NEW_PID) != 0:
        return False
    own = Path("/proc/self")
    with contextlib.suppress(OSError):  # unmapped, the user is "nobody" inside, which is fine
        (own / "setgroups").write_text("deny", encoding="ascii")
        (own / "uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
        (own / "gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
    return True


def enter_pid_namespace() -> bool:
    """Move the next child into a PID namespace: when it ends, everything inside ends."""
    return bool(_LIBC.unshare(_NEW_PID) == 0)


class Wakeups:
    """A descriptor that becomes readable when a child ends."""

    def __init__(self) -> None:
        self.reading, self._writing = socket.socketpair()
        self.reading.setblocking(False)
        self._writing.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.reading.recv(4096):
                pass

    def close(self) -> None:
        """Stop, in a child that should handle signals as usual."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.reading.close()
        self._writing.close()


def kill(pid: int) -> None:
    """End a child that is not reaped yet, and its process group."""
    kill_group(pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def kill_group(pid: int) -> None:
    """End what is left of the process group that a child made."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def reap(pid: int) -> dict[str, int]:
    """Wait for a child and return how it ended."""
    _, status = os.waitpid(pid, 0)
    return ending(status)


def ending(status: int) -> dict[str, int]:
    """Return a wait status as ``{"exit": code}`` or ``{"signal": number}``."""
    code = os.waitstatus_to_exitcode(status)
    return {"exit": code} if code >= 0 else {"signal": -code}


def end_strangers(known: Collection[int] = ()) -> None:
    """
    End and reap every child except the known ones, and their descendants; for a process that adopts orphans.

    Not inside a PID namespace: /proc has the outer ids there, and its first process ends all others anyway.
    """
    while strangers := [pid for pid in _children() if pid not in known]:
        for pid in strangers:
            kill(pid)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def reap_strangers(known: Collection[int] = ()) -> None:
    """Reap ended children that this process did not fork."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            if found.si_pid in known:
                return
            os.waitpid(found.si_pid, 0)


def _children() -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            words = entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(words[1]) == os.getpid():
                found.append(int(entry.parent.name))
    return found
