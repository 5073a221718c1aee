"""
What needs a person's attention: found in what is stored, raised once, resolved when it is over.

A *condition* lasts (systemic risk, a strategy that fails): its alert opens when it begins and resolves when it ends. An
*event* happens (a strategy promoted, a reservation lapsed): it raises one alert. Both have a key, and there is one
alert per key, so that repeated or concurrent checks raise nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from functions.domain.kernel.stored_fields import COUNT, FLAG, MAP, MAPS, TEXT, TIME, Kinds, check_fields, word
from functions.domain.monitoring.alert_members import as_detail, carried_on, ended, holding
from functions.domain.monitoring.notifications import Severity
from functions.domain.monitoring.pages import page_of

MOST_OPEN_ALERTS = 2500
"""Maximum conditions of a tenant read to be resolved: two for each of 1,000 strategies, and others."""


class AlertState(StrEnum):
    """The state of an alert."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    """Someone is handling it."""
    RESOLVED = "RESOLVED"
    """Its condition is over, or nothing needs to be done."""


class AlertKind(StrEnum):
    """What happened."""

    SYSTEMIC_RISK = "SYSTEMIC_RISK"
    MODE_DOWN = "MODE_DOWN"
    """A strategy lost allocation."""
    MODE_UP = "MODE_UP"
    """A strategy regained allocation."""
    STRATEGY_ERROR = "STRATEGY_ERROR"
    LOAD_ERROR = "LOAD_ERROR"
    INPUTS = "INPUTS"
    """Market data, account or policy are missing, malformed or stale: BUYs are held."""
    BREAKER_TRIPPED = "BREAKER_TRIPPED"
    TRADING_STATE = "TRADING_STATE"
    """The kill switch is on."""
    MISSED_CYCLES = "MISSED_CYCLES"
    """No decision for two periods in market hours."""
    JOB_FAILED = "JOB_FAILED"
    SKIPPED_DOCUMENTS = "SKIPPED_DOCUMENTS"
    """Ledger documents that could not be used."""
    RESERVATION_LAPSED = "RESERVATION_LAPSED"
    """A redeemed signal was neither filled nor released in time."""
    POSITION_BOOK = "POSITION_BOOK"
    """Position book and ledger differ, or the book was closed automatically."""
    DRIFT = "DRIFT"
    """Broker and books differ persistently."""
    POSITIONS_LEFT = "POSITIONS_LEFT"
    """A strategy that may not trade live still holds live positions."""
    OVERFILLED = "OVERFILLED"
    """A fill exceeded what could be traded."""
    MEMBERSHIP_CLOSED = "MEMBERSHIP_CLOSED"
    """A user was deleted or disabled in authentication and therefore lost the membership."""
    DAMAGED_ALERTS = "DAMAGED_ALERTS"
    """Stored alerts cannot be read."""
    BROKER_TOLD = "BROKER_TOLD"
    """The broker reported a trade that was not Maestro's, or an activity that no rule books."""
    CAPACITY = "CAPACITY"
    """Something is near a limit beyond which it fails."""
    SETTING = "SETTING"
    """A setting of the deployment cannot be used."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to raise, or to keep raised."""

    key: str
    """Identifies the alert."""
    kind: AlertKind
    severity: Severity
    title: str
    """One line, for reports."""
    detail: str
    is_event: bool = False
    is_new: bool = True
    """False: keeps an alert open, but raises no new one."""
    variant: str = ""
    """While the alert is open, a changed variant for the worse (``is_new``) is notified again."""
    is_retold: bool = True
    """False: a changed ``variant`` is stored without notification, while the alert is open or recently was."""
    members: tuple[str, ...] = ()
    """
    The problems it covers, by name (`member_names`), if it may cover several: one that begins is notified while the
    others persist, and one that ends is shown as over.
    """
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlertChange:
    """One alert to store."""

    alert_id: str
    document: dict[str, Any]
    is_told: bool
    """Whether people are notified."""


def alert_id(key: str) -> str:
    """Return the id of a key's alert document."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def reconcile(
    alerts: Mapping[str, Mapping[str, Any]], findings: Sequence[Finding], now: datetime, cooldown: timedelta
) -> list[AlertChange]:
    """
    Compare findings with the existing alerts.

    Parameters
    ----------
    alerts : mapping
        By id: all open or acknowledged ones, and resolved ones with the findings' keys.
    findings : sequence of Finding
        All current findings.
    cooldown : timedelta
        A condition that returns within this time after it ended reopens its alert without notification.

    Returns
    -------
    list
        What to store; empty if nothing changed.
    """
    changes = [change for finding in findings if (change := _found(alerts, finding, now, cooldown)) is not None]
    lasting = {alert_id(finding.key) for finding in findings if not finding.is_event}
    for key, alert in alerts.items():
        is_over = alert["state"] != AlertState.RESOLVED and not alert["is_event"] and key not in lasting
        if is_over:
            changes.append(AlertChange(key, _resolved(alert, now), is_told=False))
    return changes


def _found(
    alerts: Mapping[str, Mapping[str, Any]], finding: Finding, now: datetime, cooldown: timedelta
) -> AlertChange | None:
    key = alert_id(finding.key)
    before = alerts.get(key)
    if before is None:
        return AlertChange(key, _opened(finding, now, cooldown), is_told=True) if finding.is_new else None
    if finding.is_event:
        return None
    if before["state"] != AlertState.RESOLVED:
        return _still_found(key, before, finding, now, cooldown)
    if not finding.is_new:
        return None
    document = _opened(finding, now, cooldown, before)
    is_same = before["variant"] == finding.variant or not finding.is_retold
    is_known = is_same and not _fresh(before, finding, now, cooldown)
    return AlertChange(key, document, is_told=not (now - before["resolved_at"] < cooldown and is_known))


def _still_found(
    key: str, before: Mapping[str, Any], finding: Finding, now: datetime, cooldown: timedelta
) -> AlertChange | None:
    """Return the change of an open alert: none, only its text, or one to notify."""
    is_other = before["variant"] != finding.variant
    if not is_other and holding(before.get("members") or ()) == list(finding.members):
        return None
    is_told = finding.is_new and ((is_other and finding.is_retold) or bool(_fresh(before, finding, now, cooldown)))
    again = _opened(finding, now, cooldown, before) | {"opened_at": before["opened_at"]}
    if not is_told:  # it stays acknowledged
        kept = ("state", "acknowledged_at", "acknowledged_by", "occurrences")
        again |= {name: before.get(name) for name in kept}
    return AlertChange(key, again, is_told=is_told)


def _fresh(before: Mapping[str, Any], finding: Finding, now: datetime, cooldown: timedelta) -> list[str]:
    """Return the members not notified yet; none for an alert from before there were members."""
    known = before.get("members")
    return [] if known is None else carried_on(known, finding.members, now, cooldown)[1]


def _resolved(alert: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    members = {"members": ended(alert["members"], now)} if alert.get("members") else {}
    return {**alert, **members, "state": str(AlertState.RESOLVED), "resolved_at": now}


def _opened(
    finding: Finding, now: datetime, cooldown: timedelta, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the document of an alert that opens now; ``before`` is the earlier one, if any."""
    is_done = finding.is_event and finding.severity is Severity.INFO
    known = (before or {}).get("members") or ()
    members, fresh = carried_on(known, finding.members, now, cooldown)
    document = asdict(finding)
    del document["is_new"], document["is_retold"]
    return document | {
        "kind": str(finding.kind),
        "severity": str(finding.severity),
        "page": page_of(finding.kind, finding.key, finding.fields),
        "state": str(AlertState.RESOLVED if is_done else AlertState.OPEN),
        "detail": as_detail(finding.detail, members, fresh),
        "members": members,
        "opened_at": now,
        "occurrences": 1 + (before["occurrences"] if before else 0),
        "acknowledged_at": None,
        "acknowledged_by": None,
        "resolved_at": now if is_done else None,
    }


OF_ALERT: Kinds = {
    **dict.fromkeys(("kind", "severity", "title", "detail", "variant"), TEXT),
    "state": word(AlertState),
    "is_event": FLAG,
    "opened_at": TIME,
    "occurrences": COUNT,
    "fields": MAP,
}
OF_ALERT_AT_TIMES: Kinds = {"resolved_at": TIME, "acknowledged_at": TIME, "acknowledged_by": TEXT, "members": MAPS}


def check_alert(alert: Mapping[str, Any]) -> None:
    """Check that an alert has the fields needed to compare it. Raises InputError."""
    check_fields(alert, OF_ALERT, OF_ALERT_AT_TIMES)
    if alert["state"] == AlertState.RESOLVED:
        check_fields(alert, {"resolved_at": TIME})
    for number, one in enumerate(alert.get("members") or ()):
        check_fields(one, {"name": TEXT, "since": TIME}, inside=f"members[{number}].", or_null={"ended_at": TIME})


def acknowledged(alert: Mapping[str, Any], uid: str, now: datetime) -> dict[str, Any]:
    """Return an acknowledged alert; the first to acknowledge stays on record, and a resolved alert stays resolved."""
    if alert.get("acknowledged_at") is not None:
        return dict(alert)
    state = AlertState.ACKNOWLEDGED if alert["state"] == AlertState.OPEN else AlertState(alert["state"])
    return {**alert, "state": str(state), "acknowledged_at": now, "acknowledged_by": uid}
