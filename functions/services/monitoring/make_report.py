"""The daily report: made once per day and tenant, sent and stored."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from functions.domain.kernel.book_names import SHADOW_UID
from functions.domain.kernel.errors import StoreConflict
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.stored_fields import NUMBER, TEXT, TIME
from functions.domain.monitoring.activity import orchestration_summary
from functions.domain.monitoring.notifications import Notification, Severity
from functions.domain.monitoring.report import DayOfTrading, report_picture, report_text
from functions.domain.track_record.daily_returns import check_daily
from functions.services.kernel.damage import check_stored
from functions.services.kernel.ports import Clock, Document
from functions.services.monitoring.logged_decisions import read_counted
from functions.services.monitoring.ports import ReportRenderer, ReportStore, Tell
from functions.services.track_record.build_windows import usable

logger = logging.getLogger("maestro")

REPORT_SETTINGS = ("time_zone", "report_hour")
"""The settings that determine when a report is due."""
_RECENT_DECISIONS = 3
_CURVE = timedelta(days=45)
_ALERTS = 50
_of_day = partial(
    check_daily,
    always={**dict.fromkeys(("uid", "strategy_id"), TEXT), **dict.fromkeys(("pnl", "return_fraction"), NUMBER)},
)
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


class MakeReport:
    """The use case; keep one per process."""

    def __init__(self, store: ReportStore, renderer: ReportRenderer, clock: Clock, tell: Tell) -> None:
        self._store = store
        self._renderer = renderer
        self._clock = clock
        self._tell = tell

    def run(self, due: ReportDue) -> Document:
        """
        Make, send and store a day's report, and return it; a stored report is not changed.

        It is sent before it is stored, so that nothing is lost in between; delivery recognises a repeat by its id.

        Raises
        ------
        StoreUnavailable
        """
        label = due.day.isoformat()
        stored = self._store.report(due.tenant_id, label)
        if stored is not None:
            return stored
        now = self._clock.now()
        day = day_of_trading(self._store, due)
        document: dict[str, Any] = {
            "tenant_id": due.tenant_id,
            "date": label,
            "created_at": now,
            "covers_from": due.since,
            "covers_until": due.until,
            "text": report_text(day),
            "markdown": self._renderer.markdown(day),
            "html": self._renderer.html(day),
            "picture": report_picture(day),
            "summary": dict(day.summary),
        }
        self._tell(
            Notification(
                notification_id=f"report-{label}",
                tenant_id=due.tenant_id,
                kind="DAILY_REPORT",
                severity=Severity.INFO,
                title=f"🎭 Maestro, {day.tenant_name}, {label}",
                text=document["text"],
                at=now,
                link="/",
            )
        )
        try:
            self._store.create_report(due.tenant_id, label, document)
        except StoreConflict:
            logger.info("The report of %s is already stored", label, extra={"tenant": due.tenant_id})
        return document


def day_of_trading(store: ReportStore, due: ReportDue) -> DayOfTrading:
    """Return what a report covers. Raises DamagedDocument, StoreUnavailable."""
    tenant_id = due.tenant_id
    days = store.daily_documents(tenant_id, (due.until - _CURVE).date(), due.until.date())
    performance = usable(days, check=_of_day)
    alerts = store.alerts_since(tenant_id, due.since, _ALERTS)
    for alert in alerts:
        check_stored(alert, {"title": TEXT, "opened_at": TIME})
    decisions = store.recent_decisions(tenant_id, _RECENT_DECISIONS)
    for decision in decisions:
        check_stored(decision, {"ai_summary": TEXT})
    between = read_counted(store.decisions_between(tenant_id, due.since, due.until))
    return DayOfTrading(
        tenant_name=str((store.tenant(tenant_id) or {}).get("name") or tenant_id),
        day=due.day,
        since=due.since,
        until=due.until,
        summary=orchestration_summary(between),
        decisions=list(read_counted(decisions)),
        alerts=[one for one in alerts if one["opened_at"] < due.until],
        performance=[one for one in performance.values() if one["uid"] != SHADOW_UID],
    )


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
