"""The ledger's part of the benchmark: FIFO in memory, month-end as history grows, and memory of a long stream."""

from __future__ import annotations

import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from google.cloud.firestore import Client
from numpy.typing import NDArray

from functions.adapters.firestore import paths
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.market_calendar import AlwaysOpen, OneCalendar
from functions.adapters.system import SystemClock
from functions.domain.ledger.books import Checkpoint, compute_period, compute_period_in_pages
from functions.domain.ledger.checkpoints import checkpoint_document
from functions.domain.ledger.fifo import Lots, match
from functions.domain.ledger.grants import NO_GRANT, granted
from functions.domain.ledger.periods import Period
from functions.services.ledger.month_performance import ComputeMonth, MonthPerformance
from functions.services.ledger.read_ledger import SkippedDocuments, read_events
from functions.services.ledger.take_snapshots import TakeSnapshots
from tools.bench_times import timed

Book = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Signed quantity, price, cost."""
Way = Callable[[str, Period, Mapping[str, Any]], MonthPerformance]
"""Computes a tenant's month, by the policy's defaults."""

TENANT = "bench"
MONTH = Period.of_month(2020, 3)
FILLS_IN_MONTH = 1_000
HISTORIES = (0, 10_000, 50_000)
STREAMED_FILLS = 200_000
_BATCH = 500


def random_books(fills: int, books: int) -> list[Book]:
    """Return books whose fills cross zero again and again."""
    rng = np.random.default_rng(20)
    each = fills // books
    return [
        (
            rng.choice([1.0, -1.0], each) * rng.integers(1, 100, each),
            rng.uniform(10, 100, each),
            rng.uniform(0, 1, each),
        )
        for _ in range(books)
    ]


def pile_up(lots: int) -> list[Book]:
    """Return one book of many small lots that a single sale closes."""
    quantity = np.append(np.ones(lots), -float(lots))
    return [(quantity, np.random.default_rng(20).uniform(10, 100, lots + 1), np.zeros(lots + 1))]


def match_all(books: list[Book]) -> None:
    for quantity, price, cost in books:
        granted(NO_GRANT, Lots.none(), quantity, [], match(Lots.none(), quantity, price, cost))


def loop_all(books: list[Book]) -> None:
    """Do the same with a queue of lots and a loop, as one would without numpy."""
    for quantity, price, cost in books:
        lots: deque[list[float]] = deque()
        realized = 0.0
        for signed, paid, fee in zip(quantity.tolist(), price.tolist(), cost.tolist(), strict=True):
            left, unit_cost = signed, fee / abs(signed)
            while left and lots and (lots[0][0] > 0) != (left > 0):
                lot = lots[0]
                units = min(abs(left), abs(lot[0]))
                direction = 1.0 if lot[0] > 0 else -1.0
                realized += units * (direction * (paid - lot[1]) - lot[2] - unit_cost)
                lot[0] -= direction * units
                left += direction * units
                if not lot[0]:
                    lots.popleft()
            if left:
                lots.append([left, paid, unit_cost])


def documents(count: int, start: datetime, end: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ledger documents spread evenly over a period."""
    step = (end - start) / max(count, 1)
    for number in range(count):
        yield (
            f"{start:%Y%m%d}-{number:06d}",
            {
                "uid": "ann",
                "strategy_id": f"S{number % 10}",
                "symbol": f"X{number % 20}",
                "side": "sell" if number // 20 % 2 else "buy",  # every book buys and sells in turn
                "qty": 10.0 + number % 7,
                "price": 50.0 + number % 11,
                "fees": 0.1,
                "ts": start + number * step,
            },
        )


def measure_fifo(books: list[Book]) -> tuple[float, float]:
    """Return seconds of (numpy, loop) for the same fills."""
    match_all(books)
    return median(timed(lambda: match_all(books)) for _ in range(5)), timed(lambda: loop_all(books))


def seed_month(db: Client, history: int) -> None:
    """Write a month's fills, a history before it, the checkpoint at its start, and take the month's daily snapshots."""
    older = list(documents(history, MONTH.start - timedelta(days=365), MONTH.start - timedelta(days=1)))
    for part in (older, list(documents(FILLS_IN_MONTH, MONTH.start, MONTH.end))):
        for first in range(0, len(part), _BATCH):
            batch = db.batch()
            for fill_id, document in part[first : first + _BATCH]:
                batch.set(paths.ledger_trades(db, TENANT).document(fill_id), document)
            batch.commit()
    books = compute_period(Checkpoint.empty(), read_events(TENANT, older, SkippedDocuments()), {}, MONTH.start)[1]
    paths.checkpoints(db, TENANT).document("before").set(checkpoint_document(books))
    before, last = ((moment - timedelta(days=1)).date() for moment in (MONTH.start, MONTH.end))
    paths.ledger_head(db, TENANT).set({"last_day": before.isoformat(), "seen_until": MONTH.end})
    TakeSnapshots(FirestoreLedgerStore(db), OneCalendar(AlwaysOpen()), SystemClock()).run(TENANT, last, {})


def measure_months(clients: Mapping[int, Client], rounds: int) -> dict[int, tuple[float, float]]:
    """
    Return median seconds of computing a month (from its days, as the job does; from its fills), by older fills.

    All histories are written before the first measurement. They take turns, first for the days, then for the fills: a
    query of fills leaves the emulator busy, which would slow down whatever is measured next.
    """
    for history, db in clients.items():
        seed_month(db, history)
    computes = [
        ComputeMonth(FirestoreLedgerStore(db), OneCalendar(AlwaysOpen()), SystemClock()) for db in clients.values()
    ]
    of_days = take_turns([compute.from_days for compute in computes], rounds)
    of_fills = take_turns([compute.from_fills for compute in computes], rounds)
    return dict(zip(clients, zip(of_days, of_fills, strict=True), strict=True))


def take_turns(ways: Sequence[Way], rounds: int) -> list[float]:
    """Return each way's median seconds of computing the month, after one round that is not counted."""
    measured = [[timed(partial(compute_month, way)) for way in ways] for _ in range(rounds + 1)]
    return [median(seconds) for seconds in zip(*measured[1:], strict=True)]


def compute_month(compute: Way) -> None:
    fills = sum(snapshot["fills"] for snapshot in compute(TENANT, MONTH, {}).snapshots.values())
    if fills != FILLS_IN_MONTH:
        raise ValueError(f"the month holds {fills} fills, not {FILLS_IN_MONTH}")


def measure_memory() -> tuple[float, float]:
    """Return (peak MB, bytes a fill) of streaming documents into a period."""
    start = datetime(2020, 3, 2, tzinfo=UTC)
    stream = documents(STREAMED_FILLS, start, start + timedelta(days=1))
    tracemalloc.start()
    fills = read_events(TENANT, stream, SkippedDocuments())
    compute_period_in_pages(Checkpoint.empty(), fills, {}, start + timedelta(days=1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6, peak / STREAMED_FILLS
