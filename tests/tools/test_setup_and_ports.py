"""Set-up that repeats nothing, ports that are told apart, and processes that end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tools import prerequisites, steps
from tools.dev import schedules
from tools.lock import COMPILED, without_registry
from tools.ports import DEFAULT_PORTS, PortTakenError, configured_ports, free_ports
from tools.prerequisites import ROOT, MissingPrerequisiteError
from tools.processes import descendants, end_processes
from tools.steps import Step


def test_a_second_set_up_installs_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "tools/setup.py", "emulators", "develop"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""


def test_a_step_runs_again_only_when_its_inputs_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "SETUP", tmp_path)
    requirements, result = tmp_path / "requirements.txt", tmp_path / "made"
    requirements.write_text("one")
    runs: list[int] = []

    def make() -> None:
        runs.append(1)
        result.touch()

    for _ in range(2):
        Step("step", [requirements], result, make).run()
    assert len(runs) == 1
    requirements.write_text("two")
    Step("step", [requirements], result, make).run()
    result.unlink()
    Step("step", [requirements], result, make).run()
    assert len(runs) == 3


@pytest.mark.parametrize("version", ["v18.20.0", ""])
def test_a_missing_or_old_node_is_one_line_that_says_how_to_get_it(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prerequisites, "output_of", lambda *_: version)
    with pytest.raises(MissingPrerequisiteError, match=r"Node.js 20.19 or newer is needed, found .*nodejs.org"):
        prerequisites.check_node()


def test_the_runtime_of_firebase_json_names_the_interpreter() -> None:
    assert prerequisites.runtime_version() == "3.11"
    venv = subprocess.check_output([ROOT / "functions/venv/bin/python", "--version"], text=True)
    assert venv.startswith("Python 3.11.")


def test_a_taken_port_is_named_with_the_variable_that_changes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for emulator in DEFAULT_PORTS:
            monkeypatch.setenv(f"MAESTRO_{emulator.upper()}_PORT", "auto")
        monkeypatch.setenv("MAESTRO_FIRESTORE_PORT", str(port))
        with pytest.raises(PortTakenError, match=f"port {port} for the firestore emulator .* MAESTRO_FIRESTORE_PORT"):
            configured_ports()
    monkeypatch.setenv("MAESTRO_FIRESTORE_PORT", "http")
    with pytest.raises(ValueError, match="MAESTRO_FIRESTORE_PORT must be a port from 1 to 65535, or auto, was 'http'"):
        configured_ports()


def test_automatic_ports_are_given_to_nobody_else_meanwhile() -> None:
    ports = set(free_ports().values())
    assert not ports & set(range(8081, 9081)), "function workers take those"
    assert not ports & set(range(32_768, 65_536)), "the system gives those to whoever connects"


def test_descendants_are_found_and_ended() -> None:
    shell = subprocess.Popen(["bash", "-c", "sleep 60 & sleep 60"])
    deadline = time.monotonic() + 60
    while len(family := descendants(shell.pid)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(family) == 2
    assert shell.pid in descendants(os.getpid())
    assert end_processes([shell.pid, *family]) == []


def test_schedules_fire_on_their_own_expression_and_zone() -> None:
    triggers: list[dict[str, Any]] = [
        {"name": "tick", "schedule": {"schedule": "*/5 * * * *", "timeZone": None}},
        {"name": "close", "schedule": {"schedule": "30 16 * * 1-5", "timeZone": "America/New_York"}},
        {"name": "task"},
    ]
    tick, close = schedules(triggers, datetime(2026, 11, 23, 14, 58, tzinfo=UTC))
    assert tick.due == datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    tick.advance()
    assert tick.due == datetime(2026, 11, 23, 15, 5, tzinfo=UTC)
    assert close.due == datetime(2026, 11, 23, 21, 30, tzinfo=UTC)


def test_the_lock_names_no_registry() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    linked = {package["resolved"] for package in packages.values() if "resolved" in package}
    assert linked == {"dashboard", "tools/api_types"}
    own = {"resolved": "dashboard", "link": True}
    lock: dict[str, object] = {
        "packages": {"a": {"resolved": "https://example.com/a.tgz"}, "b": {"extraneous": True}, "own": own}
    }
    assert without_registry(lock) == {"packages": {"a": {}, "own": own}}
    for name in COMPILED.values():
        assert "://" not in (ROOT / name).read_text()
