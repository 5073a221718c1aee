"""What happened on the account, as the simulated broker lists it."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tools.simulated_broker.clock import parse
from tools.simulated_broker.refusals import invalid

MOST_IN_A_PAGE = 100


@dataclass(frozen=True, slots=True, order=True)
class Listed:
    """One activity."""

    activity_id: str
    booked_at: datetime = field(compare=False)
    body: Mapping[str, Any] = field(compare=False)

    @property
    def kind(self) -> str:
        return str(self.body["activity_type"])


@dataclass(slots=True)
class ActivityList:
    """Activities in the order of their ids, that is, of the time they happened."""

    listed: list[Listed] = field(default_factory=list)
    events: list[tuple[datetime, Mapping[str, Any]]] = field(default_factory=list)
    """What the stream of events reports, oldest first."""
    refused_tokens: int = 0
    """How many continuations of pages are refused from now on."""
    told_from: datetime | None = None
    """What was booked before is no longer reported."""

    def add(self, activity_id: str, booked_at: datetime, body: Mapping[str, Any]) -> None:
        bisect.insort(self.listed, Listed(activity_id, booked_at, {**body, "id": activity_id}))

    def change(self, activity_id: str, **fields: Any) -> None:
        """Report an activity differently from now on."""
        at = next(index for index, one in enumerate(self.listed) if one.activity_id == activity_id)
        old = self.listed[at]
        self.listed[at] = Listed(activity_id, old.booked_at, {**old.body, **fields})

    def page(self, kind: str | None, query: Callable[[str], str | None]) -> list[Mapping[str, Any]]:
        size = int(query("page_size") or MOST_IN_A_PAGE)
        if not 1 <= size <= MOST_IN_A_PAGE:
            raise invalid(f"page_size must be between 1 and {MOST_IN_A_PAGE}")
        after = query("after")
        if after and self.told_from and parse(after) < self.told_from:
            raise invalid(f"activities before {self.told_from.isoformat()} are not available")
        found = [one for one in self._booked(after, query("until")) if _is_of(one, kind, query("category"))]
        if (query("direction") or "desc") == "desc":
            found.reverse()
        return [one.body for one in self._from_token(found, query("page_token"))[:size]]

    def _booked(self, after: str | None, until: str | None) -> list[Listed]:
        first = parse(after) if after else datetime.min.replace(tzinfo=UTC)
        last = parse(until) if until else datetime.max.replace(tzinfo=UTC)
        return [one for one in self.listed if first < one.booked_at < last]

    def _from_token(self, found: Sequence[Listed], token: str | None) -> Sequence[Listed]:
        if token is None:
            return found
        if self.refused_tokens:
            self.refused_tokens -= 1
            raise invalid("page_token is not known")
        at = next((index for index, one in enumerate(found) if one.activity_id == token), None)
        if at is None:
            raise invalid("page_token is not known")
        return found[at + 1 :]

    def told_events(self, since: str | None, until: str | None) -> list[Mapping[str, Any]]:
        """Return the events of a time."""
        if since is None or until is None:
            raise invalid("since and until are needed: this server keeps no stream open")
        first, last = parse(since), parse(until)
        return [event for at, event in self.events if first <= at <= last]


def _is_of(one: Listed, kind: str | None, category: str | None) -> bool:
    is_trade = one.kind == "FILL"
    return kind in (None, one.kind) and (category is None or is_trade == (category == "trade_activity"))
