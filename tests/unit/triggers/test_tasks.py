"""Task functions: refused and not retried, to be retried, or done."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import flask
import pytest
from firebase_functions import https_fn, tasks_fn

from functions import bootstrap
from functions.domain.kernel.errors import (
    DamagedDocument,
    InputError,
    MaestroError,
    RefusedError,
    StoreRefused,
    StoreUnavailable,
    StrategyProcessesError,
)
from functions.domain.kernel.reasons import ReasonCode
from functions.services.access.close_memberships import ClosedMembership
from functions.services.kernel.tasks import Task
from functions.services.monitoring.delivery_errors import DeliveryFailed, DeliveryReason
from functions.services.monitoring.delivery_task import DeliveryTask
from functions.services.monitoring.tenant_tasks import TenantJob, TenantTask
from functions.services.orchestration.due_cycles import CycleTask
from functions.triggers import tasks
from functions.triggers.tasks import checktenant, handles
from tests.fakes import MARCH_16
from tests.unit.services.kernel.test_tasks import TOLD

APP = flask.Flask(__name__)
CYCLE = CycleTask("acme", "2020-03-16T19:55:00Z")
AWAY = StoreUnavailable("firestore is away")


def running(outcome: dict[str, Any] | MaestroError) -> Callable[[Task], dict[str, Any]]:
    def run(task: Task) -> dict[str, Any]:
        if isinstance(outcome, MaestroError):
            raise outcome
        return {**outcome, "tenant": task.tenant_id}

    return run


def handled(task: Task, outcome: dict[str, Any] | MaestroError, *retried: type[Exception]) -> dict[str, Any]:
    return handles(type(task), retried=retried)(running(outcome))(request_of(task.to_payload()))


def request_of(data: Any) -> https_fn.CallableRequest[Any]:
    return https_fn.CallableRequest(data=data, raw_request=flask.Request({}))


def test_a_task_that_is_done_answers_what_its_function_returns() -> None:
    assert handled(CYCLE, {"status": "DECIDED"}) == {"status": "DECIDED", "tenant": "acme"}


class Sweep:
    """What a check does, in the order it is done; memberships cannot be closed while `is_down`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, is_down: bool = False) -> None:
        self.done: list[Any] = []
        self._is_down = is_down
        monkeypatch.setattr(bootstrap, "close_memberships", lambda: SimpleNamespace(run=self._close))
        monkeypatch.setattr(bootstrap, "check_alerts", lambda: SimpleNamespace(run=self._check))

    def _close(self, tenant_id: str) -> list[ClosedMembership]:
        self.done.append(f"close {tenant_id}")
        if self._is_down:
            raise AWAY
        return [ClosedMembership("ann", "ann@example.com", "DELETED", MARCH_16)]

    def _check(self, tenant_id: str, *_: Any, closed_memberships: list[dict[str, Any]]) -> list[Any]:
        self.done.append([one["uid"] for one in closed_memberships])
        return []

    def check(self, label: str) -> dict[str, Any]:
        return checktenant.__wrapped__(request_of(TenantTask("acme", TenantJob.ALERTS, label).to_payload()))  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    ("label", "done"),
    [
        ("2020-03-16T19:00:00+00:00", ["close acme", ["ann"]]),
        ("2020-03-16T19:05:00+00:00", [[]]),
        ("again", [[]]),
    ],
)
def test_the_first_check_of_an_hour_closes_memberships_and_tells(
    label: str, done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = Sweep(monkeypatch)
    assert sweep.check(label) == {"status": "DONE", "changes": 0}
    assert sweep.done == done


def test_alerts_are_checked_though_memberships_cannot_be_and_the_task_is_delivered_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sweep = Sweep(monkeypatch, is_down=True)
    with pytest.raises(https_fn.HttpsError) as failed:
        sweep.check("2020-03-16T19:00:00+00:00")
    assert (failed.value.code, failed.value.message) == (https_fn.FunctionsErrorCode.UNAVAILABLE, "firestore is away")
    assert sweep.done == ["close acme", []]


def test_a_malformed_task_is_refused_and_never_runs(caplog: pytest.LogCaptureFixture) -> None:
    def never(_: CycleTask) -> dict[str, Any]:
        raise AssertionError("it ran")

    handle = handles(CycleTask, retried=(StoreUnavailable,))(never)
    detail = "slot must be a time on the five-minute grid like 2020-03-16T19:55:00Z, was None"
    assert handle(request_of({"tenant_id": "acme"})) == {"status": "REFUSED", "detail": detail}
    assert caplog.messages == [f"Task refused: {detail}"]


def test_a_malformed_document_is_refused_too(caplog: pytest.LogCaptureFixture) -> None:
    error = InputError("max_drawdown", "a number", "x")
    assert handled(CYCLE, error, StoreUnavailable) == {"status": "REFUSED", "detail": str(error)}
    assert caplog.messages == [f"Task refused: {error}"]


@pytest.mark.parametrize(
    "error",
    [
        StoreRefused("storing the decision: a document is too large"),
        DamagedDocument("tenants/acme/state/session", "slot", "a text, or null", "a number"),
    ],
)
def test_what_the_store_refuses_for_good_is_not_delivered_again(
    error: StoreRefused, caplog: pytest.LogCaptureFixture
) -> None:
    assert handled(CYCLE, error, StoreUnavailable) == {"status": "REFUSED", "detail": str(error)}
    assert caplog.messages == [f"Cycle refused by the store, not retried: {error}"]


@pytest.mark.parametrize(
    ("task", "error", "line", "fields"),
    [
        (CYCLE, AWAY, f"Cycle failed, will be retried: {AWAY}", {"tenant": "acme", "slot": CYCLE.slot}),
        (
            TenantTask("acme", TenantJob.ALERTS, "x"),
            RefusedError(ReasonCode.CONTENTION, "too many"),
            "alerts failed, will be retried: CONTENTION: too many",
            {"tenant": "acme"},
        ),
    ],
)
def test_a_task_to_be_retried_says_so_to_the_queue_and_the_log(
    task: Task, error: MaestroError, line: str, fields: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(https_fn.HttpsError) as caught:
        handled(task, error, type(error))
    assert (caught.value.code, caught.value.message) == (https_fn.FunctionsErrorCode.UNAVAILABLE, str(error))
    (record,) = caplog.records
    assert (record.getMessage(), record.levelno) == (line, logging.ERROR)
    assert fields.items() <= vars(record).items()


def test_a_cycle_that_no_process_could_be_had_for_is_delivered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def orchestrate_slot(*_: Any) -> None:
        raise StrategyProcessesError("no process is to be had")

    monkeypatch.setattr(bootstrap, "strategy_loader", lambda _: SimpleNamespace(orchestrate_slot=orchestrate_slot))
    monkeypatch.setattr(tasks, "replayed_now", lambda _: None)
    with pytest.raises(https_fn.HttpsError) as failed:
        tasks.orchestratetenant.__wrapped__(request_of(CYCLE.to_payload()))  # type: ignore[attr-defined]
    assert (failed.value.code, failed.value.message) == (
        https_fn.FunctionsErrorCode.UNAVAILABLE,
        "no process is to be had",
    )


@pytest.mark.parametrize("error", [AWAY, DeliveryFailed(DeliveryReason.DELIVERY_IN_PROGRESS, "busy")])
def test_a_delivery_to_be_retried_logs_nothing_here(error: MaestroError, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(https_fn.HttpsError) as caught:
        handled(DeliveryTask("acme", "ops", TOLD), error, type(error))
    assert (caught.value.code, caught.value.message) == (https_fn.FunctionsErrorCode.UNAVAILABLE, str(error))
    assert caplog.messages == []


def test_what_no_retry_is_for_comes_through() -> None:
    with pytest.raises(RefusedError):
        handled(CYCLE, RefusedError(ReasonCode.CONTENTION, "too many"), StoreUnavailable)


@pytest.mark.parametrize(
    ("data", "outcome", "status", "answer"),
    [
        (CYCLE.to_payload(), {"status": "SETTLED"}, 200, {"result": {"status": "SETTLED", "tenant": "acme"}}),
        (CYCLE.to_payload(), AWAY, 503, {"error": {"message": str(AWAY), "status": "UNAVAILABLE"}}),
    ],
)
def test_a_queue_is_answered_over_http(data: Any, outcome: Any, status: int, answer: dict[str, Any]) -> None:
    function: Any = tasks_fn.on_task_dispatched()(handles(CycleTask, retried=(StoreUnavailable,))(running(outcome)))
    with APP.test_request_context("/", method="POST", json={"data": data}):
        response = function(flask.request)
    assert (response.status_code, response.get_json()) == (status, answer)
    assert function.__firebase_endpoint__.entryPoint == "run"
