"""What fills leave open, and nothing else: no prices, no profit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from functions.domain.ledger.books import PAGE_SIZE, OpenLots, pages_of
from functions.domain.ledger.fifo import Lots, match
from functions.domain.ledger.fills import BookKey, Fill


def carried(opening: OpenLots, fills: Iterable[Fill], page_size: int = PAGE_SIZE) -> OpenLots:
    """
    Return the lots that are open after further fills, with memory for one page of them.

    Parameters
    ----------
    fills : iterable of Fill
        Each book's in order of time, as a store yields them.
    page_size : int
        Fills held at once, but for those of one instant, which are never parted.
    """
    lots = dict(opening)
    for page, _ in pages_of(fills, page_size):
        by_book: dict[BookKey, list[Fill]] = defaultdict(list)
        for fill in page:
            by_book[fill.key].append(fill)
        for key, book in by_book.items():
            book.sort(key=lambda fill: fill.sort_key)
            columns = np.array([(fill.signed_quantity, fill.price, fill.cost) for fill in book]).T
            lots[key] = match(lots.get(key, Lots.none()), *columns).open_lots
    return {key: left for key, left in lots.items() if left.price.size}
