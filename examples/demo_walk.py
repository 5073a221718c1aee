"""The demo's days: each goes through everything that is deployed, and through the same strategies without Maestro."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic, sleep
from typing import Any

from google.cloud.firestore import DocumentReference, FieldFilter

from examples.demo_days import Day
from examples.replay import Prices, decision_time
from examples.without_maestro import WithoutMaestro
from functions.adapters.firestore import paths
from functions.adapters.firestore.client import firestore_client
from functions.domain.access.roles import Role
from functions.domain.kernel.slots import slot_of
from functions.domain.ledger.performance_documents import label_of
from functions.domain.orchestration.cycle_documents import issued_signals
from functions.domain.track_record.breakers import BreakerState
from tools.access import manage_members, manage_tenants
from tools.emulator_suite import EmulatorError, EmulatorSuite
from tools.lab.engine.paper_broker import PaperBroker

UID = "demo-trader"
PASSWORD = "only-for-the-demo"
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.02
_SNAPSHOT_TIME = time(22, 30, tzinfo=UTC)


@dataclass(slots=True)
class DemoTenant:
    """One tenant of the demo: its broker and what Maestro decided for it."""

    tenant_id: str
    broker: PaperBroker = field(default_factory=lambda: PaperBroker(UID))
    days: list[Day] = field(default_factory=list)

    @property
    def decisions(self) -> list[Mapping[str, Any]]:
        """The decision log, a document a day."""
        return [day.decision for day in self.days]


class Demo:
    """Walks trading days: inputs in, tick, decision out, fills at the close, performance from the ledger."""

    def __init__(self, suite: EmulatorSuite, prices: Prices, tenant_count: int) -> None:
        self._suite = suite
        self.prices = prices
        self.db = suite.client()
        self.day_indexes: list[int] = []
        """Days walked."""
        self.tenants = [DemoTenant(f"demo-{number}") for number in range(1, tenant_count + 1)]
        self.without_maestro = WithoutMaestro(UID)

    def seed(self, policy: Mapping[str, Any]) -> None:
        """Create the tenants with their policy, and a user of every role in each."""
        self._suite.clear()
        tenants, members = manage_tenants(firestore_client()), manage_members(firestore_client())
        for tenant in self.tenants:
            tenants.create(tenant.tenant_id, f"Demo fund {tenant.tenant_id[5:]}")
            paths.policy(self.db, tenant.tenant_id).set(dict(policy))
            for role in Role:
                members.create(tenant.tenant_id, email_of(role, tenant.tenant_id), role, PASSWORD)

    def walk(self, day_indexes: list[int]) -> Iterator[date]:
        """Run one day after the other, yielding each when its performance is in."""
        for day_index, following in zip(day_indexes, [*day_indexes[1:], None], strict=True):
            day = self.prices.days[day_index]
            self._trade(day_index)
            self.day_indexes.append(day_index)
            self._snapshot("daily_performance_snapshot", datetime.combine(day, _SNAPSHOT_TIME), f"day-{day}")
            if following is None or self.prices.days[following].month != day.month:
                first_of_next = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
                at = datetime.combine(first_of_next, time(), UTC)
                self._snapshot("monthly_performance_snapshot", at, f"month-{day:%Y-%m}")
            yield day

    def _trade(self, day_index: int) -> None:
        """Run a day's cycle and let the brokers act on it."""
        at = decision_time(self.prices.days[day_index])
        market_data = self.prices.market_data(day_index)
        for tenant in self.tenants:
            paths.market_data(self.db, tenant.tenant_id).set(market_data)
            snapshot = tenant.broker.account_snapshot(self.prices.closes_of(day_index))
            paths.account(self.db, tenant.tenant_id).set(snapshot)
        self._suite.call_scheduled("orchestrate_tick", at)
        proposed = self.without_maestro.propose(self.prices, day_index, market_data)  # while the task runs
        for tenant in self.tenants:
            self._follow(tenant, day_index, slot_of(at))
        self.without_maestro.close_day(self.prices, day_index, proposed, self.tenants[0].days[-1].taking_part)

    def _follow(self, tenant: DemoTenant, day_index: int, slot: str) -> None:
        """Wait for the slot's decision, let the tenant's broker act on it, and post the fills."""
        record = self._await(paths.cycle_record(self.db, tenant.tenant_id, slot), lambda _: True)
        session_id = record["session_id"]
        signals = issued_signals(self._read(paths.session(self.db, tenant.tenant_id, session_id)))
        closes, batch = self.prices.closes_of(day_index), self.db.batch()
        for fill_id, fill in tenant.broker.close_day(closes, signals).items():
            reference = paths.ledger_trades(self.db, tenant.tenant_id).document(fill_id)
            batch.set(reference, {"tenant_id": tenant.tenant_id, **fill})
        batch.commit()
        decision = self._read(paths.orchestration_logs(self.db).document(session_id))
        breaker = self._read(paths.current_session(self.db, tenant.tenant_id))["breaker"]
        equity = tenant.broker.equity(closes)
        tenant.days.append(Day(decision, BreakerState.from_document(breaker), equity))

    def _snapshot(self, function: str, at: datetime, job_id: str) -> None:
        """Fire a performance schedule and wait until every tenant's job is done."""
        self._suite.call_scheduled(function, at)
        for tenant in self.tenants:
            self._await(paths.job(self.db, tenant.tenant_id, job_id), lambda job: job["status"] == "DONE")

    def _read(self, reference: DocumentReference) -> dict[str, Any]:
        return reference.get().to_dict() or {}

    def _await(self, reference: DocumentReference, is_ready: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until a document exists and is ready."""
        deadline = monotonic() + _WAIT_SECONDS
        while monotonic() < deadline:
            document = reference.get().to_dict()
            if document is not None and is_ready(document):
                return document
            sleep(_POLL_SECONDS)
        raise EmulatorError(f"nothing at {reference.path} within {_WAIT_SECONDS:.0f} s: see {self._suite.log}")

    def months(self, tenant: DemoTenant) -> list[dict[str, Any]]:
        """Return the tenant's monthly performance documents, oldest first."""
        query = paths.strategy_performance(self.db, tenant.tenant_id).where(filter=FieldFilter("period", "==", "month"))
        documents = [snapshot.to_dict() or {} for snapshot in query.stream()]
        return sorted(documents, key=lambda month: (label_of(month), month["book"], month["strategy_id"]))


def email_of(role: Role, tenant_id: str) -> str:
    return f"{role}@{tenant_id}.example"
