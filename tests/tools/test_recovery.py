"""Set-up, schedules and deployment where something went wrong before, or is about to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tools import prerequisites, setup, steps
from tools.dev import Schedule, schedules
from tools.ports import DEFAULT_PORTS, free_ports
from tools.prerequisites import ROOT, MissingPrerequisiteError
from tools.steps import Step

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _forget_uv() -> Iterator[None]:
    setup.uv.cache_clear()
    yield
    setup.uv.cache_clear()


def test_a_step_cut_short_is_made_again_though_its_inputs_are_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "SETUP", tmp_path / ".setup")
    result, made = tmp_path / "venv", []

    def cut_short() -> None:
        raise KeyboardInterrupt

    def make() -> None:
        result.touch()
        made.append(1)

    Step("venv", ["old"], result, make).run()
    with pytest.raises(KeyboardInterrupt):
        Step("venv", ["new"], result, cut_short).run()
    Step("venv", ["old"], result, make).run()
    assert len(made) == 2


@pytest.mark.parametrize(
    ("version", "is_used"), [("uv 99.0.0", True), ("uv 0.0.9", False), ("nonsense", False), ("", False)]
)
def test_the_users_uv_is_used_if_it_is_new_enough(version: str, is_used: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/local/bin/uv")
    monkeypatch.setattr(setup, "output_of", lambda *_: version)
    assert setup.uv() == (Path("/usr/local/bin/uv") if is_used else setup.OWN_UV)


def test_a_chosen_emulator_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_BINARY_PATH", str(tmp_path / "none.jar"))
    with pytest.raises(MissingPrerequisiteError, match=r"FIRESTORE_EMULATOR_BINARY_PATH names .*none.jar"):
        prerequisites.emulator_binary()


def test_automatic_ports_are_all_different() -> None:
    assert len(set(free_ports().values())) == len(DEFAULT_PORTS)


def test_a_schedule_that_is_no_cron_expression_is_named() -> None:
    with pytest.raises(ValueError, match=r"tick: schedule 'every 5 minutes' is not a cron expression"):
        schedules([{"name": "tick", "schedule": {"schedule": "every 5 minutes"}}], MIDNIGHT)


@pytest.mark.parametrize(("now", "due"), [((0, 5), (0, 10)), ((0, 10), (0, 10)), ((3, 2), (3, 5)), ((3, 0), (3, 0))])
def test_firings_missed_while_the_machine_slept_are_left_out(now: tuple[int, int], due: tuple[int, int]) -> None:
    tick: Schedule = schedules([{"name": "tick", "schedule": {"schedule": "*/5 * * * *"}}], MIDNIGHT)[0]
    assert tick.due == MIDNIGHT.replace(minute=5)
    tick.advance(MIDNIGHT.replace(hour=now[0], minute=now[1]))
    assert tick.due == MIDNIGHT.replace(hour=due[0], minute=due[1])


def test_the_emulators_project_is_not_deployed_to() -> None:
    command = [sys.executable, "-m", "tools.deploy", "--may-deploy"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "demo-maestro is the emulators' project and cannot be deployed to" in refused.stderr
    assert subprocess.run([*command, "--project", "acme-prod"], cwd=ROOT, check=False).returncode == 0
