"""The migration guide's monitoring, for one tenant: a summary, alerts and a daily report."""

from __future__ import annotations

import asyncio
from typing import Any

from google.cloud.firestore import Client

from functions.domain.kernel.parsing import check_document_id
from functions.services.kernel.ports import MarketCalendar
from functions.strategies import wiring
from functions.strategies.maestro_controller import MaestroController

__all__ = ["MaestroMonitoring"]


class MaestroMonitoring:
    """
    What Maestro did for a tenant; read-only.

    Parameters
    ----------
    db : google.cloud.firestore.Client
    tenant_id : str
    calendar : MarketCalendar, optional
        When cycles are expected; by default that of the tenant's market.
    """

    def __init__(self, db: Client, tenant_id: str = "default", calendar: MarketCalendar | None = None) -> None:
        check_document_id("tenant_id", tenant_id)
        self.tenant_id = tenant_id
        self._watch = wiring.watch_tenant(db, calendar)
        self._told: set[tuple[str, str, str]] = set()

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
        return await asyncio.to_thread(self._watch.summary, self.tenant_id, hours)

    async def check_maestro_alerts(self) -> list[str]:
        """
        Return findings of the last hour, one line each; every line once.

        Later calls on this object return only what is new. The deployed functions raise, store and deliver the same by
        themselves: this is for your own loop. Raises StoreUnavailable.
        """
        return await asyncio.to_thread(self._new_lines)

    async def generate_daily_maestro_report(self) -> str:
        """Return the last 24 hours' report; nothing is stored or delivered. Raises StoreUnavailable."""
        return await asyncio.to_thread(self._watch.report, self.tenant_id)

    def _new_lines(self) -> list[str]:
        lines = []
        for finding in self._watch.new_findings(self.tenant_id, MaestroController.policy_defaults()):
            variant = finding.variant if finding.is_retold else ""
            keys = {(finding.key, variant, member) for member in finding.members or ("",)}
            if not keys <= self._told:
                self._told |= keys
                lines.append(finding.title)
        return lines
