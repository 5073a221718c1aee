"""When a tenant's daily report is due, and what it covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from functions.domain.kernel.policy import Policy

REPORT_SETTINGS = ("time_zone", "report_hour")
"""The settings that determine when a report is due."""
_CAUGHT_UP_WITHIN = timedelta(hours=6)
"""Hours after the report hour in which it is queued, repeatedly until the queue takes it."""


@dataclass(frozen=True, slots=True)
class ReportDue:
    """A report to make."""

    tenant_id: str
    day: date
    """The date, in the tenant's time zone, at whose report hour it is due."""
    since: datetime
    until: datetime
    """What it covers: from the previous day's report hour until this day's."""

    @classmethod
    def of(cls, tenant_id: str, day: date, policy: Policy) -> ReportDue:
        """Return a day's report: of 24 hours, or one hour less or more when the clocks change."""
        return cls(tenant_id, day, report_time(day - timedelta(days=1), policy), report_time(day, policy))


def report_time(day: date, policy: Policy) -> datetime:
    """
    Return when a day in the tenant's time zone reaches its report hour, UTC.

    An hour that the zone skips comes when the clocks go forward; a repeated one counts the first time.

    >>> report_time(date(2020, 3, 8), Policy(report_hour=2)).isoformat()
    '2020-03-08T07:00:00+00:00'
    """
    return datetime.combine(day, time(policy.report_hour), ZoneInfo(policy.time_zone)).astimezone(UTC)


def reports_due(tenants: Iterable[tuple[str, Policy]], now: datetime) -> list[ReportDue]:
    """Return the reports of (tenant, policy) whose hour recently came; called hourly, it returns one repeatedly."""
    return [ReportDue.of(tenant_id, day, policy) for tenant_id, policy in tenants for day in _days_due(policy, now)]


def _days_due(policy: Policy, now: datetime) -> Iterator[date]:
    zone = ZoneInfo(policy.time_zone)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):  # the hour may be the day's last or, if skipped, come after the day
        noon = datetime.combine(day, time(12), zone)
        is_skipped = noon.astimezone(UTC).astimezone(zone).date() != day  # a zone that crossed the date line
        if not is_skipped and timedelta() <= now - report_time(day, policy) < _CAUGHT_UP_WITHIN:
            yield day
