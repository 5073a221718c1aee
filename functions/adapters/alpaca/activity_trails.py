"""The account's activities since a cursor: executions, other bookings, and later amendments."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from functions.adapters.alpaca.activities import read_activity, read_amendment
from functions.adapters.alpaca.connection import Connection
from functions.adapters.alpaca.fields import Fields, objects
from functions.adapters.alpaca.trails import Ask, Entry, Trail, Walk, cursor_of, follow, trails_of
from functions.domain.broker.activities import Activity, ActivityCursor, ActivityPage
from functions.domain.broker.errors import BrokerUnavailable, CursorExpired, MalformedAnswer, RequestRefused

_FULL_PAGE = 100
_NEVER_FULL = sys.maxsize
"""A stream of events ends by itself."""
_FILLS, _OTHERS, _EVENTS = "fills", "others", "events"
_OVERLAPS: Mapping[str, timedelta] = {
    _FILLS: timedelta(minutes=30),
    _OTHERS: timedelta(days=7),
    _EVENTS: timedelta(minutes=30),
}
"""How late an entry may be booked and still be reported."""
_GONE = frozenset({400, 404, 410, 422})
"""Statuses that refuse a token or time that is no longer known."""


class ActivityTrails:
    """Follows an account's lists of activities."""

    def __init__(self, connection: Connection, *, amendments: bool) -> None:
        self._connection = connection
        self._broker_now: datetime | None = None
        self._lists: Mapping[str, Ask] = {
            _FILLS: lambda trail: self._page("/v2/account/activities/FILL", trail),
            _OTHERS: lambda trail: self._page("/v2/account/activities", trail, category="non_trade_activity"),
            **({_EVENTS: self._events} if amendments else {}),
        }

    def first_cursor(self, since: datetime) -> ActivityCursor:
        return cursor_of(dict.fromkeys(self._lists, Trail(since.astimezone(UTC))))

    def activities(self, cursor: ActivityCursor, limit: int) -> ActivityPage:
        """Return what is new; what was read before Alpaca failed is not lost. Raises BrokerError."""
        trails = trails_of(cursor, list(self._lists))
        walks = {name: Walk(trail, _OVERLAPS[name]) for name, trail in trails.items()}
        told, interrupted = 0, None
        try:
            for name, walk in walks.items():
                self._walk(name, walk, limit - told)
                told += len(walk.entries)
                trails[name] = walk.ended()
        except BrokerUnavailable as error:
            if not any(walk.pages for walk in walks.values()):
                raise
            interrupted = str(error)
            trails |= {name: walk.ended() for name, walk in walks.items()}
        found: list[Activity] = [one.value for walk in walks.values() for one in walk.entries]
        found.sort(key=lambda one: one.at)  # stable: at one time, an execution stays before its amendments
        return ActivityPage(
            activities=tuple(found),
            cursor=cursor_of(trails),
            is_complete=all(walk.is_at_end for walk in walks.values()),
            interrupted=interrupted,
        )

    def _walk(self, name: str, walk: Walk, limit: int) -> None:
        ask = self._lists[name]
        full_page = _NEVER_FULL if name == _EVENTS else _FULL_PAGE
        try:
            follow(walk, ask, full_page, limit)
        except RequestRefused as refused:
            if refused.status not in _GONE:
                raise
            if walk.trail.token is None:
                raise CursorExpired(f"Alpaca no longer reports what happened since {walk.trail.after}") from refused
            walk.begin_again()
            self._again(walk, ask, full_page, limit)

    def _again(self, walk: Walk, ask: Ask, full_page: int, limit: int) -> None:
        try:
            follow(walk, ask, full_page, limit)
        except RequestRefused as refused:
            raise MalformedAnswer(f"Alpaca refuses page tokens that it gave itself: {refused}") from refused

    def _page(self, path: str, trail: Trail, **more: str) -> tuple[list[Entry], datetime | None]:
        parameters = {"direction": "asc", "page_size": str(_FULL_PAGE), "after": _stamp(trail.after), **more}
        if trail.token is not None:
            parameters["page_token"] = trail.token
        answer = self._connection.get(path, parameters)
        self._broker_now = answer.date
        entries = [_entry(one) for one in objects("activities", answer.body)]
        if entries and entries[-1].entry_id == trail.token:
            raise MalformedAnswer("Alpaca's pages of activities make no progress")
        return entries, answer.date

    def _events(self, trail: Trail) -> tuple[list[Entry], datetime | None]:
        """Return the busts and corrections since a trail's start: the stream ends at a requested time."""
        until = max(self._broker_now or datetime.now(UTC), trail.after + timedelta(seconds=1))
        answer = self._connection.get(
            "/v2beta1/events/activities", {"since": _stamp(trail.after), "until": _stamp(until)}
        )
        found = []
        for event in _data(answer.body):
            amendment = read_amendment(event)
            if amendment is not None:
                at = amendment.posted_at or amendment.at
                found.append(Entry(amendment.activity_id, "", at, amendment))
        return found, answer.date


def _entry(fields: Fields) -> Entry:
    activity = read_activity(fields)
    return Entry(activity.activity_id, activity.standing, activity.posted_at or activity.at, activity)


def _data(stream: object) -> Iterator[Fields]:
    """Yield the objects of a stream of server-sent events; comments are left out."""
    if stream is None:
        return
    if not isinstance(stream, str):
        raise MalformedAnswer("Alpaca's answer is not an event stream")
    for line in stream.splitlines():
        name, _, value = line.partition(":")
        if name == "data":
            try:
                yield Fields.of("event", json.loads(value))
            except ValueError:
                raise MalformedAnswer("one of Alpaca's events is not JSON") from None


def _stamp(at: datetime) -> str:
    """
    Return a time in Alpaca's format: whole seconds, truncated.

    >>> _stamp(datetime(2026, 1, 5, 15, 0, 0, 999999, tzinfo=UTC))
    '2026-01-05T15:00:00Z'
    """
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
