"""Connect a tenant to an account at a broker for an operator: tested first, and no account for two tenants."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from functions.domain.broker.activities import ActivityCursor
from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.credentials import Credentials
from functions.domain.broker.errors import BrokerUnavailable, Forbidden, RequestRefused
from functions.domain.broker.fed_account import fault_of
from functions.domain.broker.snapshot import BrokerSnapshot
from functions.domain.kernel.errors import InputError, StoreConflict
from functions.domain.orchestration.broker_feed import ConnectionStatus
from functions.services.broker.connection_ports import BrokerKeys, ConnectionStore, OpenBroker
from functions.services.broker.ports import Broker
from functions.services.kernel.ports import Clock

logger = logging.getLogger("maestro")

_SECONDS = 60.0
_CLOCKS_DIFFER = timedelta(minutes=2)
"""More than the broker's clock may be wrong, plus the rounding of its times."""
_LOOKS = 5
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """The account that keys open."""

    connection: BrokerConnection
    seen: BrokerSnapshot


Prepare = Callable[[BrokerConnection, BrokerSnapshot | None], object]
"""
Prepares what feeds rely on; it may be called again, after a later look.

Its second argument is what the account holds at the connection's cursor; None if reading continues from the old cursor.
"""


class ConnectBroker:
    """The use case."""

    def __init__(self, store: ConnectionStore, keys: BrokerKeys, open_broker: OpenBroker, clock: Clock) -> None:
        self._store = store
        self._keys = keys
        self._open_broker = open_broker
        self._clock = clock

    def look(self, broker: str, credentials: Credentials, by: str, *, is_live: bool) -> FoundAccount:
        """
        Return the account that keys open; nothing is stored.

        Raises
        ------
        BrokerError
            If they open no account, or one that cannot be used, or if it is traded in every attempt to read it.
        """
        now = self._clock.now()
        asked = BrokerConnection(
            broker=broker,
            is_live=is_live,
            account_id="",
            account_number=None,
            status=ConnectionStatus.CONNECTED,
            connected_at=now,
            connected_by=by,
            tells_amendments=True,
            cursor=ActivityCursor(""),
        )
        with self._open_broker(asked, credentials, _SECONDS) as opened:
            account = opened.account()
            tells = _tells_amendments(opened, opened.first_cursor(now - timedelta(minutes=1)))
        found = replace(
            asked, account_id=account.account_id, account_number=account.account_number, tells_amendments=tells
        )
        with self._open_broker(found, credentials, _SECONDS) as opened:
            seen = _looked(opened, self._clock)
        not_yet = {"start": seen.as_of, "end": None}  # until it is connected clients report what their orders fill
        return FoundAccount(replace(found, cursor=seen.cursor, gaps=(not_yet,)), seen)

    def connect(
        self, tenant_id: str, found: FoundAccount, credentials: Credentials, prepare: Prepare = lambda *_: None
    ) -> BrokerConnection:
        """
        Store keys and connection; reconnecting the same account continues from its last booked activity.

        The last write makes it connected. If anything before is interrupted, connecting again repeats it and
        disconnecting undoes it: the account is on record before it is claimed and its keys are stored.

        Parameters
        ----------
        prepare : Prepare
            Called before feeds begin.

        Raises
        ------
        InputError
            If the account is another tenant's, its figures cannot be used, or the tenant was not completely
            disconnected from another account, or from this one while it reported other activities.
        KeysUnavailable, StoreError
            What was done before stays: connect again.
        """
        fault = fault_of(found.seen.account, found.connection)
        if fault is not None:
            raise InputError("the account", "one that can be used", fault)
        stored = self._store.read(tenant_id)
        before, version = stored.value, stored.version
        self._check_over(tenant_id, before, found.connection)
        connection = _again(before, found.connection)
        _check_owner(self._store.owner(connection), tenant_id, connection)
        if before is not None and before.account_id != connection.account_id:
            self._store.release(before, tenant_id)
        if not _is_known(before, connection):
            version = self._store.write(tenant_id, connection.beginning(), version)
        _check_owner(self._store.claim(connection, tenant_id), tenant_id, connection)
        self._keys.write(tenant_id, credentials)
        prepare(connection, None if _is_read_on(before, connection) else found.seen)
        connection = connection.connected_again(self._clock.now())
        self._store.write(tenant_id, connection, version)
        if self._store.owner(connection) != tenant_id:
            raise StoreConflict(f"tenant {tenant_id} was disconnected while it was being connected: connect it again")
        logger.warning("Connected to %s by %s", named(connection), connection.connected_by, extra=_of(tenant_id))
        return connection

    def _check_over(self, tenant_id: str, before: BrokerConnection | None, new: BrokerConnection) -> None:
        """Refuse if the old connection still has to be read a last time: its keys are kept until that is done."""
        if before is None or not before.is_begun or _is_read_on(before, new):
            return
        if before.is_connected or self._keys.read(tenant_id) is not None:
            half = f"from which {tenant_id} is not completely disconnected"
            state = f"to which {tenant_id} is connected" if before.is_connected else half
            limit = f"{named(before)}, {state}, with the same permissions: disconnect it first"
            raise InputError("the account", limit, named(new))


def named(connection: BrokerConnection) -> str:
    """Return an account as a person knows it: ``alpaca PA1 (paper)``."""
    kind = "LIVE" if connection.is_live else "paper"
    return f"{connection.broker} {connection.account_number or connection.account_id} ({kind})"


def _is_known(before: BrokerConnection | None, new: BrokerConnection) -> bool:
    """Return whether the tenant was connected to the account before."""
    return before is not None and before.account_id == new.account_id and before.is_begun


def _is_read_on(before: BrokerConnection | None, new: BrokerConnection) -> bool:
    """Return whether reading continues from the old cursor: cursors with and without amendments differ."""
    return before is not None and _is_known(before, new) and before.tells_amendments == new.tells_amendments


def _again(before: BrokerConnection | None, new: BrokerConnection) -> BrokerConnection:
    """Return the connection with what is already known of its account."""
    if before is not None and _is_known(before, new):
        known = replace(new, connected_at=before.connected_at, told=before.told, feed=before.feed, gaps=before.gaps)
        return replace(known, cursor=before.cursor) if _is_read_on(before, new) else known
    return new


def _check_owner(owner: str | None, tenant_id: str, connection: BrokerConnection) -> None:
    if owner not in (None, tenant_id):
        limit = f"one that no other tenant has connected: disconnect it from tenant {owner} first"
        raise InputError("the account", limit, named(connection))


def _looked(broker: Broker, clock: Clock) -> BrokerSnapshot:
    """
    Return what the account holds, with a cursor after every activity that its positions include.

    An activity that is in the positions and also after the cursor would be booked twice. So activities are read to
    their end before and after the positions, and all is read again if there was one in between. Raises BrokerError.
    """
    cursor, _ = _up_to_now(broker, broker.first_cursor(clock.now() - _CLOCKS_DIFFER))
    for _ in range(_LOOKS):
        as_of = clock.now()
        orders, positions, account = broker.open_orders(), broker.positions(), broker.account()
        cursor, is_quiet = _up_to_now(broker, cursor)
        if is_quiet:
            return BrokerSnapshot(
                account=account,
                positions=tuple(positions),
                open_orders=tuple(orders),
                cursor=cursor,
                activities_complete=True,
                as_of=as_of,
            )
    raise BrokerUnavailable("the account is being traded while it is read: connect when no order is being filled")


def _up_to_now(broker: Broker, cursor: ActivityCursor) -> tuple[ActivityCursor, bool]:
    """Return a cursor at the end of the activities, and whether there were none."""
    is_quiet, is_complete = True, False
    while not is_complete:
        page = broker.activities(cursor, _PAGE)
        if page.interrupted is not None:
            raise BrokerUnavailable(page.interrupted)
        cursor, is_complete = page.cursor, page.is_complete
        is_quiet = is_quiet and not page.activities
    return cursor, is_quiet


def _tells_amendments(broker: Broker, cursor: ActivityCursor) -> bool:
    """Return whether busts and corrections can be requested for the account: not all allow it."""
    try:
        # a small page could be full of recent executions before busts are read
        broker.activities(cursor, _PAGE)
    except (Forbidden, RequestRefused):
        return False
    return True


def _of(tenant_id: str) -> dict[str, str]:
    return {"tenant": tenant_id}
