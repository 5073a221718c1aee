"""What Maestro did for a tenant, for users' own monitoring loops: nothing is stored or delivered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

from functions.domain.monitoring.activity import orchestration_summary
from functions.domain.monitoring.alerts import Finding
from functions.domain.monitoring.due_reports import ReportDue
from functions.domain.monitoring.findings import findings
from functions.domain.monitoring.report import report_text
from functions.services.kernel.ports import Clock, MarketCalendars
from functions.services.monitoring.check_alerts import observed, opening, policy_or_defaults
from functions.services.monitoring.logged_decisions import read_counted
from functions.services.monitoring.make_report import day_of_trading
from functions.services.monitoring.ports import AlertStore, ReportStore

_ALERTS_WITHIN = timedelta(hours=1)


class WatchTenant:
    """The use cases; every method raises StoreUnavailable."""

    def __init__(self, reports: ReportStore, alerts: AlertStore, clock: Clock, calendars: MarketCalendars) -> None:
        self._reports = reports
        self._alerts = alerts
        self._clock = clock
        self._calendars = calendars

    def summary(self, tenant_id: str, hours: int) -> dict[str, Any]:
        """Count the decisions of the last hours."""
        since = self._clock.now() - timedelta(hours=hours)
        return orchestration_summary(read_counted(self._reports.decisions_since(tenant_id, since)))

    def new_findings(self, tenant_id: str, policy_defaults: Mapping[str, Any]) -> list[Finding]:
        """Return findings of the last hour."""
        now = self._clock.now()
        records = self._alerts.observe(tenant_id, now, now - _ALERTS_WITHIN)
        policy = policy_or_defaults(policy_defaults, records.policy)
        opened = opening(self._calendars, policy_defaults, records.policy)
        return [finding for finding in findings(observed(records, policy, now, opened)) if finding.is_new]

    def report(self, tenant_id: str) -> str:
        """Return the last 24 hours' report."""
        now = self._clock.now()
        due = ReportDue(tenant_id, now.astimezone(UTC).date(), now - timedelta(hours=24), now)
        return report_text(day_of_trading(self._reports, due))
