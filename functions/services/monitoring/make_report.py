"""The daily report: made once a day and tenant, stored, and told."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from functions.domain.kernel.book_names import SHADOW_UID
from functions.domain.kernel.errors import StoreConflict
from functions.domain.kernel.policy import Policy
from functions.domain.monitoring.activity import orchestration_summary
from functions.domain.monitoring.notifications import Notification, Severity
from functions.domain.monitoring.report import DayOfTrading, report_picture, report_text
from functions.services.kernel.ports import Clock, Document
from functions.services.monitoring.ports import ReportRenderer, ReportStore, Tell

logger = logging.getLogger("maestro")

_RECENT_DECISIONS = 3
_CURVE = timedelta(days=45)
_ALERTS = 50


@dataclass(frozen=True, slots=True)
class ReportDue:
    """A report that is to be made."""

    tenant_id: str
    day: date


class MakeReport:
    """The use case; keep one per process."""

    def __init__(self, store: ReportStore, renderer: ReportRenderer, clock: Clock, tell: Tell) -> None:
        self._store = store
        self._renderer = renderer
        self._clock = clock
        self._tell = tell

    def run(self, due: ReportDue) -> Document:
        """
        Make, tell and store a day's report, and return it; one that is stored stays as it is.

        It is told before it is stored, so that nothing is lost in between; whoever delivers knows it by its id.

        Raises
        ------
        StoreUnavailable
        """
        label = due.day.isoformat()
        stored = self._store.report(due.tenant_id, label)
        if stored is not None:
            return stored
        now = self._clock.now()
        day = day_of_trading(self._store, due, now)
        document: dict[str, Any] = {
            "tenant_id": due.tenant_id,
            "date": label,
            "created_at": now,
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
            )
        )
        try:
            self._store.create_report(due.tenant_id, label, document)
        except StoreConflict:
            logger.info("The report of %s is there already", label, extra={"tenant": due.tenant_id})
        return document


def day_of_trading(store: ReportStore, due: ReportDue, now: datetime) -> DayOfTrading:
    """Return what a report made now tells of. Raises StoreUnavailable."""
    tenant_id, since = due.tenant_id, now - timedelta(hours=24)
    performance = store.daily_documents(tenant_id, now - _CURVE, now)
    return DayOfTrading(
        tenant_name=str((store.tenant(tenant_id) or {}).get("name") or tenant_id),
        day=due.day,
        summary=orchestration_summary(store.decisions_since(tenant_id, since)),
        decisions=store.recent_decisions(tenant_id, _RECENT_DECISIONS),
        alerts=store.alerts_since(tenant_id, since, _ALERTS),
        performance=[one for one in performance if one["uid"] != SHADOW_UID],
    )


def reports_due(tenants: Iterable[tuple[str, Policy]], now: datetime) -> list[ReportDue]:
    """Return the reports of (tenant, policy) whose day, in the tenant's zone, has come to its report hour."""
    due = []
    for tenant_id, policy in tenants:
        there = now.astimezone(ZoneInfo(policy.time_zone))
        if there.hour == policy.report_hour:
            due.append(ReportDue(tenant_id, there.date()))
    return due
