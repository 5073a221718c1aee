"""
Follow a list that also grows in the middle: each entry once, however late it is booked.

Alpaca lists activities by the time they happened. A fee is booked days after its date, and two fills of one millisecond
come in any order, so "everything after the last one" would miss some. A trail begins a while before what it has already
reported, and skips what it remembers. Within one walk it continues from the last entry, as the pages do; if Alpaca no
longer knows that entry, it walks again from the start of the trail, and still reports nothing twice.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.domain.broker.activities import ActivityCursor
from functions.domain.broker.errors import CursorExpired

_DIGEST = 8
"""Characters, 48 bits: with 10,000 entries, one false match in a thousand million years of cycles."""
_SHAPE = 1


@dataclass(frozen=True, slots=True)
class Trail:
    """How far one list was reported."""

    after: datetime
    """Everything booked before this was reported, or must not be."""
    token: str | None = None
    """Id of the last entry, within an unfinished walk."""
    told: str = ""
    """Digests of the reported entries since `after`."""
    begun: datetime | None = None
    """When the unfinished walk began, by the broker's clock."""

    def to_text(self) -> dict[str, Any]:
        begun = None if self.begun is None else self.begun.isoformat()
        return asdict(self) | {"after": self.after.isoformat(), "begun": begun}

    @classmethod
    def of_text(cls, stored: Any) -> Trail:
        begun = None if stored["begun"] is None else datetime.fromisoformat(stored["begun"]).astimezone(UTC)
        trail = cls(datetime.fromisoformat(stored["after"]).astimezone(UTC), stored["token"], stored["told"], begun)
        if not (isinstance(trail.told, str) and isinstance(trail.token, str | None)):
            raise TypeError("told and token must be texts")
        return trail


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list."""

    entry_id: str
    mark: str
    """Changes when the broker amends the entry, so that it is reported again."""
    booked_at: datetime
    value: Any

    @property
    def digest(self) -> str:
        hashed = hashlib.blake2b(f"{self.entry_id}|{self.mark}".encode(), digest_size=6).digest()
        return b64encode(hashed, b"-_").decode()


@dataclass(slots=True)
class Walk:
    """One walk along a trail, page by page."""

    trail: Trail
    overlap: timedelta
    entries: list[Entry] = field(default_factory=list)
    """New entries."""
    is_at_end: bool = False
    pages: int = 0
    _seen: list[Entry] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)
    _is_from_start: bool = True

    def __post_init__(self) -> None:
        told = self.trail.told
        self._told = {told[at : at + _DIGEST] for at in range(0, len(told), _DIGEST)}
        self._is_from_start = self.trail.token is None

    def take(self, page: Sequence[Entry], full_page: int, broker_now: datetime | None) -> None:
        """Process the page after the trail's token, which the broker sent at a time by its own clock."""
        if self.trail.token is None:
            self.trail = replace(self.trail, begun=broker_now)
        self.pages += 1
        self._seen += page
        for one in page:
            if one.digest not in self._told:
                self._told.add(one.digest)
                self.entries.append(one)
        self.is_at_end = len(page) < full_page
        token = page[-1].entry_id if page and not self.is_at_end else None
        self.trail = replace(self.trail, token=token, told="".join(sorted(self._told)))

    def begin_again(self) -> None:
        """Walk from the start of the trail: its token is no longer known."""
        self.trail = replace(self.trail, token=None, begun=None)
        self._seen, self._is_from_start = [], True

    def ended(self) -> Trail:
        """
        Return the trail to follow next: from its position or, after a walk, from a while before it began.

        Everything booked during the walk is after that, even among entries already passed.
        """
        if not self.is_at_end:
            return self.trail
        newest = max((one.booked_at for one in self._seen), default=self.trail.after)
        begun = self.trail.begun or (newest if self._is_from_start else self.trail.after)
        after = max(self.trail.after, begun - self.overlap).replace(microsecond=0)
        if not self._is_from_start:  # the entries of earlier pages are unknown here: the next walk sees them all
            return replace(self.trail, after=after, begun=None)
        return Trail(after, None, "".join(sorted({one.digest for one in self._seen})))


Ask = Callable[[Trail], tuple[Sequence[Entry], datetime | None]]
"""Returns the page after a trail's token, and the time by the broker's clock."""


def follow(walk: Walk, ask: Ask, full_page: int, limit: int) -> None:
    """Walk until the end, or until that many entries are new."""
    while not walk.is_at_end and len(walk.entries) < limit:
        page, broker_now = ask(walk.trail)
        walk.take(page, full_page, broker_now)


def cursor_of(trails: dict[str, Trail]) -> ActivityCursor:
    content = {"shape": _SHAPE, **{name: trail.to_text() for name, trail in trails.items()}}
    return ActivityCursor(json.dumps(content, separators=(",", ":")))


def trails_of(cursor: ActivityCursor, names: Sequence[str]) -> dict[str, Trail]:
    """Read a cursor. Raises CursorExpired if it is not one of ours."""
    try:
        content = json.loads(cursor)
        if content["shape"] != _SHAPE:
            raise ValueError("another shape")
        return {name: Trail.of_text(content[name]) for name in names}
    except (ValueError, LookupError, TypeError, AttributeError):
        raise CursorExpired("the cursor of the account's activities cannot be read: begin at a time") from None
