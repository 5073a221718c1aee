"""Opens accounts at brokers, each by its named adapter; imported only by code that talks to brokers."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from functools import cache

import httpx

from functions.adapters.alpaca.broker import Alpaca, Hosts
from functions.adapters.alpaca.connection import Limits
from functions.adapters.alpaca.keys import Keys
from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.credentials import Credentials
from functions.domain.broker.errors import BrokerError

ALPACA = "alpaca"
BROKERS = (ALPACA,)
"""Brokers with an adapter."""
_LIMITS = Limits(connect=3.0, read=8.0, total=15.0)
"""Time limit of one request: a feed makes half a dozen."""


@cache
def _tls() -> ssl.SSLContext:
    """Return the public authorities, cached because reading them takes as long as several answers."""
    return httpx.create_ssl_context()


class UnknownBrokerError(BrokerError):
    """There is no adapter for a broker of this name."""


class OpenAccounts:
    """`OpenBroker`."""

    def __init__(self, limits: Limits = _LIMITS, pause: Callable[[float], None] = time.sleep) -> None:
        self._limits = limits
        self._pause = pause

    def __call__(self, connection: BrokerConnection, credentials: Credentials, seconds: float) -> Alpaca:
        if connection.broker != ALPACA:
            raise UnknownBrokerError(f"no broker is named {connection.broker!r:.40}: known are {', '.join(BROKERS)}")
        url = credentials.base_url
        return Alpaca(
            Keys(credentials.key_id, credentials.secret),
            live=connection.is_live,
            hosts=Hosts(url, url) if url else None,
            limits=self._limits,
            amendments=connection.tells_amendments,
            seconds=seconds,
            tls=_tls(),
            pause=self._pause,
        )
