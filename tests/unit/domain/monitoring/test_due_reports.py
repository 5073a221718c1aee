"""When a tenant's daily report is due: one a day, whatever clocks do and whichever hours are lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.policy import Policy
from functions.domain.monitoring.due_reports import ReportDue, report_time, reports_due

NEW_YORK, KOLKATA, ADELAIDE, LORD_HOWE = "America/New_York", "Asia/Kolkata", "Australia/Adelaide", "Australia/Lord_Howe"


def queued(zone: str, hour: int, first: datetime, hours: int, lost: set[int] | None = None) -> dict[str, datetime]:
    """Return when each day's report is first queued, by asking every hour but those that are lost."""
    policy = Policy(time_zone=zone, report_hour=hour)
    found: dict[str, datetime] = {}
    for number in set(range(hours)) - (lost or set()):
        at = first + timedelta(hours=number)
        for due in reports_due([("acme", policy)], at):
            found.setdefault(due.day.isoformat(), at)
    return found


@pytest.mark.parametrize(
    ("zone", "hour", "day", "at"),
    [
        (NEW_YORK, 17, "2020-03-06", "2020-03-06 22:00"),
        (NEW_YORK, 17, "2020-03-09", "2020-03-09 21:00"),
        (NEW_YORK, 2, "2020-03-08", "2020-03-08 07:00"),  # skips 2:00: at 3:00
        (NEW_YORK, 3, "2020-03-08", "2020-03-08 07:00"),
        (NEW_YORK, 1, "2020-11-01", "2020-11-01 05:00"),  # repeats 1:00: the first time
        (NEW_YORK, 2, "2020-11-01", "2020-11-01 07:00"),
        (NEW_YORK, 23, "2020-03-06", "2020-03-07 04:00"),
        (NEW_YORK, 0, "2020-03-06", "2020-03-06 05:00"),
        (KOLKATA, 17, "2020-03-06", "2020-03-06 12:00"),  # half past eleven
        (ADELAIDE, 2, "2020-10-04", "2020-10-03 17:00"),  # half past four, and it skips 2:00
        (LORD_HOWE, 2, "2020-10-04", "2020-10-03 16:00"),  # half an hour is skipped
        (LORD_HOWE, 1, "2020-04-05", "2020-04-04 14:00"),  # half an hour is repeated
        ("Asia/Beirut", 0, "2021-03-28", "2021-03-27 22:00"),  # skips midnight
        ("America/Nuuk", 23, "2024-03-30", "2024-03-31 01:00"),  # skips the day's last hour
        ("Pacific/Apia", 17, "2011-12-29", "2011-12-30 03:00"),
        ("Pacific/Apia", 17, "2011-12-31", "2011-12-31 03:00"),
    ],
)
def test_each_day_has_one_report_at_its_hour(zone: str, hour: int, day: str, at: str) -> None:
    due_at = datetime.fromisoformat(at).replace(tzinfo=UTC)
    found = queued(zone, hour, due_at - timedelta(days=2), 96)
    assert found[day] == due_at
    assert "2011-12-30" not in found, "a day that Samoa skipped"
    for lost in (1, 2, 5):  # hours, from the report's own on
        late = queued(zone, hour, due_at - timedelta(days=2), 96, {48 + number for number in range(lost)})
        assert late[day] == due_at + timedelta(hours=lost)
        assert late.keys() == found.keys()


@given(
    st.sampled_from([NEW_YORK, KOLKATA, ADELAIDE, LORD_HOWE, "Asia/Beirut", "America/Nuuk", "UTC", "Asia/Kathmandu"]),
    st.integers(0, 23),
    st.dates(date(2019, 1, 1), date(2026, 12, 1)),
    st.sets(st.integers(0, 200).map(lambda number: 5 * number // 2), max_size=60),
)
def test_no_day_is_left_out_and_none_has_two(zone: str, hour: int, first: date, lost: set[int]) -> None:
    begin = datetime(first.year, first.month, first.day, 5, tzinfo=UTC)
    days = [date.fromisoformat(day) for day in sorted(queued(zone, hour, begin, 240, lost))]
    assert all(after - before == timedelta(days=1) for before, after in pairwise(days))
    assert len(days) >= 9


@pytest.mark.parametrize(("day", "hours"), [("2020-03-06", 24), ("2020-03-08", 23), ("2020-11-01", 25)])
def test_a_report_covers_the_day_up_to_its_hour_and_the_next_goes_on_from_there(day: str, hours: int) -> None:
    policy, of = Policy(time_zone=NEW_YORK, report_hour=17), date.fromisoformat(day)
    due, after = ReportDue.of("acme", of, policy), ReportDue.of("acme", of + timedelta(days=1), policy)
    assert (due.until - due.since, due.until) == (timedelta(hours=hours), after.since)
    assert due.until == report_time(of, policy)
