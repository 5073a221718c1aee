"""Days are sessions: whose fills count to which, months made of them, and tenants whose days were UTC days before."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta

import pytest

from functions.adapters.firestore.ledger_head import read_head
from functions.domain.ledger.books import Checkpoint, compute_period
from functions.domain.ledger.checkpoints import checkpoint_document, read_checkpoint
from functions.domain.ledger.performance_documents import snapshot_document
from functions.domain.ledger.periods import Period
from functions.services.kernel.ports import MarketCalendar
from functions.services.ledger.read_ledger import SkippedDocuments, read_events
from tests.memory_ledger import KilledError
from tests.unit.services.ledger.desk import AROUND, CMES, TENANT, XASX, XNYS, Desk, utc, utc_day, weekdays


def test_a_morning_in_sydney_is_one_session() -> None:
    desk = Desk(XASX)
    desk.fill("f", "2020-03-15 23:15", "buy", 100, 10.0)  # Monday, 10:15 there
    desk.put_prices("2020-03-16 05:12", KO={"price": 11.0, "history": [12.0, 8.0]})
    desk.take("2020-03-16")
    assert desk.pnl() == {"2020-03-16": 100.0}
    day = desk.days()["2020-03-16"]
    assert (day["period_start"], day["period_end"]) == (utc("2020-03-13 13:00"), utc("2020-03-16 13:00"))
    assert (day["session"], day["fills"]) == ("2020-03-16", 1)


@pytest.mark.parametrize(
    ("calendar", "at", "session"),
    [
        (XNYS, "2020-03-16 19:55", "2020-03-16"),
        (XNYS, "2020-03-17 01:30", "2020-03-16"),  # half past nine in the evening
        (XNYS, "2020-03-14 15:00", "2020-03-16"),  # Saturday
        (CMES, "2020-03-16 23:30", "2020-03-17"),  # half an hour into the next session
        (CMES, "2020-03-16 20:30", "2020-03-16"),
        (XASX, "2020-03-16 12:59", "2020-03-16"),
        (XASX, "2020-03-16 13:01", "2020-03-17"),
        (AROUND, "2020-03-14 23:59", "2020-03-14"),
    ],
)
def test_a_fill_counts_to_the_session_it_happened_in(calendar: MarketCalendar, at: str, session: str) -> None:
    desk = Desk(calendar)
    desk.fill("before", "2020-03-10 08:00", "buy", 1, 10.0)
    desk.fill("f", at, "buy", 1, 10.0)
    desk.take("2020-03-20")
    assert [label for label, day in desk.days().items() if day["fills"]] == ["2020-03-10", session]


@pytest.mark.parametrize(
    ("calendar", "now", "last"),
    [
        (XNYS, "2020-03-18 19:59", "2020-03-17"),
        (XNYS, "2020-03-18 20:00", "2020-03-18"),
        (AROUND, "2020-03-18 22:30", "2020-03-17"),
        (AROUND, "2020-03-19 00:00", "2020-03-18"),
        (CMES, "2020-03-18 20:59", "2020-03-17"),
        (XASX, "2020-03-18 22:30", "2020-03-18"),
    ],
)
def test_a_session_is_computed_once_it_has_closed(calendar: MarketCalendar, now: str, last: str) -> None:
    desk = Desk(calendar)
    desk.fill("f", "2020-03-16 16:00", "buy", 1, 10.0)
    assert desk.take("2020-03-31", now).is_through
    assert max(desk.days()) == last


def test_what_is_filled_after_the_job_and_before_the_session_ends_is_picked_up_the_next_day() -> None:
    desk = Desk(XNYS)
    desk.fill("f", "2020-03-16 15:00", "buy", 1, 10.0)
    desk.take("2020-03-16")
    desk.fill("evening", "2020-03-16 23:30", "buy", 2, 10.0)
    desk.ledger.paper["p"] = {
        "strategy_name": "Trend", "timestamp": utc("2020-03-16 23:40"), "symbol": "KO", "side": "buy", "qty": 1.0,
        "price": 10.0,
    }  # fmt: skip
    desk.take("2020-03-17")
    assert {label: day["fills"] for label, day in desk.days().items()} == {"2020-03-16": 2, "2020-03-17": 0}
    assert desk.ledger.performance["shadow__Trend__2020-03-16"]["fills"] == 1


@pytest.mark.parametrize("calendar", [XNYS, XASX, CMES, AROUND])
def test_a_month_from_its_fills_is_its_days(calendar: MarketCalendar) -> None:
    desk = Desk(calendar)
    for number, at in enumerate(["2020-02-28 12:00", "2020-02-28 23:00", "2020-02-29 12:00", "2020-03-01 23:00"]):
        desk.fill(f"a{number}", at, "buy", 1 + number, 10.0 + number)
    for number, at in enumerate(["2020-03-31 12:59", "2020-03-31 13:30", "2020-03-31 23:00", "2020-04-01 03:59"]):
        desk.fill(f"b{number}", at, "sell", 1, 9.0 + number, fees=0.5, slippage=0.25)
    desk.put_prices("2020-04-03 19:00", KO={"price": 14.0, "history": [11.0, 12.0, 13.0] * 20 + [15.0]})
    desk.take("2020-04-03", "2020-04-05 22:30")
    march = Period.of_month(2020, 3)
    of_fills = desk.month.from_fills(TENANT, march, {}).snapshots["ann__Trend__2020-03"]
    of_days = desk.month.from_days(TENANT, march, {}).snapshots["ann__Trend__2020-03"]
    earned = ("pnl", "realized_pnl", "unrealized_pnl", "return_fraction")
    for name in (*earned, "fees", "trading_fees", "slippage", "turnover", "fills"):
        assert of_fills[name] == pytest.approx(of_days[name]), name
        assert of_fills[name], name
    labels = [label for label in desk.days() if label.startswith("2020-03")]
    assert of_days["trading_days"] == len(labels)
    assert (of_days["month"], "session" in of_days) == ("2020-03", False)
    assert of_days["period_start"] == desk.days()[labels[0]]["period_start"]
    assert of_days["period_end"] == desk.days()[labels[-1]]["period_end"]


def take_utc_days(desk: Desk, until: str) -> None:
    """Leave what the version before sessions left: documents, checkpoints and a head of UTC days."""
    books = Checkpoint.empty()
    for label in weekdays("2020-03-09", 30):
        if label > until:
            break
        period = utc_day(label)
        documents = [
            (name, one)
            for name, one in desk.ledger.trades.items()
            if (books.at is None or one["ts"] >= books.at) and one["ts"] < period.end and one["created_at"] < period.end
        ]
        fills = list(read_events(TENANT, documents, SkippedDocuments()))
        results, books = compute_period(books, fills, {}, period.end)
        for result in results:
            document = snapshot_document(TENANT, result, period, 10_000.0, period.end) | {"mode": None}
            del document["session"]
            desk.ledger.performance[period.document_id(result.uid, result.strategy_id)] = document
        desk.ledger.checkpoints[date.fromisoformat(label)] = checkpoint_document(books)
    last_day, seen = max(day.isoformat() for day in desk.ledger.checkpoints), utc(f"{until} 22:25")
    desk.ledger.current = read_head({"last_day": last_day, "seen_until": seen, "served_day": last_day})
    desk.ledger.version = 1


HOURS = ("00:30", "04:30", "12:30", "13:30", "15:00", "20:30", "22:10", "23:15")
LATE = [None, *(f"{day} {hour}" for day in ("2020-03-11", "2020-03-13", "2020-03-16") for hour in HOURS)]


@pytest.mark.parametrize("calendar", [XNYS, XASX, AROUND])
@pytest.mark.parametrize("upgraded_after", weekdays("2020-03-11", 5))
def test_a_tenant_that_upgrades_on_any_day_loses_and_doubles_nothing(
    calendar: MarketCalendar, upgraded_after: str
) -> None:
    """Fills at all hours, and one that comes late from any hour, before or after the upgrade, at once or days later."""
    first = next(day for day in weekdays("2020-03-09", 10) if day > upgraded_after)
    at_once = [(f"{upgraded_after} {hour}", first) for hour in HOURS]
    for late, comes in [*((one, "2020-03-19") for one in LATE), *at_once]:
        desk = Desk(calendar)
        days = weekdays("2020-03-09", 10)
        for number, (day, hour) in enumerate(itertools.product(days, HOURS)):
            side = "sell" if number % 3 == 2 else "buy"
            desk.fill(f"f{number}", f"{day} {hour}", side, 1 + number % 4, 10.0 + number % 7)
        take_utc_days(desk, upgraded_after)
        for label in [day for day in days if day > upgraded_after]:
            if late is not None and label == comes:
                desk.fill("late", late, "buy", 5, 8.0, created_at=utc(f"{label} 21:00"))
            desk.take(label)
        desk.take("2020-03-23")  # Sydney's Monday has New York's Friday evening
        profit, count = desk.expected(read_checkpoint(max(desk.ledger.checkpoints.items())[1]).marks)
        served_profit, served_count = desk.served()
        assert served_count == count, late
        assert served_profit == pytest.approx(profit), late
        assert [one for one in desk.days() if date.fromisoformat(one).weekday() < 5][:10] == days, late


MARKET_CHANGES = list(itertools.permutations([XNYS, XASX, CMES, AROUND], 2))


@pytest.mark.parametrize("late", [None, "2020-03-12 02:00", "2020-03-13 13:30"])
@pytest.mark.parametrize(("before", "after"), MARKET_CHANGES)
def test_a_tenant_that_changes_its_market_loses_and_doubles_nothing(
    before: MarketCalendar, after: MarketCalendar, late: str | None
) -> None:
    desk = Desk(before)
    days = weekdays("2020-03-09", 10)
    for number, (day, hour) in enumerate(itertools.product(days, HOURS)):
        side = "sell" if number % 3 == 2 else "buy"
        desk.fill(f"f{number}", f"{day} {hour}", side, 1 + number % 4, 10.0 + number % 7)
    for label in days:
        if label == "2020-03-16":
            desk.calendar = after
            if late is not None:
                desk.fill("late", late, "buy", 5, 8.0, created_at=utc(f"{label} 21:00"))
        desk.take(label)
    desk.take("2020-03-24")
    profit, count = desk.expected(read_checkpoint(max(desk.ledger.checkpoints.items())[1]).marks)
    served_profit, served_count = desk.served()
    assert served_count == count
    assert served_profit == pytest.approx(profit)


def test_days_that_were_being_computed_again_when_a_tenant_upgraded_are_served_together() -> None:
    desk = Desk(XNYS)
    days = weekdays("2020-03-09", 5)
    for number, day in enumerate(days):
        desk.fill(f"f{number}", f"{day} 15:00", "buy", 1, 10.0 + number)
    take_utc_days(desk, days[-1])
    stored = {"last_day": days[1], "seen_until": utc(f"{days[-1]} 22:25"), "served_day": days[-1]}
    desk.ledger.current = read_head(stored)
    before = desk.ledger.served
    desk.ledger.dies_after = 2
    with pytest.raises(KilledError):
        desk.take(days[-1], f"{days[-1]} 23:00")
    assert desk.ledger.served == before
    desk.ledger.dies_after = None
    assert [day.isoformat() for day in desk.take(days[-1], f"{days[-1]} 23:30").days] == days[4:]
    assert [one["session"] for one in desk.days().values() if "session" in one] == days[2:]
    assert desk.served()[1] == 5


def test_a_checkpoint_of_a_utc_day_is_of_that_day_whatever_the_market() -> None:
    midnight = datetime.combine(date(2020, 3, 14), time(), UTC)
    for calendar in (XNYS, XASX, AROUND):
        desk = Desk(calendar)
        desk.fill("f", "2020-03-12 15:00", "buy", 1, 10.0)
        desk.ledger.checkpoints[date(2020, 3, 13)] = checkpoint_document(Checkpoint(midnight, {}, {}))
        desk.ledger.current = read_head({"last_day": "2020-03-13", "seen_until": midnight})
        desk.ledger.version = 1
        desk.fill("late", "2020-03-14 01:00", "buy", 1, 10.0, created_at=midnight + timedelta(days=2))
        desk.take("2020-03-16", "2020-03-17 22:30")
        assert "2020-03-13" not in desk.days(), "nothing of Friday is computed again"
        assert desk.served()[1] == 1
