"""The valid events of a ledger whose entries may be voided, corrected, or revised by the broker."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from operator import attrgetter

from functions.domain.kernel.errors import FillError
from functions.domain.ledger.events import Amendment, Entry, Event
from functions.domain.ledger.fills import Fill


def effective(entries: Iterable[Entry], on_orphan: Callable[[FillError], None]) -> Iterator[Event]:
    """
    Yield the valid events of entries.

    An amendment has the time of the entry that it amends, so that reading a range of the ledger reads both.

    Parameters
    ----------
    entries : iterable of Entry
        Oldest first, as a store yields them; those of one instant in any order.
    on_orphan : callable
        Called with an amendment whose entry is missing, which changes nothing.
    """
    for _, instant in itertools.groupby(entries, key=attrgetter("at")):
        yield from _of_instant(list(instant), on_orphan)


def _of_instant(entries: Sequence[Entry], on_orphan: Callable[[FillError], None]) -> Iterator[Event]:
    if len(entries) == 1 and isinstance(entries[0], Fill):
        yield entries[0]
        return
    amendments = {one.entry_id: one for one in entries if isinstance(one, Amendment)}
    events = {one.entry_id: one for one in entries if not isinstance(one, Amendment)}
    if not amendments:
        yield from _last_revisions(events.values())
        return
    for orphan in (one for one in amendments.values() if one.of not in events and one.of not in amendments):
        on_orphan(FillError(f"{orphan.entry_id}.of", "the id of an entry of the same ts", orphan.of))
    voided = {one.of for one in amendments.values() if one.fill is None}
    corrections: dict[str, list[Amendment]] = defaultdict(list)
    for one in amendments.values():
        if one.fill is not None and one.entry_id not in voided:
            corrections[_root(one.of, amendments)].append(one)
    kept = _last_revisions(event for event in events.values() if not _is_voided(event, events, voided))
    for event in kept:
        last = max(corrections.get(event.entry_id, ()), key=lambda one: (one.version, one.entry_id), default=None)
        if last is None or last.fill is None or not isinstance(event, Fill):
            yield event
        else:
            yield _with_grant_of(event, last.fill)


def _root(entry_id: str, amendments: dict[str, Amendment]) -> str:
    """Return the original entry of an amendment, or of an amendment's amendment."""
    seen = set()
    while entry_id in amendments and entry_id not in seen:
        seen.add(entry_id)
        entry_id = amendments[entry_id].of
    return entry_id


def _is_voided(event: Event, events: dict[str, Event], voided: set[str]) -> bool:
    """Return whether an event, or any revision of the same execution, was voided."""
    if event.entry_id in voided:
        return True
    if not isinstance(event, Fill) or event.execution is None:
        return False
    others = (events.get(entry_id) for entry_id in voided)
    return any(isinstance(other, Fill) and other.execution == event.execution for other in others)


def _last_revisions(events: Iterable[Event]) -> Iterator[Event]:
    """Yield events; of an execution that its broker revised, only the last revision, with the grant of any of them."""
    last: dict[tuple[str, ...], Fill] = {}
    for event in events:
        if not isinstance(event, Fill) or event.execution is None:
            yield event
            continue
        other = last.get(event.execution, event)
        one, other = (event, other) if _comes_after(event, other) else (other, event)
        last[event.execution] = one if one.granted else _with_grant_of(other, one)
    yield from last.values()


def _with_grant_of(told: Fill, corrected: Fill) -> Fill:
    """Return a fill's corrected version, with the identity of the entry as reported."""
    return replace(corrected, nonce=told.nonce, granted=told.granted)


def _comes_after(one: Fill, other: Fill) -> bool:
    """Return whether a revision is later; if one occurs twice the smaller id wins, in any order."""
    return one.revision > other.revision or (one.revision == other.revision and one.entry_id < other.entry_id)
