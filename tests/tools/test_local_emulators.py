"""How operator's commands find the emulators that run on this machine, and what they do without any."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from google.auth.exceptions import DefaultCredentialsError

from tools import connection, emulator_suite, local_emulators, maestro
from tools.emulator_suite import EMULATORS, EmulatorSuite
from tools.emulators import announced_if_useful
from tools.local_emulators import announced, running_emulators

NAMES = (
    "GCLOUD_PROJECT",
    "GOOGLE_CLOUD_PROJECT",
    "FIRESTORE_EMULATOR_HOST",
    "FIREBASE_AUTH_EMULATOR_HOST",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "FIREBASE_CONFIG",
)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for state files of this test, in an environment that names nothing and is put back afterwards."""
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that what the test sets is undone, too
        monkeypatch.delenv(name)
    folder = tmp_path / ".logs"
    monkeypatch.setattr(local_emulators, "FOLDER", folder)
    return folder


@pytest.fixture
def other_pid() -> Iterator[int]:
    """The process of another run."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process.pid
        process.kill()


@pytest.fixture
def address() -> Iterator[str]:
    """Something that answers, for an emulator."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def environment(address: str, project: str = "demo-maestro") -> dict[str, str]:
    hosts = {"FIRESTORE_EMULATOR_HOST": address, "FIREBASE_AUTH_EMULATOR_HOST": address}
    return {"GCLOUD_PROJECT": project, "GOOGLE_CLOUD_PROJECT": project, **hosts}


def silent_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def pid_gone() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_emulators_are_found_while_they_run(address: str, state: Path) -> None:
    assert running_emulators() is None
    with announced(environment(address)):
        assert running_emulators() == environment(address)
    assert running_emulators() is None
    assert list(state.iterdir()) == []


def left_by(pid: int, text: str, folder: Path, *, started: int = 0) -> Path:
    """Write the file of another process, which started so many seconds after now."""
    folder.mkdir(exist_ok=True)
    file = folder / f"emulators-{pid}.json"
    file.write_text(text)
    os.utime(file, (time.time() + started,) * 2)
    return file


@pytest.mark.parametrize(("started", "wins"), [(-60, "demo-maestro"), (60, "demo-other")])
def test_the_last_run_to_start_wins_and_no_end_hides_the_other(
    started: int, wins: str, address: str, state: Path, other_pid: int
) -> None:
    other = environment(address, "demo-other")
    left_by(other_pid, json.dumps(other), state, started=started)
    with announced(environment(address)):
        assert (running_emulators() or {})["GCLOUD_PROJECT"] == wins
    assert running_emulators() == other


def test_a_new_run_that_does_not_answer_leaves_the_older_one(address: str, state: Path, other_pid: int) -> None:
    silent = left_by(other_pid, json.dumps(environment(silent_address())), state, started=60)
    with announced(environment(address)):
        assert running_emulators() == environment(address)
    assert silent.exists()


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", json.dumps({"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1"})])
def test_what_a_process_that_is_gone_left_is_removed_and_no_log_with_it(text: str, state: Path, other_pid: int) -> None:
    gone, alive = left_by(pid_gone(), text, state), left_by(other_pid, text, state)
    log = gone.with_suffix(".log")
    log.touch()
    assert running_emulators() is None
    assert set(state.iterdir()) == {alive, log}


def test_a_port_that_is_silent_removes_nothing(state: Path) -> None:
    with announced(environment(silent_address())):
        assert running_emulators() is None
        assert len(list(state.iterdir())) == 1


def test_old_logs_are_forgotten_and_no_state(state: Path, other_pid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    file = left_by(other_pid, "{}", state)
    monkeypatch.setattr(emulator_suite, "LOGS", state)
    monkeypatch.setattr(emulator_suite, "_KEPT_LOGS", 0)
    file.with_suffix(".log").touch()
    emulator_suite.forget_old_logs()
    assert list(state.iterdir()) == [file]


@pytest.mark.parametrize(
    ("only", "is_found"), [(EMULATORS, True), (("firestore", "auth"), True), (("firestore",), False)]
)
def test_only_emulators_with_all_that_commands_need_are_found(
    only: tuple[str, ...], is_found: bool, address: str
) -> None:
    suite = cast("EmulatorSuite", SimpleNamespace(env=environment(address)))
    with announced_if_useful(suite, only):
        assert (running_emulators() is not None) == is_found


def where_a_command_works() -> str | None:
    connection._join_running_emulators()
    return os.environ.get("FIRESTORE_EMULATOR_HOST")


def test_a_command_joins_the_emulators_that_run_and_says_so(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    with announced(environment(address)):
        assert where_a_command_works() == address
        assert where_a_command_works() == address
    out, err = capsys.readouterr()
    assert (out, err) == (
        "",
        f"maestro: working on the local emulators (project demo-maestro, Firestore at {address})\n",
    )
    assert {name: os.environ.get(name) for name in environment(address)} == environment(address)


@pytest.mark.parametrize(
    ("name", "value", "joins"),
    [
        ("GCLOUD_PROJECT", "acme-prod", False),
        ("GOOGLE_CLOUD_PROJECT", "acme-prod", False),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/keys/acme.json", False),
        ("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1", False),
        ("GCLOUD_PROJECT", "demo-maestro", True),
    ],
)
def test_what_the_environment_names_wins(
    name: str,
    value: str,
    joins: bool,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, value)
    with announced(environment(address)):
        where = where_a_command_works()
    assert (where == address) == joins
    assert bool(capsys.readouterr().err) == joins


@pytest.mark.parametrize(
    ("name", "value", "aside"),
    [
        ("GCLOUD_PROJECT", "acme-prod", "their project is demo-maestro"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/keys/acme.json", "GOOGLE_APPLICATION_CREDENTIALS is set"),
        ("FIREBASE_CONFIG", "{}", "FIREBASE_CONFIG is set"),
    ],
)
@pytest.mark.parametrize("runs", [True, False])
def test_a_command_that_works_in_the_cloud_says_so_and_why_not_here(
    runs: bool,
    name: str,
    value: str,
    aside: str,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(connection, "firestore_client", lambda: SimpleNamespace(project="acme-prod"))
    with announced(environment(address)) if runs else nullcontext():
        connection.database()
    expected = f", not on the emulators that run here: {aside}" if runs else ""
    assert capsys.readouterr() == ("", f"maestro: working on project acme-prod in the cloud{expected}\n")


def test_emulators_that_the_environment_names_are_no_news(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment(address).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(connection, "firestore_client", lambda: SimpleNamespace(project="demo-maestro"))
    connection.database()
    assert capsys.readouterr() == ("", "")


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the one line that a command which fails prints."""
    with pytest.raises(SystemExit) as ended:
        maestro.run(lambda: maestro.app(list(words)))
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (1, "")
    (line,) = err.splitlines()
    return line


COMMANDS = [
    ("why", "acme", "Trend"),
    ("list", "acme"),
    ("day", "acme", "2020-03-06"),
    ("month", "acme", "2020-03"),
    ("rebuild", "acme"),
    ("tenant", "list"),
    ("user", "list", "acme"),
    ("channel", "show", "acme"),
]


@pytest.fixture
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    def look() -> None:
        raise DefaultCredentialsError("none")  # type: ignore[no-untyped-call]

    monkeypatch.setattr(connection, "firestore_client", look)


@pytest.mark.usefixtures("_no_credentials")
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_with_neither_emulators_nor_credentials_one_line_says_what_to_do(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(capsys, *words) == (
        "maestro: no emulators run here, and there are no credentials for the cloud: start make dev, or make demo "
        "ARGS=--keep-running, in another terminal; or run gcloud auth application-default login and use --project "
        "YOUR-PROJECT-ID"
    )


@pytest.mark.usefixtures("_no_credentials")
def test_a_project_of_the_cloud_wins_over_emulators_that_run(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    with announced(environment(address)):
        line = refused(capsys, "--project", "acme-prod", "tenant", "list")
    assert line.startswith("maestro: there are no credentials for project acme-prod: run gcloud auth application-")
    assert "for the local emulators name no project" in line


@pytest.mark.usefixtures("_no_credentials")
def test_without_credentials_it_says_why_emulators_that_run_are_left_aside(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIREBASE_CONFIG", "{}")
    with announced(environment(address)):
        line = refused(capsys, "tenant", "list")
    assert line.startswith("maestro: there are no credentials for the cloud: run gcloud auth application-default login")
    assert line.endswith("passed over because FIREBASE_CONFIG is set")


def test_an_emulator_without_a_project_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    assert refused(capsys, "tenant", "list") == (
        "maestro: FIRESTORE_EMULATOR_HOST is set, the project is not: set GCLOUD_PROJECT or use --project"
    )
