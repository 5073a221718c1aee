"""Which session a time belongs to, by each market's own clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from functions.adapters.market_calendar import AlwaysOpen, ExchangeCalendar

MARKETS = {code: ExchangeCalendar(code) for code in ("XNYS", "XASX", "XHKG", "CMES")} | {"24x7": AlwaysOpen()}


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
