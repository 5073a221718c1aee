"""What use cases need from the outside, as protocols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    slot_record: Document | None
    """The record of the slot asked for, if it was decided already."""


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
    slot: str | None
    slot_record: Document | None


class CycleStore(Protocol):
    """Where cycles read and write."""

    def read(self, tenant_id: str, uid: str | None, slot: str | None) -> TenantState:
        """Read everything in one round trip. Raises StoreUnavailable."""
        ...

    def commit(self, tenant_id: str, uid: str | None, writes: CycleWrites, session_version: Any) -> None:
        """
        Write everything or nothing.

        Raises
        ------
        StoreConflict
            If ``state/session`` changed since ``session_version``, or the slot's record exists.
        StoreUnavailable
            If it is not known to be written.
        """
        ...

    def record_superseded(self, tenant_id: str, slot: str, record: Document) -> None:
        """Store the record of a slot that a newer one overtook. Raises StoreConflict if there is one."""
        ...


class PerformanceStore(Protocol):
    """Where daily performance is read, and the windows made of it are written."""

    def daily_returns(self, tenant_id: str, uid: str | None, since: date) -> Iterable[tuple[str, date, float, float]]:
        """Yield (strategy name, day, profit and loss in USD, capital base in USD). Raises StoreUnavailable."""
        ...

    def write_windows(self, tenant_id: str, uid: str | None, document: Document) -> None:
        """Replace the windows document. Raises StoreUnavailable."""
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
