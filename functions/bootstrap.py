"""The only wiring: adapters and services, built on first use and kept for the life of the instance."""

from __future__ import annotations

from functools import cache, lru_cache

from functions.adapters.cloud_task_queue import CloudTaskQueue
from functions.adapters.firestore_client import firestore_client
from functions.adapters.firestore_ledger_store import FirestoreLedgerStore
from functions.adapters.firestore_tenant_directory import FirestoreTenantDirectory
from functions.adapters.market_calendar import AlwaysOpen, ExchangeCalendar
from functions.adapters.structured_logging import configure_logging
from functions.adapters.system import SystemClock
from functions.services.month_performance import ComputeMonth
from functions.services.ports import Clock, MarketCalendar, TaskQueue, TenantDirectory
from functions.services.snapshot_tasks import RunSnapshotTask
from functions.services.take_snapshots import TakeSnapshots
from functions.settings import ALWAYS_OPEN, Settings, read_settings
from functions.strategies.loader import StrategyLoader

CYCLE_FUNCTION = "orchestratetenant"
"""Name of the task function, and so of its queue; queue names allow no underscore."""
SNAPSHOT_FUNCTION = "snapshottenant"
_LOADERS_KEPT = 256


@cache
def settings() -> Settings:
    configure_logging()
    return read_settings()


@cache
def clock() -> Clock:
    return SystemClock()


@cache
def tenant_directory() -> TenantDirectory:
    return FirestoreTenantDirectory(firestore_client())


@cache
def cycle_queue() -> TaskQueue:
    firestore_client()  # initialises the Firebase app that the queue belongs to
    return CloudTaskQueue(CYCLE_FUNCTION, settings().region)


@cache
def snapshot_queue() -> TaskQueue:
    firestore_client()
    return CloudTaskQueue(SNAPSHOT_FUNCTION, settings().region)


@cache
def run_snapshot_task() -> RunSnapshotTask:
    ledger = FirestoreLedgerStore(firestore_client())
    take = TakeSnapshots(ledger, market_calendar(), clock())
    return RunSnapshotTask(ledger, ledger, take, ComputeMonth(ledger, clock()), clock())


@cache
def market_calendar() -> MarketCalendar:
    code = settings().market_calendar
    return AlwaysOpen() if code == ALWAYS_OPEN else ExchangeCalendar(code)


@lru_cache(maxsize=_LOADERS_KEPT)
def strategy_loader(tenant_id: str) -> StrategyLoader:
    """One loader per tenant: strategies may remember things, and tenants must not see each other's."""
    settings()
    return StrategyLoader(firestore_client(), tenant_id)
