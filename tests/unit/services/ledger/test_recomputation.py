"""Late fills and wrong documents: old figures are served until the new ones are complete, wherever a run ends."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable
from dataclasses import astuple, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from functions.domain.kernel.errors import StoreConflict
from functions.domain.ledger.checkpoints import checkpoint_document, read_checkpoint
from functions.domain.ledger.periods import Period
from functions.domain.track_record.cumulative_moments import read_moments
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.kernel.ports import Document
from functions.services.ledger import recompute
from functions.services.ledger.snapshot_tasks import parse_period
from functions.services.ledger.take_snapshots import LIMITS, RunLimits
from functions.services.track_record.build_windows import Windows
from tests.memory_ledger import KilledError
from tests.unit.services.ledger.desk import AROUND, TENANT, XNYS, Desk, fresh_copy, utc

OCTOBER_1, MARCH_4 = "2020-10-01", "2021-03-03"
"""105 sessions of New York."""


def half_a_year() -> Desk:
    """Return a desk with a fill a week of two strategies, all days of which are served."""
    desk = Desk(XNYS, replace(LIMITS, days=10_000))
    desk.ledger = copy.deepcopy(_half_a_year().ledger)
    return desk


@cache
def _half_a_year() -> Desk:
    desk = Desk(XNYS, replace(LIMITS, days=10_000))
    day = date(2020, 9, 1)
    for number in range(26):
        side = "sell" if number % 4 == 3 else "buy"
        desk.fill(f"f{number}", f"{day} 15:00", side, 1 + number % 3, 100.0 + number)
        desk.fill(f"g{number}", f"{day} 16:00", side, 2, 50.0 + number, strategy_id="Value", symbol="PEP")
        day += timedelta(days=7)
    closes = [100.0 + (number * 7) % 13 for number in range(150)]
    desk.put_prices(f"{MARCH_4} 20:59", KO={"price": 120.0, "history": closes}, PEP={"price": 60.0, "history": closes})
    desk.run("day", MARCH_4, f"{MARCH_4} 22:30")
    return desk


def without_times(served: dict[str, Any]) -> dict[str, Any]:
    days = {name: one for name, one in served["documents"].items() if one["period"] == "day"}
    return {**served, "documents": days}


def come_late(
    desk: Desk, name: str = "late", at: str = f"{OCTOBER_1} 15:00", created: str = f"{MARCH_4} 23:00"
) -> None:
    desk.fill(name, at, "buy", 5, 90.0, created_at=utc(created))


def test_a_fill_of_october_that_comes_in_march_changes_nothing_served_until_all_days_are_computed_again() -> None:
    desk = half_a_year()
    before = desk.ledger.served
    come_late(desk)
    desk.ledger.dies_after = 10
    with pytest.raises(KilledError):
        desk.run("day", MARCH_4, f"{MARCH_4} 23:30")
    job = desk.ledger.jobs[f"day-{MARCH_4}"]
    assert (job["from"], job["reached"], job["of"]) == (OCTOBER_1, "2020-10-14", MARCH_4)
    assert desk.ledger.served == before
    march = desk.month.from_days(TENANT, desk_month("2020-10"), {})
    served = desk.ledger.performance["ann__Trend__2020-10"]
    assert march.snapshots["ann__Trend__2020-10"]["pnl"] == served["pnl"], "months are of the old days"
    desk.ledger.dies_after = None
    desk.ledger.commits.clear()
    done = desk.run("day", MARCH_4, f"{MARCH_4} 23:45")
    assert done["days"] == 95, "it goes on where it was stopped"
    assert done["months"] == 5
    assert [bool(commit.snapshots) for commit in desk.ledger.commits] == [False] * 94 + [True, False]
    assert_as_computed_at_once(desk)
    assert desk.ledger.performance["ann__Trend__2020-10"]["fills"] == served["fills"] + 1


def desk_month(label: str) -> Period:
    return parse_period("month", label)


def assert_as_computed_at_once(desk: Desk) -> None:
    """Check that what is served is what one run over the whole ledger would serve."""
    assert desk.ledger.staged_documents == {}
    assert desk.ledger.current is not None
    assert desk.ledger.current.recomputing is None
    other = fresh_copy(desk)
    other.take(str(desk.ledger.current.last_day), desk.clock.time.strftime("%Y-%m-%d %H:%M"))
    ours, theirs = without_times(desk.ledger.served), without_times(other.ledger.served)
    assert ours["documents"].keys() == theirs["documents"].keys()
    for name, one in theirs["documents"].items():
        same = {field: pytest.approx(value) if isinstance(value, float) else value for field, value in one.items()}
        assert ours["documents"][name] == same, name
    for uid, window in theirs["windows"].items():
        read, expected = (PerformanceWindows.from_document(one) for one in (ours["windows"][uid], window))
        assert (read.strategy_names, read.dates) == (expected.strategy_names, expected.dates)
        for array, right in zip(read.sessions.arrays, expected.sessions.arrays, strict=True):
            assert array == pytest.approx(right, nan_ok=True)
        moments, counted = read_moments(ours["windows"][uid]), read_moments(window)
        assert moments.keys() == counted.keys() == set(expected.strategy_names)
        for name, one in counted.items():
            assert astuple(moments[name]) == pytest.approx(astuple(one), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("days", [0, 1, 2, 50, 104, 105, 106])
def test_killed_anywhere_and_run_again_it_ends_as_if_it_had_never_been(days: int) -> None:
    desk = half_a_year()
    before = desk.ledger.served
    come_late(desk)
    desk.ledger.dies_after = days
    with pytest.raises(KilledError) if days < 106 else pytest.MonkeyPatch.context():
        desk.run("day", MARCH_4, f"{MARCH_4} 23:30")
    if days < 105:  # the last of 105 serves all
        assert desk.ledger.served == before
    desk.ledger.dies_after = None
    desk.run("day", "2021-03-04", "2021-03-04 22:30")
    assert_as_computed_at_once(desk)
    october = desk.ledger.performance["ann__Trend__2020-10"]
    of_days = desk.month.from_days(TENANT, desk_month("2020-10"), {}).snapshots["ann__Trend__2020-10"]
    assert october["pnl"] == of_days["pnl"], "a month that was not written again before it was killed is, afterwards"


@pytest.mark.parametrize("second", ["2020-09-15 15:00", "2020-10-05 15:00", "2020-11-30 15:00", f"{OCTOBER_1} 14:00"])
def test_a_second_late_fill_that_comes_meanwhile_is_picked_up(second: str) -> None:
    desk = half_a_year()
    before = desk.ledger.served
    come_late(desk)
    desk.limits = RunLimits(10, timedelta(hours=1))
    assert not desk.take(MARCH_4, f"{MARCH_4} 23:30").is_through
    come_late(desk, "second", second, f"{MARCH_4} 23:40")
    assert not desk.take(MARCH_4, f"{MARCH_4} 23:50").is_through
    assert desk.ledger.served == before
    desk.limits = LIMITS
    assert desk.take(MARCH_4, f"{MARCH_4} 23:59").is_through
    assert_as_computed_at_once(desk)


def test_a_fill_that_is_gone_when_days_are_recomputed_leaves_no_document_behind() -> None:
    desk = half_a_year()
    desk.fill("stray", f"{OCTOBER_1} 15:00", "buy", 1, 10.0, strategy_id="Stray", created_at=utc(f"{MARCH_4} 23:00"))
    desk.limits = RunLimits(10, timedelta(hours=1))
    desk.take(MARCH_4, f"{MARCH_4} 23:30")
    assert "ann__Stray__2020-10-02" in desk.ledger.staged_documents
    del desk.ledger.trades["stray"]
    come_late(desk, created=f"{MARCH_4} 23:40")
    desk.limits = LIMITS
    desk.take(MARCH_4, f"{MARCH_4} 23:50")
    assert_as_computed_at_once(desk)


@pytest.mark.parametrize("most", [0, 3_000, 100_000])
def test_what_does_not_fit_one_commit_is_served_oldest_first_and_windows_last(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recompute, "MOST_SERVED_BYTES", most)
    desk = half_a_year()
    come_late(desk)
    desk.ledger.commits.clear()
    desk.take(MARCH_4, f"{MARCH_4} 23:30")
    serving = [commit for commit in desk.ledger.commits if commit.snapshots]
    labels = [sorted(one["session"] for one in commit.snapshots.values()) for commit in serving]
    assert len(serving) > 1
    assert list(itertools.chain(*labels)) == sorted(itertools.chain(*labels)), "oldest first"
    assert [bool(commit.windows) for commit in serving] == [False] * (len(serving) - 1) + [True]
    assert_as_computed_at_once(desk)


@pytest.mark.parametrize("killed_after", [105, 110, 140])
def test_killed_between_such_commits_it_goes_on(killed_after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recompute, "MOST_SERVED_BYTES", 3_000)
    desk = half_a_year()
    windows = desk.ledger.served["windows"]
    come_late(desk)
    desk.ledger.dies_after = killed_after
    with pytest.raises(KilledError):
        desk.take(MARCH_4, f"{MARCH_4} 23:30")
    assert desk.ledger.served["windows"] == windows
    desk.ledger.dies_after = None
    assert desk.take(MARCH_4, f"{MARCH_4} 23:45").is_through
    assert_as_computed_at_once(desk)


def test_two_runs_at_once_serve_what_one_serves() -> None:
    """A second run gets in before commits of the first, which loses the race and goes on from where that one got."""
    desk = half_a_year()
    come_late(desk)
    other = Desk(XNYS, RunLimits(7, timedelta(hours=1)))
    other.ledger = desk.ledger

    def another_run() -> None:
        other.take(MARCH_4, f"{MARCH_4} 23:31")

    desk.ledger.before_commit.append(another_run)
    assert desk.take(MARCH_4, f"{MARCH_4} 23:30").is_through
    assert_as_computed_at_once(desk)


def test_a_run_that_always_loses_says_so() -> None:
    desk = half_a_year()
    come_late(desk)

    def overtaken() -> None:
        desk.ledger.version += 1
        desk.ledger.before_commit.append(overtaken)

    desk.ledger.before_commit.append(overtaken)
    with pytest.raises(StoreConflict, match="lost 5 races"):
        desk.take(MARCH_4, f"{MARCH_4} 23:30")


def test_eight_hundred_days_are_caught_up_by_tasks_that_queue_each_other() -> None:
    desk = Desk(AROUND)
    desk.fill("f", "2018-01-01 15:00", "buy", 1, 10.0)
    job = desk.run("day", "2020-03-16", "2020-03-17 22:30")
    assert job["status"] == "DONE"
    assert (job["from"], job["reached"], job["of"]) == ("2018-01-01", "2020-03-16", "2020-03-16")
    assert [task["part"] for task in desk.queue.tasks.values()] == [1, 2, 3, 4]
    assert len(desk.days()) == 806
    months = [name for name, one in desk.ledger.performance.items() if one["period"] == "month"]
    assert len(months) == 26, "every month that is over"
    assert max(len(commit.windows[None]["dates"]) for commit in desk.ledger.commits if commit.windows) == 90


def test_moments_that_a_checkpoint_lacks_are_counted_from_the_daily_documents() -> None:
    desk = half_a_year()
    before = {uid: read_moments(one) for uid, one in desk.ledger.stored_windows.items()}
    newest = max(desk.ledger.checkpoints)
    books = read_checkpoint(desk.ledger.checkpoints[newest])
    desk.ledger.checkpoints[newest].update(checkpoint_document(replace(books, moments=None)))
    desk.ledger.stored_windows.clear()
    desk.take(MARCH_4, f"{MARCH_4} 23:30")
    assert desk.ledger.stored_windows.keys() == before.keys()
    for uid, one in desk.ledger.stored_windows.items():
        found = read_moments(one)
        assert found.keys() == before[uid].keys()
        for name, moments in found.items():
            assert astuple(moments) == pytest.approx(astuple(before[uid][name]), rel=1e-9, abs=1e-15)
            assert moments.sessions == len(desk.days())


def test_a_days_cost_does_not_grow_with_the_days_caught_up(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []

    followed_by = Windows.followed_by

    def counting(windows: Windows, day: date, documents: Iterable[Document]) -> Windows:
        known = list(documents)
        counts.append(len(known))
        return followed_by(windows, day, known)

    monkeypatch.setattr(Windows, "followed_by", counting)
    desk = Desk(AROUND, replace(LIMITS, days=400))
    desk.fill("f", "2019-01-01 15:00", "buy", 1, 10.0)
    desk.take("2020-01-31", "2020-02-01 22:30")
    assert set(counts) == {1}


def test_a_run_ends_when_its_time_is_over_and_does_one_day_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(AROUND, RunLimits(1000, timedelta(minutes=5)))
    desk.fill("f", "2019-01-01 15:00", "buy", 1, 10.0)
    commit = desk.ledger.commit_day

    def slow(*given: Any) -> Any:
        desk.clock.time += timedelta(minutes=2)
        return commit(*given)

    monkeypatch.setattr(desk.ledger, "commit_day", slow)
    report = desk.take("2020-01-31", "2020-02-01 22:30")
    assert (len(report.days), report.is_through) == (3, False)


@pytest.mark.parametrize(
    "damage",
    [
        "fill",
        "untimed",
        "daily",
        "label",
        "capital",
        "marks",
        "market data",
        "modes",
        "checkpoint",
        "staged",
    ],
)
def test_one_wrong_document_of_any_kind_stalls_no_job(damage: str) -> None:
    desk = half_a_year()
    come_late(desk)
    desk.limits = RunLimits(10, timedelta(hours=1))
    desk.take(MARCH_4, f"{MARCH_4} 23:30")
    ledger, day = desk.ledger, "ann__Value__2020-10-20"
    wrong: dict[str, Any] = {
        "fill": lambda: desk.fill("bad", "2020-10-20 15:00", "buy", -3, 10.0),
        "untimed": lambda: ledger.trades.update(bad={**ledger.trades["f0"], "ts": "2020-10-20"}),
        "daily": lambda: ledger.performance[day].update(pnl="much"),
        "label": lambda: ledger.performance[day].update(session="2020-13-01"),
        "capital": lambda: ledger.performance[day].update(capital_base=0),
        "marks": lambda: ledger.kept_marks[date(2020, 10, 20)].update(prices=b"x"),
        "market data": lambda: desk.put_prices(f"{MARCH_4} 20:59", KO={"price": -1.0}),
        "modes": lambda: setattr(ledger, "modes", {"strategies_json": "["}),
        "checkpoint": lambda: ledger.checkpoints[date(2020, 10, 14)].update(packed=b"x"),
        "staged": lambda: ledger.staged_documents["ann__Value__2020-10-05"].update(fills=None),
    }
    wrong[damage]()
    desk.limits = LIMITS
    job = desk.run("day", MARCH_4, f"{MARCH_4} 23:50")
    assert job["status"] == "DONE"
    is_harmless = damage in {"capital", "checkpoint"}  # another base is taken; the books are made from the ledger
    assert job["skipped_documents"] == (0 if is_harmless else 1), job["skipped_examples"]
    assert desk.ledger.performance["ann__Trend__2021-02"]["pnl"] is not None
    assert desk.ledger.current is not None
    assert desk.ledger.current.recomputing is None


def test_months_whose_days_were_served_are_written_by_the_next_job_if_this_one_is_killed() -> None:
    desk = half_a_year()
    come_late(desk)
    desk.ledger.dies_after = 105
    with pytest.raises(KilledError):
        desk.run("day", MARCH_4, f"{MARCH_4} 23:30")
    assert desk.ledger.current is not None
    assert "2020-10" in desk.ledger.current.months_due
    desk.ledger.dies_after = None
    assert desk.run("day", "2021-03-04", "2021-03-04 22:30")["months"] == 5
    assert desk.ledger.current.months_due == {"2021-03"}
    assert desk.run("month", "2021-03", "2021-04-01 00:00")["documents"] == 2
    assert desk.ledger.current.months_due == frozenset()


def test_who_reads_the_books_meanwhile_takes_a_checkpoint_from_before_the_late_fill() -> None:
    desk = half_a_year()
    come_late(desk)
    desk.limits = RunLimits(10, timedelta(hours=1))
    desk.take(MARCH_4, f"{MARCH_4} 23:30")
    head = desk.ledger.current
    assert head is not None
    late = desk.ledger.earliest_late_fill(TENANT, head.seen_until, head.done_until)
    assert late is not None
    checkpoint = desk.ledger.checkpoint(TENANT, late)
    assert checkpoint is not None
    at: datetime = checkpoint["at"]
    assert at == utc(f"{OCTOBER_1} 04:00")
    newest = desk.ledger.checkpoint(TENANT, utc("2100-01-01"))
    assert newest is not None
    assert newest["session"] == MARCH_4, "what people see of open lots is as it was"
