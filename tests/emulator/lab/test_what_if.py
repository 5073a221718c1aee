"""A policy tried on a record in Firestore: the answer is that of the record in memory, in time, by either command."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.policy_store import change_id
from functions.adapters.firestore.preview_store import FirestorePreviewStore
from functions.services.lab.what_if import SESSIONS, PreviewPolicy
from functions.strategies.maestro_controller import MaestroController
from tests.emulator.tools.command_line import maestro
from tests.fakes import FakeClock
from tests.unit.services.lab.recorded_world import CALENDARS, RecordOf, World, sessions
from tools.lab.tenant import Wanted, record_task
from tools.prerequisites import DEV_PYTHON, ROOT

BASE: dict[str, Any] = {"MIN_DATA_POINTS": 8, "demotion_confidence": 0.6}
TRIED = {**BASE, "SHARPE_THRESHOLD_REDUCE": 2.5, "SHARPE_THRESHOLD_SHADOW": 1.5, "SYSTEMIC_SELL_THRESHOLD": 2}
SECONDS = 2.0
"""Of CPU, for 10 strategies: people wait a little longer, for Firestore."""


@pytest.fixture(scope="module")
def world() -> World:
    logging.disable(logging.WARNING)
    world, last = World(is_book_open=True, has_unmet_sells=True), len(sessions())
    world.set_policy(BASE | {"SYSTEMIC_SELL_THRESHOLD": 4})
    world.run(range(last - SESSIONS - 5, last - 60))
    world.set_policy(BASE)
    world.run(range(last - 60, last))
    logging.disable(logging.NOTSET)
    return world


@pytest.fixture
def record(own_db: Client, world: World) -> RecordOf:
    """The world's record, in memory and in Firestore."""
    record = RecordOf(world)
    batch = own_db.bulk_writer()
    for path, document in world.store.documents.items():
        folder, _, name = path.rpartition("/")
        if path.startswith(("systemStatus/orchestration_logs/", "tenants/acme/config/", "tenants/acme/shadow_pnl/")):
            key = change_id(int(name)) if folder.endswith("/history") else name
            batch.create(own_db.document(folder, key), document)
    batch.create(paths.windows(own_db, "acme", None), dict(record.windows("acme") or {}))
    batch.create(paths.tenant(own_db, "acme"), {"maestro_enabled": True, "status": "active"})
    for key, day in record.all_days():
        batch.create(paths.strategy_performance(own_db, "acme").document(key), {**day, "period": "day"})
    batch.close()  # type: ignore[no-untyped-call]
    return record


def test_the_record_in_firestore_tells_what_the_record_in_memory_does_within_two_seconds_of_cpu(
    own_db: Client, record: RecordOf
) -> None:
    clock = FakeClock(record.newest)
    stored = PreviewPolicy(FirestorePreviewStore(own_db), clock, CALENDARS)
    expected = PreviewPolicy(record, clock, CALENDARS).run("acme", TRIED, {})
    assert expected.found.changes
    assert expected.found.reproduced == SESSIONS
    taken = []
    for _ in range(3):
        began = process_time()
        assert stored.run("acme", TRIED, {}) == expected
        taken.append(process_time() - began)
    assert min(taken) < SECONDS, taken
    assert stored.run("nobody", TRIED, {}).found.sessions == ()


def test_the_command_line_tells_it_and_stores_nothing(own_db: Client, record: RecordOf, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(TRIED), encoding="utf-8")
    expected = PreviewPolicy(record, FakeClock(record.newest), CALENDARS).run("acme", TRIED, {})
    told = maestro(own_db, "what-if", "acme", str(file))
    assert told.returncode == 0, told.stderr
    assert f"{len(expected.found.changes)} decisions differ" in told.stdout
    assert f"{SESSIONS} are decided again as they were" in told.stdout
    assert "Held fixed: Signals are those that strategies gave" in told.stdout
    for_machines = json.loads(maestro(own_db, "what-if", "acme", str(file), "--json").stdout)
    assert len(for_machines["found"]["changes"]) == len(expected.found.changes)
    file.write_text(json.dumps({"SYSTEMIC_SELL_THRESHOLD": 0}), encoding="utf-8")
    refused = maestro(own_db, "what-if", "acme", str(file))
    assert refused.returncode == 1
    assert "SYSTEMIC_SELL_THRESHOLD" in refused.stderr


def test_the_lab_replays_the_record_in_firestore_as_the_record_in_memory(
    own_db: Client, record: RecordOf, tmp_path: Path
) -> None:
    file = tmp_path / "tried.json"
    file.write_text(json.dumps(TRIED), encoding="utf-8")
    policies = ("--policy", "current", "--policy", str(file))
    done = lab(own_db, "run", "--tenant", "acme", *policies, "--replications", "100", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "acme: its own record, 95 sessions decided again" in done.stdout
    wanted = Wanted(tenant="acme", uid=None, first=None, last=None, starting_cash=100_000.0, risk_free_rate=0.0)
    task = record_task(record, FakeClock(record.newest), CALENDARS, wanted, MaestroController.policy_defaults())
    runs = task.replay({"current": task.current, "tried": TRIED})
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert result["tenant"]["reproduced"] == SESSIONS + 5
    assert list(result["policies"]) == ["off", "current", "tried"]
    for name, one in runs.items():
        assert result["policies"][name]["final_equity"] == one.sessions[-1].equity, name
    stranger = lab(own_db, "run", "--tenant", "nobody", "--out", str(tmp_path))
    assert stranger.returncode == 1
    assert stranger.stderr.splitlines()[-1].startswith("lab: tenant must be ")


def lab(db: Client, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"GCLOUD_PROJECT": str(db.project), "GOOGLE_CLOUD_PROJECT": str(db.project)}
    command = [str(DEV_PYTHON), "-m", "tools.lab", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
