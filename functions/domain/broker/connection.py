"""A tenant's connection to an account at a broker, as stored: everything but the keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from functions.domain.broker.activities import ActivityCursor
from functions.domain.kernel.stored_fields import FLAG, MAP, MAPS, TEXT, TIME, Kinds, check_fields, word
from functions.domain.orchestration.broker_feed import ConnectionStatus, Feed

MOST_GAPS = 20
"""How many times without a connection are kept, the newest; the first was while it was being connected."""
MOST_TOLD = 20
"""Reports to people that are kept: the newest."""
_SHOWN_DIGITS = 4


def masked(number: str) -> str:
    """Return an account's number as members may see it: its last digits."""
    return f"…{number[-_SHOWN_DIGITS:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerConnection:
    """``tenants/{t}/state/broker``, which only the server reads."""

    broker: str
    """Name of the broker's adapter, such as alpaca."""
    is_live: bool
    """Whether it holds real money."""
    account_id: str
    account_number: str | None
    status: ConnectionStatus
    connected_at: datetime
    """Activities from this time on are booked."""
    connected_by: str
    tells_amendments: bool
    """Whether busts and corrections of trades can be requested for the account."""
    cursor: ActivityCursor
    """Up to where activities are booked; empty while it was not connected yet: ``broker connect`` was cut short."""
    feed: Feed | None = None
    """The last one."""
    failing_since: datetime | None = None
    """When the first of the current run of failed feeds ended."""
    told: Sequence[Mapping[str, Any]] = ()
    """What a person should look at, the newest last: ``at`` and ``text``."""
    gaps: Sequence[Mapping[str, Any]] = ()
    """When the account was not connected, the newest last: ``start`` and ``end``, None while it lasts."""

    @property
    def is_connected(self) -> bool:
        return self.status is ConnectionStatus.CONNECTED

    @property
    def masked_account(self) -> str:
        """The last digits of its number, or of its id where it has none."""
        return masked(self.account_number or self.account_id)

    @property
    def is_begun(self) -> bool:
        """Whether it was connected at some time, so that its activities are read on from its cursor."""
        return bool(self.cursor)

    @property
    def status_since(self) -> datetime:
        """When it was connected or, if it no longer is, disconnected."""
        ended = [one["start"] for one in self.gaps if one["end"] is None]
        since: datetime = ended[-1] if ended and not self.is_connected else self.connected_at
        return since

    def beginning(self) -> BrokerConnection:
        """Return what is stored before it is connected for the first time: whose account it is to be."""
        return replace(self, status=ConnectionStatus.DISCONNECTED, cursor=ActivityCursor(""))

    def disconnected(self, now: datetime) -> BrokerConnection:
        """Return it disconnected; repeating it changes nothing."""
        if not self.is_connected:
            return self
        gaps = (*self.gaps, {"start": now, "end": None})[-MOST_GAPS:]
        return replace(self, status=ConnectionStatus.DISCONNECTED, gaps=gaps)

    def connected_again(self, now: datetime) -> BrokerConnection:
        """Return it with the gap at its end, if there is one, over."""
        gaps = tuple({**one, "end": now} if one["end"] is None else one for one in self.gaps)
        return replace(self, status=ConnectionStatus.CONNECTED, gaps=gaps)

    def is_in_gap(self, at: datetime) -> bool:
        """Return whether the account was not connected then: clients had to report the fills of Maestro's orders."""
        return any(one["start"] <= at and (one["end"] is None or at < one["end"]) for one in self.gaps)

    def is_fed(self, at: datetime) -> bool:
        """Return whether the feed books activities of a time, also after a disconnection."""
        # Documents from before gaps were stored do not say when they were disconnected.
        is_end_unknown = not self.is_connected and not any(one["end"] is None for one in self.gaps)
        return at >= self.connected_at and not self.is_in_gap(at) and not is_end_unknown

    def telling(self, texts: Sequence[str], at: datetime) -> BrokerConnection:
        """Return it with further reports to people, without repeating earlier ones."""
        known = {one["text"] for one in self.told}
        new = [{"at": at, "text": one} for one in dict.fromkeys(map(self._masked_in, texts)) if one not in known]
        return replace(self, told=(*self.told, *new)[-MOST_TOLD:])

    def fed(self, feed: Feed, *, is_failed: bool) -> BrokerConnection:
        """Return it after a feed."""
        since = (self.failing_since or feed.at) if is_failed else None
        return replace(self, feed=replace(feed, detail=self._masked_in(feed.detail)), failing_since=since)

    def _masked_in(self, text: str) -> str:
        """Return a text without the account's number: a broker's own message may quote it, and members read it."""
        for one in (self.account_number or "", self.account_id):
            text = text.replace(one, masked(one)) if len(one) > _SHOWN_DIGITS else text
        return text

    def to_document(self) -> dict[str, Any]:
        feed = None if self.feed is None else self.feed.to_document()
        return {name: getattr(self, name) for name in self.__slots__} | {
            "status": str(self.status),
            "cursor": str(self.cursor),
            "feed": feed,
            "told": [dict(one) for one in self.told],
            "gaps": [dict(one) for one in self.gaps],
        }

    def to_members_document(self) -> dict[str, Any]:
        """Return what members may read, ``tenants/{t}/state/connection``: no number, id or cursor."""
        document = self.to_document()
        return {name: document[name] for name in _FOR_MEMBERS} | {"account": self.masked_account}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> BrokerConnection:
        """Read what is stored. Raises InputError."""
        check_fields(document, _ALWAYS, {"gaps": MAPS}, or_null=_OR_NULL, is_closed=True)
        told = tuple(dict(one) for one in document["told"])
        gaps = tuple(dict(one) for one in document.get("gaps") or ())
        for one in gaps:
            check_fields(one, {"start": TIME}, or_null={"end": TIME}, inside="gaps.", is_closed=True)
        values = {**document, "status": ConnectionStatus(document["status"]), "told": told, "gaps": gaps}
        feed = document["feed"]
        return cls(**values | {"feed": None if feed is None else Feed.from_document(feed)})


_ALWAYS: Kinds = {
    **dict.fromkeys(("broker", "account_id", "connected_by", "cursor"), TEXT),
    **dict.fromkeys(("is_live", "tells_amendments"), FLAG),
    "status": word(ConnectionStatus),
    "connected_at": TIME,
    "told": MAPS,
}
_OR_NULL: Kinds = {"account_number": TEXT, "feed": MAP, "failing_since": TIME}
_FOR_MEMBERS = ("broker", "is_live", "status", "feed", "failing_since")
