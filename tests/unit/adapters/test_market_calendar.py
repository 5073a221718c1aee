"""Which session a time belongs to, by each market's own clock; and how often the library is asked to build."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import exchange_calendars
import pytest

from functions.adapters import built_calendars
from functions.adapters.market_calendar import Calendars
from functions.domain.kernel.errors import InputError

CALENDARS = Calendars()
MARKETS = {code: CALENDARS.of(code) for code in ("XNYS", "XASX", "XHKG", "CMES", "24x7")}


def test_a_market_has_one_calendar() -> None:
    assert [CALENDARS.of(market) for market in MARKETS] == list(MARKETS.values())


def test_the_last_year_of_holidays_is_known_to_its_end_and_what_is_beyond_is_named() -> None:
    shanghai = CALENDARS.of("XSHG")
    assert shanghai.is_open(datetime(2026, 12, 30, 3, tzinfo=UTC))
    assert shanghai.close_of(date(2026, 12, 30)) == datetime(2026, 12, 30, 7, tzinfo=UTC)
    with pytest.raises(
        InputError, match="market must be a market whose trading days exchange_calendars knows at 2031"
    ) as no:
        shanghai.is_open(datetime(2031, 1, 6, 3, tzinfo=UTC))
    assert no.value.value == "XSHG"


def test_after_the_last_known_day_nothing_is_told_and_until_then_all_is() -> None:
    shanghai = CALENDARS.of("XSHG")
    last_evening, after = datetime(2026, 12, 31, 10, tzinfo=UTC), datetime(2027, 1, 4, 3, tzinfo=UTC)
    assert not shanghai.is_open(last_evening)
    assert shanghai.last_opened(last_evening) == date(2026, 12, 31)
    assert shanghai.sessions(date(2026, 12, 30), date(2026, 12, 31)) == [date(2026, 12, 30), date(2026, 12, 31)]
    for ask in (
        lambda: shanghai.is_open(after),
        lambda: shanghai.session_of(after),
        lambda: shanghai.last_opened(after),
        lambda: shanghai.sessions(date(2026, 12, 31), date(2027, 1, 1)),
        lambda: shanghai.sessions(date(2027, 1, 4), date(2027, 1, 8)),
    ):
        with pytest.raises(InputError, match="trading days are known until 2026-12-31"):
            ask()


def test_a_market_that_does_not_exist_is_named() -> None:
    for ask in (
        lambda: CALENDARS.of("XXXX").is_open(datetime(2026, 1, 6, tzinfo=UTC)),
        lambda: CALENDARS.of("XXXX").sessions(date(2026, 1, 6), date(2026, 1, 7)),
        lambda: CALENDARS.of("XXXX").close_of(date(2026, 1, 6)),
        lambda: CALENDARS.of("XXXX").end_of(date(2026, 1, 6)),
        lambda: CALENDARS.of("XXXX").session_before(date(2026, 1, 6)),
    ):
        with pytest.raises(InputError, match="XXXX"):
            ask()


@pytest.mark.parametrize(
    ("market", "zone", "at", "session"),
    [
        ("XNYS", "America/New_York", "2020-03-16 09:30", "2020-03-16"),
        ("XNYS", "America/New_York", "2020-03-16 21:00", "2020-03-16"),  # UTC's next day, after hours
        ("XNYS", "America/New_York", "2020-03-17 00:00", "2020-03-17"),
        ("XNYS", "America/New_York", "2020-03-14 12:00", "2020-03-16"),  # a Saturday
        ("XNYS", "America/New_York", "2020-04-10 12:00", "2020-04-13"),  # Good Friday
        ("XASX", "Australia/Sydney", "2020-03-17 10:15", "2020-03-17"),  # UTC's day before
        ("XASX", "Australia/Sydney", "2020-03-17 15:00", "2020-03-17"),
        ("XHKG", "Asia/Hong_Kong", "2020-03-17 12:30", "2020-03-17"),  # the lunch break
        ("XHKG", "Asia/Hong_Kong", "2020-01-28 12:00", "2020-01-29"),  # the new year's holiday
        ("CMES", "America/Chicago", "2020-03-15 18:00", "2020-03-16"),  # Sunday evening opens Monday's
        ("24x7", "UTC", "2020-03-14 23:59", "2020-03-14"),
    ],
)
def test_a_time_belongs_to_its_markets_session(market: str, zone: str, at: str, session: str) -> None:
    time = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zone))
    assert MARKETS[market].session_of(time.astimezone(ZoneInfo("UTC"))).isoformat() == session


@pytest.mark.parametrize(
    ("market", "session", "before", "close", "end"),
    [
        ("XNYS", "2020-03-16", "2020-03-13", "2020-03-16 20:00", "2020-03-17 04:00"),
        ("XNYS", "2020-03-06", "2020-03-05", "2020-03-06 21:00", "2020-03-07 05:00"),
        ("XNYS", "2020-11-27", "2020-11-25", "2020-11-27 18:00", "2020-11-28 05:00"),  # an early close
        ("XASX", "2020-03-17", "2020-03-16", "2020-03-17 05:00", "2020-03-17 13:00"),
        ("XHKG", "2020-01-29", "2020-01-24", "2020-01-29 08:00", "2020-01-29 16:00"),
        ("CMES", "2020-03-17", "2020-03-16", "2020-03-17 22:00", "2020-03-17 22:00"),  # the next opens at once
        ("CMES", "2020-03-13", "2020-03-12", "2020-03-13 22:00", "2020-03-14 05:00"),
        ("24x7", "2020-03-14", "2020-03-13", "2020-03-15 00:00", "2020-03-15 00:00"),
    ],
)
def test_a_session_has_a_close_and_an_end(market: str, session: str, before: str, close: str, end: str) -> None:
    calendar, day = MARKETS[market], date.fromisoformat(session)
    assert calendar.session_before(day).isoformat() == before
    assert calendar.close_of(day) == datetime.fromisoformat(close).replace(tzinfo=UTC)
    assert calendar.end_of(day) == datetime.fromisoformat(end).replace(tzinfo=UTC)


@pytest.mark.parametrize("market", MARKETS)
def test_every_instant_belongs_to_the_session_that_ends_next(market: str) -> None:
    calendar = MARKETS[market]
    at = datetime(2020, 2, 27, tzinfo=UTC)
    while at < datetime(2020, 4, 16, tzinfo=UTC):  # clocks change in each zone, and Easter
        session = calendar.session_of(at)
        assert calendar.end_of(calendar.session_before(session)) <= at < calendar.end_of(session), at
        at += timedelta(minutes=30)


@pytest.mark.parametrize(
    ("market", "at", "session"),
    [
        ("XNYS", "2020-03-16 13:29", "2020-03-13"),
        ("XNYS", "2020-03-16 13:30", "2020-03-16"),
        ("XNYS", "2020-03-15 12:00", "2020-03-13"),  # a Sunday: Friday's price
        ("XNYS", "2020-03-17 03:00", "2020-03-16"),
        ("XASX", "2020-03-16 23:00", "2020-03-17"),
        ("CMES", "2020-03-15 22:00", "2020-03-16"),
        ("24x7", "2020-03-14 00:00", "2020-03-14"),
    ],
)
def test_a_price_is_of_the_session_that_opened_last(market: str, at: str, session: str) -> None:
    assert MARKETS[market].last_opened(datetime.fromisoformat(at).replace(tzinfo=UTC)).isoformat() == session


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """Nothing is kept of before; the ranges (first, last) that the library builds from here on."""
    ranges: list[tuple[str, str | None]] = []
    build = exchange_calendars.get_calendar

    def counted(code: str, start: str, end: str | None = None) -> exchange_calendars.ExchangeCalendar:
        ranges.append((start, end))
        return build(code, start=start, end=end)

    monkeypatch.setattr(built_calendars, "_kept", {})
    monkeypatch.setattr(exchange_calendars, "get_calendar", counted)
    return ranges


def test_a_range_of_years_is_built_once(built: list[Any]) -> None:
    calendar = CALENDARS.of("XNYS")
    first, last = date(2021, 11, 26), date(2026, 11, 25)
    sessions = calendar.sessions(first, last)
    assert (sessions[0], sessions[-1], len(sessions)) == (first, last, 1255)
    assert calendar.sessions(first + timedelta(days=1), last + timedelta(days=1))[0] == date(2021, 11, 29)
    assert calendar.close_of(date(2024, 11, 29)) == datetime(2024, 11, 29, 18, tzinfo=UTC)
    assert not calendar.is_open(datetime(2022, 7, 4, 15, tzinfo=UTC))
    assert built == [("2020-12-18", "2027-01-14")]
    assert calendar.sessions(last, first) == []


def test_a_year_is_built_once_for_all_who_ask_at_once(built: list[Any]) -> None:
    at = datetime(2026, 11, 25, 15, tzinfo=UTC)
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda number: CALENDARS.of("XNYS").is_open(at - timedelta(days=number)), range(3)))
    assert CALENDARS.of("XNYS").session_of(datetime(2026, 1, 1, 12, tzinfo=UTC)) == date(2026, 1, 2)
    assert len(built) == 1


def test_what_is_kept_of_a_market_is_bounded_and_what_a_longer_range_covers_goes(built: list[Any]) -> None:
    calendar = CALENDARS.of("XNYS")
    for year in range(2010, 2022):
        assert len(calendar.sessions(date(year, 1, 1), date(year, 12, 31))) in range(250, 254)
    assert len(built_calendars._kept["XNYS"]) == built_calendars._MOST_KEPT
    assert len(calendar.sessions(date(2010, 1, 1), date(2021, 12, 31))) == 3021
    assert len(built_calendars._kept["XNYS"]) == 1
    assert len(built) == 13


def test_where_the_library_stumbles_over_a_year_months_are_built(built: list[Any]) -> None:
    assert CALENDARS.of("XTAE").is_open(datetime(2026, 10, 12, 9, tzinfo=UTC))  # Sundays became Fridays that January
    assert built[-1] == ("2026-09-17", "2026-11-14")
    count = len(built)
    assert not CALENDARS.of("XTAE").is_open(datetime(2026, 10, 11, 9, tzinfo=UTC))
    assert len(built) == count
