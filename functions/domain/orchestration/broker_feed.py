"""The result of the last feed from a tenant's broker, and its effect on a cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.stored_fields import COUNT, MAP, TEXT, TIME, Kinds, check_fields, word
from functions.domain.orchestration.inputs import InputIssue


class ConnectionStatus(StrEnum):
    """Whether a tenant's account is fed from its broker."""

    CONNECTED = "CONNECTED"
    DISCONNECTED = "DISCONNECTED"


class FeedStatus(StrEnum):
    """How a feed ended."""

    OK = "OK"
    BEHIND = "BEHIND"
    """Prices and account are in; activities remain to be booked."""
    FAILED = "FAILED"
    """The broker, its keys or its answers failed; the cycle ran anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed."""

    slot: str
    at: datetime
    """When it ended."""
    status: FeedStatus
    detail: str
    """Details for people; without keys."""
    booked: int = 0
    """Ledger entries that it added."""

    def to_document(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__} | {"status": str(self.status)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Feed:
        """Read the stored document. Raises InputError."""
        check_fields(document, _FEED, inside="feed.")
        return cls(**{name: document[name] for name in _FEED} | {"status": FeedStatus(document["status"])})


_FEED: Kinds = {"slot": TEXT, "at": TIME, "status": word(FeedStatus), "detail": TEXT, "booked": COUNT}


def feed_issues(connection: Mapping[str, Any] | None, slot: str | None) -> list[InputIssue]:
    """
    Return issues that stop entries: the tenant is connected, but its last feed did not bring all that a cycle needs.

    Parameters
    ----------
    connection : mapping or None
        ``state/broker``.
    slot : str or None
        The cycle's: feeds of older slots do not count. None: a requested cycle, which accepts the last feed.

    Raises
    ------
    InputError
        If what is stored is malformed.
    """
    if connection is None:
        return []
    check_fields(connection, {"status": word(ConnectionStatus)}, {"feed": MAP})
    if connection["status"] != ConnectionStatus.CONNECTED:
        return []
    if connection.get("feed") is None:
        return [_issue("no feed from the broker has run yet")]
    feed = Feed.from_document(connection["feed"])
    if slot is not None and feed.slot < slot:
        return [_issue(f"the last feed from the broker was for slot {feed.slot}")]
    return [] if feed.status is FeedStatus.OK else [_issue(feed.detail)]


def _issue(detail: str) -> InputIssue:
    return InputIssue(ReasonCode.BROKER_FEED, detail)
