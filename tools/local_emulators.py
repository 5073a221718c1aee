"""
Let commands in another terminal find the emulators that run on this machine.

A program that starts emulators for people keeps a file while they run, one per process. A file that a killed run left
behind is recognised by its missing process, and removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.prerequisites import ROOT

FOLDER = ROOT / ".logs"
"""Has one emulators-PID.json per run, the environment of its emulators, next to the run's log."""
_HOSTS = ("FIRESTORE_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST")
"""What has to answer: commands talk to these."""
_ANSWER_SECONDS = 5.0


@contextlib.contextmanager
def announced(environment: Mapping[str, str]) -> Iterator[None]:
    """
    Let `running_emulators` find these, unless others that start later run, too.

    Parameters
    ----------
    environment : mapping
        For programs that talk to the emulators.
    """
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"emulators-{os.getpid()}.json"
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(dict(environment), indent=2) + "\n", encoding="utf-8")
    unfinished.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def running_emulators() -> dict[str, str] | None:
    """Return the environment of the emulators that started last on this machine and answer; None if none do."""
    for file in _newest_first():
        if not _is_alive(int(file.stem.removeprefix("emulators-"))):
            with contextlib.suppress(OSError):  # perhaps another user's, who has to remove it
                file.unlink()
        elif environment := _environment_if_it_answers(file):
            return environment
    return None


def _newest_first() -> list[Path]:
    started: dict[Path, int] = {}
    for file in FOLDER.glob("emulators-[0-9]*.json"):
        with contextlib.suppress(FileNotFoundError):  # a run that ends meanwhile
            started[file] = file.stat().st_mtime_ns
    return sorted(started, key=lambda file: started[file], reverse=True)


def _environment_if_it_answers(file: Path) -> dict[str, str] | None:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        environment = {str(name): str(value) for name, value in document.items()}
    except (OSError, ValueError, AttributeError):
        return None
    answers = all(_answers(environment.get(name, "")) for name in _HOSTS)
    return environment if answers and "GCLOUD_PROJECT" in environment else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:  # another user's
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
