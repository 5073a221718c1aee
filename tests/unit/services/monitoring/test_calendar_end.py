"""People are told before the known trading days of a market end, and that they did."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from functions.adapters.market_calendar import Calendars
from functions.domain.monitoring.calendar_findings import calendar_end
from functions.domain.monitoring.notifications import Severity
from functions.services.monitoring.calendar_end import unknown_in

CALENDARS = Calendars()


def found(market: str, month: int, day: int, year: int = 2026) -> list[tuple[Severity, str]]:
    now = datetime(year, month, day, 3, tzinfo=UTC)
    return [(one.severity, one.title) for one in calendar_end(market, unknown_in(CALENDARS, market, now), now)]


@pytest.mark.parametrize("market", ["XSHG", "XSES", "XBOM"])
def test_sixty_days_ahead_and_again_fourteen_and_when_it_is_over(market: str) -> None:
    days = f"📅 The known trading days of {market} "
    assert found(market, 11, 1) == []
    assert found(market, 11, 2) == [(Severity.WARNING, f"{days}end within 60 days")]
    assert found(market, 12, 17) == [(Severity.WARNING, f"{days}end within 60 days")]
    assert found(market, 12, 18) == [(Severity.CRITICAL, f"{days}end within 14 days")]
    assert found(market, 1, 4, 2027) == [(Severity.CRITICAL, f"{days}are over")]


@pytest.mark.parametrize("market", ["XNYS", "XHKG", "24x7"])
def test_markets_known_for_years_are_none_of_it(market: str) -> None:
    assert found(market, 12, 31) == []


def test_one_end_has_two_alerts_whenever_they_are_looked_at_and_the_next_years_has_its_own() -> None:
    def keys(*at: tuple[int, int, int]) -> set[str]:
        times = [datetime(*one, 3, tzinfo=UTC) for one in at]
        return {one.key for now in times for one in calendar_end("XSHG", unknown_in(CALENDARS, "XSHG", now), now)}

    assert len(keys((2026, 11, 2), (2026, 12, 1), (2026, 12, 20), (2027, 1, 5), (2027, 6, 1))) == 2
