"""The ledger on Firestore: daily and monthly performance, late fills, races, and rebuilding from scratch."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from backend.marketplace.strategy_performance_snapshots import (
    compute_monthly_strategy_performance_from_firestore,
    write_strategy_performance_snapshots,
)
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.market_calendar import Calendars
from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.periods import Period
from functions.domain.orchestration.cycle_documents import modes_document
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.kernel.ports import Version
from functions.services.ledger.month_performance import ComputeMonth
from functions.services.ledger.ports import DayWrites
from functions.services.ledger.take_snapshots import SnapshotReport, TakeSnapshots

TENANT = "acme"
MONDAY, TUESDAY, WEDNESDAY, FRIDAY = (date(2020, 3, day) for day in (2, 3, 4, 6))
CLOSES = {"KO": [46.0, 47.0, 45.0, 44.0, 48.0]}
"""Monday to Friday."""


class Clock:
    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


def at(day: date, hour: int = 15) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def put_fill(db: Client, fill_id: str, day: date, side: str, qty: float, price: float, **fields: Any) -> None:
    document = {"uid": "ann", "strategy_id": "Trend", "symbol": "KO", "side": side, "qty": qty, "price": price}
    document |= {"ts": at(day), "fees": 1.0, "created_at": at(day, 16)}
    paths.ledger_trades(db, TENANT).document(fill_id).set(document | fields)


@pytest.fixture
def ledger(own_db: Client) -> Client:
    """A week: bought on Monday, half sold on Wednesday; closing prices as of Friday."""
    put_fill(own_db, "f1", MONDAY, "buy", 10, 45.0)
    put_fill(own_db, "f2", WEDNESDAY, "sell", 5, 46.0)
    symbols = {symbol: {"price": closes[-1], "history": closes} for symbol, closes in CLOSES.items()}
    paths.market_data(own_db, TENANT).set({"as_of": at(FRIDAY, 20), "symbols": symbols})
    return own_db


def take(db: Client, until: date = FRIDAY, now: datetime | None = None, tenant_id: str = TENANT) -> SnapshotReport:
    clock = Clock(now or at(until, 22))
    return TakeSnapshots(FirestoreLedgerStore(db), Calendars(), clock).run(tenant_id, until, {})


def performance(db: Client, period: str = "day") -> dict[str, dict[str, Any]]:
    documents = {snapshot.id: snapshot.to_dict() or {} for snapshot in paths.strategy_performance(db, TENANT).stream()}
    return {name: document for name, document in documents.items() if document["period"] == period}


def figures(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[float, float, float]]:
    return {name[-5:]: (d["realized_pnl"], d["unrealized_pnl"], d["pnl"]) for name, d in sorted(documents.items())}


WEEK = {
    "03-02": (0.0, 9.0, 9.0),  # 10 x (46 - 45) less the fee carried
    "03-03": (0.0, 19.0, 10.0),
    "03-04": (3.5, -0.5, -16.0),  # 5 x (46 - 45) less half a fee and the sale's own; 5 x (45 - 45) less half a fee
    "03-05": (0.0, -5.5, -5.0),
    "03-06": (0.0, 14.5, 20.0),
}


BASES = [450.0, 450.0, 450.0, 225.0, 225.0]
"""What ten were bought for, and five of them."""


def test_days_missed_are_filled_in_and_add_up(ledger: Client) -> None:
    report = take(ledger)
    assert [day.day for day in report.days] == [2, 3, 4, 5, 6]
    days = performance(ledger)
    assert figures(days) == {name: pytest.approx(values) for name, values in WEEK.items()}
    monday = days["ann__Trend__2020-03-02"]
    saturday = date(2020, 2, 29)
    assert (monday["period_start"], monday["period_end"]) == (at(saturday, 5), at(TUESDAY, 5)), "New York's midnights"
    assert monday["session"] == "2020-03-02"
    assert (monday["capital_base"], monday["return_fraction"]) == (450.0, pytest.approx(9 / 450))
    assert (monday["fees"], monday["fills"], monday["stale_marks"]) == (1.0, 1, [])
    assert (monday["tenant_id"], monday["book"], monday["source"]) == (TENANT, "live", "ledger_trades_fifo")
    windows = PerformanceWindows.from_document(paths.windows(ledger, TENANT, None).get().to_dict())
    assert windows.strategy_names == ("Trend",)
    assert windows.sessions.returns[0].tolist() == pytest.approx(
        [pnl / base for (_, _, pnl), base in zip(WEEK.values(), BASES, strict=True)]
    )
    assert paths.windows(ledger, TENANT, "ann").get().exists


def test_a_day_run_again_or_twice_at_once_changes_nothing(ledger: Client) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: take(ledger), range(4)))
    once = {name: {**d, "computed_at": None} for name, d in performance(ledger).items()}
    assert figures(once) == {name: pytest.approx(values) for name, values in WEEK.items()}
    assert take(ledger).days == []
    assert {name: {**d, "computed_at": None} for name, d in performance(ledger).items()} == once


def test_a_late_fill_is_picked_up_from_its_day_on(ledger: Client) -> None:
    take(ledger)
    put_fill(ledger, "late", TUESDAY, "buy", 10, 47.0, fees=0.0, created_at=at(FRIDAY, 23))
    report = take(ledger, now=at(FRIDAY, 23) + timedelta(minutes=30))
    assert [day.day for day in report.days] == [3, 4, 5, 6]
    expected = {
        "03-02": WEEK["03-02"],
        "03-03": (0.0, 19.0, 10.0),
        "03-04": (3.5, -20.5, -36.0),
        "03-05": (0.0, -35.5, -15.0),
        "03-06": (0.0, 24.5, 60.0),
    }
    assert figures(performance(ledger)) == {name: pytest.approx(values) for name, values in expected.items()}
    assert take(ledger, now=at(FRIDAY, 23) + timedelta(hours=1)).days == []


class StoppedError(Exception):
    """The job was killed."""


class Stopping(FirestoreLedgerStore):
    """A store whose process dies after some days are committed."""

    def __init__(self, db: Client, days: int) -> None:
        super().__init__(db)
        self._days = days

    def commit_day(self, tenant_id: str, writes: DayWrites, head_version: Version | None) -> Version:
        if not self._days:
            raise StoppedError
        self._days -= 1
        return super().commit_day(tenant_id, writes, head_version)


def test_days_that_are_computed_again_are_not_served_half(ledger: Client) -> None:
    """Cut short after any number of days, cycles go on with the windows that were there, and the next run ends it."""
    take(ledger)
    before = paths.windows(ledger, TENANT, None).get().to_dict()
    put_fill(ledger, "late", MONDAY, "buy", 10, 45.0, created_at=at(FRIDAY, 23))
    now = at(FRIDAY, 23) + timedelta(minutes=30)
    for days in (2, 1, 0, 1):
        job = TakeSnapshots(Stopping(ledger, days), Calendars(), Clock(now))
        with pytest.raises(StoppedError):
            job.run(TENANT, FRIDAY, {})
        assert paths.windows(ledger, TENANT, None).get().to_dict() == before
    report = take(ledger, now=now)
    assert [day.day for day in report.days] == [6], "it goes on where it was stopped"
    windows = PerformanceWindows.from_document(paths.windows(ledger, TENANT, None).get().to_dict())
    assert [day.day for day in windows.dates] == [2, 3, 4, 5, 6]
    assert windows.sessions.returns[0].tolist() == pytest.approx(
        [day["pnl"] / day["capital_base"] for _, day in sorted(performance(ledger).items())]
    )
    assert take(ledger, now=now + timedelta(hours=1)).days == []


def test_bad_documents_are_skipped_counted_and_reported(ledger: Client) -> None:
    put_fill(ledger, "negative", TUESDAY, "buy", -3, 45.0)
    put_fill(ledger, "no-side", TUESDAY, "hold", 3, 45.0)
    put_fill(ledger, "text-time", TUESDAY, "buy", 3, 45.0, ts="2020-03-03")
    report = take(ledger)
    assert report.skipped.count == 3
    assert sorted(report.skipped.examples) == [
        "negative.qty must be > 0, was -3",
        "no-side.side must be buy, sell or sell_short, was 'hold'",
        "text-time.ts must be a timestamp, was '2020-03-03'",
    ]
    assert figures(performance(ledger)) == {name: pytest.approx(values) for name, values in WEEK.items()}


def test_a_damaged_checkpoint_is_rebuilt_from_the_ledger(ledger: Client) -> None:
    take(ledger, WEDNESDAY)
    paths.checkpoints(ledger, TENANT).document("2020-03-04").update({"packed": b"x"})
    take(ledger)
    assert figures(performance(ledger)) == {name: pytest.approx(values) for name, values in WEEK.items()}


def test_damaged_windows_are_rebuilt_though_no_day_is_due(ledger: Client) -> None:
    take(ledger)
    windows = paths.windows(ledger, TENANT, None)
    good = windows.get().to_dict()
    windows.update({"returns": b"x"})
    paths.windows(ledger, TENANT, "ann").delete()
    assert take(ledger).days == []
    assert windows.get().to_dict() == good
    of_all = dict(good or {})
    assert (of_all.pop("uids"), "2020-03-06" in of_all.pop("live_days_json")) == (["ann"], True)
    assert paths.windows(ledger, TENANT, "ann").get().to_dict() == of_all


def test_a_strategy_without_a_position_has_days_of_return_zero(ledger: Client) -> None:
    put_fill(ledger, "f3", date(2020, 3, 5), "sell", 5, 44.0, fees=0.0)
    take(ledger)
    friday = performance(ledger)["ann__Trend__2020-03-06"]
    assert (friday["pnl"], friday["fills"], friday["return_fraction"]) == (0.0, 0, 0.0)


def test_a_month_reads_its_own_fills_and_equals_its_days(ledger: Client) -> None:
    put_fill(ledger, "f0", date(2020, 2, 28), "buy", 2, 50.0, fees=0.0)
    take(ledger)
    snapshots = compute_monthly_strategy_performance_from_firestore(ledger, TENANT, 2020, 3)
    march = snapshots["ann__Trend__2020-03"]
    days = [d for name, d in sorted(performance(ledger).items()) if "2020-03" in name]
    compute = ComputeMonth(FirestoreLedgerStore(ledger), Calendars(), Clock(at(FRIDAY)))
    of_days = compute.from_days(TENANT, Period.of_month(2020, 3), {}).snapshots["ann__Trend__2020-03"]
    figures = ("pnl", "realized_pnl", "unrealized_pnl", "fees", "fills", "return_fraction")
    assert {name: of_days[name] for name in figures} == {name: pytest.approx(march[name]) for name in figures}
    assert {name for name in march if march[name] != of_days[name]} <= {*figures, "computed_at"}
    assert march["pnl"] == pytest.approx(sum(day["pnl"] for day in days))
    assert (march["fills"], march["trading_days"], march["period"]) == (2, 5, "month")
    assert march["sharpe_ratio"] is not None
    assert write_strategy_performance_snapshots(ledger, TENANT, snapshots) == len(snapshots)
    assert performance(ledger, "month").keys() == {"ann__Trend__2020-03"}
    assert compute_monthly_strategy_performance_from_firestore(ledger, TENANT, 2020, 3, uid="bob") == {}
    marked = compute_monthly_strategy_performance_from_firestore(ledger, TENANT, 2020, 3, mark_prices={"KO": 50.0})
    assert marked["ann__Trend__2020-03"]["unrealized_pnl"] > march["unrealized_pnl"]


def test_a_month_needs_no_daily_snapshots(ledger: Client) -> None:
    march = ComputeMonth(FirestoreLedgerStore(ledger), Calendars(), Clock(at(FRIDAY))).from_fills(
        TENANT, Period.of_month(2020, 3), {}
    )
    document = march.snapshots["ann__Trend__2020-03"]
    assert document["realized_pnl"] == pytest.approx(3.5)
    assert (document["trading_days"], document["sharpe_ratio"], document["stale_marks"]) == (0, None, ["KO"])


@pytest.mark.parametrize("month", [0, 13, -1])
def test_a_month_that_does_not_exist_is_a_clear_error(own_db: Client, month: int) -> None:
    with pytest.raises(ValueError, match=f"month must be 1 to 12, was {month}"):
        compute_monthly_strategy_performance_from_firestore(own_db, TENANT, 2020, month)


def test_the_capital_base_is_what_was_granted_or_held_or_the_policys_own(ledger: Client) -> None:
    paths.policy(ledger, TENANT).set({"strategy_capital": {"Other": 5_000}})
    put_fill(ledger, "f9", MONDAY, "buy", 1, 45.0, strategy_id="Other")
    put_fill(ledger, "g1", MONDAY, "buy", 1, 45.0, strategy_id="Granted", nonce="n1", granted=800.0, ledger_version=1)
    take(ledger)
    days = performance(ledger)
    assert days["ann__Trend__2020-03-02"]["capital_base"] == pytest.approx(10 * 45.0)
    assert days["ann__Granted__2020-03-02"]["capital_base"] == days["ann__Granted__2020-03-06"]["capital_base"] == 800
    assert days["ann__Other__2020-03-02"]["capital_base"] == 5_000
    paths.policy(ledger, TENANT).set({"strategy_capital": {"Other": 7_000, "Trend": 9_000}})
    put_fill(ledger, "late", MONDAY, "buy", 1, 45.0, created_at=at(FRIDAY, 23))
    take(ledger, now=at(FRIDAY, 23) + timedelta(hours=1))
    again = performance(ledger)
    assert again["ann__Other__2020-03-02"]["capital_base"] == 5_000, "what the policy said of a day stays"
    assert again["ann__Trend__2020-03-02"]["capital_base"] == pytest.approx(11 * 45.0), "the ledger's follows it"


def test_a_day_keeps_the_mode_it_had(ledger: Client) -> None:
    def put_mode(mode: AgentMode, since: datetime) -> None:
        state = ModeState(mode, since, ReasonCode.SHARPE_HEALTHY)
        paths.modes(ledger, TENANT, None).set(modes_document({"Trend": state}, since))

    def modes(uid: str = "ann") -> list[str | None]:
        return [day["mode"] for name, day in sorted(performance(ledger).items()) if name.startswith(f"{uid}__Trend")]

    paper = {
        "strategy_name": "Trend",
        "timestamp": at(MONDAY),
        "symbol": "KO",
        "side": "buy",
        "qty": 1.0,
        "price": 45.0,
    }
    paths.shadow_pnl(ledger, TENANT).document("s1").set(paper)
    put_mode(AgentMode.REDUCED, at(TUESDAY, 20))
    take(ledger, WEDNESDAY)
    assert modes() == [None, "REDUCED", "REDUCED"], "what it was on Monday nobody wrote down"
    put_mode(AgentMode.ACTIVE, at(FRIDAY, 6))
    take(ledger)
    assert modes() == [None, "REDUCED", "REDUCED", None, "ACTIVE"], "computed late, after the mode changed"
    put_fill(ledger, "late", MONDAY, "buy", 1, 45.0, created_at=at(FRIDAY, 23))
    report = take(ledger, now=at(FRIDAY, 23) + timedelta(hours=1))
    assert len(report.days) == 5, "all are computed again"
    assert modes() == modes("shadow") == [None, "REDUCED", "REDUCED", None, "ACTIVE"]
    march = compute_monthly_strategy_performance_from_firestore(ledger, TENANT, 2020, 3)
    assert all("mode" not in document for document in march.values())


def test_paper_fills_make_shadow_days_which_continue_the_window(ledger: Client) -> None:
    note = {"strategy_name": "Shy", "timestamp": at(MONDAY)}
    record = {**note, "symbol": "KO", "side": "buy", "qty": 100.0, "price": 45.0}
    paths.shadow_pnl(ledger, TENANT).document("s1").set(record)
    paths.shadow_pnl(ledger, TENANT).document("note").set(note)
    put_fill(ledger, "f8", date(2020, 2, 28), "buy", 1, 45.0, strategy_id="Shy", fees=0.0)
    put_fill(ledger, "f9", date(2020, 2, 28), "sell", 1, 45.0, strategy_id="Shy", fees=0.0)
    report = take(ledger)
    assert report.skipped.count == 0, "a user's own shadow record without a quantity is a note, not a bad fill"
    monday = performance(ledger)["shadow__Shy__2020-03-02"]
    assert (monday["book"], monday["pnl"]) == ("shadow", pytest.approx(100.0))
    windows = PerformanceWindows.from_document(paths.windows(ledger, TENANT, None).get().to_dict())
    row = windows.rows(["Shy"], 90)[0]
    assert row.returns.tolist() == pytest.approx([pnl / 4_500 for pnl in (0, 100, 100, -200, -100, 400)])
