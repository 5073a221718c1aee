"""Three tenants to which everything happened that writes a document, so that each kind is there in every state."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from firebase_admin import auth
from google.cloud.firestore import DELETE_FIELD, Client

from functions import bootstrap
from functions.adapters.broker_keys.local_file import LocalKeys
from functions.adapters.brokers import OpenAccounts
from functions.adapters.firestore import paths
from functions.adapters.firestore.alert_store import FirestoreAlertStore
from functions.adapters.firestore.client import firestore_client
from functions.adapters.firestore.connection_store import FirestoreConnectionStore, FirestoreSymbolStore
from functions.adapters.firestore.delivery_store import FirestoreDeliveryStore
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.firestore.run_store import FirestoreScheduleRuns
from functions.adapters.firestore.summary_store import FirestoreSummaryStore
from functions.adapters.firestore.trading_store import FirestoreBookStore
from functions.adapters.market_calendar import AlwaysOpen, Calendars, ExchangeCalendar, OneCalendar
from functions.adapters.system import SystemClock, jittered_pause
from functions.domain.access.roles import Role
from functions.domain.broker.credentials import Credentials
from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import PolicyError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.slots import SLOT_PERIOD, slot_of
from functions.domain.ledger.events import EntryKind
from functions.domain.ledger.periods import Period
from functions.domain.monitoring.channels import ChannelType
from functions.domain.monitoring.notifications import Notification, Severity
from functions.domain.orchestration.cycle_documents import modes_document, session_document
from functions.domain.orchestration.decision import MaestroDecision
from functions.domain.orchestration.position_book import Holding, PositionBook
from functions.domain.track_record.day_results import DayResults
from functions.domain.track_record.live_costs import LiveDays
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.windows import MAX_WINDOW_STRATEGIES, PerformanceWindows
from functions.domain.trading.reported_entries import ReportedEntry
from functions.domain.trading.reported_fills import ReportedFill
from functions.services.broker.connect_broker import ConnectBroker
from functions.services.broker.feed_tasks import FeedTask
from functions.services.kernel.commits import Commits
from functions.services.kernel.fan_out import TENANTS_A_PAGE, FanOut
from functions.services.ledger.snapshot_tasks import SnapshotTask
from functions.services.ledger.take_snapshots import RunLimits, TakeSnapshots
from functions.services.monitoring.check_alerts import CheckAlerts
from functions.services.monitoring.deliver_notification import DeliverNotification
from functions.services.monitoring.delivery_errors import DeliveryFailed
from functions.services.monitoring.delivery_task import DeliveryTask
from functions.services.monitoring.ports import Answer
from functions.services.monitoring.summarise_decision import SummariseDecision
from functions.services.monitoring.tenant_tasks import enqueue_checks
from functions.services.orchestration.declare_symbols import DeclareSymbols
from functions.services.orchestration.manage_policy import Author
from functions.services.track_record.build_windows import Windows
from functions.services.trading.open_book import OpenBook, Operator
from functions.strategies.loader import StrategyLoader
from functions.strategies.maestro_controller import MaestroController
from tests.fakes import FakeQueue, FakeTenants
from tests.unit.domain.broker.seen import seen
from tools.access import manage_members, manage_tenants
from tools.broker import disconnecting
from tools.simulated_broker.__main__ import exchange_of
from tools.simulated_broker.server import KEY_ID, SECRET, serving

TENANT = "whole"
"""Its own: the queue emulator remembers every task it ever had, by tenant, alert and channel."""
YOUNG = "young"
"""A tenant that ran one cycle, and set up by hand."""
FRESH = "fresh"
"""A tenant that ran none."""
PASSWORD = "correct horse battery"
BUY = {"action": "BUY", "ticker": "KO", "allocation": 0.2, "confidence": 0.8, "reasoning": "up"}
PROPOSED: dict[str, Any] = {
    "Trend": BUY,
    "Value": BUY,
    "Paper": BUY,
    **{name: {**BUY, "action": "SELL"} for name in ("Exit", "Way", "Out")},
    "Loud": {"action": "SHOUT"},
}


def let_everything_happen(db: Client) -> None:
    """Do to three tenants whatever writes a document, through the services that write it."""
    now = datetime.now(UTC)
    members = manage_members(firestore_client())
    manage_tenants(firestore_client()).create(TENANT, "Acme")
    ann, bob, cyd = (
        f"{name}-{uuid.uuid4().hex[:8]}@example.com" for name in ("ann", "bob", "cyd")
    )  # a user has one tenant
    members.create(TENANT, ann, Role.ADMIN, PASSWORD)
    members.create(TENANT, bob, Role.VIEWER, PASSWORD)
    members.disable(TENANT, bob)
    auth.delete_user(members.create(TENANT, cyd, Role.VIEWER, PASSWORD)[0].uid)
    bootstrap.close_memberships().run(TENANT)
    paths.market_regime(db).set({"regime": "calm"})
    channels = [
        {"id": "ops", "type": "slack", "url": "http://127.0.0.1:9/hook", "rules": [{"mode": "on"}], "enabled": True},
        {"id": "phones", "type": "fcm", "topic": "alerts"},
        {"id": "phone", "type": "fcm", "token": "t0"},
    ]
    paths.notification_channels(db, TENANT).set({"channels": channels})
    _operate(now)
    trend = _decide(db, now)
    _trade(db, trend, now)
    set_trading_state(TENANT, "HALT", until=now + timedelta(days=1))
    bootstrap.check_alerts().run(TENANT, bootstrap.policy_defaults())
    first = next(iter(paths.alerts(db, TENANT).list_documents()))
    bootstrap.acknowledge_alert().run(TENANT, first.id, "ann")
    set_trading_state(TENANT, "RUN")
    bootstrap.check_alerts().run(TENANT, bootstrap.policy_defaults())
    at_night = CheckAlerts(
        FirestoreAlertStore(db), SystemClock(), Commits(jittered_pause), OneCalendar(AlwaysClosed()), lambda _: None
    )
    at_night.run(TENANT, bootstrap.policy_defaults())
    told = Notification(
        notification_id="n1",
        tenant_id=TENANT,
        kind="SYSTEMIC_RISK",
        severity=Severity.CRITICAL,
        title="Systemic risk",
        text="3 strategies sell",
        at=now,
        fields={},
    )
    with contextlib.suppress(DeliveryFailed):  # nobody listens there
        bootstrap.deliver_notification().run(DeliveryTask(TENANT, "ops", told))
    senders = dict.fromkeys(ChannelType, WorkingSender())
    DeliverNotification(FirestoreDeliveryStore(db), senders, SystemClock()).run(DeliveryTask(TENANT, "phones", told))
    bootstrap.make_report().run(bootstrap.report_due(TENANT, now.date()))
    _start_young_tenant(db, now)
    set_trading_state(FRESH, "HALT")
    _connect(db)
    many = FakeTenants(dict.fromkeys(f"t{number}" for number in range(TENANTS_A_PAGE + 1)))
    fan_out = FanOut(many, FakeQueue(), FirestoreScheduleRuns(db), time.monotonic)
    fan_out.run("check_alerts", now, 60, lambda tenants, queue: enqueue_checks(tenants, queue, now, now, None))


class AlwaysClosed(AlwaysOpen):
    """The calendar of a market that never opens."""

    def is_open(self, at: datetime) -> bool:
        return False


class WorkingSender:
    """Every notification arrives."""

    def send(self, *_: object) -> None:
        """Send it."""


class WorkingSummariser:
    """Every decision gets its summary."""

    def ask(self, _prompt: object) -> Answer:
        return Answer("All is well.", "gemini-2.5-flash", 100, 5)


def set_trading_state(tenant_id: str, state: str, until: datetime | None = None) -> None:
    policy = bootstrap.manage_policy()
    policy.set_trading_state(tenant_id, state, "a test", until, Author("ann"), bootstrap.policy_defaults())


def _start_young_tenant(db: Client, now: datetime) -> None:
    """Run one cycle of a tenant set up by hand, and two performance jobs: one fails, one is cut off."""
    paths.tenant(db, YOUNG).set({"maestro_enabled": True})
    bootstrap.put_inputs().put_account(YOUNG, {"as_of": now})
    quotes = {f"S{number}": {"price": 50.0, "history": [50.0] * 300} for number in range(500)}  # packed, in two parts
    bootstrap.put_inputs().put_market_data(YOUNG, {"as_of": now, "symbols": quotes})
    account = {"equity": 1e5, "buying_power": 1e5, "as_of": now}
    cycle = MaestroController(db, YOUNG).orchestrate({"Trend": BUY}, market_data={}, account_snapshot=account)
    _, decision = asyncio.run(cycle)
    SummariseDecision(FirestoreSummaryStore(db), WorkingSummariser()).run(decision.session_id)
    _pack(db, decision, now)
    paths.policy(db, YOUNG).set({"min_dwell_days": -1})
    paths.current_session(db, YOUNG).update({"alerts_changed_at": DELETE_FIELD})  # as a cycle of its slot leaves it
    today, yesterday = (SnapshotTask(YOUNG, Period.of_day(now.date() - timedelta(days=ago))) for ago in (0, 1))
    with contextlib.suppress(PolicyError):
        bootstrap.run_snapshot_task().run(today, bootstrap.policy_defaults())
    with patch.object(TakeSnapshots, "run", side_effect=KeyboardInterrupt), contextlib.suppress(KeyboardInterrupt):
        bootstrap.run_snapshot_task().run(yesterday, bootstrap.policy_defaults())
    bootstrap.check_alerts().run(YOUNG, {**bootstrap.policy_defaults(), "market": "24x7"})  # its alerts never rest


def _pack(db: Client, decision: MaestroDecision, now: datetime) -> None:
    """Store a session, modes and a position book that are packed, as those of hundreds of strategies are."""
    names = [f"Strategy{number}" for number in range(2500)]
    signals = {name: {"action": "BUY", "reasoning": "up", "nonce": "0f" * 16, "note": "n" * 100} for name in names}
    modes = dict.fromkeys(names, ModeState(AgentMode.ACTIVE, now, ReasonCode.SHARPE_HEALTHY))
    holdings = {
        (name, symbol): Holding(1.5, 50.0, symbol) for name in names for symbol in ("KO", "PEP", "MSFT", "AAPL")
    }
    paths.session(db, YOUNG, "packed").set(session_document(decision, signals))
    paths.modes(db, YOUNG, None).set(modes_document(modes, now))
    book = PositionBook(opened_at=now, opened_by="olga", holdings=holdings)
    paths.positions(db, YOUNG).set(book.to_document(now))


def _operate(now: datetime) -> None:
    policy, defaults = bootstrap.manage_policy(), bootstrap.policy_defaults()
    policy.put(TENANT, {"min_dwell_days": 30}, 0, Author("ann", "key", "quiet weeks"), defaults)
    policy.set_trading_state(TENANT, "RUN", "all is well", now + timedelta(days=1), Author("ann", "other"), defaults)
    quotes = {"KO": {"price": 50.0, "volume": 1.0, "history": [50.0]}}
    bootstrap.put_inputs().put_market_data(TENANT, {"as_of": now, "symbols": quotes})
    account = {"equity": 1e5, "buying_power": 1e5, "cash": 1e5, "positions": []}
    bootstrap.put_inputs().put_account(TENANT, {"as_of": now, **account})


def _connect(db: Client) -> None:
    """Connect to a broker that runs, once more after a while without, and feed once."""
    exchange = exchange_of({"KO": 50.0}, Decimal(100_000))
    with serving(exchange) as broker:
        keys, credentials = LocalKeys(), Credentials(KEY_ID, SECRET, broker.url)
        use = ConnectBroker(FirestoreConnectionStore(db), keys, OpenAccounts(), SystemClock())
        use.connect(FRESH, use.look("alpaca", credentials, "olga", is_live=False), credentials)
        disconnecting(db).run(FRESH, "olga")
        use.connect(FRESH, use.look("alpaca", credentials, "olga", is_live=False), credentials)
        try:
            with patch.object(bootstrap, "cycle_queue", FakeQueue):
                feeding = bootstrap.feed_tenant.__wrapped__()
            feeding.run(FeedTask(FRESH, slot_of(datetime.now(UTC)), datetime.now(UTC)))
        finally:
            keys.delete(FRESH)
    DeclareSymbols(FirestoreSymbolStore(db)).run(StrategyLoader().get_found())


def _open_book(db: Client, now: datetime, at: datetime) -> None:
    """Open the position book, sell more than there is, tell of every entry, and let book and ledger differ."""
    use_case = OpenBook(FirestoreBookStore(db), FirestoreLedgerStore(db), SystemClock(), Commits(jittered_pause))
    use_case.open(TENANT, Operator("olga"), (), {}, is_written=True)
    over = ReportedFill(strategy_id="Exit", symbol="KO", side="sell", qty=9.0, price=51.0, ts=now, broker_fill_id="b3")
    bootstrap.record_fills().run(TENANT, "ann", [over], {})
    _tell(db, now, at)
    for minutes in (0, 5):
        bootstrap.reconcile().reconcile(TENANT, seen({"KO": 1.0}, now + timedelta(minutes=minutes)))
    book = PositionBook.from_document(paths.positions(db, TENANT).get().to_dict())
    paths.positions(db, TENANT).set(book.with_fill("Exit", "KO", 1.0, 51.0).to_document(now))


def _tell(db: Client, now: datetime, at: datetime) -> None:
    """Tell of every kind of entry: over the API's use case, as a broker that counts revisions, and by own code."""
    told: list[tuple[EntryKind, dict[str, Any]]] = [
        (EntryKind.SPLIT, {"symbol": "PEP", "ratio": 2.0, "ts": at}),
        (EntryKind.DIVIDEND, {"symbol": "KO", "per_unit": 0.1, "ts": at}),
        (EntryKind.FEE, {"amount": 1.0, "strategy_id": "Trend", "ts": at}),
        (EntryKind.INTEREST, {"amount": 1.0, "ts": at}),
        (EntryKind.FUNDING, {"amount": 1.0, "ts": at}),
        (EntryKind.DEPOSIT, {"amount": 10.0, "ts": now}),
        (EntryKind.WITHDRAWAL, {"amount": 10.0, "ts": now}),
    ]
    entries = [ReportedEntry(kind=kind, ref="r", account_id="primary", fields=fields) for kind, fields in told]
    bootstrap.record_entries().run(TENANT, "ann", entries, {})
    fills = [
        ReportedFill(
            symbol="BTC/USD",
            side="buy",
            qty=0.1,
            price=100.0,
            ts=at + timedelta(seconds=revision),
            fee_currency="BNB",
            fee_qty=0.1,
            fee_rate=10.0,
            broker_fill_id=f"0000e0d5.5d3f1a2b.01.0{revision}",
        )
        for revision in (1, 2)
    ]
    recorded = bootstrap.record_fills().run(TENANT, "ann", fills, {}).results[0].fill_id
    amendments: list[tuple[EntryKind, dict[str, Any]]] = [
        (EntryKind.CORRECTION, {"of": recorded, "qty": 0.2}),
        (EntryKind.VOID, {"of": recorded}),
    ]
    amending = [ReportedEntry(kind=kind, ref="r", fields=fields) for kind, fields in amendments]
    bootstrap.record_entries().run(TENANT, "ann", amending, {})
    void = {"kind": "void", "of": "own"}
    paths.ledger_trades(db, TENANT).document("own-void").set(void)
    bootstrap.adopt_fills().run(TENANT, "own-void", void, {})  # unless the trigger came first


def _days(now: datetime, count: int) -> list[date]:
    """Return so many days before today."""
    return [now.date() - timedelta(days=count - day) for day in range(count)]


def _decide(db: Client, now: datetime) -> dict[str, Any]:
    """Run cycles of a slot, an older one, a user, on stale inputs and on fresh; return a signal that may be traded."""
    losses = [("Paper", day, -0.02 + 0.01 * (day.day % 2)) for day in _days(now, 20)]
    paths.windows(db, TENANT, None).set(PerformanceWindows.from_daily_returns(losses).to_document())
    many = [(f"Strategy{number}", day, 0.01) for number in range(MAX_WINDOW_STRATEGIES) for day in _days(now, 90)]
    windows = Windows({"many": PerformanceWindows.from_daily_returns(many)}, LiveDays({}), DayResults()).to_documents(
        {}
    )
    FirestoreLedgerStore(db).write_windows(TENANT, windows)
    loader = StrategyLoader(db, TENANT)
    for at in (now, now - 2 * SLOT_PERIOD):  # the second is overtaken
        asyncio.run(loader.orchestrate_slot(slot_of(at), now))
    account = {"equity": 1e5, "buying_power": 1e5, "as_of": now}
    quotes = {"KO": {"price": 50.0}}
    signals: dict[str, dict[str, Any]] = {}
    stale = {**account, "as_of": now - timedelta(hours=1)}
    asyncio.run(MaestroController(db, TENANT).orchestrate(PROPOSED, market_data=quotes, account_snapshot=stale))
    for uid, proposed in (("ann", PROPOSED), (None, PROPOSED), (None, {"Trend": BUY, "Value": BUY, "Paper": BUY})):
        controller = MaestroController(db, TENANT, uid)
        cycle = controller.orchestrate(proposed, market_data=quotes, account_snapshot=account)
        signals, _ = asyncio.run(cycle)
    bootstrap.redeem_signals().redeem(TENANT, "ann", signals["Value"]["nonce"], None, bootstrap.policy_defaults())
    bootstrap.redeem_signals().release(TENANT, "ann", signals["Value"]["nonce"])
    return signals["Trend"]


def _trade(db: Client, signal: dict[str, Any], now: datetime) -> None:
    """Redeem and fill a signal, let a user's own writer add a fill, and run the performance jobs."""
    nonce = signal["nonce"]
    day = ExchangeCalendar("XNYS").sessions(now.date() - timedelta(days=10), now.date() - timedelta(days=1))[-1]
    at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=15)
    bootstrap.redeem_signals().redeem(TENANT, "ann", nonce, "redeem", bootstrap.policy_defaults())
    fill = ReportedFill(
        strategy_id="Trend",
        symbol="KO",
        side="buy",
        qty=10.0,
        price=50.0,
        ts=at,
        fees=1.0,
        slippage=0.5,
        nonce=nonce,
        broker_fill_id="b1",
        order_id="o1",
        account_id="primary",
        run_id="r0",
    )
    bare = ReportedFill(strategy_id="Trend", symbol="KO", side="sell", qty=1.0, price=51.0, ts=at, broker_fill_id="b2")
    bootstrap.record_fills().run(TENANT, "ann", [fill, bare], {})
    own = {"userId": "ann", "strategyId": "Trend", "symbol": "KO", "side": "sell", "qty": 4, "price": 51.0, "ts": at}
    paths.ledger_trades(db, TENANT).document("own").set({**own, "runId": "r1"})
    paths.ledger_trades(db, TENANT).document("malformed").set({**own, "qty": 0})
    bootstrap.adopt_fills().run(TENANT, "own", own, {})  # unless the trigger came first
    _open_book(db, now, at)
    paper = {"timestamp": at, "strategy_name": "Paper", "symbol": "KO", "side": "buy", "qty": 2.0, "price": 50.0}
    paths.shadow_pnl(db, TENANT).document("own").set(paper)
    asyncio.run(MaestroController(db, TENANT).log_shadow_trade("Paper", {"action": "BUY", "ticker": "KO"}))
    for period in (Period.of_day(day), Period.of_month(day.year, day.month)):
        bootstrap.run_snapshot_task().run(SnapshotTask(TENANT, period), bootstrap.policy_defaults())
    paths.ledger_trades(db, TENANT).document("late").set({**own, "ts": at - timedelta(days=10), "created_at": now})
    one_day = RunLimits(1, timedelta(minutes=1))
    take = TakeSnapshots(FirestoreLedgerStore(db), Calendars(), SystemClock(), one_day)
    assert not take.run(TENANT, day, bootstrap.policy_defaults()).is_through, "days computed again are staged"
