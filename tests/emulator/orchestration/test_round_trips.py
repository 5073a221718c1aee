"""What a cycle costs Firestore: counted on the wire, not assumed."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore.cycle_store import FirestoreCycleStore
from functions.adapters.market_calendar import AlwaysOpen, OneCalendar
from functions.adapters.system import SecretIds, SystemClock
from functions.services.kernel.idempotency import RequestKey
from functions.services.orchestration.cycle_request import CycleRequest
from functions.services.orchestration.run_cycle import RunCycle
from tools.bench_cycle import TENANT, propose, seed


class CountingApi:
    """Firestore's RPC client, counting calls, documents asked for and documents written."""

    def __init__(self, api: Any) -> None:
        self._api = api
        self.calls: list[str] = []
        self.documents: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._api, name)

        def counted(request: Any, **options: Any) -> Any:
            self.calls.append(name)
            self.documents["read"] += len(request.get("documents", ()))
            self.documents["written"] += len(request.get("writes", ()))
            return call(request=request, **options)

        return counted


SLOT = "2020-03-16T19:55:00Z"


def cost_of_a_cycle(db: Client, strategy_count: int, **asked: Any) -> tuple[list[str], Counter[str]]:
    names = seed(db, strategy_count)
    cycle = RunCycle(FirestoreCycleStore(db), SystemClock(), SecretIds(), OneCalendar(AlwaysOpen()))
    request = CycleRequest(tenant_id=TENANT, propose=propose(names), **asked)
    api = CountingApi(db._firestore_api)
    db._firestore_api_internal = api  # counts in place of the real one, and calls it
    result = asyncio.run(cycle.run(request))
    assert result is not None
    assert len(result.signals) == strategy_count
    return api.calls, api.documents


@pytest.mark.parametrize("strategy_count", [5, 500])
def test_a_cycle_is_one_read_and_one_commit_at_any_number_of_strategies(own_db: Client, strategy_count: int) -> None:
    calls, documents = cost_of_a_cycle(own_db, strategy_count, slot=SLOT)
    assert calls == ["batch_get_documents", "commit"]
    assert documents == {"read": 12, "written": 6}


def test_a_cycle_somebody_asked_for_costs_as_much_as_one_of_the_schedule(own_db: Client) -> None:
    key = RequestKey("ann", "k", {"post": "orchestrations"})
    calls, documents = cost_of_a_cycle(own_db, 5, key=key)
    assert calls == ["batch_get_documents", "commit"]
    assert documents == {"read": 12, "written": 6}
