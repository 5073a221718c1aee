"""A tenant that has keys and nothing else: connected to a simulated broker that runs in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from examples.replay import INDEX_SYMBOL, Prices
from functions.adapters.broker_keys.local_file import LocalKeys
from functions.adapters.brokers import ALPACA
from functions.adapters.firestore import paths
from functions.adapters.firestore.client import firestore_client
from functions.domain.access.roles import Role
from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.credentials import Credentials
from tools.access import manage_members, manage_tenants
from tools.broker import connecting, joined
from tools.simulated_broker.exchange import Exchange
from tools.simulated_broker.history import weekday_bars
from tools.simulated_broker.market import Instrument
from tools.simulated_broker.server import KEY_ID, SECRET, SimulatedBroker, serving


@dataclass(frozen=True, slots=True)
class Desk:
    """A tenant and its broker; the emulators are the environment's."""

    tenant_id: str
    broker: SimulatedBroker

    def open(self, policy: Mapping[str, Any], password: str) -> bool:
        """Create the tenant with its policy and a user of every role; False if it already exists."""
        db = firestore_client()
        tenants = manage_tenants(db)
        if self.tenant_id in tenants.all():
            return False
        tenants.create(self.tenant_id, None)
        paths.policy(db, self.tenant_id).set(dict(policy))
        for role in Role:
            manage_members(db).create(self.tenant_id, self.email_of(role), role, password)
        return True

    def connect(self, by: str) -> BrokerConnection:
        """Do what ``broker connect`` does; if repeated, activities are read on from the last one read."""
        credentials = Credentials(KEY_ID, SECRET, self.broker.url)
        found = connecting(firestore_client()).look(ALPACA, credentials, by, is_live=False)
        return joined(self.tenant_id, found, credentials)[0]

    def email_of(self, role: Role) -> str:
        return f"{role}@{self.tenant_id}.example"


@contextmanager
def desk_of(tenant_id: str, exchange: Exchange, port: int = 0) -> Iterator[Desk]:
    """Run a tenant's broker, at a free port if 0, until the block ends; its keys are then useless, and deleted."""
    with serving(exchange, port) as broker:
        try:
            yield Desk(tenant_id, broker)
        finally:
            LocalKeys().delete(tenant_id)


def exchange_on(prices: Prices, day_index: int, account_number: str) -> Exchange:
    """Return an exchange by the clock of this machine that reports the days up to one as those up to today."""
    exchange = Exchange(now=lambda: datetime.now(UTC), account_number=account_number)
    for column, symbol in enumerate(prices.symbols):
        if symbol != INDEX_SYMBOL:
            closes = prices.closes[: day_index + 1, column].tolist()
            exchange.market.add(Instrument(symbol=symbol), f"{closes[-1]:.2f}")
            exchange.market.set_bars(symbol, weekday_bars(closes, exchange.now()))
    return exchange
