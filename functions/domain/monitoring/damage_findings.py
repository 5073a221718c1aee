"""Findings in the stored alerts themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from functions.domain.kernel.plurals import counted
from functions.domain.monitoring.alert_members import member_names
from functions.domain.monitoring.alerts import AlertKind, Finding, alert_id
from functions.domain.monitoring.notifications import Severity

_NAMED = 10


def damaged_alerts(damaged: Mapping[str, str], found: Sequence[Finding]) -> Iterator[Finding]:
    """
    Yield a finding about damaged alerts, except those rewritten because their condition was found again.

    Parameters
    ----------
    damaged : mapping
        What is wrong with each, by id.
    found : sequence of Finding
        All other current findings.
    """
    raised_again = {alert_id(finding.key) for finding in found if finding.is_new}
    left = {key: wrong for key, wrong in damaged.items() if key not in raised_again}
    if not left:
        return
    more = f"; and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
    yield Finding(
        "damaged-alerts",
        AlertKind.DAMAGED_ALERTS,
        Severity.WARNING,
        f"🩹 {counted(len(left), 'stored alert')} cannot be read",
        "; ".join(list(left.values())[:_NAMED]) + more,
        members=member_names(left),
    )
