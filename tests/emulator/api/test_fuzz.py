"""Schemathesis throws what the OpenAPI document allows, and what it forbids, at the deployed function."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
import requests

from tests.emulator.api.conftest import Desk
from tests.members import sign_in
from tools.emulator_suite import EmulatorSuite
from tools.prerequisites import ROOT

METHODS = {"get", "put", "post", "delete", "patch"}
EXAMPLES = 15
"""Per operation and phase; the whole takes half a minute."""


@pytest.mark.timeout(900)
def test_no_request_breaks_the_api_and_every_answer_is_as_documented(desk: Desk, emulators: EmulatorSuite) -> None:
    desk.cycle()
    url = emulators.function_url("api")
    assert requests.get(f"{url}/v1/healthz", timeout=60).json() == {"status": "ok"}
    token = sign_in(emulators, "acme", "admin")
    command = [sys.executable, "-m", "schemathesis.cli", "run", "docs/openapi.json", "--url", url]
    command += ["--header", f"Authorization: Bearer {token}", "--phases", "examples,coverage,fuzzing"]
    command += ["--max-examples", str(EXAMPLES), "--generation-deterministic", "--workers", "2", "--no-color"]
    command += ["--continue-on-failure", "--request-timeout", "60", "--warnings", "off"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=840, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    generated = re.search(r"(\d+) generated", done.stdout)
    assert tested is not None, done.stdout
    assert generated is not None, done.stdout
    documented = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    assert int(tested[1]) == sum(method in METHODS for path in documented.values() for method in path)
    assert int(generated[1]) > 500
