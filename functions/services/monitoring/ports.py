"""What people look at, from the outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from functions.domain.kernel.errors import MaestroError
from functions.domain.monitoring.ai_prompt import Prompt
from functions.domain.monitoring.alerts import AlertChange
from functions.domain.monitoring.notifications import Notification
from functions.domain.monitoring.report import DayOfTrading
from functions.services.kernel.ports import Document, Version, Versioned


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list."""

    items: Sequence[tuple[str, Document]]
    """(id, document)."""
    next_page_token: str | None
    """Asks for the part after it; None at the end."""


@dataclass(frozen=True, slots=True)
class PositionRecords:
    """What says who holds what, as stored; None marks a document that does not exist."""

    positions: Document | None
    """The position book."""
    account: Document | None
    market_data: Document | None
    modes: Document | None
    """The tenant's pooled ones."""


class RecordStore(Protocol):
    """What people look at. A page token is what an earlier page gave; every method raises StoreUnavailable."""

    def decisions(self, tenant_id: str, limit: int, page_token: str | None) -> Page:
        """Return decisions, newest first. Raises InputError for a token that is none."""
        ...

    def decision(self, tenant_id: str, session_id: str) -> Document | None:
        """Return one decision of the tenant."""
        ...

    def decisions_since(self, tenant_id: str, since: datetime) -> Iterable[Document]:
        """Yield what summaries count, of every decision since a time."""
        ...

    def idempotency_record(self, tenant_id: str, record_id: str) -> Document | None:
        """Return what a keyed request was answered."""
        ...

    def performance(self, tenant_id: str, filters: Mapping[str, str], limit: int, page_token: str | None) -> Page:
        """Return performance documents whose fields equal the filters, newest first."""
        ...

    def alerts(self, tenant_id: str, state: str | None, limit: int, page_token: str | None) -> Page:
        """Return alerts, newest first."""
        ...

    def alert(self, tenant_id: str, alert_id: str) -> Versioned[Document | None]:
        """Return one alert, to replace it over."""
        ...

    def replace_alert(
        self, tenant_id: str, alert_id: str, document: Document, before: Versioned[Document | None]
    ) -> None:
        """Replace an alert. Raises StoreConflict if somebody else did since ``before``."""
        ...

    def report(self, tenant_id: str, date: str) -> Document | None:
        """Return a day's report."""
        ...

    def decision_at(self, tenant_id: str, at: datetime) -> Document | None:
        """Return the last decision that is not after a time."""
        ...

    def redemption_of(self, tenant_id: str, session_id: str, strategy_id: str) -> Document | None:
        """Return the redemption of a session's signal, if there is one."""
        ...

    def fills_of(self, tenant_id: str, nonce: str) -> Sequence[tuple[str, Document]]:
        """Return (id, document) of the ledger's documents that name a signal's nonce, as their writers left them."""
        ...

    def fills_of_session(self, tenant_id: str, session_id: str) -> Sequence[tuple[str, Document]]:
        """Return (id, document) of the ledger's documents that name a session, as their writers left them."""
        ...

    def fills_between(self, tenant_id: str, start: datetime, end: datetime) -> Sequence[tuple[str, Document]]:
        """Return (id, document) of all that was filled with start <= ts < end, as their writers left them."""
        ...

    def signals_between(
        self, tenant_id: str, strategy_id: str, start: datetime, end: datetime
    ) -> Mapping[datetime, Document]:
        """Return one strategy's logged signals of the decisions with start <= timestamp < end, by their times."""
        ...

    def redeemed(self, tenant_id: str, nonces: Sequence[str]) -> Set[str]:
        """Return those nonces that somebody redeemed."""
        ...

    def positions(self, tenant_id: str) -> PositionRecords:
        """Return the position book and what stands beside it, in one batched read."""
        ...


Tell = Callable[[Notification], object]
"""Hands a notification to the tenant's channels; telling the same one again tells nobody twice."""


@dataclass(frozen=True, slots=True)
class AlertRecords:
    """What alerts look at, as stored."""

    policy: Document | None
    session: Document | None
    """``state/session``."""
    positions: Document | None
    """``state/positions``, the position book."""
    cursor: Versioned[Document | None]
    """``state/alerts``: how far decisions were looked at."""
    new_decisions: Sequence[Document]
    """Those after the cursor, oldest first; the newest few if there are too many."""
    last_decision: Document | None
    jobs: Sequence[Document]
    lapsed: Sequence[Document]
    alerts: Mapping[str, Versioned[Document]]
    """Conditions that are open or acknowledged, by id; events stay as they are until somebody takes them on."""
    broker: Document | None = None
    """``state/broker``, the connection to the tenant's account."""
    drift: Document | None = None
    """``state/drift``: where broker and books differ."""


class AlertStore(Protocol):
    """Where alerts are kept, with what they are about; every method raises StoreUnavailable."""

    def observe(self, tenant_id: str, now: datetime, decisions_since: datetime | None = None) -> AlertRecords:
        """Read everything; decisions since a time instead of since the cursor, if one is given."""
        ...

    def next_lapse(self, tenant_id: str, now: datetime) -> datetime | None:
        """Return when the next reservation lapses, if there is one."""
        ...

    def alerts(self, tenant_id: str, ids: Sequence[str]) -> Mapping[str, Versioned[Document]]:
        """Return alerts that exist, by id."""
        ...

    def commit_alerts(
        self,
        tenant_id: str,
        changes: Sequence[AlertChange],
        known: Mapping[str, Versioned[Document]],
        cursor: Document,
        cursor_before: Versioned[Document | None],
        next_check_at: datetime | None,
    ) -> None:
        """
        Store changes over the alerts known by id, and the cursor, in one commit; and the next check for the schedule.

        Raises
        ------
        StoreConflict
            If anything of it changed meanwhile.
        """
        ...


class ReportStore(Protocol):
    """What reports are made of, and where they are kept; every method raises StoreUnavailable."""

    def tenant(self, tenant_id: str) -> Document | None: ...

    def decisions_since(self, tenant_id: str, since: datetime) -> Iterable[Document]: ...

    def decisions_between(self, tenant_id: str, since: datetime, until: datetime) -> Iterable[Document]:
        """Yield what summaries count, of every decision from ``since`` on and before ``until``."""
        ...

    def recent_decisions(self, tenant_id: str, limit: int) -> Sequence[Document]:
        """Return the last decisions, newest first."""
        ...

    def alerts_since(self, tenant_id: str, since: datetime, limit: int) -> Sequence[Document]:
        """Return alerts opened since a time, newest first."""
        ...

    def daily_documents(self, tenant_id: str, first: date, last: date) -> Iterable[tuple[str, Document]]: ...

    def report(self, tenant_id: str, date: str) -> Document | None: ...

    def create_report(self, tenant_id: str, date: str, document: Document) -> None:
        """Store a report. Raises StoreConflict if there is one of that day."""
        ...


class ReportRenderer(Protocol):
    """How a report reads as a document; its text is what every channel can show."""

    def markdown(self, day: DayOfTrading) -> str: ...

    def html(self, day: DayOfTrading) -> str:
        """Return one page that needs nothing else."""
        ...


class SummaryFailed(MaestroError):  # noqa: N818 - it reads as what happened
    """There is no summary: the reason, without anything of the prompt."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered."""

    text: str
    model: str
    input_tokens: int | None
    output_tokens: int | None


class Summariser(Protocol):
    """A language model."""

    def ask(self, prompt: Prompt) -> Answer:
        """Ask within the model's own deadline. Raises SummaryFailed."""
        ...


class SummaryStore(Protocol):
    """Where logged decisions are; every method raises StoreUnavailable."""

    def read_decision(self, session_id: str) -> Versioned[Document | None]:
        """Return a decision's log document, to write over."""
        ...

    def write_summary(self, session_id: str, fields: Document, version: Version | None) -> None:
        """Set fields of a log document. Raises StoreConflict if somebody changed it since ``version``."""
        ...
