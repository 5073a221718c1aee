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
    """A document as it is stored, which knows where."""

    def __init__(self, path: str, fields: Mapping[str, Any]) -> None:
        super().__init__(fields)
        self.path = path
        """Below the database, as `tenants/acme/state/session`."""


Version = NewType("Version", object)
"""What a store needs to know that nobody wrote a document since; only the store that gave it looks inside."""


@dataclass(frozen=True, slots=True)
class Versioned(Generic[T_co]):
    """What was read, and the version to commit over."""

    value: T_co
    version: Version | None
    """None when nothing is stored: a commit over it creates."""
    stored_at: datetime | None = None
    """When it was last changed, by the store's clock."""
    created_at: datetime | None = None
    """When it was first stored, by the same."""


ABSENT: Versioned[None] = Versioned(None, None)
"""Nothing is stored."""


@dataclass(frozen=True, slots=True)
class TenantPage:
    """Some tenants, in the order of their ids."""

    tenants: Sequence[str]
    """The active ones with Maestro enabled."""
    last: str
    """The last that was looked at, enabled or not; empty if there was none."""
    is_more: bool
    """Whether some above it may not have been looked at."""
    next_checks: Mapping[str, datetime] = field(default_factory=dict)
    """When alerts are to be checked if nothing changes, by tenant, where that is known."""


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
        Return some fields of tenants' policies, by tenant, in one batched read; who has no policy is left out.

        Raises StoreUnavailable.
        """
        ...


class ScheduleRuns(Protocol):
    """How far schedules got with their tenants; every method raises StoreUnavailable."""

    def read(self, schedule: str) -> Versioned[Document | None]: ...

    def write(self, schedule: str, document: Document, before: Versioned[Document | None]) -> None:
        """Store it. Raises StoreConflict if somebody else did since ``before``."""
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

    def session_of(self, at: datetime) -> date:
        """Return the trading day that an aware time belongs to: its own by the market's clock, else the next."""
        ...

    def session_before(self, session: date) -> date:
        """Return the last trading day before a date."""
        ...

    def last_opened(self, at: datetime) -> date:
        """Return the newest trading day whose session had opened at an aware time: the one a price is of."""
        ...

    def close_of(self, session: date) -> datetime:
        """Return when a trading day's session closes, UTC."""
        ...

    def end_of(self, session: date) -> datetime:
        """
        Return the instant, UTC, from which times belong to the next trading day.

        That is the market's own midnight, or the next session's opening where that comes first; what happens after
        the close still belongs to the day.
        """
        ...


class MarketCalendars(Protocol):
    """The calendars of markets, each made once."""

    def of(self, market: str) -> MarketCalendar:
        """
        Return the calendar of a market, as a policy names it.

        Nothing is looked up before the calendar is asked: then it raises InputError if nobody knows its hours.
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
