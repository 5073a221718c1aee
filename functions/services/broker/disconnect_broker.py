"""Disconnect a tenant from its account, after booking what the broker reports up to then."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.errors import BrokerError
from functions.domain.kernel.errors import DamagedDocument, InputError, StoreConflict
from functions.services.broker.connect_broker import named
from functions.services.broker.read_activities import ReadAccount, ReadingPorts
from functions.services.kernel.commits import Commits
from functions.services.kernel.ports import Version

logger = logging.getLogger("maestro")

_SECONDS = 60.0
"""Of one read of the account."""
_MOST_SECONDS = 300.0
"""Of all reads together: 10,000 executions take some minutes."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The outcome of a disconnection."""

    connection: BrokerConnection
    booked: int
    """Entries that the last read added to the ledger."""
    missing: str | None
    """What may be missing in the ledger, and why; None: all that the broker has reported is booked."""


class DisconnectBroker:
    """The use case."""

    def __init__(self, ports: ReadingPorts, commits: Commits) -> None:
        self._ports = ports
        self._commits = commits

    def run(self, tenant_id: str, by: str) -> Disconnected | None:
        """
        End feeds, read activities a last time, delete the keys and free the account. None without a connection.

        The connection ends first: clients report later fills, and earlier ones are read here, however long that takes.
        A broker that does not answer, or keys that no longer work, do not prevent it. What is booked stays.

        Raises
        ------
        KeysUnavailable, StoreError, RefusedError
            What was done before stays: disconnect again, which continues reading and books nothing twice.
        """
        ended = self._commits.run(tenant_id, lambda: self._ended(tenant_id))
        if ended is None:
            return None
        connection, version, was_connected = ended
        reading = ReadAccount(self._ports, tenant_id, connection, version)
        left = self._read(reading, is_due=was_connected) if connection.is_begun else None
        missing = None if left is None else _in_words(left)
        if missing is not None:
            logger.error("%s", missing, extra={"tenant": tenant_id})
            reading.store(reading.connection.telling([missing], self._ports.clock.now()))
        self._check_unchanged(reading)
        self._ports.keys.delete(tenant_id)
        self._ports.connections.release(connection, tenant_id)
        self._check_unchanged(reading)
        logger.warning("Disconnected from %s by %s", named(connection), by, extra={"tenant": tenant_id})
        return Disconnected(reading.connection, reading.booked, missing)

    def _ended(self, tenant_id: str) -> tuple[BrokerConnection, Version | None, bool] | None:
        stored = self._ports.connections.read(tenant_id)
        if stored.value is None:
            return None
        connection, version = stored.value.disconnected(self._ports.clock.now()), stored.version
        if connection != stored.value:
            version = self._ports.connections.write(tenant_id, connection, version)
        return connection, version, stored.value.is_connected

    def _check_unchanged(self, reading: ReadAccount) -> None:
        """Reading takes minutes: if someone connects meanwhile, stop, so that their keys are not deleted unnoticed."""
        if self._ports.connections.read(reading.tenant_id).value != reading.connection:
            text = f"the connection of tenant {reading.tenant_id} changed while it was being disconnected"
            raise StoreConflict(f"{text}: check it with broker status, then connect or disconnect it again")

    def _read(self, reading: ReadAccount, *, is_due: bool) -> str | None:
        """Read to the end, and return why that was not possible; missing keys are an error only if a read is due."""
        end = self._ports.monotonic() + _MOST_SECONDS
        while True:
            before = (reading.booked, reading.connection.cursor)
            try:
                if not is_due and self._ports.keys.read(reading.tenant_id) is None:
                    return None
                left = self._read_once(reading)
            except (BrokerError, InputError, DamagedDocument) as error:
                return str(error)
            if left is None or (reading.booked, reading.connection.cursor) == before:
                return left
            if self._ports.monotonic() > end:
                return left

    def _read_once(self, reading: ReadAccount) -> str | None:
        policy, end = self._ports.policy_of(reading.tenant_id), self._ports.monotonic() + _SECONDS
        with reading.opened(policy, _SECONDS) as broker:
            return reading.book(broker, policy, lambda: self._ports.monotonic() < end)


def _in_words(left: str) -> str:
    return (
        f"the last read of the account was incomplete ({left}): what happened since the one before may be missing in "
        "the ledger; connecting the account again books it"
    )
