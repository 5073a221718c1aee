"""Book what happened on an account since it was last read, page by page: for feeds, and before disconnecting."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.errors import BrokerUnavailable, CursorExpired, Forbidden, KeysUnavailable
from functions.domain.broker.fed_account import fault_of, safe_beginning
from functions.domain.kernel.policy import Policy
from functions.services.broker.book_activities import BookActivities, Feeding
from functions.services.broker.connection_ports import BrokerKeys, ConnectionStore, OpenBroker
from functions.services.broker.order_owners import OrderOwners
from functions.services.broker.ports import Broker
from functions.services.kernel.ports import Clock, Version
from functions.services.trading.ports import BookStore

logger = logging.getLogger("maestro")

PAGE = 100
"""Activities that are requested and booked at once."""
MOST_PAGES = 10
"""Of one read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingPorts:
    """The ports for reading an account and booking what happened there."""

    connections: ConnectionStore
    keys: BrokerKeys
    open_broker: OpenBroker
    trading: BookStore
    book: BookActivities
    clock: Clock
    monotonic: Callable[[], float]
    policy_of: Callable[[str], Policy]
    policy_defaults: Callable[[], Mapping[str, Any]]


class ReadAccount:
    """
    One read of a tenant's account.

    Parameters
    ----------
    connection, version : BrokerConnection, Version or None
        As they are stored.
    """

    def __init__(
        self, ports: ReadingPorts, tenant_id: str, connection: BrokerConnection, version: Version | None
    ) -> None:
        self._ports = ports
        self.tenant_id = tenant_id
        self._version = version
        self.connection = connection
        """As it is stored now."""
        self.booked = 0
        """Entries that are new in the ledger."""

    @contextmanager
    def opened(self, policy: Policy, seconds: float) -> Iterator[Broker]:
        """
        Open the account with its stored keys, for a number of seconds.

        Raises
        ------
        BrokerError
            If there are no keys, they open no usable account, or the policy does not allow an account with real money.
        """
        if self.connection.is_live and not policy.broker_live:
            raise Forbidden("the account is live, and the policy's broker_live is not true: an admin must set it")
        credentials = self._ports.keys.read(self.tenant_id)
        if credentials is None:
            raise KeysUnavailable("there are no keys")
        with self._ports.open_broker(self.connection, credentials, seconds) as broker:
            fault = fault_of(broker.account(), self.connection)
            if fault is not None:
                raise BrokerUnavailable(fault)
            yield broker

    def book(self, broker: Broker, policy: Policy, is_time_left: Callable[[], bool]) -> str | None:
        """
        Book page after page, storing the cursor after each; return why some is left for later, or None.

        Raises
        ------
        BrokerError
            For any error of the broker; BrokerUnavailable while activities or orders are read is returned as text.
        StoreError, RefusedError
            What was booked stays, and is not booked again.
        """
        ports, tenant_id = self._ports, self.tenant_id
        feeding = Feeding(tenant_id, self.connection, policy, ports.policy_defaults())
        owners = OrderOwners(ports.trading, broker, tenant_id, is_time_left)
        for _ in range(MOST_PAGES):
            try:
                page = broker.activities(self.connection.cursor, PAGE)
            except CursorExpired as error:
                since = self._begin_again(broker)
                logger.error("%s: activities are read again from %s on", error, since, extra={"tenant": tenant_id})
                continue
            except BrokerUnavailable as error:
                return f"activities are left to book: {error}"
            booked = ports.book.run(feeding, page.activities, owners)
            self.booked += booked.count
            told = self.connection.telling(booked.told, ports.clock.now())
            if booked.stopped is not None:
                self.store(told)
                return f"activities are left to book: {booked.stopped}"
            self.store(replace(told, cursor=page.cursor))
            if page.interrupted is not None:
                return f"activities are left to book: {page.interrupted}"
            if page.is_complete:
                return None
            if not is_time_left():
                break
        return "activities are left to book: there was not enough time for all"

    def store(self, connection: BrokerConnection) -> None:
        """Store the connection, if it changed. Raises StoreConflict if it was written since it was read."""
        if connection != self.connection:
            self._version = self._ports.connections.write(self.tenant_id, connection, self._version)
            self.connection = connection

    def _begin_again(self, broker: Broker) -> str:
        """Start again at a safe time; ids tell what is already booked."""
        since = safe_beginning(self.connection, self._ports.clock.now())
        text = f"the broker no longer knows how far its activities were read: read again from {since:%Y-%m-%d} on"
        told = self.connection.telling([text], self._ports.clock.now())
        self.store(replace(told, cursor=broker.first_cursor(since)))
        return since.isoformat()
