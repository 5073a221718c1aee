"""A tenant who is connected to the simulated broker: stores in memory, the broker over HTTP, the adapter between."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from functions.adapters.alpaca.connection import Limits
from functions.adapters.brokers import OpenAccounts
from functions.adapters.system import SystemClock
from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.credentials import Credentials
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.slots import slot_of
from functions.domain.orchestration.broker_feed import ConnectionStatus, Feed
from functions.domain.orchestration.intent import Intent
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.orchestration.signals import Action
from functions.domain.trading.redemption import Redemption, RedemptionStatus, order_of
from functions.services.broker.book_activities import BookActivities
from functions.services.broker.connect_broker import ConnectBroker
from functions.services.broker.disconnect_broker import DisconnectBroker, Disconnected
from functions.services.broker.feed_tasks import FeedTask
from functions.services.broker.feed_tenant import FeedPorts, FeedTenant
from functions.services.kernel.commits import Commits
from functions.services.orchestration.put_inputs import PutInputs
from functions.services.trading.record_entries import RecordEntries
from functions.services.trading.record_fills import RecordFills
from tests.broker_fakes import FakeConnections, FakeInputs, FakeKeys, SeenByReconciler
from tests.fakes import FakeCycleStore, FakeLedger, FakeQueue, FakeTradingStore
from tests.servers.broker.desks import INSTRUMENTS, days
from tools.simulated_broker.accounts import account as account_json
from tools.simulated_broker.books import Books
from tools.simulated_broker.clock import ScriptedClock
from tools.simulated_broker.exchange import Exchange
from tools.simulated_broker.market import DailyBar
from tools.simulated_broker.server import KEY_ID, SECRET, SimulatedBroker, serving

TENANT = "acme"
QUICK = Limits(connect=1.0, read=0.3, total=1.0)


@dataclass
class Fed:
    """The tenant and the broker."""

    broker: SimulatedBroker
    cycles: FakeCycleStore = field(default_factory=FakeCycleStore)
    pauses: list[float] = field(default_factory=list)
    policy: dict[str, Any] = field(default_factory=dict)
    slots: int = 0

    def __post_init__(self) -> None:
        self.clock = SystemClock()
        self.trading = FakeTradingStore(self.cycles)
        self.connections = FakeConnections(self.cycles)
        self.keys = FakeKeys(acme=self.credentials())
        self.queue = FakeQueue()
        self.reconciler = SeenByReconciler()
        self.ledger_reads = FakeLedger(self.cycles)
        self.open_broker = OpenAccounts(QUICK, self.pauses.append)
        self.cycles.put(f"tenants/{TENANT}/state/session", {"ledger_version": 0})
        self.cycles.put(f"tenants/{TENANT}/state/positions", PositionBook(opened_at=now()).to_document(now()))
        self.connect()

    @property
    def exchange(self) -> Exchange:
        return self.broker.exchange

    @property
    def happenings(self) -> Any:
        return self.broker.happenings

    def connect(self, **changes: Any) -> None:
        """Connect from an hour ago on."""
        since = now() - timedelta(hours=1)
        connection = BrokerConnection(
            broker="alpaca",
            is_live=False,
            account_id=str(account_json(self.exchange)["id"]),
            account_number=self.exchange.account_number,
            status=ConnectionStatus.CONNECTED,
            connected_at=since,
            connected_by="ann",
            tells_amendments=True,
            cursor=self.cursor(since),
        )
        stored = self.connections.read(TENANT)
        self.connections.write(TENANT, replace(connection, **changes), stored.version)

    def cursor(self, since: datetime) -> Any:
        with self.open_broker(_SOME, self.credentials(), 5.0) as broker:
            return broker.first_cursor(since)

    def credentials(self, key_id: str = KEY_ID, secret: str = SECRET) -> Credentials:
        return Credentials(key_id, secret, self.broker.url)

    def ports(self) -> FeedPorts:
        commits = Commits(lambda _: None)
        fills = RecordFills(self.trading, self.ledger_reads, self.clock, commits)
        entries = RecordEntries(self.trading, self.ledger_reads, self.clock, commits)
        return FeedPorts(
            connections=self.connections,
            keys=self.keys,
            open_broker=self.open_broker,
            trading=self.trading,
            put_inputs=PutInputs(FakeInputs(self.cycles), self.clock, commits),
            book=BookActivities(self.trading, self.ledger_reads, fills, entries, self.clock),
            cycles=self.queue,
            clock=self.clock,
            monotonic=time.monotonic,
            policy_of=lambda _: Policy.from_sources({}, self.policy),
            policy_defaults=dict,
            reconciler=self.reconciler,
        )

    def feeding(self, **changes: Any) -> FeedTenant:
        return FeedTenant(replace(self.ports(), **changes))

    def connecting(self) -> ConnectBroker:
        return ConnectBroker(self.connections, self.keys, self.open_broker, self.clock)

    def join(self, tenant_id: str = TENANT) -> BrokerConnection:
        """Connect by keys, as an operator does."""
        use, credentials = self.connecting(), self.credentials()
        return use.connect(tenant_id, use.look("alpaca", credentials, "ann", is_live=False), credentials)

    def disconnect(self) -> Disconnected | None:
        return DisconnectBroker(self.ports(), Commits(lambda _: None)).run(TENANT, "ann")

    def task(self) -> FeedTask:
        self.slots += 1
        return FeedTask(TENANT, slot_of(now() + timedelta(minutes=5 * self.slots)), now())

    def feed(self, task: FeedTask | None = None, **changes: Any) -> Feed:
        fed = self.feeding(**changes).run(task or self.task())
        assert fed is not None
        return fed

    @property
    def connection(self) -> BrokerConnection:
        found = self.connections.read(TENANT).value
        assert found is not None
        return found

    def told(self) -> list[str]:
        return [one["text"] for one in self.connection.told]

    def ledger(self) -> list[dict[str, Any]]:
        """Return the ledger, in the order things happened."""
        found = self.cycles.those_below(f"tenants/{TENANT}/ledger_trades").values()
        return sorted(found, key=lambda one: (one["ts"], one["ledger_version"]))

    def document(self, path: str) -> dict[str, Any]:
        return self.cycles.documents[f"tenants/{TENANT}/{path}"]

    def held(self, strategy_id: str, symbol: str) -> float:
        return PositionBook.from_document(self.document("state/positions")).holding(strategy_id, symbol).qty

    def redeem(self, nonce: str, strategy_id: str = "Trend", symbol: str = "SPY", action: str = "BUY") -> Redemption:
        """Put a redemption on record, as the API would."""
        is_entry = action == "BUY"
        redemption = Redemption(
            nonce=nonce,
            status=RedemptionStatus.RESERVED,
            tenant_id=TENANT,
            uid="ann",
            session_id="s1",
            agent_id=f"{TENANT}_{strategy_id}",
            strategy_id=strategy_id,
            action=Action(action),
            symbol=symbol,
            mode="ACTIVE",
            allocation=0.5,
            notional=10_000.0 if is_entry else 0.0,
            redeemed_at=now(),
            lapses_at=now() + timedelta(minutes=15),
            intent=Intent.ENTRY if is_entry else Intent.EXIT,
        )
        self.cycles.put(f"tenants/{TENANT}/redemptions/{nonce}", redemption.to_document())
        book = PositionBook.from_document(self.document("state/positions"))
        book = book.with_order(nonce, order_of(redemption), now())
        self.cycles.put(f"tenants/{TENANT}/state/positions", book.to_document(now()))
        return redemption

    def redemption(self, nonce: str) -> Mapping[str, Any]:
        return self.document(f"redemptions/{nonce}")

    def later(self, **by: float) -> None:
        """Let the broker's clock go on a little: not by more than clocks may differ."""
        cast("ScriptedClock", self.exchange.now).advance(**by)

    @contextmanager
    def earlier(self, **by: float) -> Iterator[None]:
        """Let something happen at the broker at a time before now."""
        self.later(**{unit: -amount for unit, amount in by.items()})
        yield
        self.later(**by)

    def order(self, side: str, qty: str, symbol: str = "SPY", **more: Any) -> Any:
        force = "gtc" if "/" in symbol else "day"
        body = {"symbol": symbol, "side": side, "qty": qty, "type": "market", "time_in_force": force}
        return self.exchange.submit(body | more)


def now() -> datetime:
    return datetime.now(UTC)


_SOME = BrokerConnection(
    broker="alpaca",
    is_live=False,
    account_id="a",
    account_number=None,
    status=ConnectionStatus.CONNECTED,
    connected_at=now(),
    connected_by="ann",
    tells_amendments=True,
    cursor="",  # type: ignore[arg-type]  # not looked at
)


@contextmanager
def fed(cash: str = "100000") -> Iterator[Fed]:
    exchange = Exchange(now=ScriptedClock(now()), books=Books(Decimal(cash)))
    for instrument, price in INSTRUMENTS:
        exchange.market.add(instrument, price)
    with serving(exchange) as broker:
        yield Fed(broker)


@contextmanager
def unconnected() -> Iterator[Fed]:
    """Yield a tenant who has neither connection nor keys."""
    with fed() as desk:
        desk.cycles.delete(f"tenants/{TENANT}/state/broker")
        desk.keys.credentials.clear()
        yield desk


def bars(count: int, first_close: int = 100) -> list[DailyBar]:
    """Return bars of so many days, the last one today's, each a dollar above the one before."""
    midnight = now().replace(hour=5, minute=0, second=0, microsecond=0)
    midnight -= timedelta(days=1) if midnight > now() else timedelta(0)
    return days(count, first_close, midnight)
