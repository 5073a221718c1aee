"""A month's performance: from its own fills and the books that were open when it began, or from its days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from functions.domain.kernel.policy import Policy
from functions.domain.ledger.books import PeriodResult, compute_period_in_pages
from functions.domain.ledger.performance_documents import (
    check_day_of_month,
    month_statistics,
    result_of_days,
    snapshot_document,
)
from functions.domain.ledger.periods import Period, first_and_last
from functions.domain.track_record.daily_returns import day_of
from functions.services.kernel.ports import Clock, Document, MarketCalendar, MarketCalendars
from functions.services.ledger.books import books_at, newest_checkpoint
from functions.services.ledger.malformed import Malformed
from functions.services.ledger.ports import LedgerStore
from functions.services.ledger.read_ledger import SkippedDocuments, read_all_events
from functions.services.ledger.sessions import month_period, sessions_of
from functions.services.track_record.build_windows import usable


@dataclass(frozen=True, slots=True)
class MonthPerformance:
    """The result of a month."""

    snapshots: dict[str, dict[str, Any]]
    """Performance documents by id."""
    skipped: SkippedDocuments
    """Ledger documents that could not be used."""


class ComputeMonth:
    """The use case; it reads, and writes nothing."""

    def __init__(self, store: LedgerStore, calendars: MarketCalendars, clock: Clock) -> None:
        self._store = store
        self._calendars = calendars
        self._clock = clock

    def from_fills(
        self,
        tenant_id: str,
        period: Period,
        policy_defaults: Mapping[str, Any],
        mark_prices: Mapping[str, float] | None = None,
    ) -> MonthPerformance:
        """
        Compute the month, meaning its sessions, of every (uid, strategy) from the ledger as it is now.

        Parameters
        ----------
        period : Period
            The month; its bounds are replaced by those of its sessions.
        mark_prices : mapping, optional
            Closing prices at the month's end, USD by symbol; by default those of the month's last daily snapshot. A
            symbol without one keeps its last price and is listed in ``stale_marks``.

        Raises
        ------
        StoreUnavailable
        PolicyError
            If the tenant's policy cannot be read.
        """
        skipped = SkippedDocuments()
        policy = self._policy(tenant_id, policy_defaults)
        period = month_period(self._calendar(policy), period)
        opening = books_at(self._store, tenant_id, period.start, skipped)
        marks = self._marks_at_end(tenant_id, period, mark_prices)
        events = read_all_events(self._store, tenant_id, period.start, period.end, skipped)
        results, _ = compute_period_in_pages(opening, events, marks, period.end)
        days = self._days(tenant_id, period, Malformed(tenant_id, skipped))
        return MonthPerformance(self._snapshots(tenant_id, period, policy, results, days), skipped)

    def from_days(
        self,
        tenant_id: str,
        period: Period,
        policy_defaults: Mapping[str, Any],
        skipped: SkippedDocuments | None = None,
    ) -> MonthPerformance:
        """
        Compute the month of every (uid, strategy) from its daily documents, which must be complete.

        The work depends only on the number of days and strategies, not of fills. Raises as `from_fills`.

        Parameters
        ----------
        skipped : SkippedDocuments, optional
            Counts daily documents that cannot be used.
        """
        skipped = SkippedDocuments() if skipped is None else skipped
        policy = self._policy(tenant_id, policy_defaults)
        period = month_period(self._calendar(policy), period)
        days = self._days(tenant_id, period, Malformed(tenant_id, skipped))
        results = [result_of_days(*owner, of_owner) for owner, of_owner in days.items()]
        return MonthPerformance(self._snapshots(tenant_id, period, policy, results, days), skipped)

    def is_complete(self, tenant_id: str, period: Period, policy_defaults: Mapping[str, Any], last_day: date) -> bool:
        """Return whether all of a month's sessions are computed, once those up to a day are. Raises as `from_fills`."""
        sessions = sessions_of(self._calendar(self._policy(tenant_id, policy_defaults)), period)
        return not sessions or sessions[-1] <= last_day

    def _policy(self, tenant_id: str, policy_defaults: Mapping[str, Any]) -> Policy:
        return Policy.from_sources(policy_defaults, self._store.settings(tenant_id).policy)

    def _calendar(self, policy: Policy) -> MarketCalendar:
        return self._calendars.of(policy.market)

    def _snapshots(
        self,
        tenant_id: str,
        period: Period,
        policy: Policy,
        results: Iterable[PeriodResult],
        days: Mapping[tuple[str, str], Sequence[Document]],
    ) -> dict[str, dict[str, Any]]:
        computed_at = self._clock.now()
        snapshots = {}
        for result in results:
            base = policy.strategy_capital.get(result.strategy_id, policy.base_capital)
            document = snapshot_document(tenant_id, result, period, base, computed_at)
            owner = (result.uid, result.strategy_id)
            document |= month_statistics(days.get(owner, []), policy)
            snapshots[period.document_id(*owner)] = document
        return snapshots

    def _marks_at_end(
        self, tenant_id: str, period: Period, mark_prices: Mapping[str, float] | None
    ) -> Mapping[str, float]:
        if mark_prices is not None:
            return mark_prices
        closing = newest_checkpoint(self._store, tenant_id, period.end)
        return closing.marks if closing and closing.at and closing.at > period.start else {}

    def _days(self, tenant_id: str, period: Period, malformed: Malformed) -> dict[tuple[str, str], list[Document]]:
        """Return the month's daily documents by (uid, strategy), oldest first."""
        by_owner: dict[tuple[str, str], list[Document]] = defaultdict(list)
        documents = self._store.daily_documents(tenant_id, *first_and_last(period))
        for day in sorted(usable(documents, malformed.note, check_day_of_month).values(), key=day_of):
            by_owner[day["uid"], day["strategy_id"]].append(day)
        return by_owner
