"""Fetch what a cycle needs from the tenant's broker, book what happened there, and queue the cycle in any case."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.errors import BrokerError, BrokerUnavailable, KeysRefused, KeysUnavailable
from functions.domain.broker.fed_account import account_document
from functions.domain.broker.snapshot import BrokerSnapshot
from functions.domain.kernel.errors import InputError, RefusedError, StoreConflict
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.broker_feed import Feed, FeedStatus
from functions.services.broker.feed_tasks import FeedTask
from functions.services.broker.looked_at import looked_at
from functions.services.broker.ports import Broker, Reconciler
from functions.services.broker.prices import ask_prices
from functions.services.broker.read_activities import ReadAccount, ReadingPorts
from functions.services.kernel.ports import TaskQueue, Version
from functions.services.orchestration.due_cycles import CycleTask
from functions.services.orchestration.put_inputs import PutInputs
from functions.services.trading.redeem_signals import current_session

logger = logging.getLogger("maestro")

MOST_SECONDS = 60.0
"""Time limit, counted from when the feed was queued: it delays the cycle by no more, apart from the store's time."""
_FEWEST_SECONDS = 3.0
"""With less time left, the broker is not asked."""
_FOR_ACTIVITIES = 0.5
"""Fraction of the time; the rest is for account and prices, which the cycle needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPorts(ReadingPorts):
    """The ports of a feed."""

    put_inputs: PutInputs
    cycles: TaskQueue
    reconciler: Reconciler | None = None


class FeedTenant:
    """The use case; keep one per process."""

    def __init__(self, ports: FeedPorts) -> None:
        self._ports = ports

    def run(self, task: FeedTask) -> Feed | None:
        """
        Feed one tenant, then queue the cycle; a repeated delivery changes nothing.

        The cycle is queued whatever the broker answers, and even if this fails.

        Returns
        -------
        Feed or None
            None if the tenant is not connected, or another delivery came first.

        Raises
        ------
        StoreError, RefusedError
            If the store failed: the next feed continues from there.
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
            logger.info("Another delivery of the task already feeds slot %s", task.slot, extra=task.log_fields)
            return None


class _OneFeed:
    """One feed under way."""

    def __init__(self, ports: FeedPorts, task: FeedTask, connection: BrokerConnection, version: Version | None) -> None:
        self._ports = ports
        self._task = task
        self._reading = ReadAccount(ports, task.tenant_id, connection, version)
        begun = ports.monotonic()
        waited = (ports.clock.now() - task.queued_at).total_seconds()
        self._seconds = MOST_SECONDS - max(0.0, waited)
        self._activities_end = begun + self._seconds * _FOR_ACTIVITIES

    def run(self) -> Feed:
        try:
            status, detail = self._asked()
        except BrokerError as error:
            status, detail = FeedStatus.FAILED, _in_words(error, self._task.tenant_id)
        except InputError as error:  # broker data is checked like a client's
            status, detail = FeedStatus.FAILED, f"the broker's answers cannot be used: {error}"
        reading = self._reading
        feed = Feed(
            slot=self._task.slot, at=self._ports.clock.now(), status=status, detail=detail, booked=reading.booked
        )
        level = logging.INFO if status is FeedStatus.OK else logging.ERROR
        logger.log(level, "Feed of slot %s: %s: %s", feed.slot, feed.status, feed.detail, extra=self._task.log_fields)
        reading.store(reading.connection.fed(feed, is_failed=status is FeedStatus.FAILED))
        return feed

    def _asked(self) -> tuple[FeedStatus, str]:
        if self._seconds < _FEWEST_SECONDS:
            raise BrokerUnavailable("the feed came too late to ask the broker")
        ports, reading = self._ports, self._reading
        policy = ports.policy_of(self._task.tenant_id)
        with reading.opened(policy, self._seconds) as broker:
            left = reading.book(broker, policy, self._is_time_for_activities)
            unpriced = self._bring_inputs(broker, policy, is_complete=left is None)
        if left is not None:
            return FeedStatus.BEHIND, left
        without = f"; no price of {', '.join(unpriced[:10])}" if unpriced else ""
        return FeedStatus.OK, f"account and prices as of {ports.clock.now():%H:%M:%S} UTC{without}"

    def _bring_inputs(self, broker: Broker, policy: Policy, *, is_complete: bool) -> list[str]:
        """Store account and prices, compare broker and books, and return the symbols without a price."""
        ports, tenant_id = self._ports, self._task.tenant_id
        records = ports.trading.read(tenant_id, [])
        version = current_session(records).ledger_version  # the account, asked next, includes it
        as_of = ports.clock.now()
        orders, positions, account = broker.open_orders(), broker.positions(), broker.account()
        stored = ports.trading.account_and_prices(tenant_id).market_data
        self._put(lambda: ports.put_inputs.put_account(tenant_id, account_document(account, positions, as_of, version)))
        if ports.reconciler is not None:
            seen = BrokerSnapshot(
                account=account,
                positions=tuple(positions),
                open_orders=tuple(orders),
                cursor=self._reading.connection.cursor,
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
            if error.reason_code is not ReasonCode.OUTDATED_SNAPSHOT:  # a newer one was sent meanwhile
                raise
            logger.info("%s", error.detail, extra=self._task.log_fields)

    def _is_time_for_activities(self) -> bool:
        return self._ports.monotonic() < self._activities_end


def _in_words(error: BrokerError, tenant_id: str) -> str:
    """Return what went wrong and what to do, without keys."""
    if isinstance(error, KeysRefused | KeysUnavailable):
        return f'{error}: run make maestro ARGS="broker connect {tenant_id}"'
    return str(error)
