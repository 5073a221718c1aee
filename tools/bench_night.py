"""What a night takes: one session's snapshot of every strategy, against the store's calls that it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any, cast

import numpy as np
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.market_calendar import AlwaysOpen, OneCalendar
from functions.adapters.system import SystemClock
from functions.domain.track_record.day_results import DayResults
from functions.domain.track_record.live_costs import LiveDays
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.kernel.ports import Version
from functions.services.ledger.ports import LedgerStore
from functions.services.ledger.take_snapshots import TakeSnapshots
from functions.services.track_record.build_windows import Windows
from tools.bench_times import timed

NIGHTS = (10, 100, 500)
"""Strategies."""
FILLS_A_STRATEGY = 3
"""In a session."""
TENANT = "bench"
UID = "ann"
FIRST = date(2020, 3, 2)
WINDOW_DAYS = 90
_SYMBOLS = 20
_BATCH = 500
_DAY = timedelta(days=1)


class RecordedStore:
    """A ledger's store that remembers what it was asked, so that the bound can ask the same again."""

    def __init__(self, store: FirestoreLedgerStore) -> None:
        self._store = store
        self._calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*arguments: Any) -> Any:
            self._calls.append((name, arguments))
            answer = getattr(self._store, name)(*arguments)
            return list(answer) if isinstance(answer, Iterator) else answer

        return ask

    def forget(self) -> None:
        self._calls.clear()

    def repeat(self) -> None:
        """Read and write the same documents again, and nothing else."""
        version: Version | None = None
        for name, arguments in self._calls:
            if name == "commit_day":
                tenant_id, writes, _ = arguments
                version = self._store.commit_day(tenant_id, writes, version)
                continue
            answer = getattr(self._store, name)(*arguments)
            if name == "head":
                version = answer.version
            elif isinstance(answer, Iterator):
                list(answer)


def measure_night(db: Client, strategies: int, rounds: int) -> tuple[float, float]:
    """Return median seconds of (a night, its reads and writes alone), measured in turn over as many nights."""
    store = FirestoreLedgerStore(db)
    _seed(db, store, strategies, rounds)
    recorded = RecordedStore(store)
    take = TakeSnapshots(cast("LedgerStore", recorded), OneCalendar(AlwaysOpen()), SystemClock())
    nights, bounds = [], []
    for number in range(1, rounds + 1):
        recorded.forget()
        nights.append(timed(lambda number=number: _one_night(take, FIRST + number * _DAY, strategies)))  # type: ignore[misc]
        bounds.append(timed(recorded.repeat))
    return median(nights), median(bounds)


def _one_night(take: TakeSnapshots, day: date, strategies: int) -> None:
    report = take.run(TENANT, day, {})
    if (report.days, report.documents) != ([day], strategies):
        raise ValueError(f"the night computed {report.documents} documents of {report.days}, not {strategies} of {day}")


def _seed(db: Client, store: FirestoreLedgerStore, strategies: int, rounds: int) -> None:
    """Write the fills of all days, compute the first one, and add windows of 90 days."""
    symbols = {f"X{number}": {"price": 50.0} for number in range(_SYMBOLS)}
    paths.market_data(db, TENANT).set({"as_of": datetime.now(UTC), "symbols": symbols})
    days = [FIRST + number * _DAY for number in range(rounds + 1)]
    fills = [fill for day in days for fill in _fills(day, strategies)]
    for first in range(0, len(fills), _BATCH):
        batch = db.batch()
        for fill_id, fill in fills[first : first + _BATCH]:
            batch.set(paths.ledger_trades(db, TENANT).document(fill_id), fill)
        batch.commit()
    TakeSnapshots(store, OneCalendar(AlwaysOpen()), SystemClock()).run(TENANT, FIRST, {})
    before = tuple(FIRST - number * _DAY for number in reversed(range(WINDOW_DAYS)))
    names = tuple(sorted({str(fill["strategy_id"]) for _, fill in fills}))
    returns = np.random.default_rng(20).normal(0.001, 0.01, (len(names), len(before)))
    windows = PerformanceWindows(names, before, SessionReturns.plain(returns))
    store.write_windows(
        TENANT, Windows({None: windows, UID: windows}, LiveDays.of([]), DayResults()).to_documents(None)
    )


def _fills(day: date, strategies: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a day's fills: every strategy buys, sells half, and buys again, so that it holds more each day."""
    opens = datetime.combine(day, time(15), UTC)
    for strategy in range(strategies):
        for number in range(FILLS_A_STRATEGY):
            at = opens + timedelta(minutes=number)
            yield (
                f"{day:%Y%m%d}-{strategy:04d}-{number}",
                {
                    "uid": UID,
                    "strategy_id": f"S{strategy:04d}",
                    "symbol": f"X{strategy % _SYMBOLS}",
                    "side": "sell" if number == 1 else "buy",
                    "qty": 5.0 if number == 1 else 10.0,
                    "price": 50.0 + number,
                    "fees": 0.1,
                    "ts": at,
                    "created_at": at,
                },
            )
