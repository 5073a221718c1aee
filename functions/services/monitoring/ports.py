"""What monitoring needs from the outside."""

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
    """One page of a list."""

    items: Sequence[tuple[str, Document]]
    """(id, document)."""
    next_page_token: str | None
    """Token of the next page; None at the end."""


@dataclass(frozen=True, slots=True)
class PositionRecords:
    """The documents that positions are read from, as stored; None marks a document that does not exist."""

    positions: Document | None
    """The position book."""
    account: Document | None
    market_data: Document | None
    modes: Document | None
    """The tenant's pooled modes."""


class RecordStore(Protocol):
    """Records for API and dashboard. A page token comes from an earlier page; every method raises StoreUnavailable."""

    def decisions(self, tenant_id: str, limit: int, page_token: str | None) -> Page:
        """Return decisions, newest first. Raises InputError for an invalid token."""
        ...

    def decision(self, tenant_id: str, session_id: str) -> Document | None:
        """Return one decision of the tenant."""
        ...

    def decisions_since(self, tenant_id: str, since: datetime) -> Iterable[Document]:
        """Yield the fields that summaries count, of every decision since a time."""
        ...

    def idempotency_record(self, tenant_id: str, record_id: str) -> Document | None:
        """Return the answer to a keyed request."""
        ...

    def performance(self, tenant_id: str, filters: Mapping[str, str], limit: int, page_token: str | None) -> Page:
        """Return performance documents whose fields equal the filters, newest first."""
        ...

    def alerts(self, tenant_id: str, state: str | None, limit: int, page_token: str | None) -> Page:
        """Return alerts, newest first."""
        ...

    def alert(self, tenant_id: str, alert_id: str) -> Versioned[Document | None]:
        """Return one alert, with the version to replace it over."""
        ...

    def replace_alert(
        self, tenant_id: str, alert_id: str, document: Document, before: Versioned[Document | None]
    ) -> None:
        """Replace an alert. Raises StoreConflict if it was written since ``before``."""
        ...

    def report(self, tenant_id: str, date: str) -> Document | None:
        """Return a day's report."""
        ...

    def decision_at(self, tenant_id: str, at: datetime) -> Document | None:
        """Return the last decision at or before a time."""
        ...

    def redemption_of(self, tenant_id: str, session_id: str, strategy_id: str) -> Document | None:
        """Return the redemption of a session's signal, if there is one."""
        ...

    def fills_of(self, tenant_id: str, nonce: str) -> Sequence[tuple[str, Document]]:
        """Return (id, document) of the ledger's documents that name a signal's nonce, as written."""
        ...

    def fills_of_session(self, tenant_id: str, session_id: str) -> Sequence[tuple[str, Document]]:
        """Return (id, document) of the ledger's documents that name a session, as written."""
        ...

    def fills_between(self, tenant_id: str, start: datetime, end: datetime) -> Sequence[tuple[str, Document]]:
        """Return (id, document) of all fills with start <= ts < end, as written."""
        ...

    def signals_between(
        self, tenant_id: str, strategy_id: str, start: datetime, end: datetime
    ) -> Mapping[datetime, Document]:
        """Return one strategy's logged signals of the decisions with start <= timestamp < end, by their times."""
        ...

    def redeemed(self, tenant_id: str, nonces: Sequence[str]) -> Set[str]:
        """Return which of the nonces were redeemed."""
        ...

    def positions(self, tenant_id: str) -> PositionRecords:
        """Return the position book and the documents read with it, in one batched read."""
        ...


Tell = Callable[[Notification], object]
"""Hands a notification to the tenant's channels; a repeat sends nothing twice."""


@dataclass(frozen=True, slots=True)
class AlertRecords:
    """What alerts are checked on, as stored."""

    policy: Document | None
    session: Document | None
    """``state/session``."""
    positions: Document | None
    """``state/positions``, the position book."""
    cursor: Versioned[Document | None]
    """``state/alerts``: the cursor of checked decisions."""
    new_decisions: Sequence[Document]
    """Decisions after the cursor, oldest first; the newest few if there are too many."""
    last_decision: Document | None
    jobs: Sequence[Document]
    lapsed: Sequence[Document]
    alerts: Mapping[str, Versioned[Document]]
    """Conditions that are open or acknowledged, by id; events stay open until someone acknowledges them."""
    broker: Document | None = None
    """``state/broker``, the connection to the tenant's account."""
    drift: Document | None = None
    """``state/drift``: differences between broker and books."""


class AlertStore(Protocol):
    """Where alerts, and what they are checked on, are stored; every method raises StoreUnavailable."""

    def observe(self, tenant_id: str, now: datetime, decisions_since: datetime | None = None) -> AlertRecords:
        """Read everything; with a time, decisions since then instead of since the cursor."""
        ...

    def next_lapse(self, tenant_id: str, now: datetime) -> datetime | None:
        """Return when the next reservation lapses, if there is one."""
        ...

    def alerts(self, tenant_id: str, ids: Sequence[str]) -> Mapping[str, Versioned[Document]]:
        """Return existing alerts, by id."""
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
        Store changed alerts over those read, the cursor and the schedule's next check, in one commit.

        Raises
        ------
        StoreConflict
            If any of it changed meanwhile.
        """
        ...


class ReportStore(Protocol):
    """What reports are made of, and where they are stored; every method raises StoreUnavailable."""

    def tenant(self, tenant_id: str) -> Document | None: ...

    def decisions_since(self, tenant_id: str, since: datetime) -> Iterable[Document]: ...

    def decisions_between(self, tenant_id: str, since: datetime, until: datetime) -> Iterable[Document]:
        """Yield the fields that summaries count, of every decision from ``since`` on and before ``until``."""
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
        """Store a report. Raises StoreConflict if that day has one."""
        ...


class ReportRenderer(Protocol):
    """Renders a report as a document; every channel can show its text."""

    def markdown(self, day: DayOfTrading) -> str: ...

    def html(self, day: DayOfTrading) -> str:
        """Return one self-contained page."""
        ...


class SummaryFailed(MaestroError):  # noqa: N818 - named after what happened
    """There is no summary: carries the reason, and nothing of the prompt."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer."""

    text: str
    model: str
    input_tokens: int | None
    output_tokens: int | None


class Summariser(Protocol):
    """A language model."""

    def ask(self, prompt: Prompt) -> Answer:
        """Prompt the model within its own deadline. Raises SummaryFailed."""
        ...


class SummaryStore(Protocol):
    """Where logged decisions are stored; every method raises StoreUnavailable."""

    def read_decision(self, session_id: str) -> Versioned[Document | None]:
        """Return a decision's log document, with the version to write over."""
        ...

    def write_summary(self, session_id: str, fields: Document, version: Version | None) -> None:
        """Set fields of a log document. Raises StoreConflict if it was changed since ``version``."""
        ...
