"""Check every alert condition: raise what is new, resolve what is over, and notify people."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from functions.domain.kernel.document_size import stored_bytes
from functions.domain.kernel.errors import DamagedDocument, InputError
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.stored_fields import COUNT, MAPS, NUMBER, TEXT, TIME, check_fields
from functions.domain.monitoring.alert_members import holding
from functions.domain.monitoring.alerts import AlertChange, AlertState, Finding, alert_id, reconcile
from functions.domain.monitoring.calendar_findings import calendar_end
from functions.domain.monitoring.damage_findings import damaged_alerts
from functions.domain.monitoring.due_checks import is_to_be_stored
from functions.domain.monitoring.findings import MISSED_AFTER, Observed, check_job, check_lapsed, findings
from functions.domain.monitoring.notifications import Notification, Severity
from functions.domain.monitoring.rest import next_check
from functions.domain.monitoring.setting_findings import malformed_settings
from functions.domain.orchestration.decision import check_logged
from functions.domain.orchestration.drift import NO_DRIFT, Drifts
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.breakers import BreakerState
from functions.domain.trading.reservations import CurrentSession, Overfill
from functions.services.kernel.commits import Commits
from functions.services.kernel.damage import reading
from functions.services.kernel.enabled_tenants import as_far_as_readable, is_open
from functions.services.kernel.ports import Clock, Document, MarketCalendars
from functions.services.monitoring.calendar_end import unknown_in
from functions.services.monitoring.ports import AlertRecords, AlertStore, Tell
from functions.services.monitoring.stored_alerts import read_alerts

logger = logging.getLogger("maestro")


class CheckAlerts:
    """The use case; the same for the trigger and for the sweep, which catches what the trigger missed."""

    def __init__(
        self,
        store: AlertStore,
        clock: Clock,
        commits: Commits,
        calendars: MarketCalendars,
        tell: Tell,
        malformed: Sequence[InputError] = (),
    ) -> None:
        self._store = store
        self._clock = clock
        self._commits = commits
        self._calendars = calendars
        self._tell = tell
        self._malformed = malformed

    def run(
        self,
        tenant_id: str,
        policy_defaults: Mapping[str, Any],
        *,
        is_sweep: bool = True,
        closed_memberships: Sequence[Document] = (),
    ) -> list[AlertChange]:
        """
        Check a tenant and return what changed; repeated or concurrent checks change nothing more.

        A sweep also checks whether a decision is missing; after a decision none is. Other work of a sweep, such as
        closing memberships, is passed in.

        People are notified before the change is stored: if storing fails, the next run notifies again, and delivery
        recognises the repeat by its id.

        Raises
        ------
        RefusedError
            With CONTENTION.
        StoreUnavailable
        """
        return self._commits.run(
            f"{tenant_id}/alerts", lambda: self._attempt(tenant_id, policy_defaults, is_sweep, closed_memberships)
        )

    def _attempt(
        self, tenant_id: str, policy_defaults: Mapping[str, Any], is_sweep: bool, closed: Sequence[Document]
    ) -> list[AlertChange]:
        now = self._clock.now()
        records = self._store.observe(tenant_id, now)
        policy = policy_or_defaults(policy_defaults, records.policy)
        opened = opening(self._calendars, policy_defaults, records.policy)
        seen = observed(records, policy, now, opened if is_sweep else None, closed)
        found = [*findings(seen), *malformed_settings(self._malformed)]
        if is_sweep:  # the calendar's library takes half a second to import, which no trigger waits for
            market = as_far_as_readable(policy_defaults, records.policy, ["market"]).market
            found += calendar_end(market, unknown_in(self._calendars, market, now), now)
        lasting = read_alerts(records.alerts)
        found += damaged_alerts(lasting.damaged, found)
        ids = [alert_id(finding.key) for finding in found]
        others = self._store.alerts(tenant_id, [one for one in ids if one not in records.alerts])
        known = {**others, **records.alerts}
        documents = {**read_alerts(others).readable, **lasting.readable}
        changes = reconcile(documents, _distinct(found), now, timedelta(minutes=policy.alert_cooldown_minutes))
        following = self._next_check(tenant_id, records, seen, opened) if is_sweep else None
        cursor = _cursor(records, following)
        if changes or cursor != (records.cursor.value or {}):
            for change in changes:
                if change.is_told:
                    self._tell(notification_of(tenant_id, change, now))
            self._store.commit_alerts(tenant_id, changes, known, cursor, records.cursor, following)
        for change in changes:
            _log(tenant_id, change)
        return changes

    def _next_check(
        self, tenant_id: str, records: AlertRecords, seen: Observed, opened: Callable[[datetime], bool]
    ) -> datetime | None:
        """Return when the next sweep is needed, if that should be stored."""
        known = (records.cursor.value or {}).get("next_check_at")
        following = next_check(seen, opened, lambda: self._store.next_lapse(tenant_id, seen.now))
        return following if is_to_be_stored(known, following, seen.now) else None


def observed(
    records: AlertRecords,
    policy: Policy,
    now: datetime,
    is_market_open: Callable[[datetime], bool] | None,
    closed: Sequence[Document] = (),
) -> Observed:
    """Return the findings of records; the market's calendar is built only when a decision is missing."""
    last = records.last_decision
    is_missing = last is None or now - last["timestamp"] >= MISSED_AFTER
    readable = _readable([] if last is None else [last], check_logged)
    return Observed(
        now=now,
        policy=policy,
        breaker=_breaker(records.session),
        new_decisions=_readable(records.new_decisions, check_logged),
        last_decision=readable[0] if readable else None,
        is_market_open=is_missing and is_market_open is not None and _was_open(is_market_open, now),
        jobs=_readable(records.jobs, check_job),
        lapsed=_readable(records.lapsed, check_lapsed),
        book=_book(records.positions),
        drifts=_drifts(records.drift),
        overfills=_overfills(records.session),
        closed_memberships=closed,
        broker_told=_told(records.broker),
        sizes=_sizes(records),
    )


def _told(broker: Document | None) -> Sequence[Document]:
    """Return the broker's report, as far as it can be read."""
    told = (broker or {}).get("told") or ()
    return _readable(list(told) if MAPS.holds(told) else [], lambda one: check_fields(one, {"at": TIME, "text": TEXT}))


def _sizes(records: AlertRecords) -> Mapping[str, float]:
    """Return the sizes of everything that has a limit: of what is read here, and as the last cycle measured."""
    measured = (records.last_decision or {}).get("sizes")
    known = measured if isinstance(measured, Mapping) else {}
    is_open = (records.positions or {}).get("opened_at") is not None
    return {
        **{name: size for name, size in known.items() if NUMBER.holds(size)},
        "session": stored_bytes(records.session or {}),
        "policy": stored_bytes(records.policy or {}),
        "position_book": stored_bytes(records.positions) if is_open else 0,
        "open_alerts": len(records.alerts),
        "day_commit": _of_last_night(records.jobs),
    }


def _of_last_night(jobs: Sequence[Document]) -> float:
    """Return the largest commit of the last job that computed a day, bytes."""
    sizes = (job["commit_bytes"] for job in jobs if job.get("days") and COUNT.holds(job.get("commit_bytes")))
    return next(map(float, sizes), 0.0)


def opening(
    calendars: MarketCalendars, policy_defaults: Mapping[str, Any], policy: Document | None
) -> Callable[[datetime], bool]:
    """Return a function that says whether a tenant's market is open, as for the tick."""
    market = as_far_as_readable(policy_defaults, policy, ["market"]).market
    return partial(is_open, calendars, market, policy_defaults)


def _readable(documents: Sequence[Document], check: Callable[[Document], object]) -> list[Document]:
    """Return the readable alerts; damaged ones are logged and hide no others."""
    found = []
    for document in documents:
        try:
            with reading(document):
                check(document)
        except DamagedDocument as error:
            logger.error("Checking the other alerts: %s", error)
        else:
            found.append(document)
    return found


def _was_open(is_market_open: Callable[[datetime], bool], now: datetime) -> bool:
    """Return whether the market has been open for two periods."""
    return is_market_open(now) and is_market_open(now - MISSED_AFTER)


def notification_of(tenant_id: str, change: AlertChange, now: datetime) -> Notification:
    """Return an alert's notification; the same occurrence of the same problems always has the same id."""
    alert = change.document
    problems = holding(alert["members"])
    told = f"-{alert_id(repr(problems))[:8]}" if problems else ""
    return Notification(
        notification_id=f"{change.alert_id}-{alert['occurrences']}{told}",
        tenant_id=tenant_id,
        kind=alert["kind"],
        severity=Severity(alert["severity"]),
        title=alert["title"],
        text=alert["detail"],
        at=now,
        fields=alert["fields"],
        link=alert["page"],
    )


def _distinct(found: Sequence[Finding]) -> list[Finding]:
    return list({finding.key: finding for finding in found}.values())


def _cursor(records: AlertRecords, following: datetime | None) -> Document:
    cursor = dict(records.cursor.value or {})
    if records.new_decisions:
        last = records.new_decisions[-1]
        cursor |= {"last_decision_at": last["timestamp"], "last_session_id": last["session_id"]}
    return cursor if following is None else cursor | {"next_check_at": following}


def policy_or_defaults(defaults: Mapping[str, Any], document: Document | None) -> Policy:
    try:
        return Policy.from_sources(defaults, document)
    except InputError as error:  # decisions report it as an input issue, which is an alert of its own
        logger.error("Policy cannot be read, checking alerts by the defaults: %s", error)
        return as_far_as_readable(defaults, None, ())


def _breaker(session: Document | None) -> BreakerState:
    try:
        return BreakerState.from_document((session or {}).get("breaker"))
    except InputError as error:
        logger.error("A breaker cannot be read, checking the other alerts: %s", error)
        return BreakerState()


def _book(positions: Document | None) -> PositionBook:
    try:
        return PositionBook.from_document(positions)
    except InputError as error:  # decisions report it as an input issue, which is an alert of its own
        logger.error("The position book cannot be read, checking the other alerts: %s", error)
        return PositionBook()


def _drifts(document: Document | None) -> Drifts:
    try:
        return Drifts.from_document(document)
    except InputError as error:  # decisions report it as an input issue, which is an alert of its own
        logger.error("The drift of broker and books cannot be read, checking the other alerts: %s", error)
        return NO_DRIFT


def _overfills(session: Document | None) -> Sequence[Overfill]:
    try:
        return CurrentSession.from_document(session).overfills
    except InputError as error:
        logger.error("Over-fills cannot be read, checking the other alerts: %s", error)
        return ()


def _log(tenant_id: str, change: AlertChange) -> None:
    alert = change.document
    level = logging.WARNING if alert["state"] == AlertState.OPEN else logging.INFO
    extra = {"tenant": tenant_id, "reason_code": alert["kind"]}
    logger.log(level, "Alert %s: %s", alert["state"], alert["title"], extra=extra)
