"""
Start the official Firebase emulators, run something against them, and leave nothing behind.

    python -m tools.emulators exec -- CMD…      run CMD with the emulators' environment
    python -m tools.emulators ports             list the ports and the variables that set them
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import Client

from tools.interrupts import interruptible, uninterrupted
from tools.ports import DEFAULT_PORTS, PortTakenError, configured_ports, free_ports, variable_of
from tools.prerequisites import FIREBASE, ROOT, MissingPrerequisiteError, emulator_binary, java_home
from tools.processes import adopt_orphans, descendants, die_with_parent, end_processes

PROJECT = "demo-maestro"
"""A project id that starts with demo- never touches the cloud."""
REGION = "us-central1"
LOGS = ROOT / ".logs"
EMULATORS = ("functions", "firestore", "auth", "tasks")
_START_SECONDS = 120.0
_CALL_SECONDS = 120.0


class EmulatorError(Exception):
    """The emulators did not start, or did not answer as they should."""


class EmulatorSuite:
    """
    The running emulators, as a context manager.

    Parameters
    ----------
    ports : mapping, optional
        Port by emulator name; free ones are chosen by default.
    import_from, export_to : Path, optional
        Where data is read at the start and kept at the end.
    workers : int
        Worker processes per function.
    environment : mapping, optional
        Further variables for the functions.
    """

    project = PROJECT
    region = REGION

    def __init__(
        self,
        ports: Mapping[str, int] | None = None,
        *,
        import_from: Path | None = None,
        export_to: Path | None = None,
        workers: int = 4,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.ports = dict(free_ports() if ports is None else ports)
        self.log = LOGS / f"emulators-{os.getpid()}.log"
        self._import_from = import_from
        self._export_to = export_to
        self._workers = workers
        self._environment = dict(environment or {})
        self._config = ROOT / f".firebase.{os.getpid()}.json"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> EmulatorSuite:
        adopt_orphans()
        LOGS.mkdir(exist_ok=True)
        self._config.write_text(json.dumps(config_with(self.ports)))
        try:
            self._start()
            self._wait_until_ready()
            self._warm_up()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if kind is None and "Connection in use" in self.log.read_text(errors="replace"):
            raise EmulatorError(f"function workers fought for a port, so calls may have gone astray: see {self.log}")

    @property
    def env(self) -> dict[str, str]:
        """Environment for programs that talk to these emulators."""
        return {
            "GCLOUD_PROJECT": self.project,
            "GOOGLE_CLOUD_PROJECT": self.project,
            "FIRESTORE_EMULATOR_HOST": self.host("firestore"),
            "FIREBASE_AUTH_EMULATOR_HOST": self.host("auth"),
            "CLOUD_TASKS_EMULATOR_HOST": self.host("tasks"),
            "MAESTRO_FUNCTIONS_HOST": self.host("functions"),
            "METADATA_SERVER_DETECTION": "none",
        }

    def host(self, emulator: str) -> str:
        """Return host:port of one emulator."""
        return f"127.0.0.1:{self.ports[emulator]}"

    def function_url(self, name: str) -> str:
        return f"http://{self.host('functions')}/{self.project}/{self.region}/{name}"

    def call_scheduled(self, name: str, slot: datetime) -> None:
        """
        Fire a scheduled function as Cloud Scheduler would at ``slot``.

        Raises
        ------
        EmulatorError
            If it answers with anything but success.
        """
        headers = {
            "X-CloudScheduler-JobName": f"firebase-schedule-{name}-{self.region}",
            "X-CloudScheduler-ScheduleTime": slot.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        answer = requests.post(self.function_url(f"{name}-0"), headers=headers, timeout=_CALL_SECONDS)
        if not answer.ok:
            raise EmulatorError(f"{name} at {slot.isoformat()} answered {answer.status_code}: {answer.text[:500]}")

    def deliver_task(self, name: str, payload: Mapping[str, Any]) -> requests.Response:
        """Deliver a task straight to its function, as Cloud Tasks does after any delay or retry."""
        return requests.post(self.function_url(name), json={"data": dict(payload)}, timeout=_CALL_SECONDS)

    def clear(self, project: str = PROJECT) -> None:
        """Delete every document of a project."""
        path = f"/emulator/v1/projects/{project}/databases/(default)/documents"
        requests.delete(f"http://{self.host('firestore')}{path}", timeout=_CALL_SECONDS).raise_for_status()

    def client(self, project: str = PROJECT) -> Client:
        """Return a Firestore client of a project in the emulator; any number of projects live there side by side."""
        os.environ["FIRESTORE_EMULATOR_HOST"] = self.host("firestore")  # the only place the client looks
        return Client(project=project, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]

    def triggers(self) -> list[dict[str, Any]]:
        """Return the functions the emulator has loaded."""
        answer = requests.get(f"http://{self.host('functions')}/backends", timeout=10)
        answer.raise_for_status()
        return [trigger for backend in answer.json()["backends"] for trigger in backend["functionTriggers"]]

    def stop(self) -> None:
        """End the emulators and every process they started; a second Ctrl-C does not cut that short."""
        self._config.unlink(missing_ok=True)
        if self._process is not None:
            with uninterrupted():
                self._end(self._process)
            self._process = None

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        family = [process.pid, *descendants(process.pid)]
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60 if self._export_to else 15)
        orphans = [pid for pid in descendants(os.getpid()) if pid not in family and _is_ours(pid)]
        if left := end_processes([*family, *orphans]):
            raise EmulatorError(f"processes {left} do not end")

    def _start(self) -> None:
        command = [str(FIREBASE), "emulators:start", "--config", self._config.name]
        command += ["--project", self.project, "--only", ",".join(EMULATORS)]
        if self._import_from and self._import_from.exists():
            command += ["--import", str(self._import_from)]
        if self._export_to:
            command += ["--export-on-exit", str(self._export_to)]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self._process_environment(),
            stdin=subprocess.DEVNULL,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, before any thread of ours
        )

    def _process_environment(self) -> dict[str, str]:
        home = java_home()
        if home is None:
            raise MissingPrerequisiteError("Java is missing: run make setup")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {
            "JAVA_HOME": str(home),
            "PATH": f"{home}/bin{os.pathsep}{os.environ['PATH']}",
            "THREADS": "1",  # without it gunicorn drops connections that the emulator keeps alive
            "FUNCTIONS_EMULATOR_PARALLEL": str(self._workers),
            "METADATA_SERVER_DETECTION": "none",
        }
        if binary := emulator_binary():
            environment["FIRESTORE_EMULATOR_BINARY_PATH"] = str(binary)
        return environment | self._environment

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise EmulatorError(f"the emulators ended at once:\n{self.log_tail()}")
            if "All emulators ready" in self.log.read_text(errors="replace"):
                return self._check_loaded()
            time.sleep(0.1)
        raise EmulatorError(f"the emulators did not start within {_START_SECONDS:.0f} s:\n{self.log_tail()}")

    def _check_loaded(self) -> None:
        """A load error in main.py does not stop the emulators: they run without functions."""
        loaded = {trigger["name"] for trigger in self.triggers()}
        missing = exported_functions() - loaded
        if missing:
            names = ", ".join(sorted(missing))
            raise EmulatorError(f"functions not loaded: {names}. The emulator says:\n{self.log_tail()}")

    def _warm_up(self) -> None:
        """Start workers one after the other: when several start at once they can take each other's ports."""
        for trigger in self.triggers():
            name = trigger["name"] + ("-0" if "eventTrigger" in trigger else "")
            requests.get(f"{self.function_url(name)}/__/health", timeout=60)

    def log_tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def config_with(ports: Mapping[str, int]) -> dict[str, Any]:
    """Return firebase.json with other ports; it is the only place firebase-tools takes ports from."""
    config: dict[str, Any] = json.loads((ROOT / "firebase.json").read_text())
    emulators = config["emulators"]
    for name, port in ports.items():
        if name == "firestore_websocket":
            emulators["firestore"]["websocketPort"] = port
        else:
            emulators.setdefault(name, {})["port"] = port
    return config


def exported_functions() -> set[str]:
    """Return the names that main.py exports, read without importing it."""
    for statement in ast.parse((ROOT / "functions/main.py").read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
            return set(ast.literal_eval(statement.value))
    raise EmulatorError("functions/main.py has no __all__ to say which functions it deploys")


def _is_ours(process: int) -> bool:
    """Tell whether an adopted orphan came from emulators: a function worker or Java."""
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{process}/cmdline").read_bytes()
        return b"functions/venv" in command or b"firestore" in command or b"functions-framework" in command
    return False


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.emulators", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("exec", help="run a command against the emulators")
    run.add_argument("words", nargs="+", metavar="CMD")
    commands.add_parser("ports", help="list the ports")
    arguments = parser.parse_args()
    if arguments.command == "ports":
        for name, port in DEFAULT_PORTS.items():
            print(f"{name:20} {port:5}  {variable_of(name)}")
        return 0
    try:
        with interruptible(), EmulatorSuite(configured_ports()) as suite:
            return subprocess.run(arguments.words, env=os.environ | suite.env, check=False).returncode
    except (EmulatorError, PortTakenError, MissingPrerequisiteError, ValueError) as error:
        print(f"emulators: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
