"""The API in a process of its own, as it is deployed: by functions-framework, on the threads that `main` asks for."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from tools.emulator_suite import EmulatorSuite
from tools.ports import free_port

STARTED_SECONDS = 120.0
ANSWER_SECONDS = 110.0


@contextlib.contextmanager
def deployed_api(folder: Path, suite: EmulatorSuite) -> Iterator[int]:
    """Serve the functions of a folder over a suite's emulators, and yield the port."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name not in {"THREADS", "FUNCTIONS_EMULATOR"}}
    environment |= suite.env | {"FUNCTION_TARGET": "api", "PORT": str(port), "HOST": "127.0.0.1"}
    command = [sys.executable, "-m", "functions_framework", "--source", "functions/main.py"]
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        try:
            _wait_until_it_answers(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(ANSWER_SECONDS)


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + STARTED_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"http://127.0.0.1:{port}/v1/healthz", timeout=ANSWER_SECONDS).ok:
                return
        time.sleep(0.1)
    raise AssertionError(f"the server did not start: exit {process.returncode}")
