"""A simulated broker that runs, and the adapter that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from functions.adapters.alpaca.broker import Hosts
from functions.adapters.alpaca.connection import Limits
from functions.adapters.alpaca.keys import Keys
from functions.adapters.alpaca.trading import TradingAlpaca
from functions.domain.broker.activities import Activity, ActivityCursor
from tools.simulated_broker.books import Books
from tools.simulated_broker.clock import EPOCH, ScriptedClock
from tools.simulated_broker.exchange import Exchange
from tools.simulated_broker.market import DailyBar, Instrument
from tools.simulated_broker.server import KEY_ID, SECRET, SimulatedBroker, serving

QUICK = Limits(connect=1.0, read=0.3, total=1.5)
INSTRUMENTS = (
    (Instrument(symbol="SPY"), "450.25"),
    (Instrument(symbol="QQQ"), "380"),
    (Instrument(symbol="ODD", is_fractionable=False), "10"),
    (Instrument(symbol="GME", is_easy_to_borrow=False), "20"),
    (Instrument(symbol="GONE", is_tradable=False), "1"),
    (Instrument(symbol="BTC/USD"), "30000"),
)


@dataclass
class Desk:
    """The broker, and an account at it."""

    broker: SimulatedBroker
    alpaca: TradingAlpaca
    clock: ScriptedClock
    pauses: list[float] = field(default_factory=list)
    """Seconds that the adapter would have waited."""

    @property
    def exchange(self) -> Exchange:
        return self.broker.exchange

    @property
    def happenings(self) -> Any:
        return self.broker.happenings

    def buy(self, qty: str = "10", symbol: str = "SPY", **more: Any) -> Any:
        return self.order("buy", qty, symbol, **more)

    def order(self, side: str, qty: str, symbol: str = "SPY", **more: Any) -> Any:
        """Let an order come in by another way than the adapter."""
        force = "gtc" if "/" in symbol else "day"
        body = {"symbol": symbol, "side": side, "qty": qty, "type": "market", "time_in_force": force}
        return self.exchange.submit(body | more)

    def cursor(self) -> ActivityCursor:
        return self.alpaca.first_cursor(EPOCH - timedelta(days=1))

    def told(self, cursor: ActivityCursor, limit: int = 1000) -> tuple[list[Activity], ActivityCursor]:
        """Return all activities since a cursor, however many calls that takes."""
        found: list[Activity] = []
        for _ in range(1000):
            page = self.alpaca.activities(cursor, limit)
            assert page.interrupted is None, page.interrupted
            found += page.activities
            cursor = page.cursor
            if page.is_complete:
                return found, cursor
        raise AssertionError("activities do not end")


@contextmanager
def running(limits: Limits = QUICK, cash: str = "100000", **options: Any) -> Iterator[Desk]:
    clock = ScriptedClock()
    exchange = Exchange(now=clock, books=Books(Decimal(cash)))
    for instrument, price in INSTRUMENTS:
        exchange.market.add(instrument, price)
    pauses: list[float] = []
    with serving(exchange) as broker, connected(broker, limits, pauses, **options) as alpaca:
        yield Desk(broker, alpaca, clock, pauses)


def connected(
    broker: SimulatedBroker,
    limits: Limits = QUICK,
    pauses: list[float] | None = None,
    keys: Keys | None = None,
    **options: Any,
) -> TradingAlpaca:
    hosts = Hosts(broker.url, broker.url)
    pause = (lambda _: None) if pauses is None else pauses.append
    return TradingAlpaca(keys or Keys(KEY_ID, SECRET), hosts=hosts, limits=limits, pause=pause, **options)


_FIVE_O_CLOCK = EPOCH.replace(hour=5)


def days(count: int, first_close: int = 100, last: datetime = _FIVE_O_CLOCK) -> list[DailyBar]:
    """Return bars of so many days, the last one today's, each a dollar above the one before."""
    return [
        DailyBar(
            at=last - timedelta(days=count - 1 - index),
            open=Decimal(first_close + index),
            high=Decimal(first_close + index + 1),
            low=Decimal(first_close + index - 1),
            close=Decimal(first_close + index),
        )
        for index in range(count)
    ]
