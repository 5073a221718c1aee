"""One tick, one task per tenant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.adapters.market_calendar import AlwaysOpen, ExchangeCalendar
from functions.domain.kernel.errors import InputError, StoreError, StoreUnavailable
from functions.domain.kernel.slots import slot_of
from functions.services.orchestration.enqueue_cycles import CycleTask, enqueue_cycles

AT = datetime(2020, 3, 16, 19, 57, 12, tzinfo=UTC)


class Tenants:
    def enabled_tenants(self) -> list[str]:
        return ["acme", "blue", "cyan"]


class Queue:
    def __init__(self, failing: str = "") -> None:
        self.tasks: dict[str, Mapping[str, Any]] = {}
        self._failing = failing

    def enqueue(self, task_id: str, payload: Mapping[str, Any]) -> bool:
        if payload["tenant_id"] == self._failing:
            raise StoreUnavailable("queue is down")
        is_new = task_id not in self.tasks
        self.tasks[task_id] = payload
        return is_new


def test_a_repeated_tick_queues_nothing_twice() -> None:
    queue = Queue()
    for _ in range(2):
        enqueue_cycles(Tenants(), queue, AlwaysOpen(), AT)
    assert sorted(task["tenant_id"] for task in queue.tasks.values()) == ["acme", "blue", "cyan"]
    assert {task["slot"] for task in queue.tasks.values()} == {"2020-03-16T19:55:00Z"}


def test_one_tenant_that_cannot_be_queued_stops_no_other_and_is_not_swallowed() -> None:
    queue = Queue(failing="blue")
    with pytest.raises(StoreError, match="1 of 3 cycles of 2020-03-16T19:55:00Z not queued, first of tenant blue"):
        enqueue_cycles(Tenants(), queue, AlwaysOpen(), AT)
    assert sorted(task["tenant_id"] for task in queue.tasks.values()) == ["acme", "cyan"]


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
