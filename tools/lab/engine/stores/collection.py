"""A collection of documents in memory, found by id and by time."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from functions.domain.kernel.errors import StoreConflict
from functions.services.kernel.ports import Document, Version, Versioned

Named = tuple[str, Document]
"""A document's id, and the document."""


@dataclass(frozen=True, slots=True)
class _Stored:
    document: Document
    version: int
    stored_at: datetime
    created_at: datetime


class Collection:
    """
    Documents by id; no document in it is ever changed in place: a change is a new document.

    So readers get what is stored itself, without a copy, and must not change it either.

    Parameters
    ----------
    tick : callable
        Gives the store's time, never twice the same.
    times : sequence of str
        Fields by whose time documents are found; a document without a time there is not found.
    """

    def __init__(self, tick: Callable[[], datetime], times: Sequence[str] = ()) -> None:
        self._tick = tick
        self._stored: dict[str, _Stored] = {}
        self._by_time: dict[str, list[tuple[datetime, str]]] = {field: [] for field in times}

    def __contains__(self, name: str) -> bool:
        return name in self._stored

    def __len__(self) -> int:
        return len(self._stored)

    def items(self) -> Iterator[Named]:
        """Yield all documents in the order that they were created."""
        return ((name, one.document) for name, one in self._stored.items())

    def get(self, name: str) -> Document | None:
        stored = self._stored.get(name)
        return None if stored is None else stored.document

    def versioned(self, name: str) -> Versioned[Document | None]:
        one = self._stored.get(name)
        if one is None:
            return Versioned(None, None)
        return Versioned(one.document, Version(one.version), one.stored_at, one.created_at)

    def created_at(self, name: str) -> datetime:
        return self._stored[name].created_at

    def check_version(self, name: str, version: Version | None) -> None:
        """Raise StoreConflict if a document was written since it was read."""
        stored = self._stored.get(name)
        if (None if stored is None else Version(stored.version)) != version:
            raise StoreConflict(f"{name} changed")

    def put(self, name: str, document: Document) -> None:
        before, now = self._stored.get(name), self._tick()
        if before is None:
            self._stored[name] = _Stored(document, 1, now, now)
        else:
            self._unindex(name, before.document)
            self._stored[name] = _Stored(document, before.version + 1, now, before.created_at)
        for field, times in self._by_time.items():
            at = document.get(field)
            if isinstance(at, datetime):
                insort(times, (at, name))

    def merge(self, name: str, fields: Document) -> None:
        """Set some fields; the others stay."""
        self.put(name, {**(self.get(name) or {}), **fields})

    def delete(self, name: str) -> None:
        stored = self._stored.pop(name, None)
        if stored is not None:
            self._unindex(name, stored.document)

    def between(self, field: str, start: datetime | None, end: datetime | None) -> list[Named]:
        """Return the documents whose time is in [start, end), oldest first, those of one instant by id."""
        times = self._by_time[field]
        first = 0 if start is None else bisect_left(times, (start, ""))
        last = len(times) if end is None else bisect_left(times, (end, ""))
        return [(name, self._stored[name].document) for _, name in times[first:last]]

    def newest(self, field: str, at_or_before: datetime) -> Document | None:
        """Return the document of the latest time that is not after one."""
        times = self._by_time[field]
        place = bisect_left(times, (at_or_before, _LAST_NAME))
        return self._stored[times[place - 1][1]].document if place else None

    def oldest_time(self, field: str) -> datetime | None:
        times = self._by_time[field]
        return times[0][0] if times else None

    def forget_before(self, field: str, time: datetime) -> None:
        """Drop the documents whose time is before one: they are never read again."""
        times = self._by_time[field]
        for _, name in times[: bisect_left(times, (time, ""))]:
            self.delete(name)

    def forget_but(self, newest: int) -> None:
        """Drop all but the last so many that were created."""
        for name in list(self._stored)[: max(0, len(self._stored) - newest)]:
            self.delete(name)

    def _unindex(self, name: str, document: Document) -> None:
        for field, times in self._by_time.items():
            at = document.get(field)
            if isinstance(at, datetime):
                del times[bisect_left(times, (at, name))]


_LAST_NAME = "\U0010ffff"
"""No document's id comes after it."""
