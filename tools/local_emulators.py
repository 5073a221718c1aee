"""
Let commands in another terminal find the emulators that run on this machine.

Whoever starts emulators for people keeps a file while they run. One that a killed run left behind is noticed by its
process or its ports, and removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Mapping

from tools.prerequisites import ROOT

STATE = ROOT / ".logs/emulators.json"
"""Process id and environment of the emulators that started last."""
_HOSTS = ("FIRESTORE_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST")
"""What has to answer: commands talk to these."""
_ANSWER_SECONDS = 1.0


@contextlib.contextmanager
def announced(environment: Mapping[str, str]) -> Iterator[None]:
    """
    Let `running_emulators` find these, unless others start meanwhile: the last to start win.

    Parameters
    ----------
    environment : mapping
        For programs that talk to the emulators.
    """
    text = json.dumps({"pid": os.getpid(), "environment": dict(environment)}, indent=2) + "\n"
    STATE.parent.mkdir(exist_ok=True)
    unfinished = STATE.with_suffix(f".{os.getpid()}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(STATE)
    try:
        yield
    finally:
        _forget(text)


def running_emulators() -> dict[str, str] | None:
    """Return the environment of the emulators that run on this machine; None if there are none."""
    try:
        text = STATE.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    environment = _environment_if_running(text)
    if environment is None:
        _forget(text)
    return environment


def _forget(text: str) -> None:
    """Remove the file if it still says so: another run may have written its own."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if STATE.read_text(encoding="utf-8") == text:
            STATE.unlink()


def _environment_if_running(text: str) -> dict[str, str] | None:
    try:
        state = json.loads(text)
        pid, environment = int(state["pid"]), {str(name): str(value) for name, value in state["environment"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    is_running = _is_alive(pid) and all(_answers(environment.get(name, "")) for name in _HOSTS)
    return environment if is_running and "GCLOUD_PROJECT" in environment else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:  # somebody else's
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return pid > 0


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), _ANSWER_SECONDS):
            return True
    except (OSError, ValueError, OverflowError):
        return False
