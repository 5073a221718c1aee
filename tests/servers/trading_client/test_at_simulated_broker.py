"""The trading client at the simulated broker: whatever becomes of an order, what it filled is booked to the cent."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from examples.trading_client.alpaca import AlpacaBroker
from examples.trading_client.client import MaestroClient
from examples.trading_client.journal import Journal
from examples.trading_client.loop import TradingLoop
from examples.trading_client.models import utc_now
from examples.trading_client.orders import BrokerUnavailable
from examples.trading_client.store import Store
from tests.servers.trading_client.servers import serving
from tests.servers.trading_client.test_client import Token
from tests.servers.trading_client.test_loop_intents import Api
from tools.simulated_broker.exchange import NEVER, Exchange
from tools.simulated_broker.faults import Fault, FaultKind
from tools.simulated_broker.market import Instrument
from tools.simulated_broker.orders import SimOrder
from tools.simulated_broker.server import KEY_ID, SECRET, SimulatedBroker
from tools.simulated_broker.server import serving as simulated

PRICE = Decimal("450.25")
LATER = timedelta(minutes=16)
"""After a reservation's end."""


@dataclass
class Floor:
    """A client that trades at the simulated broker."""

    api: Api
    client: MaestroClient
    at_broker: SimulatedBroker
    broker: AlpacaBroker
    store: Store = field(default_factory=Store)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def exchange(self) -> Exchange:
        return self.at_broker.exchange

    def signal(self, action: str, intent: str, symbol: str = "SPY", **more: Any) -> dict[str, Any]:
        plain = {"action": action, "ticker": symbol, "mode": "ACTIVE", "allocation": 1.0, "original_allocation": 1.0}
        plain |= {"strategy_name": "Trend", "nonce": f"{next(self.numbers):032x}", "intent": intent}
        return plain | more

    def trade(self, *signals: dict[str, Any]) -> None:
        self.api.signals = list(signals)
        TradingLoop(self.client, self.broker, Journal(self.store)).run_once()

    def enter(self, units: str, symbol: str = "SPY") -> SimOrder:
        """Enter so many units, and return the order."""
        notional = float(Decimal(units) * self.exchange.market.price(symbol))
        self.trade(self.signal("BUY", "ENTRY", symbol, notional=notional))
        return list(self.exchange.orders.values())[-1]

    def again(self, rounds: int = 3) -> None:
        for _ in range(rounds):
            self.trade(*self.api.signals)

    @property
    def booked(self) -> list[tuple[str, float, float]]:
        return [
            (one["symbol"], one["qty"] * (1 if one["side"] == "buy" else -1), one["price"]) for one in self.api.fills
        ]

    def check_books(self) -> None:
        """Check that what was booked comes to what the broker has, to a cent and to 9 places of a unit."""
        cash = 100_000 - sum(qty * price for _, qty, price in self.booked)
        assert cash == pytest.approx(float(self.exchange.books.cash), abs=0.01)
        held = {symbol: float(one.qty) for symbol, one in self.exchange.books.holdings.items()}
        booked: dict[str, float] = {}
        for symbol, qty, _ in self.booked:
            key = symbol.replace("/", "")
            booked[key] = booked.get(key, 0.0) + qty
        assert {symbol: qty for symbol, qty in booked.items() if abs(qty) > 1e-9} == pytest.approx(held, abs=1e-9)


@pytest.fixture
def floor() -> Iterator[Floor]:
    exchange = Exchange(now=utc_now)
    exchange.market.add(Instrument(symbol="SPY"), str(PRICE))
    exchange.market.add(Instrument(symbol="ODD", is_fractionable=False), "10")
    exchange.market.add(Instrument(symbol="BTC/USD"), "30000")
    with (
        serving(api := Api()) as server,
        simulated(exchange) as at_broker,
        MaestroClient(server.url, Token(), retry_seconds=30.0) as client,
    ):
        broker = AlpacaBroker(KEY_ID, SECRET, url_override=at_broker.url, data_url_override=at_broker.url)
        yield Floor(api, client, at_broker, broker)


def test_an_order_that_was_cancelled_and_then_filled_is_booked(floor: Floor) -> None:
    floor.exchange.plan = NEVER
    order = floor.enter("10")
    floor.exchange.cancel(order.order_id)
    floor.again()
    assert floor.api.released == [order.client_order_id]
    floor.exchange.fill(order, "10")
    TradingLoop(floor.client, floor.broker, Journal(floor.store), now=lambda: utc_now() + LATER).run_once()
    floor.again()
    assert floor.booked == [("SPY", 10.0, 450.25)]
    floor.check_books()


def test_four_filled_before_an_order_was_replaced_and_six_after_are_ten_booked(floor: Floor) -> None:
    floor.exchange.plan = NEVER
    order = floor.enter("10")
    floor.exchange.fill(order, "4", "450")
    floor.again()
    other = floor.exchange.replace(order.order_id, {})
    floor.again()
    floor.exchange.fill(other, "6", "452")
    floor.again()
    assert floor.booked == [("SPY", 4.0, 450.0), ("SPY", 6.0, pytest.approx(452.0))]
    assert [one["is_order_complete"] for one in floor.api.fills] == [False, True]
    assert {one["nonce"] for one in floor.api.fills} == {order.client_order_id}
    assert Journal(floor.store).open_trades() == []
    floor.check_books()


def test_what_was_replaced_is_cancelled_with_its_reservation(floor: Floor) -> None:
    floor.exchange.plan = NEVER
    order = floor.enter("10")
    other = floor.exchange.replace(order.order_id, {})
    TradingLoop(floor.client, floor.broker, Journal(floor.store), now=lambda: utc_now() + LATER).run_once()
    assert (order.status, other.status) == ("replaced", "canceled")


def test_an_asset_of_whole_units_gets_twelve_of_12_3456_and_leaves_them_whole(floor: Floor) -> None:
    order = floor.enter("12.3456", "ODD")
    assert (order.qty, order.status) == (Decimal(12), "filled")
    floor.trade(floor.signal("SELL", "EXIT", "ODD"))
    floor.again()
    assert floor.booked == [("ODD", 12.0, 10.0), ("ODD", -12.0, 10.0)]
    floor.check_books()


def test_less_than_one_whole_unit_is_given_back_and_not_tried_every_round(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    floor.trade(floor.signal("BUY", "ENTRY", "ODD", notional=9.0))
    floor.again()
    assert floor.exchange.orders == {}
    assert floor.api.released == [floor.api.signals[0]["nonce"]]
    assert caplog.text.count("ODD is traded in multiples of 1") == 1


def test_coins_are_entered_and_left_in_fractions(floor: Floor) -> None:
    order = floor.enter("0.123456789", "BTC/USD")
    assert (order.qty, order.time_in_force) == (Decimal("0.123456789"), "gtc")
    floor.again()
    assert floor.api.account["positions"] == [{"symbol": "BTC/USD", "qty": 0.123456789, "strategy_id": "Trend"}]
    floor.trade(floor.signal("SELL", "EXIT", "BTC/USD"))
    assert floor.exchange.books.holdings == {}
    floor.check_books()


def test_a_wash_trade_is_told_and_its_reservation_given_back(floor: Floor, caplog: pytest.LogCaptureFixture) -> None:
    floor.at_broker.happenings.manual_trade("SPY", "buy", "10")
    floor.exchange.plan = NEVER
    floor.at_broker.happenings.manual_trade("SPY", "sell", "10")
    floor.trade(floor.signal("BUY", "ENTRY", notional=450.25))
    assert "potential wash trade detected" in caplog.text
    assert len(floor.api.released) == 1


@pytest.mark.parametrize("kind", [FaultKind.LOST, FaultKind.ERROR, FaultKind.HALF, FaultKind.HTML])
def test_an_order_whose_answer_was_lost_is_one_order_at_most(floor: Floor, kind: FaultKind) -> None:
    floor.at_broker.faults.add(Fault(kind, "/v2/orders", method="POST", times=1))
    with pytest.raises(BrokerUnavailable):
        floor.trade(floor.signal("BUY", "ENTRY", notional=float(10 * PRICE)))
    floor.again()
    assert floor.booked == [("SPY", 10.0, 450.25)]
    floor.check_books()
