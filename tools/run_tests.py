"""
Run the tests in shares, side by side: each share is its own pytest, with only the emulators it needs.

Tests wait much, for emulators, servers and processes that hang on purpose: what one share leaves of the machine the
others take. `tests/conftest.py` says which test is in which share. Arguments go to each pytest; without tests a share
counts for nothing.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tools.interrupts import interruptible, uninterrupted
from tools.prerequisites import ROOT
from tools.processes import die_with_parent

SHARES = ("functions", "data", "alone")
"""Tests that need the functions' emulators, those that need Firestore or Auth only, and those that need neither."""
WIDTH = max(map(len, SHARES))
NO_TESTS = 5
INTERRUPTED = 2
_PRINTED_SECONDS = 10.0


@dataclass
class Share:
    """A running pytest, whose lines are printed with its name before them."""

    name: str
    process: subprocess.Popen[str]
    last_line: str = ""
    reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self._print_all, daemon=True)
        self.reader.start()

    def wait(self) -> int:
        """Return the exit code, once everything is printed that it wrote, whatever keeps its output open."""
        code = self.process.wait()
        self.reader.join(_PRINTED_SECONDS)
        return code

    def interrupt(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    def _print_all(self) -> None:
        for line in self.process.stdout or ():
            print(f"{self.name:{WIDTH}} {line}", end="", flush=True)
            self.last_line = line.strip() or self.last_line


def main() -> int:
    with interruptible():
        return run({name: pytest(name, sys.argv[1:]) for name in SHARES})


def pytest(share: str, arguments: Sequence[str]) -> list[str]:
    color = ["--color=yes"] if sys.stdout.isatty() else []
    return [
        *(sys.executable, "-u", "-m", "pytest", f"--share={share}", "-o", f"cache_dir=.pytest_cache/{share}"),
        *color,
        *arguments,
    ]


def run(commands: Mapping[str, Sequence[str]]) -> int:
    """
    Run a command for each share at the same time, and return one exit code for all.

    It is the first that is neither 0 nor pytest's for no tests; without any test at all, that for no tests. A first
    interruption is passed on, and everything ends in good order.
    """
    processes: dict[str, subprocess.Popen[str]] = {}
    shares: list[Share] = []
    try:
        for name, command in commands.items():
            processes[name] = started(command)
        shares += [Share(name, process) for name, process in processes.items()]
        codes = [share.wait() for share in shares]
    except KeyboardInterrupt:
        with uninterrupted():
            shares = shares or [Share(name, process) for name, process in processes.items()]
            for share in shares:
                share.interrupt()
            for share in shares:
                share.wait()
        return INTERRUPTED
    for share in shares:
        print(f"{share.name:{WIDTH}} {share.last_line}")
    return next((code for code in codes if code not in (0, NO_TESTS)), min(codes))


def started(command: Sequence[str]) -> subprocess.Popen[str]:
    columns = str(shutil.get_terminal_size().columns - WIDTH - 1)
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"COLUMNS": columns},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C is for us; we pass it on, once
        preexec_fn=die_with_parent,  # noqa: PLW1509 - the threads start afterwards
    )


if __name__ == "__main__":
    sys.exit(main())
