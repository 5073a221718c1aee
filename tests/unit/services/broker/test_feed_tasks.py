"""One tick: a feed for each connected tenant, a cycle for every other one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from functions.adapters.market_calendar import AlwaysOpen, OneCalendar
from functions.domain.kernel.errors import StoreUnavailable
from functions.domain.kernel.slots import slot_of
from functions.services.broker.feed_tasks import CycleQueues, FeedTask, enqueue_feeds_and_cycles
from functions.services.orchestration.declare_symbols import DeclareSymbols
from functions.services.orchestration.ports import FoundStrategies
from tests.broker_fakes import FakeConnections
from tests.fakes import MARCH_16, FakeCycleStore, FakeQueue, FakeTenants


class Connections(FakeConnections):
    def __init__(self, *connected: str, is_down: bool = False) -> None:
        super().__init__(FakeCycleStore())
        self._connected, self._is_down = frozenset(connected), is_down

    def connected(self, tenant_ids: Sequence[str]) -> frozenset[str]:
        if self._is_down:
            raise StoreUnavailable("down")
        return self._connected & set(tenant_ids)


def tick(connections: Connections) -> tuple[list[str], list[str]]:
    cycles, feeds = FakeQueue(), FakeQueue()
    queues = CycleQueues(cycles, feeds)
    tenants, calendars = FakeTenants({"acme": None, "beta": {}, "cyd": None}), OneCalendar(AlwaysOpen())
    for _ in range(2):
        count = enqueue_feeds_and_cycles(tenants, connections, calendars, queues, {}, MARCH_16, MARCH_16)
        assert count == 3
    return tenants_of(cycles), tenants_of(feeds)


def tenants_of(queue: FakeQueue) -> list[str]:
    return sorted(str(one["tenant_id"]) for one in queue.tasks.values())


def test_who_is_connected_is_fed_first_and_the_others_get_their_cycles_at_once() -> None:
    assert tick(Connections("beta", "not enabled")) == (["acme", "cyd"], ["beta"])
    assert tick(Connections()) == (["acme", "beta", "cyd"], [])


def test_where_nobody_can_tell_who_is_connected_all_get_their_cycles() -> None:
    assert tick(Connections("beta", is_down=True)) == (["acme", "beta", "cyd"], [])


def test_a_task_says_what_it_is() -> None:
    task = FeedTask("acme", slot_of(MARCH_16), MARCH_16)
    assert FeedTask.from_payload(task.to_payload()) == task


class Symbols:
    def __init__(self) -> None:
        self.written: list[tuple[Sequence[str], Mapping[str, Sequence[str]]]] = []
        self.is_down = False

    def write_symbols(self, symbols: Sequence[str], samples: Mapping[str, Sequence[str]]) -> None:
        if self.is_down:
            raise StoreUnavailable("down")
        self.written.append((symbols, samples))


def test_what_strategies_declare_is_stored_when_it_changes() -> None:
    store = Symbols()
    use = DeclareSymbols(store)
    symbols: dict[str, Any] = {"Own": ("SPY", "QQQ"), "Mine": ("SPY",), "Sample": ("KO",)}
    found = FoundStrategies(list(symbols), frozenset({"Sample"}), symbols)
    store.is_down = True
    use.run(found)
    store.is_down = False
    use.run(found)
    use.run(found)
    assert store.written == [(["QQQ", "SPY"], {"Sample": ["KO"]})]
    use.run(FoundStrategies(["Own"], frozenset(), {"Own": ("SPY",)}))
    assert store.written[-1] == (["SPY"], {})
