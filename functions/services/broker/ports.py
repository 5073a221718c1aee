"""What use cases need of a broker and of what is known of it, as protocols. Orders are the trading client's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from functions.domain.broker.account import Asset, BrokerAccount, BrokerPosition
from functions.domain.broker.activities import ActivityCursor, ActivityPage
from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.credentials import Credentials
from functions.domain.broker.orders import BrokerOrder
from functions.domain.broker.prices import Adjustment, Bar, Quote
from functions.domain.broker.snapshot import BrokerSnapshot
from functions.services.kernel.ports import Version, Versioned

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


class BrokerKeys(Protocol):
    """Where the keys of tenants' accounts are kept: nowhere else, and read by nobody who runs strategies."""

    def read(self, tenant_id: str) -> Credentials | None:
        """Return a tenant's keys; None if there are none. Raises KeysUnavailable."""
        ...

    def write(self, tenant_id: str, credentials: Credentials) -> None:
        """Keep them, in the place of those before. Raises KeysUnavailable."""
        ...

    def delete(self, tenant_id: str) -> None:
        """Forget them; again changes nothing. Raises KeysUnavailable."""
        ...


OpenBroker = Callable[[BrokerConnection, Credentials, float], AbstractContextManager[Broker]]
"""
Opens an account for so many seconds: what is asked of it later, or takes longer, is BrokerUnavailable.

Raises KeysRefused if what is given cannot be keys.
"""


@dataclass(frozen=True, slots=True)
class DeclaredSymbols:
    """What the deployed strategies declare to look at."""

    own: tuple[str, ...] = ()
    """Of all but the samples."""
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By sample."""


class ConnectionStore(Protocol):
    """Where connections to brokers are kept; every method raises StoreUnavailable."""

    def read(self, tenant_id: str) -> Versioned[BrokerConnection | None]:
        """Return a tenant's connection, to write over. Raises DamagedDocument."""
        ...

    def write(self, tenant_id: str, connection: BrokerConnection, before: Version | None) -> Version:
        """Store it, and return its new version. Raises StoreConflict if somebody else did since ``before``."""
        ...

    def claim(self, connection: BrokerConnection, tenant_id: str) -> str:
        """Let an account be a tenant's, unless it is another's, and return whose it is."""
        ...

    def release(self, connection: BrokerConnection, tenant_id: str) -> None:
        """Let an account be nobody's, if it is this tenant's."""
        ...

    def connected(self, tenant_ids: Sequence[str]) -> frozenset[str]:
        """Return which of some tenants are connected, in one batched read."""
        ...

    def declared_symbols(self) -> DeclaredSymbols:
        """Return what the deployed strategies declare; nothing before they ran for the first time."""
        ...
