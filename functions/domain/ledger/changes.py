"""What a new ledger document changes, given others of its instant that void, correct or revise each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from functions.domain.kernel.errors import FillError
from functions.domain.ledger.amendments import effective
from functions.domain.ledger.events import Entry, Event, parse_entry
from functions.domain.ledger.fills import Fill


@dataclass(frozen=True, slots=True)
class Changes:
    """Events that became invalid, and events that became valid."""

    gone: tuple[Event, ...] = ()
    come: tuple[Event, ...] = ()

    def is_only(self, entry_id: str) -> bool:
        """Return whether the only change is one new fill."""
        come = self.come[0] if len(self.come) == 1 else None
        return not self.gone and isinstance(come, Fill) and come.entry_id == entry_id

    @property
    def added_cost(self) -> float:
        """Increase of the cost of purchases, USD; 0 if it decreased."""
        return max(0.0, _bought(self.come) - _bought(self.gone))

    def __add__(self, other: Changes) -> Changes:
        return Changes((*self.gone, *other.gone), (*self.come, *other.come))


def _bought(events: Iterable[Event]) -> float:
    fills = (one for one in events if isinstance(one, Fill) and one.signed_quantity > 0)
    return sum(one.notional for one in fills)


def changes_of_instant(before: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]) -> Changes:
    """
    Return what new documents change.

    Parameters
    ----------
    before, new : mapping
        Ledger documents by id, all of one instant. Malformed ones are ignored.
    """
    were, are = _holding(before), _holding({**before, **new})
    return Changes(tuple((were - are).elements()), tuple((are - were).elements()))


def _holding(documents: Mapping[str, Mapping[str, Any]]) -> Counter[Event]:
    return Counter(effective(_parsed(documents), lambda _: None))


def _parsed(documents: Mapping[str, Mapping[str, Any]]) -> Iterable[Entry]:
    for entry_id, document in sorted(documents.items()):
        try:
            yield parse_entry(entry_id, document)
        except FillError:  # readers of the ledger report it
            continue
