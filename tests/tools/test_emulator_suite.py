"""The suite itself: a broken main.py is an error, and nothing is left running."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import needed_by
from tools.emulator_suite import EMULATORS
from tools.ports import DEFAULT_PORTS, variable_of
from tools.prerequisites import DEV_PYTHON, ROOT

pytestmark = [pytest.mark.timeout(900), pytest.mark.share("functions")]
START_SECONDS = 600
AUTO = {variable_of(name): "auto" for name in DEFAULT_PORTS}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that shares the installed environments."""
    for name in ("firebase.json", ".firebaserc", "firestore.rules", "firestore.indexes.json", "package.json"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    shutil.copytree(ROOT / "functions", tmp_path / "functions", ignore=shutil.ignore_patterns("venv", "*.local"))
    for name in ("node_modules", ".setup", "functions/venv", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def processes_in(folder: Path) -> list[str]:
    """Command lines of live processes that name a folder, or stand in it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            is_there = str(folder) in command or (entry / "cwd").readlink().is_relative_to(folder)
        except OSError:
            continue
        if is_there and command:
            found.append(command)
    return found


def start(project: Path, *command: str, only: str = "firestore,functions") -> subprocess.Popen[str]:
    """Start emulators, by default those that have processes of their own: Java's and the functions' workers."""
    return subprocess.Popen(
        [str(DEV_PYTHON), "-m", "tools.emulators", "exec", "--only", only, "--", *command],
        cwd=project,
        env=os.environ | AUTO,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_main_that_does_not_load_is_an_error_that_shows_why(project: Path) -> None:
    with (project / "functions/main.py").open("a") as main:
        main.write("\nimport no_such_module\n")
    run = start(project, "true")
    output = run.communicate(timeout=START_SECONDS)[0]
    assert run.returncode == 1
    assert "functions not loaded: api, check_alerts, checktenant, daily_performance_snapshot" in output
    assert "no_such_module" in output
    assert processes_in(project) == []


def test_the_commands_exit_code_is_kept_and_nothing_is_left_running(project: Path) -> None:
    run = start(project, "bash", "-c", "test -n $FIRESTORE_EMULATOR_HOST && exit 7")
    output = run.communicate(timeout=START_SECONDS)[0]
    assert run.returncode == 7, output
    assert processes_in(project) == []
    assert list(project.glob(".firebase.*.json")) == []


def test_a_terminated_run_leaves_nothing_running(project: Path) -> None:
    run = start(project, "sleep", "600", only="firestore")
    deadline = time.monotonic() + START_SECONDS
    while "sleep 600" not in map(str.strip, processes_in(project)):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    for _ in range(5):  # as through a process group and make, and from an impatient user
        run.send_signal(signal.SIGTERM)
        time.sleep(0.05)
    run.communicate(timeout=60)
    assert processes_in(project) == []


def test_a_start_that_fails_is_one_message_and_no_test_runs(tmp_path: Path) -> None:
    command = [str(DEV_PYTHON), "-m", "pytest", "tests/contract", "-p", "no:cacheprovider"]
    environment = os.environ | {"FIRESTORE_EMULATOR_BINARY_PATH": str(tmp_path / "none.jar")}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 3
    assert run.stdout.count("none.jar, which is not a file: correct it, or unset it") == 1
    assert "make setup" in run.stdout
    assert "no tests ran" in run.stdout


@pytest.mark.parametrize(
    ("fixtures", "started"),
    [
        ([], ()),
        ([["tmp_path"], ["own_db", "firestore"]], ("firestore",)),
        ([["own_db", "firestore"], ["sign_in", "accounts", "firestore"]], ("firestore", "auth")),
        ([["emulators", "accounts", "firestore"], ["own_db", "firestore"]], EMULATORS),
    ],
)
def test_the_fewest_emulators_that_will_do_are_started(fixtures: list[list[str]], started: tuple[str, ...]) -> None:
    items: list[Any] = [SimpleNamespace(fixturenames=names) for names in fixtures]
    assert tuple(needed_by(items)) == started
