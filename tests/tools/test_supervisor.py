"""The supervisor ends a command, and what the command left behind, however its starter goes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.prerequisites import ROOT

LEAVES_ORPHANS = "setsid sleep 300 & echo $! > {pids}; setsid sleep 300 & echo $! >> {pids}; {then}"
SUPERVISOR = (sys.executable, "-m", "tools.supervisor", "0.5", "bash", "-c")


def eventually_gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 60
    while (any_left := any(is_running(pid) for pid in pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any_left


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def pids_in(file: Path) -> list[int]:
    deadline = time.monotonic() + 60
    while not file.exists() or len(file.read_text().split()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return [int(word) for word in file.read_text().split()]


@pytest.fixture
def pid_file(tmp_path: Path) -> Path:
    if sys.platform != "linux":
        pytest.skip("orphans can be adopted on Linux only")
    return tmp_path / "pids"


def test_the_end_of_its_input_ends_the_command_and_its_orphans(pid_file: Path) -> None:
    script = LEAVES_ORPHANS.format(pids=pid_file, then="sleep 300")
    supervisor = subprocess.Popen([*SUPERVISOR, script], cwd=ROOT, stdin=subprocess.PIPE)
    orphans = pids_in(pid_file)
    supervisor.communicate(timeout=60)
    assert supervisor.returncode == 0
    assert not any(is_running(pid) for pid in orphans)


def test_a_command_that_ends_by_itself_leaves_no_orphans(pid_file: Path) -> None:
    script = LEAVES_ORPHANS.format(pids=pid_file, then="exit 3")
    supervisor = subprocess.Popen([*SUPERVISOR, script], cwd=ROOT, stdin=subprocess.PIPE)
    assert supervisor.wait(60) == 0
    assert eventually_gone(pids_in(pid_file))


def test_signals_repeated_do_not_stop_it_from_ending_everything(pid_file: Path) -> None:
    script = LEAVES_ORPHANS.format(pids=pid_file, then="trap '' INT TERM; while true; do sleep 1; done")
    supervisor = subprocess.Popen([*SUPERVISOR, script], cwd=ROOT, stdin=subprocess.PIPE)
    orphans = pids_in(pid_file)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        supervisor.send_signal(number)
        time.sleep(0.1)
    assert supervisor.wait(60) == 0
    assert eventually_gone(orphans)


def test_a_starter_killed_outright_leaves_nothing(pid_file: Path) -> None:
    script = LEAVES_ORPHANS.format(pids=pid_file, then="sleep 300")
    starter = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time; subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE); time.sleep(300)",
            *SUPERVISOR,
            script,
        ],
        cwd=ROOT,
    )
    orphans = pids_in(pid_file)
    starter.kill()
    starter.wait(60)
    assert eventually_gone(orphans)
