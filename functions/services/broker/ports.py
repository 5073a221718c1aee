"""What use cases need of a broker and of what is known of it, as protocols. Orders are the trading client's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from functions.domain.broker.account import Asset, BrokerAccount, BrokerPosition
from functions.domain.broker.activities import ActivityCursor, ActivityPage
from functions.domain.broker.orders import BrokerOrder
from functions.domain.broker.prices import Adjustment, Bar, Quote
from functions.domain.broker.snapshot import BrokerSnapshot

MOST_ACTIVITIES = 1000
"""How many activities one call tells by default."""


class Broker(Protocol):
    """
    One account at a broker. Every method may raise any `BrokerError`, and answers in a bounded time.

    What the broker does not say is None, never 0. For one thread at a time.
    """

    def account(self) -> BrokerAccount:
        """Return what the account is worth. Raises UnsupportedCurrency if that is not told in USD."""
        ...

    def positions(self) -> Sequence[BrokerPosition]:
        """Return all that the account holds."""
        ...

    def asset(self, symbol: str) -> Asset:
        """Return what may be done with a symbol. Raises UnknownSymbol."""
        ...

    def open_orders(self) -> Sequence[BrokerOrder]:
        """Return every order that may still fill, newest first."""
        ...

    def orders_between(self, since: datetime, until: datetime) -> Sequence[BrokerOrder]:
        """Return orders submitted between aware times, in whatever state, the newest of them if there are many."""
        ...

    def order(self, order_id: str) -> BrokerOrder | None:
        """Return an order by the broker's id, in whatever state; None if there is none."""
        ...

    def order_by_client_id(self, client_order_id: str) -> BrokerOrder | None:
        """Return an order by its sender's name for it, in whatever state; None if there never was one."""
        ...

    def order_chain(self, order: BrokerOrder) -> Sequence[BrokerOrder]:
        """Return an order with those it replaces and those that replaced it, the first of them first."""
        ...

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote]:
        """Return quotes by symbol, as spelled in the question; what the broker has no data of is left out."""
        ...

    def daily_bars(
        self, symbols: Sequence[str], first: date, last: date, adjustment: Adjustment = Adjustment.SPLITS
    ) -> Mapping[str, Sequence[Bar]]:
        """
        Return the bars of days from first to last, both included, oldest first, by symbol as spelled in the question.

        What the broker has no data of is left out. Pairs of coins are told by their slash, or by six letters or more.
        """
        ...

    def first_cursor(self, since: datetime) -> ActivityCursor:
        """Return a cursor that tells what is booked from an aware time on."""
        ...

    def activities(self, cursor: ActivityCursor, limit: int = MOST_ACTIVITIES) -> ActivityPage:
        """
        Return what happened since a cursor, each activity once over all calls that pass their cursors on.

        What is booked late is told when it is booked, and told again if the broker says later that it does not hold.

        Parameters
        ----------
        limit : int
            About how many to tell at most; there may be a page more.

        Raises
        ------
        CursorExpired
            If the broker does not know the cursor, or no longer tells what happened since.
        """
        ...


class Reconciler(Protocol):
    """Holds what a broker says against what is on record; the feed calls it once activities are booked."""

    def reconcile(self, tenant_id: str, seen: BrokerSnapshot) -> None:
        """Compare both sides and record what differs. Raises StoreError."""
        ...
