"""The ports `Broker`, which only reads (the trading client places orders), and `Reconciler`."""

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
"""How many activities one call returns by default."""


class Broker(Protocol):
    """
    One account at a broker. Every method may raise any `BrokerError`, and returns within a time limit.

    What the broker does not report is None, never 0. For one thread at a time.
    """

    def account(self) -> BrokerAccount:
        """Return the account's figures. Raises UnsupportedCurrency if they are not in USD."""
        ...

    def positions(self) -> Sequence[BrokerPosition]:
        """Return all that the account holds."""
        ...

    def asset(self, symbol: str) -> Asset:
        """Return what the broker allows for a symbol. Raises UnknownSymbol."""
        ...

    def open_orders(self) -> Sequence[BrokerOrder]:
        """Return every order that may still fill, newest first."""
        ...

    def orders_between(self, since: datetime, until: datetime) -> Sequence[BrokerOrder]:
        """Return orders submitted between aware times, in any state; of many, only the newest."""
        ...

    def order(self, order_id: str) -> BrokerOrder | None:
        """Return an order by the broker's id, in any state; None if there is none."""
        ...

    def order_by_client_id(self, client_order_id: str) -> BrokerOrder | None:
        """Return an order by its client_order_id, in any state; None if there never was one."""
        ...

    def order_chain(self, order: BrokerOrder) -> Sequence[BrokerOrder]:
        """Return an order with those it replaced and those that replaced it, oldest first."""
        ...

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote]:
        """Return quotes by symbol, as spelled in the request; symbols without data are left out."""
        ...

    def daily_bars(
        self, symbols: Sequence[str], first: date, last: date, adjustment: Adjustment = Adjustment.SPLITS
    ) -> Mapping[str, Sequence[Bar]]:
        """
        Return the bars of days from first to last, both included, oldest first, by symbol as spelled in the request.

        Symbols without data are left out. Coin pairs are recognised by their slash, or by having six letters or more.
        """
        ...

    def first_cursor(self, since: datetime) -> ActivityCursor:
        """Return a cursor for activities that are booked from an aware time on."""
        ...

    def activities(self, cursor: ActivityCursor, limit: int = MOST_ACTIVITIES) -> ActivityPage:
        """
        Return what happened since a cursor, each activity once if every call gets the cursor of the one before.

        A late booking is returned once it is booked, and again if the broker later cancels it.

        Parameters
        ----------
        limit : int
            Maximum number, roughly; there may be a page more.

        Raises
        ------
        CursorExpired
            If the broker does not know the cursor, or no longer reports what happened since.
        """
        ...


class Reconciler(Protocol):
    """Compares a broker's report with the books; the feed calls it once activities are booked."""

    def reconcile(self, tenant_id: str, seen: BrokerSnapshot) -> None:
        """Compare both sides and record what differs. Raises StoreError."""
        ...
