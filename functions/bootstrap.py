"""The only wiring: adapters and services, built on first use and kept for the life of the instance."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from functions.adapters.cloud_task_queue import CloudTaskQueue
from functions.adapters.firebase_tokens import FirebaseTokens
from functions.adapters.firestore_client import firestore_client
from functions.adapters.firestore_input_store import FirestoreInputStore
from functions.adapters.firestore_ledger_store import FirestoreLedgerStore
from functions.adapters.firestore_policy_store import FirestorePolicyStore
from functions.adapters.firestore_record_store import FirestoreRecordStore
from functions.adapters.firestore_tenant_directory import FirestoreTenantDirectory
from functions.adapters.firestore_trading_store import FirestoreTradingStore
from functions.adapters.market_calendar import AlwaysOpen, ExchangeCalendar
from functions.adapters.structured_logging import configure_logging
from functions.adapters.system import SystemClock, jittered_pause
from functions.services.acknowledge_alert import AcknowledgeAlert
from functions.services.manage_policy import ManagePolicy
from functions.services.month_performance import ComputeMonth
from functions.services.optimistic import Commits
from functions.services.ports import Clock, MarketCalendar, RecordStore, TaskQueue, TenantDirectory, Tokens
from functions.services.put_inputs import PutInputs
from functions.services.record_fills import RecordFills
from functions.services.redeem_signals import RedeemSignals
from functions.services.snapshot_tasks import RunSnapshotTask
from functions.services.take_snapshots import TakeSnapshots
from functions.settings import ALWAYS_OPEN, Settings, read_settings
from functions.strategies.loader import StrategyLoader
from functions.strategies.maestro_controller import MaestroController

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


@cache
def tokens() -> Tokens:
    return FirebaseTokens(firestore_client())


@cache
def commits() -> Commits:
    return Commits(jittered_pause)


@cache
def redeem_signals() -> RedeemSignals:
    return RedeemSignals(FirestoreTradingStore(firestore_client()), clock(), commits())


@cache
def record_fills() -> RecordFills:
    return RecordFills(FirestoreTradingStore(firestore_client()), clock(), commits())


@cache
def manage_policy() -> ManagePolicy:
    return ManagePolicy(FirestorePolicyStore(firestore_client()), clock(), commits())


@cache
def put_inputs() -> PutInputs:
    return PutInputs(FirestoreInputStore(firestore_client()), commits())


@cache
def records() -> RecordStore:
    return FirestoreRecordStore(firestore_client())


@cache
def acknowledge_alert() -> AcknowledgeAlert:
    return AcknowledgeAlert(records(), clock(), commits())


def policy_defaults() -> Mapping[str, Any]:
    """The class attributes that users tune, as they are now."""
    return MaestroController.policy_defaults()


@lru_cache(maxsize=_LOADERS_KEPT)
def strategy_loader(tenant_id: str) -> StrategyLoader:
    """One loader per tenant: strategies may remember things, and tenants must not see each other's."""
    settings()
    return StrategyLoader(firestore_client(), tenant_id)
