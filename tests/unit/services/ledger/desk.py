"""A tenant's performance jobs on a ledger in memory, by any market's calendar and any clock."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from functions.adapters.market_calendar import AlwaysOpen, ExchangeCalendar, OneCalendar
from functions.domain.ledger.books import Checkpoint, compute_period
from functions.domain.ledger.periods import Period
from functions.services.kernel.ports import MarketCalendar
from functions.services.ledger.month_performance import ComputeMonth
from functions.services.ledger.read_ledger import SkippedDocuments, read_events
from functions.services.ledger.run_snapshot_task import RunSnapshotTask
from functions.services.ledger.snapshot_tasks import SnapshotTask
from functions.services.ledger.take_snapshots import LIMITS, RunLimits, SnapshotReport, TakeSnapshots
from tests.fakes import FakeClock
from tests.memory_ledger import MemoryLedger

TENANT = "acme"
XNYS, XASX, CMES, AROUND = ExchangeCalendar("XNYS"), ExchangeCalendar("XASX"), ExchangeCalendar("CMES"), AlwaysOpen()


def utc(text: str) -> datetime:
    """Return a time of "2020-03-16 23:15", UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Queue:
    """A queue that keeps what it is given, each id once."""

    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.waiting: list[dict[str, Any]] = []

    def enqueue(self, task_id: str, payload: Mapping[str, Any]) -> bool:
        if task_id in self.tasks:
            return False
        self.tasks[task_id] = dict(payload)
        self.waiting.append(dict(payload))
        return True


class Desk:
    """One tenant."""

    def __init__(self, calendar: MarketCalendar = XNYS, limits: RunLimits = LIMITS) -> None:
        self.calendar = calendar
        self.limits = limits
        self.ledger = MemoryLedger()
        self.clock = FakeClock()
        self.queue = Queue()

    def fill(self, name: str, at: str, side: str, qty: float, price: float, **fields: Any) -> None:
        document = {"uid": "ann", "strategy_id": "Trend", "symbol": "KO", "side": side, "qty": qty, "price": price}
        self.ledger.trades[name] = {**document, "ts": utc(at), "created_at": utc(at), **fields}

    def put_prices(self, as_of: str, **symbols: Any) -> None:
        quotes = {name: {"price": one} if isinstance(one, float) else one for name, one in symbols.items()}
        self.ledger.market_data = {"as_of": utc(as_of), "symbols": quotes}

    def take(self, label: str, now: str | None = None) -> SnapshotReport:
        """Run the job of a day, at 22:30 UTC of it unless another time is given."""
        self.clock.time = utc(now or f"{label} 22:30")
        take = TakeSnapshots(self.ledger, OneCalendar(self.calendar), self.clock, self.limits)
        return take.run(TENANT, date.fromisoformat(label), {})

    def run(self, kind: str, label: str, now: str | None = None) -> dict[str, Any]:
        """Run a queue's task, and what it queues in turn, and return the job's record; one that is done runs anew."""
        if now is not None:
            self.clock.time = utc(now)
        take = TakeSnapshots(self.ledger, OneCalendar(self.calendar), self.clock, self.limits)
        job = RunSnapshotTask(self.ledger, self.ledger, take, self.month, self.clock, lambda _: {}, self.queue)
        if self.ledger.jobs.get(f"{kind}-{label}", {}).get("status") == "DONE":
            del self.ledger.jobs[f"{kind}-{label}"]
        self.queue.waiting.append({"tenant_id": TENANT, "kind": kind, "label": label})
        while self.queue.waiting:
            job.run(SnapshotTask.from_payload(self.queue.waiting.pop(0)), {})
        return self.ledger.jobs[f"{kind}-{label}"]

    @property
    def month(self) -> ComputeMonth:
        return ComputeMonth(self.ledger, OneCalendar(self.calendar), self.clock)

    def days(self, strategy: str = "Trend") -> dict[str, dict[str, Any]]:
        """Return the served daily documents of ann's by label."""
        prefix = f"ann__{strategy}__"
        found = {name: one for name, one in sorted(self.ledger.performance.items()) if one["period"] == "day"}
        return {name.removeprefix(prefix): one for name, one in found.items() if name.startswith(prefix)}

    def pnl(self) -> dict[str, float]:
        return {label: round(one["pnl"], 6) for label, one in self.days().items()}

    def expected(self, marks: Mapping[str, float]) -> tuple[float, int]:
        """Return what the whole ledger comes to at given prices, computed at once: USD, and how many fills it has."""
        documents = [(name, one) for name, one in self.ledger.trades.items()]
        fills = list(read_events(TENANT, documents, SkippedDocuments()))
        results, _ = compute_period(Checkpoint.empty(), fills, marks, utc("2100-01-01"))
        return math.fsum(one.pnl for one in results), len(fills)

    def served(self) -> tuple[float, int]:
        """Return what the daily documents add up to."""
        days = [one for one in self.ledger.performance.values() if one["period"] == "day"]
        return math.fsum(one["pnl"] for one in days), sum(one["fills"] for one in days)


def fresh_copy(desk: Desk) -> Desk:
    """Return a desk with the same ledger and prices, of which nothing was computed."""
    other = Desk(desk.calendar, replace(LIMITS, days=10_000))
    other.ledger.trades = dict(desk.ledger.trades)
    other.ledger.market_data = desk.ledger.market_data
    return other


def utc_day(label: str) -> Period:
    return Period.of_day(date.fromisoformat(label))


def weekdays(first: str, count: int) -> list[str]:
    """Return that many dates of Mondays to Fridays."""
    days: list[str] = []
    day = date.fromisoformat(first)
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day.isoformat())
        day += timedelta(days=1)
    return days
