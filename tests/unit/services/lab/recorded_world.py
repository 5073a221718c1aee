"""A tenant that runs two cycles a session for months, on the store in memory, and the record that it leaves."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.adapters.market_calendar import Calendars
from functions.domain.kernel.policy import Policy
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.position_book import Holding, PositionBook
from functions.domain.orchestration.signals import ProposedSignal, read_signal
from functions.domain.track_record.session_returns import SessionReturn
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.orchestration.cycle_request import CycleRequest
from functions.services.orchestration.run_cycle import RunCycle
from tests.fakes import FakeClock, FakeCycleStore
from tools.lab.engine.simulated import CountedIds

FIRST, LAST = date(2019, 6, 3), date(2020, 6, 30)
TENANT = "tenants/acme"
NAMES = tuple(f"S{number}" for number in range(10))
HOURS = (time(15, 0), time(16, 45))
"""UTC; within every session of these months, early closes included."""
CALENDARS = Calendars()


@cache
def sessions() -> tuple[date, ...]:
    return tuple(CALENDARS.of("XNYS").sessions(FIRST, LAST))


@cache
def returns() -> NDArray[np.float64]:
    """Daily returns of every session and strategy, with good and bad months."""
    generator = np.random.default_rng(11)
    days, names = len(sessions()), len(NAMES)
    drift = np.repeat(generator.normal(0.0006, 0.0022, (days // 20 + 1, names)), 20, axis=0)[:days]
    earned = drift + generator.normal(0, 0.01, (days, names))
    earned[:, 9] = 0.0  # idle
    earned[: days - 60, 8] = np.nan  # a new one
    return earned


def proposals(day_number: int) -> dict[str, dict[str, Any]]:
    """What strategies say in a session, whatever the policy is."""
    generator = np.random.default_rng(1000 + day_number)
    said = {}
    for name in NAMES:
        draw = generator.random()
        ticker = str(generator.choice(["KO", "XOM", "PFE"]))
        if draw < 0.45:
            said[name] = {"action": "BUY", "ticker": ticker, "allocation": round(generator.uniform(0.05, 0.4), 3)}
        elif draw < 0.45 + (0.35 if generator.random() < 0.4 else 0.08):
            said[name] = {"action": "SELL", "ticker": ticker, "allocation": 1.0}
        elif draw > 0.98:
            said[name] = {"action": "JUMP"}
        else:
            said[name] = {"action": "HOLD"}
    if day_number < len(sessions()) - 60:
        del said["S8"]
    return said


@dataclass
class World:
    """What a tenant's cycles run on; signals, returns and positions are the same under every policy."""

    is_book_open: bool = False
    has_unmet_sells: bool = False
    """Whether some SELLs meet nothing live."""
    store: FakeCycleStore = field(default_factory=FakeCycleStore)
    clock: FakeClock = field(default_factory=FakeClock)
    version: int = 0

    def set_policy(self, settings: Mapping[str, Any]) -> None:
        self.version += 1
        document = {**settings, "version": self.version}
        self.store.put(f"{TENANT}/config/maestro", document)
        self.store.put(f"{TENANT}/config/maestro/history/{self.version}", {"policy": document})

    def run(self, day_numbers: Iterable[int]) -> None:
        for number in day_numbers:
            self._put_windows(number)
            for hour in HOURS:
                self._cycle(number, datetime.combine(sessions()[number], hour, UTC))

    def _put_windows(self, number: int) -> None:
        self.store.put(f"{TENANT}/state/windows", windows_before(number).to_document())

    def _cycle(self, number: int, at: datetime) -> None:
        said = proposals(number)
        sells = [(name, one["ticker"]) for name, one in said.items() if one["action"] == "SELL"]
        held = [(name, ticker) for name, ticker in sells if not (self.has_unmet_sells and name in {"S1", "S4", "S5"})]
        positions = [{"symbol": ticker, "qty": 10.0, "strategy_id": name} for name, ticker in held]
        self.store.put(
            f"{TENANT}/accounts/primary",
            {"equity": 100_000.0, "buying_power": 100_000.0, "as_of": at, "positions": positions},
        )
        quotes = {ticker: {"price": 50.0} for ticker in ("KO", "XOM", "PFE")}
        if number % 17 == 0:
            quotes["KO"] = {"price": -1.0}
        as_of = at - timedelta(hours=2) if number % 41 == 0 else at
        self.store.put(f"{TENANT}/market_data/latest", {"as_of": as_of, "symbols": quotes})
        if self.is_book_open:
            holdings = {(name, ticker): Holding(10.0, 50.0, ticker) for name, ticker in held}
            self.store.put(f"{TENANT}/state/positions", PositionBook(at, "ann", holdings).to_document(at))
        self.clock.time = at

        async def propose(inputs: CycleInputs, policy: Policy) -> list[ProposedSignal]:
            return [read_signal(name, one) for name, one in said.items()]

        cycle = RunCycle(self.store, self.clock, IDS, CALENDARS)
        assert asyncio.run(cycle.run(CycleRequest(tenant_id="acme", propose=propose, now=at))) is not None


IDS = CountedIds()


@cache
def begin_of(day: date) -> datetime:
    calendar = CALENDARS.of("XNYS")
    return calendar.end_of(calendar.session_before(day))


@cache
def cells() -> dict[tuple[str, date], SessionReturn]:
    return {
        (name, day): SessionReturn(float(value), 1.0, is_active=bool(value))
        for day, row in zip(sessions(), returns(), strict=True)
        for name, value in zip(NAMES, row, strict=True)
        if not np.isnan(value)
    }


def windows_before(number: int) -> PerformanceWindows:
    """The windows that the night before a session left."""
    recent = set(sessions()[max(0, number - 90) : number])
    return PerformanceWindows.from_sessions((name, day, one) for (name, day), one in cells().items() if day in recent)


class RecordOf:
    """`RecordStore` of a world."""

    def __init__(self, world: World) -> None:
        self._store = world.store
        self._logs = copy.deepcopy(sorted(world.store.logs(), key=lambda log: log["timestamp"]))
        self.newest: datetime = self._logs[-1]["timestamp"] if self._logs else world.clock.now()
        self.reads: dict[str, int] = {}

    def of_sessions(self, days: Sequence[date]) -> dict[date, dict[str, Any]]:
        """Return the last decision of every session."""
        last = {log["timestamp"].date(): log for log in self._logs}
        return {day: last[day] for day in days}

    def policy(self, tenant_id: str) -> Mapping[str, Any] | None:
        return self._store.documents.get(f"tenants/{tenant_id}/config/maestro")

    def policies(self, tenant_id: str, versions: Iterable[int]) -> dict[int, Mapping[str, Any]]:
        history = self._store.those_below(f"tenants/{tenant_id}/config/maestro/history")
        self._count("policies", asked := list(versions))
        return {version: history[str(version)]["policy"] for version in asked if str(version) in history}

    def last_decisions(
        self, tenant_id: str, spans: Sequence[tuple[datetime, datetime]]
    ) -> list[Mapping[str, Any] | None]:
        self._count("decisions", spans)
        logs = [log for log in self._logs if log["tenant_id"] == tenant_id]
        return [next((log for log in reversed(logs) if since <= log["timestamp"] < end), None) for since, end in spans]

    def windows(self, tenant_id: str, uid: str | None = None) -> Mapping[str, Any] | None:
        name = "windows" if uid is None else f"windows__{uid}"
        return self._store.documents.get(f"tenants/{tenant_id}/state/{name}")

    def daily_documents(
        self, tenant_id: str, since: datetime, before: datetime, limit: int
    ) -> list[tuple[str, Mapping[str, Any]]]:
        days = [one for one in self.all_days() if since <= one[1]["period_start"] < before]
        found = sorted(days, key=lambda one: one[1]["period_start"], reverse=True)[:limit]
        self._count("days", found)
        return found

    @staticmethod
    def all_days() -> list[tuple[str, Mapping[str, Any]]]:
        """Return every daily document, by id."""
        return [
            (
                f"ann__{name}__{day}",
                {
                    "uid": "ann",
                    "strategy_id": name,
                    "session": day.isoformat(),
                    "period_start": begin_of(day),
                    "pnl": one.return_fraction * 2.0**20,  # a power of two: dividing by it rounds nothing
                    "capital_base": 2.0**20,
                    "capital_long": 2.0**20,
                    "is_active": one.is_active,
                    "unrealized_pnl": 0.0,
                    "fills": 1,
                },
            )
            for (name, day), one in cells().items()
        ]

    def paper_fills(self, tenant_id: str, ids: Sequence[str]) -> set[str]:
        self._count("paper", ids)
        return set(ids) & self._store.those_below(f"tenants/{tenant_id}/shadow_pnl").keys()

    def _count(self, what: str, read: Sequence[Any]) -> None:
        self.reads[what] = self.reads.get(what, 0) + len(read)
