"""What use cases need from the outside, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TenantState:
    """Everything a cycle reads, in one batched read; None marks a document that does not exist."""

    policy: Document | None
    windows: Document | None
    modes: Document | None
    session: Document | None
    session_version: Any
    """What the store needs to know that nobody wrote ``session`` since; None when it does not exist."""
    account: Document | None
    market_data: Document | None
    regime: Document | None
    cycle_record: Document | None
    """The record of the cycle asked for, if it was decided already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleWrites:
    """Everything a cycle writes, in one atomic commit."""

    session_id: str
    log: Document
    session: Document
    current_session: Document
    """Fields of ``state/session`` to set; its other fields stay."""
    modes: Document | None
    """None when no mode changed."""
    shadow_records: Mapping[str, Document]
    """Paper fills, by id."""
    cycle_id: str | None
    """Slot or request; None: nobody may ask for it twice."""
    cycle_record: Document | None


class CycleStore(Protocol):
    """Where cycles read and write."""

    def read(self, tenant_id: str, uid: str | None, cycle_id: str | None) -> TenantState:
        """Read everything in one round trip. Raises StoreUnavailable."""
        ...

    def commit(self, tenant_id: str, uid: str | None, writes: CycleWrites, session_version: Any) -> None:
        """
        Write everything or nothing.

        Raises
        ------
        StoreConflict
            If ``state/session`` changed since ``session_version``, or the cycle's record exists.
        StoreUnavailable
            If it is not known to be written.
        """
        ...

    def write_shadow_record(self, tenant_id: str, record_id: str, record: Document) -> None:
        """Store one shadow record; doing it again changes nothing. Raises StoreUnavailable."""
        ...

    def record_superseded(self, tenant_id: str, slot: str, record: Document) -> None:
        """Store the record of a slot that a newer one overtook. Raises StoreConflict if there is one."""
        ...


class PerformanceStore(Protocol):
    """Where daily performance is read, and the windows made of it are written."""

    def daily_documents(self, tenant_id: str, start: datetime, end: datetime) -> Iterable[Document]:
        """Yield the daily documents whose period starts in [start, end), oldest first. Raises StoreUnavailable."""
        ...

    def write_windows(self, tenant_id: str, windows: Mapping[str | None, Document]) -> None:
        """Replace the windows documents, by uid (None: the tenant's own). Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """How far a tenant's ledger has been worked off."""

    last_day: date
    """The last day with a snapshot."""
    seen_until: datetime
    """Fills created before this are in the snapshots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayWrites:
    """Everything a day's snapshot writes, in one atomic commit."""

    head: LedgerHead
    checkpoint: Document
    snapshots: Mapping[str, Document]
    """Performance documents by id."""
    windows: Mapping[str | None, Document]
    """Windows documents by uid; None is the tenant's own."""


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """What performance is computed with; None marks a document that does not exist."""

    policy: Document | None
    market_data: Document | None
    modes: Document | None
    session: Document | None


class LedgerStore(PerformanceStore, Protocol):
    """Where fills are read, and what is made of them is kept."""

    def fills(self, tenant_id: str, start: datetime | None, end: datetime) -> Iterable[tuple[str, Document]]:
        """Yield (id, document) of fills with start <= ts < end, page by page. Raises StoreUnavailable."""
        ...

    def shadow_fills(self, tenant_id: str, start: datetime | None, end: datetime) -> Iterable[tuple[str, Document]]:
        """Yield (id, document) of shadow records with start <= timestamp < end. Raises StoreUnavailable."""
        ...

    def untimed_fills(self, tenant_id: str) -> Iterable[tuple[str, Document]]:
        """Yield the first few documents whose ts is text, which no query by time finds. Raises StoreUnavailable."""
        ...

    def first_fill_time(self, tenant_id: str) -> datetime | None:
        """Return the time of the oldest fill. Raises StoreUnavailable."""
        ...

    def earliest_late_fill(self, tenant_id: str, created_since: datetime, before: datetime) -> datetime | None:
        """Return the oldest time below ``before`` of fills created since then. Raises StoreUnavailable."""
        ...

    def head(self, tenant_id: str) -> tuple[LedgerHead | None, Any]:
        """Return how far the ledger is worked off, and the version to commit over. Raises StoreUnavailable."""
        ...

    def checkpoint(self, tenant_id: str, at_or_before: datetime) -> Document | None:
        """Return the newest checkpoint that is not after a time. Raises StoreUnavailable."""
        ...

    def settings(self, tenant_id: str) -> TenantSettings:
        """Read what performance is computed with. Raises StoreUnavailable."""
        ...

    def commit_day(self, tenant_id: str, writes: DayWrites, head_version: Any) -> Any:
        """
        Write everything or nothing, and return the new version of the head.

        Raises
        ------
        StoreConflict
            If another run got further since ``head_version``.
        StoreUnavailable
            If it is not known to be written.
        """
        ...

    def write_snapshots(self, tenant_id: str, snapshots: Mapping[str, Document]) -> None:
        """Store performance documents by id. Raises StoreUnavailable."""
        ...


class TenantDirectory(Protocol):
    """Which tenants there are."""

    def enabled_tenants(self) -> Iterable[str]:
        """Yield the ids of active tenants with Maestro enabled. Raises StoreUnavailable."""
        ...


class TaskQueue(Protocol):
    """Work handed to another invocation, at least once."""

    def enqueue(self, task_id: str, payload: Mapping[str, Any]) -> bool:
        """Queue a task; False if one of that id was queued before."""
        ...


class MarketCalendar(Protocol):
    """When the market trades."""

    def is_open(self, at: datetime) -> bool:
        """Tell whether the regular session runs at an aware time."""
        ...

    def sessions(self, first: date, last: date) -> list[date]:
        """Return the trading days from first to last, both included."""
        ...


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the aware time now, UTC."""
        ...


class Ids(Protocol):
    """Unpredictable identifiers."""

    def nonce(self) -> str:
        """Return 32 random hexadecimal digits."""
        ...


@dataclass(frozen=True, slots=True)
class TradingRecords:
    """What a redemption, a release or a batch of fills reads, in one batched read."""

    policy: Document | None
    session: Document | None
    """``state/session``."""
    session_version: Any
    """What the store needs to know that nobody wrote ``session`` since; None when it does not exist."""
    redemptions: Mapping[str, Document]
    """Those that exist, by nonce."""
    fills: Mapping[str, Document]
    """Ledger documents that exist, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingWrites:
    """Everything a redemption, a release or a batch of fills writes, in one atomic commit."""

    reservations: Document | None = None
    """The field ``reservations`` of ``state/session``; None: untouched, and nothing depends on it."""
    new_redemptions: Mapping[str, Document] = field(default_factory=dict)
    redemptions: Mapping[str, Document] = field(default_factory=dict)
    """Redemptions that exist, anew."""
    new_fills: Mapping[str, Document] = field(default_factory=dict)


class TradingStore(Protocol):
    """Where signals are redeemed and fills recorded."""

    def read(self, tenant_id: str, nonces: Sequence[str], fill_ids: Sequence[str] = ()) -> TradingRecords:
        """Read everything in one round trip. Raises StoreUnavailable."""
        ...

    def issued(self, tenant_id: str, session_id: str) -> Document | None:
        """Return what a session issued; it never changes. Raises StoreUnavailable."""
        ...

    def commit(self, tenant_id: str, writes: TradingWrites, session_version: Any) -> None:
        """
        Write everything or nothing.

        Raises
        ------
        StoreConflict
            If ``state/session`` changed since ``session_version``, or something new exists already.
        StoreUnavailable
            If it is not known to be written.
        """
        ...


class PolicyStore(Protocol):
    """Where a tenant's policy lives, with its history."""

    def read_policy(self, tenant_id: str) -> tuple[Document | None, Any]:
        """Return the document and the version to commit over. Raises StoreUnavailable."""
        ...

    def policy_change(self, tenant_id: str, version: int) -> Document | None:
        """Return one entry of the history. Raises StoreUnavailable."""
        ...

    def policy_history(self, tenant_id: str, before: int | None, limit: int) -> list[Document]:
        """Return changes, newest first, of versions below ``before``. Raises StoreUnavailable."""
        ...

    def commit_policy(self, tenant_id: str, document: Document, change: Document, version: Any) -> None:
        """
        Store a policy and the change that made it, and make redemptions under way look again.

        Raises
        ------
        StoreConflict
            If somebody changed the policy since ``version``.
        StoreUnavailable
            If it is not known to be written.
        """
        ...


Pause = Callable[[int], None]
"""Waits before trying again, longer and less predictably with every attempt (0, 1, …)."""


class InputStore(Protocol):
    """Where the account snapshot (``account``) and the market data (``market_data``) are kept."""

    def read_input(self, tenant_id: str, kind: str) -> tuple[Document | None, Any]:
        """Return the document and the version to commit over. Raises StoreUnavailable."""
        ...

    def commit_input(self, tenant_id: str, kind: str, document: Document, version: Any) -> None:
        """Replace the document. Raises StoreConflict if somebody else did since ``version``, StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list."""

    items: Sequence[tuple[str, Document]]
    """(id, document)."""
    next_page_token: str | None
    """Asks for the part after it; None at the end."""


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

    def cycle(self, tenant_id: str, cycle_id: str) -> Document | None:
        """Return the record of a slot or request."""
        ...

    def performance(self, tenant_id: str, filters: Mapping[str, str], limit: int, page_token: str | None) -> Page:
        """Return performance documents whose fields equal the filters, newest first."""
        ...

    def alerts(self, tenant_id: str, state: str | None, limit: int, page_token: str | None) -> Page:
        """Return alerts, newest first."""
        ...

    def alert(self, tenant_id: str, alert_id: str) -> tuple[Document | None, Any]:
        """Return one alert and the version to replace it over."""
        ...

    def replace_alert(self, tenant_id: str, alert_id: str, document: Document, version: Any) -> None:
        """Replace an alert. Raises StoreConflict if somebody else did since ``version``."""
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

    def fills_of(self, tenant_id: str, nonce: str) -> Sequence[Document]:
        """Return the ledger's fills of a signal, oldest first."""
        ...


class Tokens(Protocol):
    """Who is asking."""

    def verify(self, token: str, *, is_revocation_checked: bool) -> Mapping[str, Any]:
        """Return a token's claims. Raises RefusedError with UNAUTHENTICATED, StoreUnavailable."""
        ...

    def memberships(self, tenant_id: str, uid: str) -> tuple[Document | None, Document | None]:
        """Return the tenant and the user's membership in it. Raises StoreUnavailable."""
        ...
