"""The official Firebase emulators as a context manager: started, warmed, and ended with all they started."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import Client

from tools.firebase_config import config_with, ensure_local_secrets, exported_functions
from tools.interrupts import uninterrupted
from tools.ports import free_ports
from tools.prerequisites import FIREBASE, ROOT, MissingPrerequisiteError, emulator_binary, java_home

PROJECT = "demo-maestro"
"""A project id that starts with demo- never touches the cloud."""
REGION = "us-central1"
LOGS = ROOT / ".logs"
EMULATORS = ("functions", "firestore", "auth", "tasks", "hosting")
_START_SECONDS = 600.0
"""Long enough for a machine that is busy with something else: the limits end what hangs, not what is slow."""
_CALL_SECONDS = 120.0
_WARM_UP_SECONDS = 300.0
_END_SECONDS = 120.0
_DAY_SECONDS = 86_400
_KEPT_LOGS = 10
_JAVA_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""For Firestore's emulator, which compiles itself more than it computes: half the processor time, and memory."""


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
    only : collection of str
        Emulators to start. Firestore's alone is up in seconds; Auth's takes the longest, then the functions' workers.
    prompt_tasks : bool
        Deliver tasks at once rather than within a second, which takes some 6 % of a core all the time.
    folder : Path
        Of the project: this one, or a copy with other functions in it.
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
        only: Collection[str] = EMULATORS,
        prompt_tasks: bool = False,
        folder: Path = ROOT,
    ) -> None:
        self.ports = dict(free_ports() if ports is None else ports)
        self.log = LOGS / f"emulators-{os.getpid()}.log"
        self._import_from = import_from
        self._export_to = export_to
        self._workers = workers
        self._environment = dict(environment or {})
        self._only = only
        self._prompt_tasks = prompt_tasks
        self._folder = folder
        self._config = folder / f".firebase.{os.getpid()}.json"
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._grace_seconds = 60 if export_to else 15
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> EmulatorSuite:
        LOGS.mkdir(exist_ok=True)
        forget_old_logs()
        self._config.write_text(json.dumps(config_with(self.ports)))
        try:
            self._start()
            self._wait_until_ready()
            if "functions" in self._only:
                self._check_loaded()
                self._warm_up()
                if self._prompt_tasks:
                    self._keep_queues_awake()
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
        try:
            answer = requests.post(self.function_url(f"{name}-0"), headers=headers, timeout=_CALL_SECONDS)
        except requests.RequestException as error:
            raise EmulatorError(f"{name} at {slot.isoformat()} did not answer: {error}") from error
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
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    def _end(self, supervisor: subprocess.Popen[bytes]) -> None:
        if supervisor.stdin is not None:
            supervisor.stdin.close()
        try:
            is_any_left = bool(supervisor.wait(self._grace_seconds + _END_SECONDS))
        except subprocess.TimeoutExpired:
            is_any_left = True
        if is_any_left:
            raise EmulatorError(f"some of the emulators' processes do not end: see the end of {self.log}")

    def _start(self) -> None:
        ensure_local_secrets()
        command = [sys.executable, "-m", "tools.supervisor", str(self._grace_seconds)]
        command += [str(FIREBASE), "emulators:start", "--config", self._config.name]
        command += ["--project", self.project, "--only", ",".join(self._only)]
        if self._import_from and self._import_from.exists():
            command += ["--import", str(self._import_from)]
        if self._export_to:
            command += ["--export-on-exit", str(self._export_to)]
        self._temporary = tempfile.TemporaryDirectory(prefix="maestro-", ignore_cleanup_errors=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._process_environment(self._temporary.name),
                stdin=subprocess.PIPE,  # the supervisor stops when this closes, as it does however we end
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us; we stop the supervisor in good order
            )

    def _process_environment(self, temporary: str) -> dict[str, str]:
        home = java_home()
        if home is None:
            raise MissingPrerequisiteError("Java is missing: run make setup")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {
            "JAVA_HOME": str(home),
            "JAVA_TOOL_OPTIONS": os.environ.get("JAVA_TOOL_OPTIONS", _JAVA_OPTIONS),
            "PATH": f"{home}/bin{os.pathsep}{os.environ['PATH']}",
            "THREADS": "1",  # without it gunicorn drops connections that the emulator keeps alive
            "FUNCTIONS_EMULATOR_PARALLEL": str(self._workers),
            "FUNCTIONS_DISCOVERY_TIMEOUT": f"{_WARM_UP_SECONDS:.0f}",  # else 10 s to list functions, 30 s for a worker
            "METADATA_SERVER_DETECTION": "none",
            "TMPDIR": temporary,  # where firebase keeps one hub-PROJECT.json, through which it exports
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
                return
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
            try:
                requests.get(f"{self.function_url(name)}/__/health", timeout=_WARM_UP_SECONDS)
            except requests.RequestException as error:
                raise EmulatorError(
                    f"{name} does not start ({error}). The emulator says:\n{self.log_tail()}"
                ) from error

    def _keep_queues_awake(self) -> None:
        """Leave a task waiting for its second try: the emulator looks once a second for work while it has none."""
        queue = f"http://{self.host('tasks')}/projects/{self.project}/locations/{self.region}/queues/awake"
        backoff = {"retryConfig": {"minBackoffSeconds": _DAY_SECONDS, "maxBackoffSeconds": _DAY_SECONDS}}
        nothing = {"url": f"http://{self.host('tasks')}/nothing", "body": base64.b64encode(b"{}").decode()}
        for url, body in ((queue, backoff), (f"{queue}/tasks", {"task": {"httpRequest": nothing}})):
            requests.post(url, json=body, timeout=_CALL_SECONDS).raise_for_status()

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def forget_old_logs() -> None:
    """Delete all but the newest logs of former runs."""
    logs = sorted(LOGS.glob("emulators-*.log"), key=lambda log: log.stat().st_mtime, reverse=True)
    for log in logs[_KEPT_LOGS:]:
        log.unlink(missing_ok=True)
