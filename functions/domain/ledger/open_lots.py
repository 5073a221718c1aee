"""The ledger's open lots, without prices and profit."""

from __future__ import annotations

from collections.abc import Iterable

from functions.domain.ledger.books import PAGE_SIZE, OpenLots, pages_of
from functions.domain.ledger.carry import Grouped, carry
from functions.domain.ledger.events import Event
from functions.domain.ledger.fifo import Lots


def carried(opening: OpenLots, events: Iterable[Event], page_size: int = PAGE_SIZE) -> OpenLots:
    """
    Return the open lots after further events, with memory for one page of them.

    Parameters
    ----------
    events : iterable of Event
        Oldest first.
    page_size : int
        Events held at once; those of one instant are never split between pages.
    """
    lots = dict(opening)
    for page, _ in pages_of(events, page_size):
        grouped = Grouped.of(page)
        split = {key for key in lots if grouped.actions_of(key.symbol).splits}
        for key in grouped.fills.keys() | split:
            before = lots.get(key, Lots.none())
            lots[key] = carry(before, grouped.fills.get(key, []), grouped.actions_of(key.symbol)).lots
    return {key: left for key, left in lots.items() if left.price.size}
