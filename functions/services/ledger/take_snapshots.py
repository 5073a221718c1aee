"""Daily snapshots: carry books through each session, write performance, keep windows and checkpoint in step."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from functions.domain.kernel.errors import StoreConflict
from functions.domain.kernel.policy import Policy
from functions.domain.ledger.marks import marks_document
from functions.services.kernel.commits import races
from functions.services.kernel.ports import Clock, MarketCalendars
from functions.services.ledger.catch_up import LedgerRun, Progress, Run, go_forward, mend_windows
from functions.services.ledger.compute_days import ComputeDays, ComputedDay
from functions.services.ledger.malformed import Malformed
from functions.services.ledger.ports import LedgerStore
from functions.services.ledger.read_ledger import SkippedDocuments, note_untimed
from functions.services.ledger.recompute import compute_again
from functions.services.ledger.sessions import last_closed
from functions.services.ledger.valuation import Valuation, value

logger = logging.getLogger("maestro")

_ATTEMPTS = 5
_CREATION_OVERLAP = timedelta(minutes=5)
"""A fill may become visible slightly later than its creation time."""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Limits of one run; the next one continues from there."""

    days: int
    time: timedelta


LIMITS = RunLimits(200, timedelta(minutes=5))
"""Time limit within a queue task's nine minutes, which leaves room to finish the current day or serve all days."""
NO_LIMITS = RunLimits(100_000, timedelta(days=30))


@dataclass(slots=True)
class SnapshotReport:
    """What a run did."""

    days: list[date] = field(default_factory=list)
    """Sessions computed, oldest first; recomputed ones are served with the last of them."""
    documents: int = 0
    skipped: SkippedDocuments = field(default_factory=SkippedDocuments)
    largest_commit: int = 0
    """Bytes."""
    is_through: bool = False
    """Whether nothing is left to do."""


class TakeSnapshots:
    """
    The use case; one tenant at a time.

    Parameters
    ----------
    rebuilds_windows : bool
        Whether a run without a day to compute rebuilds the windows, as they may have been damaged.
    """

    def __init__(
        self,
        store: LedgerStore,
        calendars: MarketCalendars,
        clock: Clock,
        limits: RunLimits = LIMITS,
        *,
        rebuilds_windows: bool = True,
    ) -> None:
        self._rebuilds_windows = rebuilds_windows
        self._store = store
        self._calendars = calendars
        self._clock = clock
        self._limits = limits

    def run(
        self,
        tenant_id: str,
        last_day: date,
        policy_defaults: Mapping[str, Any],
        progress: Callable[[Progress], None] | None = None,
    ) -> SnapshotReport:
        """
        Bring a tenant's daily snapshots up to the last closed session, at most ``last_day``.

        Missed sessions are filled in; a late or corrected fill is picked up by recomputing from its session on. What is
        served changes when all of that is done. Repeated or concurrent runs change nothing; if there is more than a
        run's limits allow, the next one continues.

        Raises
        ------
        StoreUnavailable
            Days already written stay; the next run continues from there.
        PolicyError
            If the tenant's policy cannot be read.
        """
        report = SnapshotReport()
        malformed = Malformed(tenant_id, report.skipped)
        seen_until = self._clock.now() - _CREATION_OVERLAP
        settings = self._store.settings(tenant_id)
        policy = Policy.from_sources(policy_defaults, settings.policy)
        calendar = self._calendars.of(policy.market)
        valuation = value(settings, policy, calendar, malformed.note)
        note_untimed(self._store, tenant_id, report.skipped)
        days = ComputeDays(self._store, tenant_id, valuation, calendar, self._clock, malformed)
        ends_at = self._clock.now() + self._limits.time

        def may_go_on() -> bool:
            return len(report.days) < self._limits.days and self._clock.now() < ends_at

        def on_day(day: ComputedDay, so_far: Progress) -> None:
            report.days.append(day.session)
            report.documents += len(day.snapshots)
            if progress is not None:
                progress(so_far)

        until = min(last_day, last_closed(calendar, self._clock.now()))
        run = Run(tenant_id, until, seen_until, self._limits.days, may_go_on, on_day)
        for race in races(_ATTEMPTS):
            with race:
                attempt = LedgerRun(run, self._store, calendar, days, malformed)
                report.is_through = compute_again(attempt) and go_forward(attempt)
                if self._rebuilds_windows and report.is_through and not report.days:
                    mend_windows(attempt)
            report.largest_commit = max(report.largest_commit, attempt.largest_commit)
            if race.is_lost:
                logger.info("Another run took a snapshot first: reading again", extra={"tenant": tenant_id})
        if race.is_lost:
            raise StoreConflict(f"lost {_ATTEMPTS} races for the ledger of tenant {tenant_id}")
        last_served = None if attempt.head is None else attempt.head.last_day
        self._keep_prices(tenant_id, valuation, days, last_served)
        self._log(tenant_id, report)
        return report

    def _keep_prices(self, tenant_id: str, valuation: Valuation, days: ComputeDays, last_served: date | None) -> None:
        """Keep the prices of a session that is not computed yet: they may be the last ones seen of it."""
        if valuation.market is None:
            return
        session = valuation.market.session
        is_due = self._store.first_fill_time(tenant_id) is not None if last_served is None else session > last_served
        if is_due:
            self._store.write_marks(tenant_id, session, marks_document(session, days.marks(session)))

    def _log(self, tenant_id: str, report: SnapshotReport) -> None:
        logger.info(
            "Snapshots of %d days, %d documents, %d documents skipped%s",
            len(report.days),
            report.documents,
            report.skipped.count,
            "" if report.is_through else "; more to do",
            extra={"tenant": tenant_id, "count": report.documents},
        )
