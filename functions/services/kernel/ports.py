"""What use cases need from the outside, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, NewType, Protocol, TypeVar

from functions.domain.kernel.spans import Span

T_co = TypeVar("T_co", covariant=True)

Document = Mapping[str, Any]


class StoredDocument(dict[str, Any]):
    """A document as stored, with its path."""

    def __init__(self, path: str, fields: Mapping[str, Any]) -> None:
        super().__init__(fields)
        self.path = path
        """Relative to the database root, like `tenants/acme/state/session`."""


Version = NewType("Version", object)
"""What a store needs to detect later writes to a document; only the store that gave it looks inside."""


@dataclass(frozen=True, slots=True)
class Versioned(Generic[T_co]):
    """What was read, and the version to commit over."""

    value: T_co
    version: Version | None
    """None when nothing is stored: a commit over it creates."""
    stored_at: datetime | None = None
    """When it was last changed, by the store's clock."""
    created_at: datetime | None = None
    """When it was first stored, by the store's clock."""


ABSENT: Versioned[None] = Versioned(None, None)
"""Nothing is stored."""


@dataclass(frozen=True, slots=True)
class TenantPage:
    """Some tenants, in the order of their ids."""

    tenants: Sequence[str]
    """The active ones with Maestro enabled."""
    last: str
    """The last tenant that was read, enabled or not; empty if there was none."""
    is_more: bool
    """Whether there may be tenants after it."""
    next_checks: Mapping[str, datetime] = field(default_factory=dict)
    """When each tenant's alerts must be checked even if nothing changes, where known."""


class TenantDirectory(Protocol):
    """Which tenants there are."""

    def page(self, span: Span, limit: int) -> TenantPage:
        """Return the first tenants of a span, at most ``limit``. Raises StoreUnavailable."""
        ...

    def enabled_tenants(self) -> Iterable[str]:
        """Yield the ids of active tenants with Maestro enabled. Raises StoreUnavailable."""
        ...

    def settings(self, tenant_ids: Sequence[str], names: Sequence[str]) -> Mapping[str, Document]:
        """
        Return some fields of tenants' policies, by tenant, in one batched read; tenants without a policy are left out.

        Raises StoreUnavailable.
        """
        ...


class ScheduleRuns(Protocol):
    """Progress of schedules through the tenants; every method raises StoreUnavailable."""

    def read(self, schedule: str) -> Versioned[Document | None]: ...

    def write(self, schedule: str, document: Document, before: Versioned[Document | None]) -> None:
        """Store it. Raises StoreConflict if it was written since ``before``."""
        ...


class TaskQueue(Protocol):
    """Work handed to another invocation, at least once."""

    def enqueue(self, task_id: str, payload: Mapping[str, Any]) -> bool:
        """Queue a task; False if one with that id was already queued."""
        ...


class MarketCalendar(Protocol):
    """When the market trades."""

    def is_open(self, at: datetime) -> bool:
        """Return whether the regular session is open at an aware time."""
        ...

    def sessions(self, first: date, last: date) -> list[date]:
        """Return the trading days from first to last, both included."""
        ...

    def session_of(self, at: datetime) -> date:
        """Return the trading day of an aware time: its date in the market's time zone, else the next one."""
        ...

    def session_before(self, session: date) -> date:
        """Return the last trading day before a date."""
        ...

    def last_opened(self, at: datetime) -> date:
        """Return the newest trading day whose session had opened at an aware time: the one a price belongs to."""
        ...

    def close_of(self, session: date) -> datetime:
        """Return when a trading day's session closes, UTC."""
        ...

    def end_of(self, session: date) -> datetime:
        """
        Return the instant, UTC, at which the next trading day begins.

        That is the market's midnight, or the next session's opening if earlier; what happens after the close still
        belongs to the day.
        """
        ...


class MarketCalendars(Protocol):
    """The calendars of markets, each made once."""

    def of(self, market: str) -> MarketCalendar:
        """
        Return the calendar of a market, as a policy names it.

        Nothing is looked up until the calendar is used: then it raises InputError if the market's hours are unknown.
        """
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


Pause = Callable[[int], None]
"""Waits before trying again, longer and less predictably with every attempt (0, 1, …)."""
