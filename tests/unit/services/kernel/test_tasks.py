"""Tasks: ids and payloads that queues already hold, and what is refused."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from functions.domain.kernel.errors import InputError, StoreError, StoreUnavailable
from functions.domain.ledger.periods import Period
from functions.domain.monitoring.notifications import Notification, Severity
from functions.services.kernel.tasks import Task, enqueue_all
from functions.services.ledger.snapshot_tasks import SnapshotTask
from functions.services.monitoring.delivery_task import DeliveryTask
from functions.services.monitoring.tenant_tasks import TenantJob, TenantTask
from functions.services.orchestration.due_cycles import CycleTask
from tests.fakes import MARCH_16

TOLD = Notification(
    notification_id="a1",
    tenant_id="acme",
    kind="SYSTEMIC_RISK",
    severity=Severity.CRITICAL,
    title="Systemic risk",
    text="4 strategies sell",
    at=MARCH_16,
    fields={"strategy_name": "Trend"},
)
NOTIFICATION = {
    "id": "a1",
    "tenant_id": "acme",
    "kind": "SYSTEMIC_RISK",
    "severity": "CRITICAL",
    "title": "Systemic risk",
    "text": "4 strategies sell",
    "at": "2020-03-16T19:55:00+00:00",
    "fields": {"strategy_name": "Trend"},
}
QUEUED: list[tuple[Task, str, str]] = [
    (
        CycleTask("acme", "2020-03-16T19:55:00Z"),
        "95c1b7c5002f3b8041ac-2020-03-16T195500Z",
        '{"tenant_id": "acme", "slot": "2020-03-16T19:55:00Z"}',
    ),
    (
        SnapshotTask("acme", Period.of_day(date(2020, 3, 16))),
        "aa4b22dd0ffa1a76cecc-day-2020-03-16",
        '{"tenant_id": "acme", "kind": "day", "label": "2020-03-16"}',
    ),
    (
        SnapshotTask("acme", Period.of_month(2020, 3)),
        "a4cd702d60d3612e60bd-month-2020-03",
        '{"tenant_id": "acme", "kind": "month", "label": "2020-03"}',
    ),
    (
        TenantTask("acme", TenantJob.ALERTS, "2020-03-16T19:55:00+00:00"),
        "6a460d4bc158e4cc837c9e1f1d6c72dcad8f88e3",
        '{"tenant_id": "acme", "job": "alerts", "label": "2020-03-16T19:55:00+00:00"}',
    ),
    (
        TenantTask("acme", TenantJob.REPORT, "2020-03-16"),
        "da45533699d521b0ec7927bf9f296aa82d6f8408",
        '{"tenant_id": "acme", "job": "report", "label": "2020-03-16"}',
    ),
    (
        DeliveryTask("acme", "ops", TOLD),
        "f4a83ef978ee8a4cd657c659da582ffb857fd441",
        json.dumps({"tenant_id": "acme", "channel_id": "ops", "notification": NOTIFICATION}),
    ),
]
"""As tasks of an earlier deployment wait in the queues: literal, so that nobody changes them unawares."""


@pytest.mark.parametrize(("task", "task_id", "payload"), QUEUED, ids=lambda one: type(one).__name__)
def test_ids_and_payloads_are_those_that_queues_hold(task: Task, task_id: str, payload: str) -> None:
    assert task.task_id == task_id
    assert json.dumps(task.to_payload()) == payload
    assert type(task).from_payload(json.loads(payload)) == task


@pytest.mark.parametrize("task", [row[0] for row in QUEUED], ids=lambda task: type(task).__name__)
@pytest.mark.parametrize("tenant_id", [None, "", "a/b", 7])
def test_every_task_names_a_tenant(task: Task, tenant_id: Any) -> None:
    with pytest.raises(InputError, match="tenant_id must be a document id, was"):
        type(task).from_payload({**task.to_payload(), "tenant_id": tenant_id})


@pytest.mark.parametrize("task", [row[0] for row in QUEUED], ids=lambda task: type(task).__name__)
def test_every_payload_is_a_map(task: Task) -> None:
    with pytest.raises(InputError, match=r"task must be a map of tenant_id.* and .*, was 'list'") as caught:
        type(task).from_payload(["acme"])
    assert all(name in str(caught.value) for name in task.to_payload())


class DownFor:
    """A queue that one tenant's tasks do not reach."""

    def __init__(self, tenant_id: str) -> None:
        self._tenant_id = tenant_id

    def enqueue(self, task_id: str, payload: Mapping[str, Any]) -> bool:
        if payload["tenant_id"] == self._tenant_id:
            raise StoreUnavailable("queue is down")
        return True


def test_who_is_left_out_is_named(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    tasks = [TenantTask(one, TenantJob.REPORT, "2020-03-16") for one in ("acme", "blue")]
    assert enqueue_all(DownFor("nobody"), tasks, "reports") == 2
    with pytest.raises(StoreError, match="1 of 2 reports not queued, first of tenant blue"):
        enqueue_all(DownFor("blue"), tasks, "reports")
    with pytest.raises(StoreError, match="1 of 1 deliveries not queued, first to channel ops"):
        enqueue_all(DownFor("acme"), [DeliveryTask("acme", "ops", TOLD)], "deliveries")
    assert caplog.messages == [
        "Queued 2 reports",
        "One of the reports not queued: queue is down",
        "One of the deliveries to channel ops not queued: queue is down",
    ]
