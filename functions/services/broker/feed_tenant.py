"""Bring what a cycle needs from the tenant's broker, book what happened there, and let the cycle run whatever came."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.errors import (
    BrokerError,
    BrokerUnavailable,
    CursorExpired,
    Forbidden,
    KeysRefused,
    KeysUnavailable,
)
from functions.domain.broker.fed_account import account_document, fault_of, safe_beginning
from functions.domain.broker.snapshot import BrokerSnapshot
from functions.domain.kernel.errors import InputError, RefusedError, StoreConflict
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.broker_feed import Feed, FeedStatus
from functions.services.broker.book_activities import BookActivities, Feeding
from functions.services.broker.connection_ports import BrokerKeys, ConnectionStore, OpenBroker
from functions.services.broker.feed_tasks import FeedTask
from functions.services.broker.looked_at import looked_at
from functions.services.broker.order_owners import OrderOwners
from functions.services.broker.ports import Broker, Reconciler
from functions.services.broker.prices import ask_prices
from functions.services.kernel.ports import Clock, TaskQueue, Version
from functions.services.orchestration.due_cycles import CycleTask
from functions.services.orchestration.put_inputs import PutInputs
from functions.services.trading.ports import BookStore
from functions.services.trading.redeem_signals import current_session

logger = logging.getLogger("maestro")

MOST_SECONDS = 60.0
"""From when the feed was queued: a cycle is not later than by so much, and by what the store takes."""
_FEWEST_SECONDS = 3.0
"""With less than that nothing is begun."""
_FOR_ACTIVITIES = 0.5
"""Of the time: the rest is for what the cycle decides on."""
PAGE = 100
"""Activities that are asked for and booked at once."""
MOST_PAGES = 10
"""Of one feed."""


@dataclass(frozen=True, slots=True)
class FeedPorts:
    """What a feed works with."""

    connections: ConnectionStore
    keys: BrokerKeys
    open_broker: OpenBroker
    trading: BookStore
    put_inputs: PutInputs
    book: BookActivities
    cycles: TaskQueue
    clock: Clock
    monotonic: Callable[[], float]
    policy_of: Callable[[str], Policy]
    policy_defaults: Callable[[], Mapping[str, Any]]
    reconciler: Reconciler | None = None


class FeedTenant:
    """The use case; keep one per process."""

    def __init__(self, ports: FeedPorts) -> None:
        self._ports = ports

    def run(self, task: FeedTask) -> Feed | None:
        """
        Feed one tenant, then queue the cycle; a repeated delivery changes nothing.

        The cycle is queued whatever the broker did, and whatever goes wrong here.

        Returns
        -------
        Feed or None
            None if the tenant is not connected, or another delivery came first.

        Raises
        ------
        StoreError, RefusedError
            If the store failed: the next feed goes on where this one stopped.
        """
        try:
            return self._feed(task)
        finally:
            cycle = CycleTask(task.tenant_id, task.slot)
            self._ports.cycles.enqueue(cycle.task_id, cycle.to_payload())

    def _feed(self, task: FeedTask) -> Feed | None:
        stored = self._ports.connections.read(task.tenant_id)
        connection = stored.value
        if connection is None or not connection.is_connected:
            return None
        if connection.feed is not None and connection.feed.slot >= task.slot:
            return connection.feed
        try:
            return _OneFeed(self._ports, task, connection, stored.version).run()
        except StoreConflict:
            logger.info("Another delivery feeds slot %s", task.slot, extra=task.log_fields)
            return None


class _OneFeed:
    """One feed under way."""

    def __init__(self, ports: FeedPorts, task: FeedTask, connection: BrokerConnection, version: Version | None) -> None:
        self._ports = ports
        self._task = task
        self._connection = connection
        self._version = version
        self._booked = 0
        begun = ports.monotonic()
        waited = (ports.clock.now() - task.queued_at).total_seconds()
        self._seconds = MOST_SECONDS - max(0.0, waited)
        self._activities_end = begun + self._seconds * _FOR_ACTIVITIES

    def run(self) -> Feed:
        try:
            status, detail = self._asked()
        except BrokerError as error:
            status, detail = FeedStatus.FAILED, _in_words(error, self._task.tenant_id)
        except InputError as error:  # the broker's word passes no check that a client's has to pass
            status, detail = FeedStatus.FAILED, f"what the broker says cannot be used: {error}"
        feed = Feed(slot=self._task.slot, at=self._ports.clock.now(), status=status, detail=detail, booked=self._booked)
        level = logging.INFO if status is FeedStatus.OK else logging.ERROR
        logger.log(level, "Feed of slot %s: %s: %s", feed.slot, feed.status, feed.detail, extra=self._task.log_fields)
        self._store(self._connection.fed(feed, is_failed=status is FeedStatus.FAILED))
        return feed

    def _asked(self) -> tuple[FeedStatus, str]:
        if self._seconds < _FEWEST_SECONDS:
            raise BrokerUnavailable("the feed came too late to ask the broker")
        tenant_id, ports, connection = self._task.tenant_id, self._ports, self._connection
        policy = ports.policy_of(tenant_id)
        if connection.is_live and not policy.broker_live:
            raise Forbidden("the account is live, and the policy's broker_live is not true: an admin sets it")
        credentials = ports.keys.read(tenant_id)
        if credentials is None:
            raise KeysUnavailable("there are no keys")
        with ports.open_broker(connection, credentials, self._seconds) as broker:
            fault = fault_of(broker.account(), connection)
            if fault is not None:
                raise BrokerUnavailable(fault)
            left = self._book_activities(broker, policy)
            unpriced = self._bring_inputs(broker, policy, is_complete=left is None)
        if left is not None:
            return FeedStatus.BEHIND, left
        without = f"; no price of {', '.join(unpriced[:10])}" if unpriced else ""
        return FeedStatus.OK, f"account and prices as of {ports.clock.now():%H:%M:%S} UTC{without}"

    def _book_activities(self, broker: Broker, policy: Policy) -> str | None:
        """Book page after page, storing the cursor after each, and return what keeps some of it for the next feed."""
        ports, tenant_id = self._ports, self._task.tenant_id
        feeding = Feeding(tenant_id, self._connection, policy, ports.policy_defaults())
        owners = OrderOwners(ports.trading, broker, tenant_id, self._is_time_for_activities)
        for _ in range(MOST_PAGES):
            try:
                page = broker.activities(self._connection.cursor, PAGE)
            except CursorExpired as error:
                since = self._begin_again(broker)
                logger.error("%s: activities are read again from %s on", error, since, extra=self._task.log_fields)
                continue
            except BrokerUnavailable as error:
                return f"activities are left to book: {error}"
            booked = ports.book.run(feeding, page.activities, owners)
            self._booked += booked.count
            told = self._connection.telling(booked.told, ports.clock.now())
            if booked.stopped is not None:
                self._store(told)
                return f"activities are left to book: {booked.stopped}"
            self._store(replace(told, cursor=page.cursor))
            if page.interrupted is not None:
                return f"activities are left to book: {page.interrupted}"
            if page.is_complete:
                return None
            if not self._is_time_for_activities():
                break
        return "activities are left to book: there are more than one feed has time for"

    def _begin_again(self, broker: Broker) -> str:
        """Begin at a safe time: what is booked already is known by its ids."""
        since = safe_beginning(self._connection, self._ports.clock.now())
        text = f"the broker no longer knew where its activities were read up to: read again from {since:%Y-%m-%d} on"
        told = self._connection.telling([text], self._ports.clock.now())
        self._store(replace(told, cursor=broker.first_cursor(since)))
        return since.isoformat()

    def _bring_inputs(self, broker: Broker, policy: Policy, *, is_complete: bool) -> list[str]:
        """Store account and prices, let both sides be compared, and return the symbols without a price."""
        ports, tenant_id = self._ports, self._task.tenant_id
        records = ports.trading.read(tenant_id, [])
        version = current_session(records).ledger_version  # what is booked by now is in the account that is asked next
        as_of = ports.clock.now()
        orders, positions, account = broker.open_orders(), broker.positions(), broker.account()
        stored = ports.trading.account_and_prices(tenant_id).market_data
        self._put(lambda: ports.put_inputs.put_account(tenant_id, account_document(account, positions, as_of, version)))
        if ports.reconciler is not None:
            seen = BrokerSnapshot(
                account=account,
                positions=tuple(positions),
                open_orders=tuple(orders),
                cursor=self._connection.cursor,
                activities_complete=is_complete,
                as_of=as_of,
            )
            ports.reconciler.reconcile(tenant_id, seen)
        symbols = looked_at(ports.connections.declared_symbols(), policy, positions, records.positions)
        prices = ask_prices(broker, symbols, stored, as_of)
        if prices.symbols:
            market_data = {"as_of": as_of, "symbols": prices.symbols}
            self._put(lambda: ports.put_inputs.put_market_data(tenant_id, market_data))
        return list(prices.unpriced)

    def _put(self, put: Callable[[], None]) -> None:
        try:
            put()
        except RefusedError as error:
            if error.reason_code is not ReasonCode.OUTDATED_SNAPSHOT:  # somebody sent a newer one: theirs is better
                raise
            logger.info("%s", error.detail, extra=self._task.log_fields)

    def _is_time_for_activities(self) -> bool:
        return self._ports.monotonic() < self._activities_end

    def _store(self, connection: BrokerConnection) -> None:
        if connection != self._connection:
            self._version = self._ports.connections.write(self._task.tenant_id, connection, self._version)
            self._connection = connection


def _in_words(error: BrokerError, tenant_id: str) -> str:
    """Return what a person is to know and to do; without keys."""
    if isinstance(error, KeysRefused | KeysUnavailable):
        return f'{error}: make maestro ARGS="broker connect {tenant_id}"'
    return str(error)
