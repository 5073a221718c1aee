"""The migration guide's monitoring, for one tenant: a summary, alerts and a daily report."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta
from functools import cached_property
from typing import Any

from google.cloud.firestore import Client

from functions.adapters.firestore.alert_store import FirestoreAlertStore
from functions.adapters.firestore.report_store import FirestoreReportStore
from functions.adapters.market_calendar import ExchangeCalendar
from functions.adapters.system import SystemClock
from functions.domain.monitoring.activity import orchestration_summary
from functions.domain.monitoring.findings import findings
from functions.domain.monitoring.report import report_text
from functions.services.kernel.ports import MarketCalendar
from functions.services.monitoring.check_alerts import observed, policy_or_defaults
from functions.services.monitoring.make_report import MakeReport, ReportDue
from functions.strategies.maestro_controller import MaestroController

__all__ = ["MaestroMonitoring"]

_ALERTS_WITHIN = timedelta(hours=1)


class MaestroMonitoring:
    """
    What Maestro did for a tenant; it reads, and writes nothing.

    Parameters
    ----------
    db : google.cloud.firestore.Client
    tenant_id : str
    calendar : MarketCalendar, optional
        When cycles are expected; New York's by default.
    """

    def __init__(self, db: Client, tenant_id: str = "default", calendar: MarketCalendar | None = None) -> None:
        self.tenant_id = tenant_id
        self._reports = FirestoreReportStore(db)
        self._alerts = FirestoreAlertStore(db)
        self._clock = SystemClock()
        self._given_calendar = calendar
        self._told: set[tuple[str, str]] = set()

    async def get_orchestration_summary(self, hours: int = 24) -> dict[str, Any]:
        """
        Count the decisions of the last hours.

        Returns
        -------
        dict
            ``total_decisions``, ``systemic_risk_events``, ``strategies_reduced``, ``strategies_shadowed``,
            ``strategies_disabled`` and ``mode_distribution``, which counts every mode, DISABLED included.

        Raises
        ------
        ValueError
            If hours is not 1 to 168.
        StoreUnavailable
        """
        if not 1 <= hours <= 168:
            raise ValueError(f"hours must be 1 to 168, was {hours}")
        since = self._clock.now() - timedelta(hours=hours)
        return await asyncio.to_thread(
            lambda: orchestration_summary(self._reports.decisions_since(self.tenant_id, since))
        )

    async def check_maestro_alerts(self) -> list[str]:
        """
        Return what came up within the last hour and needs attention, a line each; every line once.

        Asked again, this object tells only what is new since. The deployed functions raise, store and deliver the
        same by themselves: this is for your own loop. Raises StoreUnavailable.
        """
        return await asyncio.to_thread(self._new_lines)

    async def generate_daily_maestro_report(self) -> str:
        """Return the last 24 hours' report; nothing is stored or delivered. Raises StoreUnavailable."""
        return await asyncio.to_thread(self._report)

    def _new_lines(self) -> list[str]:
        now = self._clock.now()
        records = self._alerts.observe(self.tenant_id, now, now - _ALERTS_WITHIN)
        policy = policy_or_defaults(MaestroController.policy_defaults(), records.policy)
        lines = []
        for finding in findings(observed(records, policy, now, lambda: self._calendar)):
            key = (finding.key, finding.variant)
            if finding.is_new and key not in self._told:
                self._told.add(key)
                lines.append(finding.title)
        return lines

    def _report(self) -> str:
        now = self._clock.now()
        make = MakeReport(self._reports, self._clock, lambda _: None)
        return report_text(make.day_of(ReportDue(self.tenant_id, now.astimezone(UTC).date()), now))

    @cached_property
    def _calendar(self) -> MarketCalendar:
        return self._given_calendar or ExchangeCalendar("XNYS")
