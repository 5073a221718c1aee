"""Scheduled jobs over a damaged document: done without it, or refused once and for all; other tenants go on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import flask
import pytest
from firebase_functions import https_fn

from functions.adapters.firestore import paths
from functions.domain.ledger.periods import Period
from functions.domain.monitoring.alerts import alert_id
from functions.services.ledger.snapshot_tasks import SnapshotTask
from functions.services.monitoring.tenant_tasks import TenantJob, TenantTask
from functions.triggers.tasks import checktenant, snapshottenant
from tests.emulator.api.broker_documents import BROKER, DRIFT, connection_document, drift_document
from tests.emulator.api.damage import World, a_world, damaged, snapshot
from tests.emulator.ledger.test_snapshots import put_fill
from tests.members import create_tenant
from tools.emulator_suite import EmulatorSuite

Job = Callable[[str], dict[str, Any]]


def checks(tenant_id: str) -> dict[str, Any]:
    return deliver(checktenant, TenantTask(tenant_id, TenantJob.ALERTS, "again").to_payload())


def reports(tenant_id: str) -> dict[str, Any]:
    today = datetime.now(UTC).date()
    return deliver(checktenant, TenantTask(tenant_id, TenantJob.REPORT, today.isoformat()).to_payload())


def snapshots(tenant_id: str) -> dict[str, Any]:
    return deliver(snapshottenant, SnapshotTask(tenant_id, Period.of_day(datetime.now(UTC).date())).to_payload())


def deliver(function: Any, payload: Any) -> dict[str, Any]:
    """Deliver a task in this process. Raises HttpsError if the queue is to deliver it again."""
    done: dict[str, Any] = function.__wrapped__(https_fn.CallableRequest(data=payload, raw_request=flask.Request({})))
    return done


READ_BY: dict[str, tuple[Job, ...]] = {
    "tenants/acme": (reports,),
    "tenants/acme/config/maestro": (checks, snapshots),
    "tenants/acme/market_data/latest": (snapshots,),
    "tenants/acme/state/session": (checks, snapshots),
    "tenants/acme/state/positions": (checks, snapshots),
    "tenants/acme/state/modes": (snapshots,),
    "tenants/acme/state/alerts": (checks,),
    "tenants/acme/state/broker": (checks,),
    "tenants/acme/state/drift": (checks,),
    "tenants/acme/state/ledger": (snapshots,),
    "tenants/acme/state/ledger/checkpoints/{day}": (snapshots,),
    "tenants/acme/jobs/{id}": (checks,),
    "tenants/acme/alerts/{id}": (checks, reports),
    "tenants/acme/redemptions/{redeemed}": (checks,),
    "tenants/acme/ledger_trades/{id}": (snapshots,),
    "tenants/acme/strategy_performance/{id}": (reports, snapshots),
    "systemStatus/orchestration_logs/logs/{session_id}": (checks, reports),
}


@pytest.fixture(scope="module")
def world(accounts: EmulatorSuite) -> World:
    made = a_world(accounts)
    db = made.desk.db
    create_tenant(db, "other")
    now = datetime.now(UTC)
    redemption = paths.redemption(db, "acme", made.words["redeemed"])
    redemption.update({"status": "RESERVED", "lapses_at": now - timedelta(minutes=1)})
    paths.checkpoints(db, "acme").document("2020-03-16").delete()
    db.document(BROKER).set(connection_document())
    db.document(DRIFT).set(drift_document())
    put_fill(db, "old", (now - timedelta(days=6)).date(), "buy", 10, 50.0)
    assert snapshots("acme")["status"] == "DONE"
    assert checks("acme")["status"] == "DONE"
    today = paths.job(db, "acme", f"day-{now.date()}")  # one that is done is not run again: let it be an earlier day's
    paths.job(db, "acme", "day-2020-03-16").set(today.get().to_dict() or {})
    today.delete()
    return dataclasses.replace(made, stored=snapshot(db))


@pytest.mark.parametrize("kind", READ_BY)
def test_a_job_over_a_damaged_document_is_done_or_refused_and_never_retried(world: World, kind: str) -> None:
    wrong = []
    (path, *_) = world.paths_of(kind)
    for field, how, document in damaged(world.stored[path]):
        for job in READ_BY[kind]:
            world.damage(path, document, is_changed=True)
            try:
                done = job("acme")
            except Exception as error:
                wrong.append((path, field, how, job.__name__, f"retried: {type(error).__name__}: {error}"))
                continue
            if done["status"] not in {"DONE", "REFUSED"}:
                wrong.append((path, field, how, job.__name__, str(done)))
    world.damage(path, world.stored[path], is_changed=True)
    assert wrong == []


def test_a_damaged_tenant_stops_no_other(world: World) -> None:
    world.damage("tenants/acme/config/maestro", {"market": 7}, is_changed=True)
    refused = snapshots("acme")
    assert (refused["status"], "market" in refused["detail"]) == ("REFUSED", True)
    assert [job("other")["status"] for job in (checks, reports, snapshots)] == ["DONE"] * 3
    failed = world.desk.db.document(f"tenants/acme/jobs/day-{datetime.now(UTC).date()}").get().to_dict() or {}
    assert (failed["status"], "market" in failed["error"]) == ("FAILED", True), "an alert is raised for it"
    assert checks("acme")["status"] == "DONE"
    alert = paths.alerts(world.desk.db, "acme").document(alert_id("job:day")).get().to_dict() or {}
    assert alert["state"] == "OPEN"


def test_a_ledgers_state_that_is_damaged_is_made_again_from_the_ledger(world: World) -> None:
    path = "tenants/acme/state/ledger"
    world.damage(path, {"last_day": 7}, is_changed=True)
    done = snapshots("acme")
    assert (done["status"], done["documents"] > 0) == ("DONE", True)
    made, before = world.desk.db.document(path).get().to_dict() or {}, world.stored[path]
    assert (made["last_day"], made["done_until"]) == (before["last_day"], before["done_until"])
