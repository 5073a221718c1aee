"""A schedule goes through all tenants: by pages, in parallel, each task once, and on from where it stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.adapters.cloud_task_queue import Pace
from functions.adapters.market_calendar import Calendars
from functions.domain.kernel.errors import StoreError, StoreUnavailable
from functions.domain.kernel.spans import Span
from functions.services.broker.feed_tasks import CycleQueues, enqueue_feeds_and_cycles
from functions.services.kernel.fan_out import TENANTS_A_PAGE, FanOut, TenantsOfPage
from functions.services.kernel.ports import TaskQueue, TenantDirectory, TenantPage
from functions.services.kernel.tasks import QUEUED_AT_ONCE
from functions.services.monitoring.tenant_tasks import enqueue_checks
from tests.broker_fakes import FakeConnections
from tests.fakes import MARCH_16, FakeCycleStore, FakeRuns, FakeTenants

MANY = 4 * TENANTS_A_PAGE + 17
TENANTS = [f"t{number:05d}" for number in range(MANY)]


class Calls:
    """A queue that counts calls by tenant, and how many are under way at once; some fail, or end the time."""

    def __init__(self, failing: Sequence[str] = (), seconds: float = 0) -> None:
        self.failing = set(failing)
        self.of: Counter[str] = Counter()
        self.most = 0
        self.clock = 0.0
        self._seconds = seconds
        self._under_way = 0
        self._lock = threading.Lock()

    def enqueue(self, _task_id: str, payload: Mapping[str, Any]) -> bool:
        tenant_id = payload["tenant_id"]
        with self._lock:
            self._under_way += 1
            self.most = max(self.most, self._under_way)
        if len(self.of) < 40:
            time.sleep(0.002)
        with self._lock:
            self._under_way -= 1
            self.clock += self._seconds
            self.of[tenant_id] += 1
        if tenant_id in self.failing:
            raise StoreUnavailable("queue is down")
        return True


class Tenants(FakeTenants):
    """A directory that remembers where its pages began."""

    def __init__(self, tenant_ids: Sequence[str] = TENANTS) -> None:
        super().__init__(dict.fromkeys(tenant_ids))
        self.pages: list[str] = []

    def page(self, span: Span, limit: int) -> TenantPage:
        self.pages.append(span.after)
        return super().page(span, limit)


def checks(tenants: TenantsOfPage, queue: TaskQueue) -> int:
    return enqueue_checks(tenants, queue, MARCH_16, MARCH_16, None)


def run(tenants: Tenants, calls: Calls, runs: FakeRuns, at: datetime = MARCH_16, seconds: float = 1e9) -> int:
    return FanOut(tenants, calls, runs, lambda: calls.clock).run("check_alerts", at, seconds, checks)


def starts(*pages: int) -> list[str]:
    return [TENANTS[number * TENANTS_A_PAGE - 1] if number else "" for number in pages]


def test_every_tenant_has_one_task_of_pages_and_ten_calls_at_once() -> None:
    tenants, calls, runs = Tenants(), Calls(), FakeRuns()
    assert run(tenants, calls, runs) == MANY
    assert calls.of == Counter(TENANTS)
    assert 1 < calls.most <= QUEUED_AT_ONCE
    assert tenants.pages == starts(0, 1, 2, 3, 4)
    assert run(tenants, calls, runs) == 0, "a repeat of what is done finds nothing to do"
    assert calls.of == Counter(TENANTS)


def test_one_page_stores_nothing_and_is_queued_again_under_the_same_names() -> None:
    tenants, calls, runs = Tenants(TENANTS[:300]), Calls(), FakeRuns()
    assert (run(tenants, calls, runs), run(tenants, calls, runs), runs.writes) == (300, 300, 0)


def test_a_tenant_that_fails_stops_no_other_and_the_retry_goes_through_its_page_alone() -> None:
    tenants, calls, runs = Tenants(), Calls([TENANTS[TENANTS_A_PAGE + 3]]), FakeRuns()
    with pytest.raises(StoreError, match="1 pages remain, a retry continues with them: 1 of 500 checks"):
        run(tenants, calls, runs)
    assert set(calls.of) == set(TENANTS)
    for _ in range(2):
        tenants.pages.clear()
        with pytest.raises(StoreError, match="1 pages remain"):
            run(tenants, calls, runs)
        assert tenants.pages == starts(1)
    calls.failing.clear()
    assert run(tenants, calls, runs) == TENANTS_A_PAGE
    assert run(tenants, calls, runs) == 0


def test_when_the_time_is_nearly_over_it_says_so_and_the_retry_goes_on_there(caplog: pytest.LogCaptureFixture) -> None:
    tenants, calls, runs = Tenants(), Calls(seconds=0.02), FakeRuns()
    for _ in range(3):
        with pytest.raises(StoreError, match="pages remain, a retry continues") as told:
            run(tenants, calls, runs, seconds=12)
        assert str(told.value) in caplog.text
        calls.clock = 0.0
    run(tenants, calls, runs, seconds=12)
    assert set(calls.of) == set(TENANTS)
    assert max(calls.of.values()) == 2, "of the page in which the time was over"
    assert sum(calls.of.values()) < MANY + 3 * TENANTS_A_PAGE


def test_a_run_that_is_killed_goes_on_with_the_page_it_was_at() -> None:
    class Killed(BaseException):
        pass

    class KilledAt(Calls):
        def enqueue(self, task_id: str, payload: Mapping[str, Any]) -> bool:
            if payload["tenant_id"] in self.failing:
                raise Killed
            return super().enqueue(task_id, payload)

    tenants, calls, runs = Tenants(), KilledAt([TENANTS[2 * TENANTS_A_PAGE + 9]]), FakeRuns()
    with pytest.raises(Killed):
        run(tenants, calls, runs)
    calls.failing.clear()
    tenants.pages.clear()
    assert run(tenants, calls, runs) == MANY - 2 * TENANTS_A_PAGE
    assert tenants.pages == starts(2, 3, 4)
    assert set(calls.of) == set(TENANTS)


def test_two_runs_of_one_time_share_the_pages_and_none_is_lost() -> None:
    calls, runs = Calls(), FakeRuns()
    both = [threading.Thread(target=run, args=(Tenants(), calls, runs)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert set(calls.of) == set(TENANTS)
    assert max(calls.of.values()) <= 2
    assert run(Tenants(), calls, runs) == 0


def test_an_older_time_goes_on_beside_a_newer_one() -> None:
    tenants, calls, runs = Tenants(), Calls([TENANTS[0]]), FakeRuns()
    newer = MARCH_16 + timedelta(minutes=5)
    with pytest.raises(StoreError):
        run(tenants, calls, runs)
    calls.failing.clear()
    assert run(tenants, calls, runs, newer) == MANY
    assert run(tenants, calls, runs) == TENANTS_A_PAGE
    for number in range(2, 30):
        run(tenants, calls, runs, MARCH_16 + number * timedelta(minutes=5))
    _, document = runs.documents["check_alerts"]
    assert len(document["runs"]) == 12
    assert max(document["runs"]) == (MARCH_16 + timedelta(minutes=145)).astimezone(UTC).isoformat()


@pytest.mark.parametrize(
    "stored", [{"runs": 7}, {"runs": {"x": 7}}, {"runs": {"x": [{"after": 1}]}}, {"runs": None}, {}]
)
def test_a_damaged_record_of_runs_loses_nobody(stored: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    runs, calls = FakeRuns(), Calls()
    runs.documents["check_alerts"] = (1, stored)
    with caplog.at_level(logging.ERROR):
        assert run(Tenants(), calls, runs) == MANY
    assert calls.of == Counter(TENANTS)
    assert ("unreadable, starting at the first tenant" in caplog.text) is bool(stored.get("runs"))


def test_a_record_that_cannot_be_stored_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class ReadOnly(FakeRuns):
        def write(self, *_: Any) -> None:
            raise StoreUnavailable("the store takes nothing")

    calls = Calls()
    assert run(Tenants(), calls, ReadOnly()) == MANY
    assert calls.of == Counter(TENANTS)
    assert "not stored, a retry repeats pages" in caplog.text


def test_policies_that_cannot_be_read_are_read_again_by_the_retry() -> None:
    tenants, calls, runs = Tenants(), Calls(), FakeRuns()
    tenants._failing = TENANTS[TENANTS_A_PAGE]
    fan_out = FanOut(tenants, calls, runs, time.monotonic)

    def cycles(of: TenantDirectory, queue: TaskQueue) -> int:
        connections, queues = FakeConnections(FakeCycleStore()), CycleQueues(queue, queue)
        return enqueue_feeds_and_cycles(of, connections, Calendars(), queues, {}, MARCH_16, MARCH_16)

    with pytest.raises(StoreError, match="1 pages remain"):
        fan_out.run("orchestrate_tick", MARCH_16, 1e9, cycles)
    assert calls.of == Counter(TENANTS), "they keep the deployment's hours until then"
    tenants._failing = ""
    assert fan_out.run("orchestrate_tick", MARCH_16, 1e9, cycles) == TENANTS_A_PAGE


def test_callers_pass_at_their_pace_and_no_faster() -> None:
    now, slept = 100.0, list[float]()
    pace = Pace(4, lambda: now, slept.append)
    for _ in range(3):
        pace.wait()
    now += 10
    pace.wait()
    pace.wait()
    assert slept == [0.25, 0.5, 0.25]
