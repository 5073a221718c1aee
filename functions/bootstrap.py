"""
The deployed functions' wiring: adapters and services, built on first use and kept for the life of the instance.

Everything is imported where it is built: all functions import this module, and a cold start loads only what its own
function uses. `functions.strategies.wiring` builds what users' own programs need as well.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from functions.adapters.firestore.client import firestore_client, is_emulated
from functions.adapters.system import SystemClock, jittered_pause
from functions.settings import WEBHOOK_SIGNING_KEY, Settings, project_id, read_settings

if TYPE_CHECKING:
    from functions.adapters.firestore.connection_store import FirestoreConnectionStore
    from functions.adapters.firestore.entry_ledger import FirestoreEntryLedger
    from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
    from functions.adapters.firestore.trading_store import FirestoreTradingStore
    from functions.domain.kernel.policy import Policy
    from functions.domain.monitoring.due_reports import ReportDue
    from functions.services.access.close_memberships import CloseMemberships
    from functions.services.access.ports import Tokens
    from functions.services.broker.client_fills import TakeClientFills
    from functions.services.broker.feed_tenant import FeedTenant
    from functions.services.broker.ports import Reconciler
    from functions.services.kernel.commits import Commits
    from functions.services.kernel.fan_out import FanOut
    from functions.services.kernel.ports import Clock, MarketCalendars, TaskQueue, TenantDirectory
    from functions.services.lab.what_if import PreviewPolicy
    from functions.services.ledger.run_snapshot_task import RunSnapshotTask
    from functions.services.monitoring.acknowledge_alert import AcknowledgeAlert
    from functions.services.monitoring.change_ports import ChangedTenants
    from functions.services.monitoring.check_alerts import CheckAlerts
    from functions.services.monitoring.deliver_notification import DeliverNotification
    from functions.services.monitoring.enqueue_notification import EnqueueNotification
    from functions.services.monitoring.make_report import MakeReport
    from functions.services.monitoring.ports import RecordStore
    from functions.services.monitoring.summarise_decision import SummariseDecision
    from functions.services.monitoring.try_channel import TryChannel
    from functions.services.orchestration.declare_symbols import DeclareSymbols
    from functions.services.orchestration.manage_policy import ManagePolicy
    from functions.services.orchestration.put_inputs import PutInputs
    from functions.services.trading.adopt_fills import AdoptFills
    from functions.services.trading.record_entries import RecordEntries
    from functions.services.trading.record_fills import RecordFills
    from functions.services.trading.redeem_signals import RedeemSignals
    from functions.strategies.loader import StrategyLoader

logger = logging.getLogger("maestro")

CYCLE_FUNCTION = "orchestratetenant"
"""Name of the task function, and so of its queue; queue names allow no underscore."""
FEED_FUNCTION = "feedtenant"
SNAPSHOT_FUNCTION = "snapshottenant"
TENANT_FUNCTION = "checktenant"
DELIVERY_FUNCTION = "delivernotification"
_LOADERS_KEPT = 256


@cache
def settings() -> Settings:
    found = read_settings()
    for error in found.malformed:
        logger.error("A setting cannot be used: %s", error)
    return found


@cache
def clock() -> Clock:
    return SystemClock()


@cache
def tenant_directory() -> TenantDirectory:
    from functions.adapters.firestore.tenant_directory import FirestoreTenantDirectory

    return FirestoreTenantDirectory(firestore_client())


@cache
def changed_tenants() -> ChangedTenants:
    from functions.adapters.firestore.alert_marks import FirestoreChangedTenants

    return FirestoreChangedTenants(firestore_client())


def fan_out(queue: TaskQueue) -> FanOut:
    from functions.adapters.firestore.run_store import FirestoreScheduleRuns
    from functions.services.kernel.fan_out import FanOut

    return FanOut(tenant_directory(), queue, FirestoreScheduleRuns(firestore_client()), time.monotonic)


def _queue(function: str) -> TaskQueue:
    from functions.adapters.cloud_task_queue import CloudTaskQueue

    firestore_client()  # initialises the Firebase app that the queue belongs to
    return CloudTaskQueue(function, settings().region)


@cache
def cycle_queue() -> TaskQueue:
    return _queue(CYCLE_FUNCTION)


@cache
def feed_queue() -> TaskQueue:
    return _queue(FEED_FUNCTION)


@cache
def connections() -> FirestoreConnectionStore:
    from functions.adapters.firestore.connection_store import FirestoreConnectionStore

    return FirestoreConnectionStore(firestore_client())


@cache
def declare_symbols() -> DeclareSymbols:
    from functions.adapters.firestore.connection_store import FirestoreSymbolStore
    from functions.services.orchestration.declare_symbols import DeclareSymbols

    return DeclareSymbols(FirestoreSymbolStore(firestore_client()))


@cache
def feed_tenant() -> FeedTenant:
    from functions.adapters.broker_keys.local_file import LocalKeys
    from functions.adapters.broker_keys.secret_manager import SecretManagerKeys
    from functions.adapters.brokers import OpenAccounts
    from functions.adapters.firestore.trading_store import FirestoreBookStore
    from functions.services.broker.book_activities import BookActivities
    from functions.services.broker.feed_tenant import FeedPorts, FeedTenant

    store = FirestoreBookStore(firestore_client())
    ports = FeedPorts(
        connections=connections(),
        keys=LocalKeys() if is_emulated() else SecretManagerKeys(project_id()),
        open_broker=OpenAccounts(),
        trading=store,
        put_inputs=put_inputs(),
        book=BookActivities(store, entry_ledger(), record_fills(), record_entries(), clock()),
        cycles=cycle_queue(),
        clock=clock(),
        monotonic=time.monotonic,
        policy_of=policy_of,
        policy_defaults=policy_defaults,
        reconciler=reconcile(),
    )
    return FeedTenant(ports)


@cache
def snapshot_queue() -> TaskQueue:
    return _queue(SNAPSHOT_FUNCTION)


@cache
def run_snapshot_task() -> RunSnapshotTask:
    from functions.services.ledger.run_snapshot_task import RunSnapshotTask
    from functions.services.ledger.take_snapshots import TakeSnapshots
    from functions.services.trading.check_book import CheckBook
    from functions.strategies import wiring

    ledger = ledger_store()
    take = TakeSnapshots(ledger, calendars(), clock())
    check = CheckBook(trading_store(), ledger)
    month = wiring.compute_month(firestore_client())
    return RunSnapshotTask(
        ledger, ledger, take, month, clock(), lambda tenant_id: check.run(tenant_id).to_fields(), snapshot_queue()
    )


def calendars() -> MarketCalendars:
    from functions.strategies import wiring

    return wiring.CALENDARS


@cache
def tokens() -> Tokens:
    from functions.adapters.firebase_auth.tokens import FirebaseTokens

    return FirebaseTokens(firestore_client())


@cache
def close_memberships() -> CloseMemberships:
    from functions.adapters.firebase_auth.accounts import FirebaseAccounts
    from functions.adapters.firestore.member_store import FirestoreMemberStore
    from functions.services.access.close_memberships import CloseMemberships

    store = FirestoreMemberStore(firestore_client())
    return CloseMemberships(store, FirebaseAccounts(), clock())


@cache
def commits() -> Commits:
    from functions.services.kernel.commits import Commits

    return Commits(jittered_pause)


@cache
def redeem_signals() -> RedeemSignals:
    from functions.services.trading.redeem_signals import RedeemSignals

    return RedeemSignals(trading_store(), clock(), commits())


@cache
def record_fills() -> RecordFills:
    from functions.services.trading.record_fills import RecordFills

    return RecordFills(trading_store(), entry_ledger(), clock(), commits())


@cache
def take_fills() -> TakeClientFills:
    from functions.services.broker.client_fills import TakeClientFills

    return TakeClientFills(connections(), record_fills())


@cache
def record_entries() -> RecordEntries:
    from functions.services.trading.record_entries import RecordEntries

    return RecordEntries(trading_store(), entry_ledger(), clock(), commits())


@cache
def adopt_fills() -> AdoptFills:
    from functions.services.trading.adopt_fills import AdoptFills

    return AdoptFills(trading_store(), entry_ledger(), clock(), commits())


@cache
def manage_policy() -> ManagePolicy:
    from functions.adapters.firestore.policy_store import FirestorePolicyStore
    from functions.services.orchestration.manage_policy import ManagePolicy

    return ManagePolicy(FirestorePolicyStore(firestore_client()), clock(), commits())


@cache
def preview_policy() -> PreviewPolicy:
    from functions.adapters.firestore.preview_store import FirestorePreviewStore
    from functions.services.lab.what_if import PreviewPolicy

    return PreviewPolicy(FirestorePreviewStore(firestore_client()), clock(), calendars())


@cache
def put_inputs() -> PutInputs:
    from functions.adapters.firestore.input_store import FirestoreInputStore
    from functions.services.orchestration.put_inputs import PutInputs

    return PutInputs(FirestoreInputStore(firestore_client()), clock(), commits())


@cache
def ledger_store() -> FirestoreLedgerStore:
    from functions.strategies import wiring

    return wiring.ledger_store(firestore_client())


@cache
def entry_ledger() -> FirestoreEntryLedger:
    from functions.adapters.firestore.entry_ledger import FirestoreEntryLedger

    return FirestoreEntryLedger(firestore_client())


@cache
def reconcile() -> Reconciler:
    from functions.adapters.firestore.drift_store import FirestoreDriftStore
    from functions.services.broker.reconcile import Reconcile

    return Reconcile(FirestoreDriftStore(firestore_client()), ledger_store(), clock(), commits())


@cache
def trading_store() -> FirestoreTradingStore:
    from functions.adapters.firestore.trading_store import FirestoreTradingStore

    return FirestoreTradingStore(firestore_client())


@cache
def records() -> RecordStore:
    from functions.adapters.firestore.record_store import FirestoreRecordStore

    return FirestoreRecordStore(firestore_client())


@cache
def tenant_queue() -> TaskQueue:
    return _queue(TENANT_FUNCTION)


@cache
def delivery_queue() -> TaskQueue:
    return _queue(DELIVERY_FUNCTION)


@cache
def enqueue_notification() -> EnqueueNotification:
    from functions.adapters.firestore.delivery_store import FirestoreDeliveryStore
    from functions.services.monitoring.enqueue_notification import EnqueueNotification

    store = FirestoreDeliveryStore(firestore_client())
    return EnqueueNotification(store, delivery_queue(), settings().dashboard_url)


@cache
def try_channel() -> TryChannel:
    from functions.adapters.firestore.delivery_store import FirestoreDeliveryStore
    from functions.services.monitoring.try_channel import TryChannel

    store = FirestoreDeliveryStore(firestore_client())
    return TryChannel(store, enqueue_notification(), delivery_queue(), clock())


@cache
def deliver_notification() -> DeliverNotification:
    from functions.adapters.firestore.delivery_store import FirestoreDeliveryStore
    from functions.adapters.notifications.push import PushSender
    from functions.adapters.notifications.webhooks import WebhookSender
    from functions.domain.monitoring.channels import ChannelType
    from functions.services.monitoring.deliver_notification import DeliverNotification
    from functions.services.monitoring.notification_ports import Sender

    webhooks = WebhookSender(WEBHOOK_SIGNING_KEY.value, clock(), allow_local=settings().is_emulated)
    senders: dict[ChannelType, Sender] = dict.fromkeys(set(ChannelType) - {ChannelType.FCM}, webhooks)
    if not settings().is_emulated:  # push has no emulator: local trials must not ring real phones
        senders[ChannelType.FCM] = PushSender()
    return DeliverNotification(FirestoreDeliveryStore(firestore_client()), senders, clock())


@cache
def check_alerts() -> CheckAlerts:
    from functions.adapters.firestore.alert_store import FirestoreAlertStore
    from functions.services.monitoring.check_alerts import CheckAlerts

    store = FirestoreAlertStore(firestore_client())
    tell, malformed = enqueue_notification().run, settings().malformed
    return CheckAlerts(store, clock(), commits(), calendars(), tell, malformed)


@cache
def summarise_decision() -> SummariseDecision | None:
    """None when no model writes the summaries."""
    from functions.strategies import wiring

    gemini = wiring.gemini()
    return None if gemini is None else wiring.summarise_decision(firestore_client(), gemini)


@cache
def make_report() -> MakeReport:
    from functions.adapters.firestore.report_store import FirestoreReportStore
    from functions.adapters.report_pages import ReportPages
    from functions.services.monitoring.make_report import MakeReport

    return MakeReport(FirestoreReportStore(firestore_client()), ReportPages(), clock(), enqueue_notification().run)


def report_due(tenant_id: str, day: date) -> ReportDue:
    """A tenant's daily report, by its own time zone and hour even if the rest of its policy cannot be read."""
    from functions.adapters.firestore.policy_store import FirestorePolicyStore
    from functions.domain.monitoring.due_reports import REPORT_SETTINGS, ReportDue
    from functions.services.kernel.enabled_tenants import as_far_as_readable

    stored = FirestorePolicyStore(firestore_client()).read_policy(tenant_id)
    return ReportDue.of(tenant_id, day, as_far_as_readable(policy_defaults(), stored.value, REPORT_SETTINGS))


def policy_of(tenant_id: str) -> Policy:
    """A tenant's policy now; the defaults where it cannot be read."""
    from functions.adapters.firestore.policy_store import FirestorePolicyStore
    from functions.services.monitoring.check_alerts import policy_or_defaults

    stored = FirestorePolicyStore(firestore_client()).read_policy(tenant_id)
    return policy_or_defaults(policy_defaults(), stored.value)


@cache
def acknowledge_alert() -> AcknowledgeAlert:
    from functions.services.monitoring.acknowledge_alert import AcknowledgeAlert

    return AcknowledgeAlert(records(), clock(), commits())


def policy_defaults() -> Mapping[str, Any]:
    """The class attributes that users tune, as they are now, and the deployment's market."""
    from functions.strategies.maestro_controller import MaestroController

    return MaestroController.policy_defaults()


@lru_cache(maxsize=_LOADERS_KEPT)
def strategy_loader(tenant_id: str) -> StrategyLoader:
    """One loader per tenant; its strategies run in processes of their own, never in this one."""
    from functions.strategies.loader import StrategyLoader

    db = firestore_client()
    return StrategyLoader(db, tenant_id, ai_summaries=False, isolation="process")  # `on_decision_logged` requests them
