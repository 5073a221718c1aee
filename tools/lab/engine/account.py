"""One policy's account: the deployed services on its own stores, and a paper broker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from functions.domain.kernel.policy import Policy
from functions.domain.ledger.periods import Period
from functions.domain.orchestration.decision import MaestroDecision
from functions.domain.track_record.daily_returns import session_of
from functions.domain.track_record.session_returns import SessionReturn
from functions.services.kernel.commits import Commits
from functions.services.kernel.ports import Clock, Document, MarketCalendars
from functions.services.ledger.month_performance import ComputeMonth
from functions.services.ledger.run_snapshot_task import RunSnapshotTask
from functions.services.ledger.snapshot_tasks import SnapshotTask
from functions.services.ledger.take_snapshots import NO_LIMITS, TakeSnapshots
from functions.services.orchestration.cycle_request import CycleRequest, CycleResult
from functions.services.orchestration.run_cycle import RunCycle
from functions.services.track_record.build_windows import WINDOW_SPAN
from functions.services.trading.adopt_fills import AdoptFills
from functions.services.trading.check_book import CheckBook
from functions.strategies.maestro_controller import MaestroController
from tools.lab.engine.paper_broker import PaperBroker
from tools.lab.engine.sessions import ReadOnce, Session
from tools.lab.engine.simulated import CountedIds, NoQueue, SimulatedClock
from tools.lab.engine.stores.cycle_store import MemoryCycleStore
from tools.lab.engine.stores.documents import LOGS, Documents
from tools.lab.engine.stores.ledger_store import MemoryLedgerStore
from tools.lab.engine.stores.trading_store import MemoryTradingStore
from tools.lab.engine.strategies import LabStrategies

_READ_AGAIN = WINDOW_SPAN + timedelta(days=45)
"""How far back daily performance is read: windows that are built from scratch, from a month's first session."""
_NEWEST = 3
"""How many sessions, slots, jobs, checkpoints and marks are kept: only recent ones are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Whose account it is."""

    tenant_id: str = "lab"
    uid: str = "lab"


@dataclass(frozen=True, slots=True)
class Traded:
    """The outcome of one session's cycle."""

    decision: MaestroDecision
    log: Document
    """The decision as it is stored."""
    fills: Mapping[str, Mapping[str, Any]]
    """By id."""


class PolicyAccount:
    """
    Walks one account through sessions, as schedules and queues do in the cloud.

    Parameters
    ----------
    policy : mapping
        The tenant's policy document.
    market : str
        The market if the policy names none.
    clock : Clock, optional
        Where jobs that follow a cycle read the time; by default a simulated clock.
    """

    def __init__(
        self,
        tenant: Tenant,
        policy: Mapping[str, Any],
        strategies: LabStrategies,
        market: str,
        calendars: MarketCalendars,
        broker: PaperBroker,
        read_quotes: ReadOnce,
        clock: Clock | None = None,
    ) -> None:
        self.tenant = tenant
        self.broker = broker
        self._clock = SimulatedClock()
        self.documents = Documents(self._clock)
        self.documents.put(f"tenants/{tenant.tenant_id}/config/maestro", dict(policy))
        self._defaults = {"market": market, **MaestroController.class_settings()}
        self._strategies = strategies
        self._propose = strategies.asked_by(tenant.tenant_id)
        jobs_clock = clock or self._clock
        trading, ledger = MemoryTradingStore(self.documents), MemoryLedgerStore(self.documents)
        self._cycle = RunCycle(
            MemoryCycleStore(self.documents),
            self._clock,
            CountedIds(),
            calendars,
            beside=_here,
            read_quotes=read_quotes,
        )
        self._adopt = AdoptFills(trading, ledger, jobs_clock, Commits(_no_pause))
        check = CheckBook(trading, ledger)
        self._jobs = RunSnapshotTask(
            ledger,
            ledger,
            TakeSnapshots(ledger, calendars, jobs_clock, NO_LIMITS, rebuilds_windows=False),
            ComputeMonth(ledger, calendars, jobs_clock),
            jobs_clock,
            lambda tenant_id: check.run(tenant_id).to_fields(),
            NoQueue(),
        )

    @property
    def policy(self) -> Policy:
        """Return the policy as the account's services read it. Raises PolicyError."""
        return Policy.from_sources(self._defaults, self._of("config").get("maestro"))

    def trade(self, session: Session) -> Traded:
        """Run a session's cycle, let the broker act on it, and take in its fills."""
        self._clock.time = session.at
        self._of("market_data").put("latest", session.market_data)
        self._of("accounts").put("primary", self.broker.account_snapshot(session.closes))
        result = self._strategies.run(self._cycle.run(self._request(session)))
        if result is None:
            raise RuntimeError(f"session {session.day} was decided before")
        fills = self.broker.close_day(session.closes, result.signals)
        for fill_id, fill in fills.items():
            document = {"tenant_id": self.tenant.tenant_id, **fill}
            self._of("ledger_trades").put(fill_id, document)
            self._adopt.run(self.tenant.tenant_id, fill_id, document, self._defaults)
        return Traded(result.decision, self._log(result), fills)

    def settle(self, session: Session, *, ends_month: bool) -> None:
        """Compute a session's performance, and that of the month which it ends."""
        self._clock.time = session.settles_at
        self._run_job("day", session.day.isoformat())
        if ends_month:
            following = (session.day.replace(day=1) + timedelta(days=32)).replace(day=1)
            self._clock.time = max(session.settles_at, datetime.combine(following, time(), UTC))
            self._run_job("month", f"{session.day:%Y-%m}")

    def earned(self, after: date | None, session: Session) -> dict[str, float]:
        """Return what the live book's strategies earned since a session, up to another one; USD by strategy."""
        first, days = session.day if after is None else after + _DAY, self._of("strategy_performance")
        earned = dict.fromkeys(self._strategies.names, 0.0)
        while first <= session.day:
            period = Period.of_day(first)
            for name in earned:
                document = days.get(period.document_id(self.tenant.uid, name))
                earned[name] += 0.0 if document is None else document["pnl"]
            first += _DAY
        return earned

    def session_return(self, session: Session, strategy: str) -> SessionReturn | None:
        """Return what the live book's strategy earned in a session, as modes judge it; None before its first fill."""
        document_id = Period.of_day(session.day).document_id(self.tenant.uid, strategy)
        document = self._of("strategy_performance").get(document_id)
        return None if document is None else session_of([document])

    def forget(self, session: Session) -> None:
        """Drop what no service reads again, so that memory does not grow with the sessions."""
        self.documents.collection(LOGS).forget_but(_NEWEST)
        for name in ("sessions", "cycles", "jobs", "state/ledger/checkpoints", "state/ledger/marks"):
            self._of(name).forget_but(_NEWEST)
        self._of("ledger_trades").forget_before("ts", session.at - _LATE)
        self._of("shadow_pnl").forget_before("timestamp", session.at - _LATE)
        self._of("strategy_performance").forget_before("period_start", session.at - _READ_AGAIN)

    def _request(self, session: Session) -> CycleRequest:
        return CycleRequest(
            tenant_id=self.tenant.tenant_id,
            propose=self._propose,
            policy_defaults=self._defaults,
            samples=self._strategies.samples,
            slot=session.slot,
            now=session.at,
        )

    def _log(self, result: CycleResult) -> Document:
        log = self.documents.collection(LOGS).get(result.decision.session_id)
        if log is None:
            raise RuntimeError(f"decision {result.decision.session_id} was not stored")
        return log

    def _run_job(self, kind: str, label: str) -> None:
        self._jobs.run(SnapshotTask.of(self.tenant.tenant_id, kind, label), self._defaults)

    def _of(self, name: str) -> Any:
        return self.documents.of(self.tenant.tenant_id, name)


_DAY = timedelta(days=1)
_LATE = timedelta(days=30)
"""Longer than any market closes: the newest checkpoint is younger than what is dropped of the ledger."""


async def _here(call: Callable[..., Any], *arguments: Any) -> Any:
    """Call a store that answers at once."""
    return call(*arguments)


def _no_pause(_: int) -> None:
    """Nothing else writes to the account: no commit is lost."""
