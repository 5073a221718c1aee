"""The daily report: made once per day and tenant, sent and stored."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import Any

from functions.domain.kernel.book_names import SHADOW_UID
from functions.domain.kernel.errors import StoreConflict
from functions.domain.kernel.stored_fields import NUMBER, TEXT, TIME
from functions.domain.monitoring.activity import orchestration_summary
from functions.domain.monitoring.due_reports import ReportDue
from functions.domain.monitoring.notifications import Notification, Severity
from functions.domain.monitoring.report import DayOfTrading, report_picture, report_text
from functions.domain.track_record.daily_returns import check_daily
from functions.services.kernel.damage import check_stored
from functions.services.kernel.ports import Clock, Document
from functions.services.monitoring.logged_decisions import read_counted
from functions.services.monitoring.ports import ReportRenderer, ReportStore, Tell
from functions.services.track_record.build_windows import usable

logger = logging.getLogger("maestro")

_RECENT_DECISIONS = 3
_CURVE = timedelta(days=45)
_ALERTS = 50
_of_day = partial(
    check_daily,
    always={**dict.fromkeys(("uid", "strategy_id"), TEXT), **dict.fromkeys(("pnl", "return_fraction"), NUMBER)},
)


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
