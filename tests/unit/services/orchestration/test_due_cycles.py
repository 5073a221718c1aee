"""One tick, one task per tenant whose market is open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.adapters.market_calendar import Calendars, ExchangeCalendar
from functions.domain.kernel.errors import InputError, StoreError
from functions.domain.kernel.slots import slot_of
from functions.services.broker.feed_tasks import CycleQueues, enqueue_feeds_and_cycles
from functions.services.orchestration.due_cycles import CycleTask
from tests.broker_fakes import FakeConnections
from tests.fakes import FakeCycleStore, FakeQueue, FakeTenants

AT = datetime(2020, 3, 16, 19, 57, 12, tzinfo=UTC)


TENANTS = FakeTenants(dict.fromkeys(["acme", "blue", "cyan"]))
AROUND_THE_CLOCK = {"market": "24x7"}


def tick(
    queue: FakeQueue,
    at: datetime = AT,
    tenants: FakeTenants = TENANTS,
    defaults: Mapping[str, Any] = AROUND_THE_CLOCK,
) -> int:
    connections, queues = FakeConnections(FakeCycleStore()), CycleQueues(queue, FakeQueue())
    return enqueue_feeds_and_cycles(tenants, connections, Calendars(), queues, defaults, at, at)


def tenants_of(queue: FakeQueue) -> list[str]:
    return sorted(task["tenant_id"] for task in queue.tasks.values())


def test_a_repeated_tick_queues_nothing_twice() -> None:
    queue = FakeQueue()
    for _ in range(2):
        tick(queue)
    assert tenants_of(queue) == ["acme", "blue", "cyan"]
    assert {task["slot"] for task in queue.tasks.values()} == {"2020-03-16T19:55:00Z"}


def test_one_tenant_that_cannot_be_queued_stops_no_other_and_is_not_swallowed() -> None:
    queue = FakeQueue(failing="blue")
    with pytest.raises(StoreError, match="1 of 3 cycles of 2020-03-16T19:55:00Z not queued, first of tenant blue"):
        tick(queue)
    assert tenants_of(queue) == ["acme", "cyan"]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2020-03-16T15:00:00Z", ["coins", "default", "malformed", "new_york", "unknown"]),
        ("2020-03-16T12:00:00Z", ["coins"]),  # nobody else trades
        ("2020-03-17T01:30:00Z", ["coins", "hong_kong", "sydney"]),
        ("2020-03-17T04:30:00Z", ["coins", "sydney"]),  # Hong Kong has lunch
        ("2020-03-15T15:00:00Z", ["coins"]),  # a Sunday
    ],
)
def test_a_tick_runs_a_tenants_cycle_in_the_hours_of_its_own_market(at: str, expected: list[str]) -> None:
    markets = {"coins": "24x7", "new_york": "XNYS", "sydney": "XASX", "hong_kong": "XHKG", "unknown": "XXXX"}
    policies: dict[str, Any] = {tenant_id: {"market": market} for tenant_id, market in markets.items()}
    tenants = FakeTenants({**policies, "default": None, "malformed": {"market": ["XASX"]}})
    queue = FakeQueue()
    count = tick(queue, datetime.fromisoformat(at), tenants, {"market": "XNYS"})
    assert (tenants_of(queue), count) == (expected, len(expected))


def test_a_malformed_policy_keeps_the_hours_that_it_names() -> None:
    tenants, queue = FakeTenants({"acme": {"market": "XASX", "base_capital": -1}}), FakeQueue()
    tick(queue, datetime(2020, 3, 17, 1, tzinfo=UTC), tenants, {"market": "XNYS"})
    assert tenants_of(queue) == ["acme"]


def test_policies_are_read_many_at_once_and_those_that_cannot_be_read_keep_the_deployments_hours() -> None:
    names = [f"t{number:04d}" for number in range(1100)]
    tenants, queue = FakeTenants({name: {"market": "XASX"} for name in names}, failing="t0600"), FakeQueue()
    with pytest.raises(StoreError, match="the settings of 500 tenants could not be read"):
        tick(queue, tenants=tenants)
    assert [len(read) for read in tenants.reads] == [500, 500, 100]
    assert tenants_of(queue) == names[500:1000], "Sydney sleeps, and the deployment's market never does"


def test_a_market_whose_hours_nobody_knows_yet_keeps_the_deployments() -> None:
    tenants, queue = FakeTenants({"shanghai": {"market": "XSHG"}, "coins": {"market": "24x7"}}), FakeQueue()
    tick(queue, datetime(2031, 3, 17, 15, tzinfo=UTC), tenants, {"market": "XNYS"})
    assert tenants_of(queue) == ["coins", "shanghai"]
    closed = FakeQueue()
    tick(closed, datetime(2031, 3, 17, 3, tzinfo=UTC), tenants, {"market": "XNYS"})
    assert tenants_of(closed) == ["coins"]


def test_a_deployment_that_names_no_market_stops_nobody() -> None:
    tenants, queue = FakeTenants({"sydney": {"market": "XASX"}, "new_york": None}), FakeQueue()
    tick(queue, datetime(2020, 3, 16, 15, tzinfo=UTC), tenants, {"market": "the moon"})
    assert tenants_of(queue) == ["new_york"]


def test_a_task_survives_its_payload_and_its_id_fits_cloud_tasks() -> None:
    task = CycleTask("acme", slot_of(AT))
    assert CycleTask.from_payload(task.to_payload()) == task
    assert set(task.task_id) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    assert task.task_id != CycleTask("blue", task.slot).task_id


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (None, "task"),
        ({}, "tenant_id"),
        ({"tenant_id": "", "slot": "2020-03-16T19:55:00Z"}, "tenant_id"),
        ({"tenant_id": "a/b", "slot": "2020-03-16T19:55:00Z"}, "tenant_id"),
        ({"tenant_id": "acme", "slot": "2020-03-16T19:57:00Z"}, "slot"),
        ({"tenant_id": "acme", "slot": "2020-03-16T19:55:00+00:00"}, "slot"),
        ({"tenant_id": "acme", "slot": "yesterday"}, "slot"),
        ({"tenant_id": "acme", "slot": 7}, "slot"),
    ],
)
def test_a_malformed_payload_is_named(payload: Any, field: str) -> None:
    with pytest.raises(InputError) as caught:
        CycleTask.from_payload(payload)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (datetime(2020, 3, 16, 13, 29, tzinfo=UTC), False),
        (datetime(2020, 3, 16, 13, 30, tzinfo=UTC), True),
        (datetime(2020, 3, 16, 19, 55, 30, tzinfo=UTC), True),
        (datetime(2020, 3, 16, 20, 5, tzinfo=UTC), False),
        (datetime(2020, 2, 14, 14, 29, tzinfo=UTC), False),  # winter time
        (datetime(2020, 2, 14, 14, 30, tzinfo=UTC), True),
        (datetime(2020, 4, 10, 15, 0, tzinfo=UTC), False),  # Good Friday
        (datetime(2019, 12, 24, 18, 30, tzinfo=UTC), False),  # early close
        (datetime(2020, 3, 15, 15, 0, tzinfo=UTC), False),  # Sunday
        (datetime(2026, 11, 23, 15, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 26, 15, 0, tzinfo=UTC), False),  # Thanksgiving
    ],
)
def test_hours_of_new_york(at: datetime, is_open: bool) -> None:
    assert ExchangeCalendar("XNYS").is_open(at) is is_open
