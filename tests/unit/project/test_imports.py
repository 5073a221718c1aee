"""The public paths import from the repository root, the deployed source root, and a copy under another name."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.prerequisites import ROOT

CHECK = """
import sys
from functions.strategies.loader import StrategyLoader
from functions.strategies.maestro_controller import MaestroController
from backend.marketplace.strategy_performance_snapshots import (
    compute_monthly_strategy_performance_from_firestore,
    write_strategy_performance_snapshots,
)
import functions.strategies.maestro_controller as spelled
assert StrategyLoader().get_load_errors() == {}, StrategyLoader().get_load_errors()
assert sys.modules["functions.strategies.maestro_controller"] is spelled
heavy = {"google.genai", "google.cloud.aiplatform_v1", "firebase_functions"} & set(sys.modules)
assert not heavy, f"imported by a program that asks for no summary: {heavy}"
twice = [name for name in sys.modules if name.startswith(("strategies", "domain", "services", "adapters"))]
assert not twice, f"a second identity of the same files: {twice}"
"""


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    copy = tmp_path / "deployed-source"
    shutil.copytree(ROOT / "functions", copy, ignore=shutil.ignore_patterns("venv", "__pycache__", "*.local"))
    return {"repository root": ROOT, "source root": ROOT / "functions", "copy of another name": copy}


@pytest.mark.parametrize("place", ["repository root", "source root", "copy of another name"])
def test_public_paths_import_everywhere(places: dict[str, Path], place: str) -> None:
    done = run(CHECK, places[place])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("place", ["source root", "copy of another name"])
def test_main_exports_the_deployed_functions_and_imports_nothing_heavy(places: dict[str, Path], place: str) -> None:
    code = """
import sys, main
assert sorted(main.__all__) == [
    "api",
    "check_alerts",
    "checktenant",
    "daily_performance_snapshot",
    "daily_report",
    "delivernotification",
    "feedtenant",
    "monthly_performance_snapshot",
    "on_decision_logged",
    "on_fill_written",
    "on_policy_written",
    "orchestrate_tick",
    "orchestratetenant",
    "snapshottenant",
]
heavy = {"numpy", "pandas", "scipy", "pydantic", "flask_openapi", "exchange_calendars", "vertexai"}
heavy |= {"google.genai", "google.cloud.aiplatform", "google.cloud.aiplatform_v1", "google.cloud.secretmanager"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    done = run(code, places[place])
    assert done.returncode == 0, done.stderr


def test_a_cold_start_imports_what_names_and_queues_work_and_nothing_that_does_it(places: dict[str, Path]) -> None:
    code = """
import sys, main
modules = {name.removeprefix("functions.") for name in sys.modules if name.startswith("functions.")}
packages = {parent for name in modules if (parent := name.rpartition(".")[0])}
print(*sorted(modules - packages))
"""
    shared = ("main", "bootstrap", "settings", "domain.kernel.", "services.kernel.")
    done = run(code, places["source root"])
    assert done.returncode == 0, done.stderr
    assert {name for name in done.stdout.split() if not name.startswith(shared)} == {
        "adapters.firestore.client",
        "adapters.structured_logging",
        "adapters.system",
        "domain.ledger.periods",
        "domain.monitoring.ai_failure",
        "domain.monitoring.due_checks",
        "domain.monitoring.due_reports",
        "domain.monitoring.links",
        "domain.monitoring.notifications",
        "services.broker.connected_ports",
        "services.broker.feed_tasks",
        "services.ledger.snapshot_tasks",
        "services.monitoring.change_ports",
        "services.monitoring.delivery_errors",
        "services.monitoring.delivery_task",
        "services.monitoring.tenant_tasks",
        "services.orchestration.due_cycles",
        "triggers.cold_start_probe",
        "triggers.documents",
        "triggers.http_api",
        "triggers.run_async",
        "triggers.scheduled",
        "triggers.serving",
        "triggers.tasks",
    }, "every function waits for each of these: part what a task is from what does it"


def test_the_manifest_says_what_the_cloud_will_run(places: dict[str, Path]) -> None:
    code = """
from firebase_functions.private import serving
print(serving.functions_as_yaml(serving.get_functions()))
"""
    manifest = run(code, places["source root"]).stdout
    endpoints = manifest.count("entryPoint:")
    assert manifest.count("- us-central1\n") == endpoints
    assert (manifest.count("availableMemoryMb: 512"), manifest.count("availableMemoryMb: 1024")) == (endpoints - 1, 1)
    assert manifest.count("cpu:") == 1
    assert manifest.count("retry: true") == 2, "of a fill that a user wrote, or a policy: nobody else looks at it"
    accounts = re.findall(r"entryPoint: (\w+)|serviceAccountEmail: (.+)", manifest)
    named = [(accounts[at - 1][0], one) for at, (_, one) in enumerate(accounts) if one not in ("", "null")]
    assert named == [("feedtenant", "'{{ params.BROKER_SERVICE_ACCOUNT }}'")], "nobody else may read a broker's keys"
    assert "*/5 * * * *" in manifest
    assert "taskQueueTrigger" in manifest
    assert "orchestratetenant" in manifest
