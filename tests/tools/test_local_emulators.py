"""How operator's commands find the emulators that run on this machine, and what they do without any."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.auth.exceptions import DefaultCredentialsError

from tools import connection, local_emulators, maestro
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
    """The state file of this test, in an environment that names nothing and is put back afterwards."""
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that what the test sets is undone, too
        monkeypatch.delenv(name)
    file = tmp_path / ".logs/emulators.json"
    monkeypatch.setattr(local_emulators, "STATE", file)
    return file


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
    assert list(state.parent.iterdir()) == []


def test_the_last_run_to_start_wins_and_outlives_the_end_of_the_first(address: str, state: Path) -> None:
    with announced(environment(address, "demo-second")):
        second = state.read_text()
    with announced(environment(address, "demo-first")):
        state.write_text(second)  # as another process would
    assert running_emulators() == environment(address, "demo-second")


@pytest.mark.parametrize("stale", ["pid", "port", "words", "empty"])
def test_what_a_killed_run_left_is_noticed_and_removed(stale: str, address: str, state: Path) -> None:
    found = environment(silent_address() if stale == "port" else address)
    left = {"pid": pid_gone() if stale == "pid" else os.getpid(), "environment": {} if stale == "empty" else found}
    state.parent.mkdir()
    state.write_text("no JSON" if stale == "words" else json.dumps(left))
    assert running_emulators() is None
    assert not state.exists()


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


def test_an_emulator_without_a_project_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    assert refused(capsys, "tenant", "list") == (
        "maestro: FIRESTORE_EMULATOR_HOST is set, the project is not: set GCLOUD_PROJECT or use --project"
    )
