"""The broker of the development stack: simulated, with a tenant connected to it, and kept as the emulators' data is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from examples.replay import Prices
from functions.domain.access.roles import Role
from functions.sandbox.find_strategies import sample_names
from functions.services.broker.connect_broker import named
from functions.strategies.loader import StrategyLoader
from tools.emulator_suite import EmulatorSuite
from tools.prerequisites import ROOT
from tools.simulated_broker.exchange import Exchange
from tools.simulated_broker.kept import OtherVersionError, keep, take_up
from tools.simulated_broker.server import KEY_ID, SECRET
from tools.simulated_desk import Desk, desk_of, exchange_on

TENANT = "dev"
ACCOUNT = "DEV"
PASSWORD = "only-for-development"
DEFAULT_PORT = 8501
KEPT = ROOT / ".simulated-broker.local"
"""Git ignores files with this ending."""
ASIDE = ROOT / ".simulated-broker.before.local"


@contextmanager
def connected_tenant(suite: EmulatorSuite, port: int, *, is_fresh: bool) -> Iterator[list[str]]:
    """
    Run the broker until the block ends, and yield lines that describe it to a developer.

    Prices are the newest of the sample prices, as if they were today's, and stand still.

    Raises
    ------
    ValueError, StoreError, BrokerError
        If the tenant cannot be connected.
    """
    os.environ.update(suite.env)
    prices = Prices.load()
    exchange = exchange_on(prices, len(prices.days) - 1, ACCOUNT)
    begun_anew = [] if is_fresh else taken_up(exchange)
    with desk_of(TENANT, exchange, port) as desk:
        desk.open(policy(), PASSWORD)
        account = named(desk.connect("make dev"))
        try:
            yield begun_anew + told(suite, desk, account)
        finally:
            keep(exchange, KEPT)


def taken_up(exchange: Exchange) -> list[str]:
    """Go on with the account of the last run; if that cannot be read, keep its file aside, and return what to say."""
    try:
        take_up(exchange, KEPT)
    except OtherVersionError as error:
        KEPT.replace(ASIDE)
        return [f"{'broker':12} {error}: the account starts again; the file is now {ASIDE.name}"]
    return []


def policy() -> Mapping[str, Any]:
    """Return the policy that the tenant begins with: every tick runs a cycle, at night too."""
    samples = sorted(sample_names(StrategyLoader().get_all_strategies()))
    return {"sample_strategies": samples, "market": "24x7"}


def told(suite: EmulatorSuite, desk: Desk, account: str) -> list[str]:
    """Return lines: the broker, and the command that trades there."""
    trader = desk.email_of(Role.TRADER)
    keys = f"APCA_API_KEY_ID={KEY_ID} APCA_API_SECRET_KEY={SECRET} MAESTRO_PASSWORD={PASSWORD}"
    where = f"--api-url {suite.function_url('api')} --auth-emulator {suite.host('auth')} --email {trader}"
    at_broker = f"--broker alpaca --broker-url {desk.broker.url}"
    return [
        f"{'broker':12} {desk.broker.url}, simulated; tenant {desk.tenant_id} is connected to {account}",
        f"{'':12} sign in as {trader}; password {PASSWORD}",
        f"{'orders':12} {keys} .venv/bin/python -m examples.trading_client run {where} {at_broker}",
    ]
