"""Days computed again on Firestore: killed anywhere, run twice at once, beside wrong documents, and over older ones."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.market_calendar import Calendars
from functions.domain.ledger.marks import read_marks
from functions.services.ledger import recompute
from functions.services.ledger.take_snapshots import RunLimits, TakeSnapshots
from functions.services.track_record.build_windows import usable
from tests.emulator.ledger.test_snapshots import (
    FRIDAY,
    MONDAY,
    TENANT,
    TUESDAY,
    WEDNESDAY,
    WEEK,
    Clock,
    StoppedError,
    Stopping,
    at,
    figures,
    ledger,
    performance,
    put_fill,
    take,
)

__all__ = ["ledger"]
NOW = at(FRIDAY, 23) + timedelta(minutes=30)
AFTERWARDS = {
    "03-02": WEEK["03-02"],
    "03-03": (0.0, 19.0, 10.0),
    "03-04": (3.5, -20.5, -36.0),
    "03-05": (0.0, -35.5, -15.0),
    "03-06": (0.0, 24.5, 60.0),
}
"""With ten more bought on Tuesday at 47."""


def come_late(db: Client) -> None:
    put_fill(db, "late", TUESDAY, "buy", 10, 47.0, fees=0.0, created_at=at(FRIDAY, 23))


def served(db: Client) -> dict[str, Any]:
    """Return what cycles and people see: daily and monthly documents, and windows."""
    documents = {one.id: one.to_dict() for one in paths.strategy_performance(db, TENANT).stream()}
    return {**documents, "windows": paths.windows(db, TENANT, None).get().to_dict()}


def staged(db: Client) -> set[str]:
    return {one.id for one in paths.staged(db, TENANT).stream()}


def expected() -> dict[str, Any]:
    return {name: pytest.approx(values) for name, values in AFTERWARDS.items()}


@pytest.mark.parametrize("days", [0, 1, 2, 3])
def test_killed_after_any_day_everything_served_is_as_it_was_and_the_next_run_ends_it(
    ledger: Client, days: int
) -> None:
    take(ledger)
    before = served(ledger)
    come_late(ledger)
    with pytest.raises(StoppedError):
        TakeSnapshots(Stopping(ledger, days), Calendars(), Clock(NOW)).run(TENANT, FRIDAY, {})
    assert served(ledger) == before
    assert len(staged(ledger)) == days
    report = take(ledger, now=NOW + timedelta(minutes=10))
    assert len(report.days) == 4 - days
    assert figures(performance(ledger)) == expected()
    assert staged(ledger) == set()
    assert take(ledger, now=NOW + timedelta(minutes=20)).days == []


def test_runs_at_once_stage_and_serve_as_one_does(ledger: Client) -> None:
    take(ledger)
    come_late(ledger)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: take(ledger, now=NOW), range(4)))
    assert figures(performance(ledger)) == expected()
    assert staged(ledger) == set()


def test_more_than_a_commit_holds_is_served_in_several(ledger: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recompute, "MOST_SERVED_BYTES", 1)
    take(ledger)
    come_late(ledger)
    take(ledger, now=NOW)
    assert figures(performance(ledger)) == expected()
    assert staged(ledger) == set()


def test_a_run_that_is_not_through_says_so_and_the_next_ones_end_it(ledger: Client) -> None:
    take(ledger)
    before = served(ledger)
    come_late(ledger)
    store, two_days = FirestoreLedgerStore(ledger), RunLimits(2, timedelta(minutes=1))
    job = TakeSnapshots(store, Calendars(), Clock(NOW), two_days)
    assert not job.run(TENANT, FRIDAY, {}).is_through
    head = store.head(TENANT).value
    assert head is not None
    assert head.recomputing is not None
    assert (head.last_day, head.recomputing.first, head.recomputing.reached) == (FRIDAY, TUESDAY, WEDNESDAY)
    assert served(ledger) == before
    assert job.run(TENANT, FRIDAY, {}).is_through
    assert figures(performance(ledger)) == expected()


DAMAGE: dict[str, Callable[[Client], Any]] = {
    "fill without time": lambda db: paths.ledger_trades(db, TENANT).document("x").set({"created_at": at(FRIDAY, 23)}),
    "daily": lambda db: paths.strategy_performance(db, TENANT).document("ann__Trend__2020-03-05").update({"pnl": "x"}),
    "session": lambda db: (
        paths.strategy_performance(db, TENANT).document("ann__Trend__2020-03-05").update({"session": 5})
    ),
    "marks": lambda db: paths.marks(db, TENANT).document("2020-03-05").update({"prices": "x"}),
    "market data": lambda db: paths.market_data(db, TENANT).set({"as_of": "x"}),
    "checkpoint": lambda db: paths.checkpoints(db, TENANT).document("2020-03-02").update({"price": b"x"}),
    "head": lambda db: paths.ledger_head(db, TENANT).update({"done_until": "x"}),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_one_wrong_document_of_each_kind_stalls_nothing(ledger: Client, kind: str) -> None:
    take(ledger)
    come_late(ledger)
    DAMAGE[kind](ledger)
    report = take(ledger, now=NOW)
    assert report.is_through
    assert figures(performance(ledger)) == expected()
    assert report.skipped.count == (1 if kind in {"daily", "session", "marks", "market data"} else 0)


def test_days_of_before_sessions_are_found_by_their_utc_day(ledger: Client) -> None:
    """And no session is missed because it begins long before its label."""
    take(ledger)
    collection = paths.strategy_performance(ledger, TENANT)
    start = datetime(2020, 3, 1, tzinfo=UTC)
    old = {**(collection.document("ann__Trend__2020-03-02").get().to_dict() or {}), "period_start": start}
    del old["session"]
    collection.document("ann__Trend__2020-03-01").set({**old, "period_end": start + timedelta(days=1)})
    store = FirestoreLedgerStore(ledger)
    for first, last, found in (
        (date(2020, 3, 1), date(2020, 3, 1), ["03-01"]),
        (MONDAY, MONDAY, ["03-02"]),
        (date(2020, 2, 1), TUESDAY, ["03-01", "03-02", "03-03"]),
        (FRIDAY, date(2020, 4, 1), ["03-06"]),
    ):
        assert [name[-5:] for name in usable(store.daily_documents(TENANT, first, last))] == found


def test_what_a_day_was_marked_with_is_kept(ledger: Client) -> None:
    take(ledger)
    marks = read_marks(paths.marks(ledger, TENANT).document("2020-03-04").get().to_dict())
    assert {symbol: (one.price, one.at) for symbol, one in marks.items()} == {"KO": (45.0, at(WEDNESDAY, 21))}
    assert read_marks(paths.marks(ledger, TENANT).document("2020-03-06").get().to_dict())["KO"].at == at(FRIDAY, 20)
