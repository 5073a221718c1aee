"""docs/scaling.md counts what happens; `make docs` works out what follows."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from google.cloud.firestore import Client, FieldFilter

from functions import bootstrap, main
from functions.adapters.broker_keys.local_file import LocalKeys
from functions.adapters.brokers import OpenAccounts
from functions.adapters.cloud_task_queue import TASKS_A_SECOND
from functions.adapters.firestore import paths
from functions.adapters.firestore.alert_marks import FirestoreChangedTenants
from functions.adapters.firestore.alert_store import FirestoreAlertStore
from functions.adapters.firestore.client import firestore_client
from functions.adapters.firestore.connection_store import FirestoreConnectionStore, FirestoreSymbolStore
from functions.adapters.firestore.cycle_store import FirestoreCycleStore
from functions.adapters.firestore.delivery_store import FirestoreDeliveryStore
from functions.adapters.firestore.entry_ledger import FirestoreEntryLedger
from functions.adapters.firestore.ledger_store import PAGE_SIZE, FirestoreLedgerStore
from functions.adapters.firestore.parts import PART_BYTES
from functions.adapters.firestore.policy_store import FirestorePolicyStore
from functions.adapters.firestore.report_store import FirestoreReportStore
from functions.adapters.firestore.tenant_directory import FirestoreTenantDirectory
from functions.adapters.firestore.trading_store import FirestoreBookStore, FirestoreTradingStore
from functions.adapters.market_calendar import AlwaysOpen, ExchangeCalendar, OneCalendar
from functions.adapters.report_pages import ReportPages
from functions.adapters.system import SecretIds, SystemClock, jittered_pause
from functions.domain.access.roles import Role
from functions.domain.broker.credentials import Credentials
from functions.domain.kernel.policy import MAX_WINDOW_DAYS, Policy
from functions.domain.kernel.slots import SLOT_PERIOD, slot_of
from functions.domain.ledger.periods import Period
from functions.domain.monitoring.channels import ChannelType
from functions.domain.monitoring.due_checks import CHANGED_WITHIN
from functions.domain.monitoring.due_reports import ReportDue
from functions.domain.monitoring.notifications import Notification, Severity
from functions.domain.orchestration.broker_feed import FeedStatus
from functions.domain.track_record.cumulative_moments import COLUMNS
from functions.domain.track_record.windows import MAX_WINDOW_STRATEGIES
from functions.domain.trading.reported_fills import ReportedFill
from functions.services.broker.connect_broker import ConnectBroker
from functions.services.broker.feed_tasks import FeedTask
from functions.services.kernel.commits import Commits
from functions.services.kernel.enabled_tenants import _AT_ONCE
from functions.services.kernel.fan_out import TENANTS_A_PAGE
from functions.services.kernel.ports import MarketCalendar
from functions.services.kernel.tasks import QUEUED_AT_ONCE
from functions.services.ledger.month_performance import ComputeMonth
from functions.services.ledger.run_snapshot_task import RunSnapshotTask
from functions.services.ledger.snapshot_tasks import _CAUGHT_UP_WITHIN, SnapshotTask
from functions.services.ledger.take_snapshots import NO_LIMITS, TakeSnapshots
from functions.services.monitoring.check_alerts import CheckAlerts
from functions.services.monitoring.deliver_notification import DeliverNotification
from functions.services.monitoring.delivery_task import DeliveryTask
from functions.services.monitoring.enqueue_notification import EnqueueNotification
from functions.services.monitoring.make_report import MakeReport
from functions.services.orchestration.cycle_request import CycleRequest
from functions.services.orchestration.run_cycle import RunCycle
from functions.services.trading.adopt_fills import AdoptFills
from functions.services.trading.check_book import CheckBook
from functions.services.trading.open_book import OpenBook, Operator
from functions.services.trading.record_fills import RecordFills
from functions.strategies.loader import StrategyLoader
from functions.strategies.maestro_controller import MaestroController
from functions.triggers.scheduled import _LEFT_OVER_SECONDS
from tests.docs.everything import AlwaysClosed
from tests.emulator.api.conftest import Caller
from tests.fakes import FakeClock
from tests.members import create_tenant, sign_in
from tools.access import manage_members, random_password
from tools.bench_cycle import TENANT, propose, seed
from tools.docs.scaling import CALENDARS, SIZES, assumed, costs, number, rows_below
from tools.emulator_suite import EmulatorSuite
from tools.prerequisites import ROOT
from tools.simulated_broker.__main__ import exchange_of
from tools.simulated_broker.server import KEY_ID, SECRET, serving

PAGE = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
BUY = {"action": "BUY", "ticker": "KO", "allocation": 0.2, "confidence": 0.8, "reasoning": "up"}
STRATEGIES = 10
NEW_YORK = ExchangeCalendar("XNYS")
THURSDAY = date(2020, 10, 15)


class Bill:
    """Firestore's RPC client, counting what is charged: documents looked up, found by queries, and written."""

    def __init__(self, db: Client) -> None:
        self._db, self._api = db, db._firestore_api
        self.documents: Counter[str] = Counter()
        self.bytes_created = 0

    def __enter__(self) -> Bill:
        self._db._firestore_api_internal = self
        return self

    def __exit__(self, *_: object) -> None:
        self._db._firestore_api_internal = self._api

    @property
    def counts(self) -> tuple[int, int]:
        return self.documents["read"], self.documents["written"]

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._api, name)

        def counted(request: Any, **options: Any) -> Any:
            self.documents["read"] += len(request.get("documents", ()))
            writes = [type(one).pb(one) for one in request.get("writes", ())]
            self.documents["written"] += len(writes)
            created = [one for one in writes if one.current_document.WhichOneof("condition_type") == "exists"]
            self.bytes_created += sum(one.update.ByteSize() for one in created)
            answer = call(request=request, **options)
            return self._found(answer) if name == "run_query" else answer

        return counted

    def _found(self, answers: Iterator[Any]) -> Iterator[Any]:
        is_any_found = False
        for answer in answers:  # counted as they come: who needs one may not ask for the end
            if answer.document.name:
                is_any_found = True
                self.documents["read"] += 1
            yield answer
        if not is_any_found:  # charged as one
            self.documents["read"] += 1


class Queue:
    """A queue that takes every task, and gives none."""

    def enqueue(self, task_id: str, payload: Mapping[str, Any]) -> bool:
        return True


class Phone:
    """A channel that takes everything."""

    def send(self, *_: object) -> None:
        """Take it."""


def told(event: str) -> tuple[float, float]:
    return costs(PAGE)[event]["reads"], costs(PAGE)[event]["writes"]


# Counted


def test_what_cycles_and_alerts_read_and_write(own_db: Client) -> None:
    now, defaults = datetime.now(UTC), MaestroController.policy_defaults()
    loader = StrategyLoader(own_db, "acme")
    commits = Commits(jittered_pause)
    alerts = CheckAlerts(FirestoreAlertStore(own_db), SystemClock(), commits, OneCalendar(AlwaysOpen()), lambda _: 0)
    before = now - SLOT_PERIOD
    asyncio.run(loader.orchestrate_slot(slot_of(before), before))  # the first one writes every mode
    alerts.run("acme", defaults)
    with Bill(own_db) as cycle:
        asyncio.run(loader.orchestrate_slot(slot_of(now), now))
    with Bill(own_db) as decided:
        alerts.run("acme", defaults, is_sweep=False)
    with Bill(own_db) as swept:
        alerts.run("acme", defaults)
    assert cycle.counts == told("cycle")
    assert decided.counts == told("alerts, after a decision")
    assert swept.counts == told("alerts, swept")


def test_what_a_sweep_of_a_closed_market_reads_and_writes(own_db: Client) -> None:
    create_tenant(own_db, "acme")
    asyncio.run(MaestroController(own_db, "acme").orchestrate({"Trend": BUY}, market_data={}, account_snapshot={}))
    store, commits = FirestoreAlertStore(own_db), Commits(jittered_pause)
    alerts = CheckAlerts(store, SystemClock(), commits, OneCalendar(AlwaysClosed()), lambda _: 0)
    defaults = MaestroController.policy_defaults()
    alerts.run("acme", defaults, is_sweep=False)
    with Bill(own_db) as resting:
        assert alerts.run("acme", defaults) == []
    with Bill(own_db) as at_rest:
        assert alerts.run("acme", defaults) == []
    with Bill(own_db) as changed:
        assert FirestoreChangedTenants(own_db).changed_since(datetime.now(UTC) - timedelta(minutes=5)) == {"acme"}
    assert resting.counts == told("alerts, swept, to rest from then on")
    assert at_rest.counts == told("alerts, swept, market closed")
    assert changed.counts == told("changed tenant, read by a schedule")


def open_book(db: Client) -> None:
    commits = Commits(jittered_pause)
    use_case = OpenBook(FirestoreBookStore(db), FirestoreLedgerStore(db), SystemClock(), commits)
    use_case.open("acme", Operator("olga"), (), {}, is_written=True)


def test_what_requests_to_the_api_read_and_write(db: Client, accounts: EmulatorSuite) -> None:
    from functions.triggers.api.wsgi import application  # noqa: PLC0415 - it reads the emulators' environment

    create_tenant(db, "acme")
    trader = Caller(application(), sign_in(accounts, "acme", "trader"))
    now = datetime.now(UTC)
    account = {"equity": 1e5, "buying_power": 1e5, "as_of": now.isoformat()}
    with Bill(firestore_client()) as put:
        assert trader("PUT", "account", json=account).status_code == 200
    prices = {"as_of": now.isoformat(), "symbols": {"KO": {"price": 50.0}}}
    with Bill(firestore_client()) as put_prices:
        assert trader("PUT", "market-data", json=prices).status_code == 200
    controller = MaestroController(db, "acme")
    cycle = controller.orchestrate({"Trend": BUY}, market_data={"KO": {"price": 50.0}}, account_snapshot=account)
    signals, _ = asyncio.run(cycle)
    nonce = signals["Trend"]["nonce"]
    open_book(db)
    with Bill(firestore_client()) as redemption:
        assert trader("POST", f"signals/{nonce}/redeem").status_code == 200
    fill = {"strategy_id": "Trend", "symbol": "KO", "side": "buy", "qty": 1.0, "price": 50.0, "ts": now.isoformat()}
    fill |= {"nonce": nonce, "broker_fill_id": "1"}
    with Bill(firestore_client()) as filled:
        assert trader("POST", "fills", json={"fills": [fill]}).status_code == 200
    assert put.counts == put_prices.counts == told("market data or account, put")
    assert redemption.counts == told("redemption")
    assert filled.counts == told("fill")


def test_what_a_feed_reads_and_writes_and_what_asking_for_connections_does(db: Client, accounts: EmulatorSuite) -> None:
    create_tenant(db, "acme")
    connections, keys = FirestoreConnectionStore(db), LocalKeys()
    with Bill(db) as asked:
        assert connections.connected(["acme", "one", "two"]) == frozenset()
    assert asked.counts == tuple(3 * count for count in told("connection, asked for by the tick"))
    FirestoreSymbolStore(db).write_symbols(["KO"], {})
    open_book(db)
    with patch.object(bootstrap, "cycle_queue", Queue):
        feeding = bootstrap.feed_tenant.__wrapped__()
    at = datetime.now(UTC)

    def fed(slot: int) -> tuple[int, int]:
        with Bill(firestore_client()) as bill:
            feed = feeding.run(FeedTask("acme", slot_of(at + slot * SLOT_PERIOD), datetime.now(UTC)))
        assert feed is not None
        assert (feed.status, feed.booked) == (FeedStatus.OK, int(slot == 2))
        return bill.counts

    with serving(exchange_of({"KO": 50.0}, Decimal(100_000))) as broker:
        credentials = Credentials(KEY_ID, SECRET, broker.url)
        use = ConnectBroker(connections, keys, OpenAccounts(), SystemClock())
        try:
            use.connect("acme", use.look("alpaca", credentials, "olga", is_live=False), credentials)
            fed(0)  # the first one begins with cash
            without = fed(1)
            broker.happenings.manual_trade("KO", "buy", "1")
            assert (without, fed(2)) == (told("feed, before a cycle"), told("feed, with a fill"))
        finally:
            keys.delete("acme")


def test_what_a_fill_that_your_own_code_wrote_reads_and_writes(own_db: Client) -> None:
    open_book(own_db)  # in a project of the test's own: nobody else takes the fill in
    own = {"uid": "ann", "strategy_id": "Trend", "symbol": "KO", "side": "buy", "qty": 1.0, "price": 50.0}
    own |= {"ts": datetime.now(UTC)}
    paths.ledger_trades(own_db, "acme").document("own").set(own)
    adopt = AdoptFills(
        FirestoreTradingStore(own_db), FirestoreEntryLedger(own_db), SystemClock(), Commits(jittered_pause)
    )
    with Bill(own_db) as taken_in:
        assert adopt.run("acme", "own", own, {}) is not None
    assert taken_in.counts == told("fill, written by your own code")


def test_what_schedules_and_notifications_read_and_write(db: Client, accounts: EmulatorSuite) -> None:
    for tenant_id in ("one", "two", "three"):
        create_tenant(db, tenant_id)
    with Bill(db) as listed:
        assert len(list(FirestoreTenantDirectory(db).enabled_tenants())) == 3
    assert listed.counts == tuple(3 * count for count in told("listed by a schedule"))
    with Bill(db) as policies:
        FirestoreTenantDirectory(db).settings(["one", "two", "three"], ["market"])
    assert policies.counts == tuple(3 * count for count in told("policy, read by a schedule"))
    paths.notification_channels(db, "one").set({"channels": [{"id": "ops", "type": "fcm", "topic": "t"}]})
    store = FirestoreDeliveryStore(db)
    members = manage_members(db)
    for name in ("ann", "bob", "cyd"):
        members.create("one", f"{name}-{uuid.uuid4().hex[:8]}@example.com", Role.VIEWER, random_password())
    with Bill(firestore_client()) as memberships:
        assert bootstrap.close_memberships().run("one") == []
    assert memberships.counts == told("memberships, swept each hour")
    notification = Notification(
        notification_id="n1",
        tenant_id="one",
        kind="SYSTEMIC_RISK",
        severity=Severity.CRITICAL,
        title="Systemic risk",
        text="3 strategies sell",
        at=datetime.now(UTC),
        fields={},
    )
    with Bill(db) as delivered:
        assert EnqueueNotification(store, Queue()).run(notification) == 1
        DeliverNotification(store, {ChannelType.FCM: Phone()}, SystemClock()).run(
            DeliveryTask("one", "ops", notification)
        )
    assert delivered.counts == told("notification, to one channel")


def job_of(db: Client, calendar: MarketCalendar, clock: FakeClock) -> RunSnapshotTask:
    """Return what runs a tenant's performance jobs, as the deployed function does."""
    ledger, calendars = FirestoreLedgerStore(db), OneCalendar(calendar)
    take, month = TakeSnapshots(ledger, calendars, clock, NO_LIMITS), ComputeMonth(ledger, calendars, clock)
    check = CheckBook(FirestoreBookStore(db), ledger)
    return RunSnapshotTask(ledger, ledger, take, month, clock, lambda tenant: check.run(tenant).to_fields(), Queue())


@pytest.mark.parametrize(("strategies", "fills", "most"), [(10, 30, 60), (500, 30, 60), (500, 0, 30)])
def test_a_night_reads_the_days_entries_and_no_days_before(
    own_db: Client, strategies: int, fills: int, most: int
) -> None:
    clock = FakeClock(datetime(2020, 10, 12, 23, tzinfo=UTC))
    record = RecordFills(FirestoreBookStore(own_db), FirestoreEntryLedger(own_db), clock, Commits(lambda _: None))

    def report(count: int) -> None:
        night, at = clock.time, clock.time - timedelta(hours=4)
        clock.time = at
        told = [
            ReportedFill(
                strategy_id=f"S{one % strategies}",
                symbol="KO",
                side="buy",
                qty=1.0,
                price=50.0,
                ts=at,
                broker_fill_id=f"{at:%d}-{one}",
            )
            for one in range(count)
        ]
        for first in range(0, count, 100):
            record.run("acme", "ann", told[first : first + 100], {})
        clock.time = night

    def night() -> int:
        with Bill(own_db) as counted:
            job.run(SnapshotTask("acme", Period.of_day(clock.time.date())), {})
        clock.time += timedelta(days=1)
        return counted.counts[0]

    job = job_of(own_db, NEW_YORK, clock)
    report(strategies)
    open_book(own_db)
    night()  # the first one of all reads the whole ledger
    night()
    report(fills)
    assert night() <= most
    done = paths.job(own_db, "acme", "day-2020-10-14").get().to_dict() or {}
    assert (done["documents"], done["book_status"]) == (strategies, "SAME")
    days = paths.strategy_performance(own_db, "acme").where(filter=FieldFilter("session", "==", "2020-10-14"))
    assert sum(one.get("fills") for one in days.stream()) == fills


@pytest.mark.parametrize(("calendar", "suffix"), [(NEW_YORK, ""), (AlwaysOpen(), ", 24x7")], ids=CALENDARS)
def test_what_jobs_and_reports_read_and_write(own_db: Client, calendar: MarketCalendar, suffix: str) -> None:
    clock = FakeClock(datetime(2020, 10, 14, 23, tzinfo=UTC))
    opened = datetime(2020, 3, 16, 15, tzinfo=UTC)
    fill = {"uid": "ann", "symbol": "KO", "side": "buy", "qty": 1, "price": 50.0, "ts": opened, "created_at": opened}
    for count in range(STRATEGIES):
        paths.ledger_trades(own_db, "acme").document(str(count)).set({**fill, "strategy_id": f"S{count}"})
    job = job_of(own_db, calendar, clock)

    open_book(own_db)

    def bill(period: Period) -> tuple[int, int]:
        with Bill(own_db) as counted:
            job.run(SnapshotTask("acme", period), {})
        return counted.counts

    again = told("performance job that is done, queued again")
    bill(Period.of_day(THURSDAY - timedelta(days=1)))
    clock.time += timedelta(days=1)
    assert bill(Period.of_day(THURSDAY)) == told(f"day's snapshot{suffix}")
    assert bill(Period.of_month(2020, 9)) == told(f"month's snapshot{suffix}")
    assert bill(Period.of_day(THURSDAY)) == bill(Period.of_month(2020, 9)) == again
    slots = int(assumed(CALENDARS[bool(suffix)], PAGE)["slots a trading day"])
    batch = own_db.batch()
    for count in range(slots):
        decision = {"tenant_id": "acme", "timestamp": clock.time - count * SLOT_PERIOD - timedelta(minutes=1)}
        decision |= {"allocation_decisions": [], "systemic_risk_detected": False, "ai_summary": "All is well."}
        batch.set(paths.orchestration_logs(own_db).document(f"d{count}"), decision)
    batch.commit()
    with Bill(own_db) as report:
        make = MakeReport(FirestoreReportStore(own_db), ReportPages(), clock, lambda _: None)
        policy = FirestorePolicyStore(own_db).read_policy("acme").value
        due = ReportDue.of("acme", THURSDAY, Policy.from_sources({"time_zone": "UTC", "report_hour": 23}, policy))
        make.run(due)
    assert report.counts == told(f"report{suffix}")
    with Bill(own_db) as repeated:
        FirestorePolicyStore(own_db).read_policy("acme")
        make.run(due)
    assert repeated.counts == told("report that is made, queued again")


@pytest.mark.parametrize(
    ("strategies", "reads", "writes", "kilobytes"), [tuple(map(number, row)) for row in rows_below(SIZES, PAGE)]
)
def test_a_cycles_documents_are_as_many_whatever_the_strategies(
    own_db: Client, strategies: float, reads: float, writes: float, kilobytes: float
) -> None:
    names = seed(own_db, int(strategies))
    cycle = RunCycle(FirestoreCycleStore(own_db), SystemClock(), SecretIds(), OneCalendar(AlwaysOpen()))
    for slot in ("2020-03-16T19:55:00Z", "2020-03-16T20:00:00Z"):  # the first one writes every mode
        with Bill(own_db) as bill:
            asyncio.run(cycle.run(CycleRequest(tenant_id=TENANT, propose=propose(names), slot=slot)))
    assert bill.counts == (reads, writes)
    assert bill.bytes_created == pytest.approx(kilobytes * 1000, rel=0.03)


# Worked out


def test_what_a_connected_tenant_costs_more() -> None:
    feed, put = told("feed, before a cycle"), told("market data or account, put")
    reads, writes = feed[0] - 2 * put[0], feed[1] - 2 * put[1]
    assert f"less two puts, is {reads:.0f} reads and {writes:.0f} writes more" in " ".join(PAGE.split())


# What is assumed


def test_the_assumptions_fit_the_calendar() -> None:
    day = datetime(2026, 1, 5, tzinfo=UTC)
    slots = [day + number_of * SLOT_PERIOD for number_of in range(288)]
    assert assumed("XNYS", PAGE)["slots a trading day"] == sum(map(NEW_YORK.is_open, slots))
    assert assumed("24x7", PAGE)["slots a trading day"] == len(slots)
    on_the_hour = [slot for slot in slots if slot.minute == 0]
    name = "checks on the hour a trading day, market open"
    assert assumed("XNYS", PAGE)[name] == sum(map(NEW_YORK.is_open, on_the_hour))
    assert assumed("24x7", PAGE)[name] == len(on_the_hour)
    looked = {assumed(calendar, PAGE)["slots in which a change is looked at"] for calendar in CALENDARS}
    assert looked == {CHANGED_WITHIN / SLOT_PERIOD}
    year = NEW_YORK.sessions(date(2025, 1, 1), date(2025, 12, 31))
    assert assumed("XNYS", PAGE)["trading days"] == round(len(year) / 12)


def endpoint(function: str) -> Any:
    return getattr(main, function).__firebase_endpoint__


def test_the_limits_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())
    period = int(SLOT_PERIOD.total_seconds())
    assert f"at the same instant, every {period // 60} minutes" in text
    schedules = [one for one in main.__all__ if getattr(endpoint(one), "scheduleTrigger", None)]
    assert len(schedules) == 5
    assert {endpoint(one).timeoutSeconds for one in schedules} == {120}
    assert "after 100 of its 120 seconds" in text
    assert 120 - _LEFT_OVER_SECONDS == 100
    assert f"in pages of {TENANTS_A_PAGE} " in text
    assert TENANTS_A_PAGE == _AT_ONCE, "a page is one batched read"
    assert QUEUED_AT_ONCE == 10
    assert f"ten tasks at once, at most {TASKS_A_SECOND} a second" in text
    at_20_ms = min(QUEUED_AT_ONCE / 0.02, TASKS_A_SECOND)
    assert 20_000 / at_20_ms < 50
    assert min(endpoint(one).scheduleTrigger["retryConfig"]["retryCount"] for one in schedules) == 3
    assert f"With three retries that allows {4 * 100 * 400:,} tenants" in text
    hours = assumed("XNYS", PAGE)["hours in which a job is queued again"]
    assert hours == _CAUGHT_UP_WITHIN / timedelta(hours=1) - 1
    for function in ("orchestratetenant", "checktenant"):
        limits = endpoint(function).taskQueueTrigger["rateLimits"]
        at_once, a_second = limits["maxConcurrentDispatches"], limits["maxDispatchesPerSecond"]
        assert f"{at_once} tasks at once and {a_second} a second" in text
        assert f"{at_once} at once make {at_once * 2} a second: {at_once * 2 * period:,} tenants" in text
        assert f"the rate is {a_second} a second: that serves {a_second * period:,} tenants" in text
        assert f"the last of 3,000 tenants has its signals {3000 // (at_once * 2)} seconds after the slot" in text
        assert a_second < 500
    assert f"500 a second serve {500 * period:,} tenants in 5 minutes" in text
    row = MAX_WINDOW_DAYS * 17 + 8 * COLUMNS
    size = f"{MAX_WINDOW_STRATEGIES * row / 1e6:.1f} MB"
    assert f"{MAX_WINDOW_STRATEGIES:,} strategies with {MAX_WINDOW_DAYS} days take {size}" in text
    assert f"17 bytes per strategy and day, {8 * COLUMNS} per strategy, and the names" in text
    assert 500 * (row + 100) < PART_BYTES < 600 * row, "500 fit one document, with names of 100 bytes"
    assert f"{PAGE_SIZE:,} fills in memory" in text
    runs = 2 * 30 * 24 * 3600 // period + 2 * 30 * 24 + 3
    assert f"{runs:,} invocations and reads a month and five Cloud Scheduler jobs" in text


def test_the_fields_that_only_grow_are_those_that_are_indexed(own_db: Client) -> None:
    """A field of the decision log whose values grow with the time, and whose index is not exempt, is a hot spot."""
    exempt = {
        one["fieldPath"]
        for one in json.loads((ROOT / "firestore.indexes.json").read_text(encoding="utf-8"))["fieldOverrides"]
        if one["collectionGroup"] == "logs"
    }
    loader, now = StrategyLoader(own_db, "acme"), datetime.now(UTC)
    for age in (2, 1, 0):
        at = now - age * SLOT_PERIOD
        asyncio.run(loader.orchestrate_slot(slot_of(at), at))
    logs = [one.to_dict() or {} for one in paths.orchestration_logs(own_db).order_by("timestamp").stream()]
    fields = logs[0].keys() - exempt
    growing = {name for name in fields if _grows([log[name] for log in logs])} - {"duration_ms"}
    assert (
        f"as {', '.join(f'`{name}`' for name in ('timestamp', 'expires_at', 'session_id', 'slot'))} and the id" in PAGE
    )
    assert growing == {"timestamp", "expires_at", "session_id", "slot"}


def _grows(values: Sequence[Any]) -> bool:
    is_ordered = all(isinstance(value, str | datetime) for value in values)
    return is_ordered and sorted(values) == list(values) and len(set(values)) == len(values)
