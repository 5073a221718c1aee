"""Which markets there are, told without the library that has their hours."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from exchange_calendars import get_calendar_names

from functions.adapters.built_calendars import covering
from functions.adapters.market_calendar import ExchangeCalendar
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.markets import EXCHANGES, MARKETS, OVER_MIDNIGHT, periods_a_year

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def test_the_exchanges_are_those_whose_hours_the_library_tells_by_an_iso_code() -> None:
    codes = [name for name in get_calendar_names(include_aliases=False) if re.fullmatch("[A-Z]{4}", name)]
    assert {code for code in codes if tells_hours(code)} == EXCHANGES


def tells_hours(code: str) -> bool:
    calendar = ExchangeCalendar(code)
    try:
        session = calendar.last_opened(NOON)
        return calendar.close_of(session) <= calendar.end_of(session)
    except InputError:
        return False


def test_elsewhere_than_over_midnight_an_open_market_is_in_the_session_of_its_utc_date() -> None:
    assert {code for code in EXCHANGES if runs_over_midnight(code)} == OVER_MIDNIGHT


def runs_over_midnight(code: str) -> bool:
    built = covering(code, NOON.date(), NOON.date())
    hours = zip(built.sessions, built.opens, built.closes, strict=True)
    return any(
        {datetime.fromtimestamp(at, UTC).date() for at in (opens, closes)} != {day} for day, opens, closes in hours
    )


def test_only_a_market_that_never_closes_has_every_day_of_the_year() -> None:
    assert {market for market in MARKETS if periods_a_year(market) == 365} == {"24x7"}
    assert {periods_a_year(market) for market in EXCHANGES} == {252}
