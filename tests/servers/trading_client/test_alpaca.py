"""The Alpaca broker against a server that speaks Alpaca's order API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from examples.trading_client import alpaca as module
from examples.trading_client.alpaca import AlpacaBroker
from examples.trading_client.orders import BrokerError, BrokerUnavailable, Order, OrderRejected, OrderState
from examples.trading_client.trades import Trade
from tests.servers.trading_client.alpaca_server import Alpaca
from tests.servers.trading_client.servers import Asked, Reply, Server, serving

NONCE = "0f" * 16


@dataclass
class Desk:
    """A broker, and the server it talks to."""

    broker: AlpacaBroker
    alpaca: Alpaca
    server: Server

    def submit(self, qty: float = 10.0, side: str = "buy", nonce: str = NONCE) -> Order:
        return self.broker.submit_order(nonce, "SPY", side, qty)


@pytest.fixture
def desk() -> Iterator[Desk]:
    alpaca = Alpaca()
    with serving(alpaca) as server:
        yield Desk(broker_of(server), alpaca, server)


def broker_of(server: Server, key: str = "key") -> AlpacaBroker:
    return AlpacaBroker(key, "secret", url_override=server.url, data_url_override=server.url)


def trade() -> Trade:
    expires_at = datetime(2026, 1, 5, 15, 5, tzinfo=UTC)
    return Trade(nonce=NONCE, strategy_id="Trend", symbol="SPY", side="buy", is_exit=False, expires_at=expires_at)


def test_an_order_carries_the_nonce_and_comes_back_filled(desk: Desk) -> None:
    order = desk.submit(2.5)
    assert desk.server.asked("/v2/orders")[0].json == {
        "symbol": "SPY",
        "qty": "2.5",
        "side": "buy",
        "type": "market",
        "time_in_force": "day",
        "client_order_id": NONCE,
    }
    assert (order.client_order_id, order.symbol, order.side, order.state) == (NONCE, "SPY", "buy", OrderState.FILLED)
    assert (order.filled_qty, order.filled_avg_price, order.is_done) == (2.5, 450.0, True)
    assert order.updated_at.tzinfo is not None
    assert desk.broker.find_order(NONCE) == order
    assert desk.broker.find_order("00" * 16) is None


@pytest.mark.parametrize(
    ("qty", "sent"), [(1 / 3, "0.333333333"), (10.123456789, "10.123456789"), (1e-9, "0.000000001")]
)
def test_fractions_are_cut_to_nine_places_never_rounded_up(desk: Desk, qty: float, sent: str) -> None:
    desk.submit(qty)
    assert desk.server.asked("/v2/orders")[0].json["qty"] == sent


@pytest.mark.parametrize("qty", [0.0, -1.0, 1e-10, float("nan"), float("inf")])
def test_no_quantity_is_no_order(desk: Desk, qty: float) -> None:
    with pytest.raises(OrderRejected, match="must be > 0"):
        desk.submit(qty)
    assert desk.server.requests == []


def test_an_order_submitted_twice_is_one_order(desk: Desk) -> None:
    first = desk.submit(2.0)
    assert desk.submit(3.0) == first
    assert list(desk.alpaca.orders) == [NONCE]


def test_an_order_whose_answer_was_lost_is_found(desk: Desk) -> None:
    desk.alpaca.lost_answers = 1
    with pytest.raises(BrokerUnavailable):
        desk.submit()
    found = desk.broker.find_order(NONCE)
    assert found is not None
    assert desk.submit() == found


def test_insufficient_buying_power_is_a_rejection(desk: Desk) -> None:
    with pytest.raises(OrderRejected, match="insufficient buying power"):
        desk.submit(1000.0)
    assert desk.broker.find_order(NONCE) is None


@pytest.mark.parametrize(
    ("status", "state", "is_done"),
    [
        ("new", OrderState.OPEN, False),
        ("accepted", OrderState.OPEN, False),
        ("pending_cancel", OrderState.OPEN, False),
        ("done_for_day", OrderState.OPEN, False),
        ("partially_filled", OrderState.PARTIALLY_FILLED, False),
        ("filled", OrderState.FILLED, True),
        ("canceled", OrderState.CANCELED, True),
        ("replaced", OrderState.CANCELED, True),
        ("rejected", OrderState.REJECTED, True),
        ("expired", OrderState.EXPIRED, True),
    ],
)
def test_order_states(desk: Desk, status: str, state: OrderState, is_done: bool) -> None:
    desk.alpaca.is_filling = False
    desk.submit()
    desk.alpaca.orders[NONCE]["status"] = status
    order = desk.broker.find_order(NONCE)
    assert order is not None
    assert (order.state, order.is_done) == (state, is_done)


def test_partial_fills_become_one_ledger_fill_each(desk: Desk) -> None:
    desk.alpaca.is_filling = False
    order = desk.submit(10.0)
    known, fill = trade().after(order)
    assert fill is None
    seen = []
    for filled, average, status in [
        (4, 450.0, "partially_filled"),
        (4, 450.0, "partially_filled"),
        (10, 453.0, "filled"),
    ]:
        desk.alpaca.fill(NONCE, filled, average, status)
        found = desk.broker.find_order(NONCE)
        assert found is not None
        known, fill = known.after(found)
        seen.append(fill)
    first, nothing, second = seen
    assert nothing is None
    assert first is not None
    assert second is not None
    assert (first.qty, first.price, first.is_order_complete) == (4.0, 450.0, False)
    assert second.price == pytest.approx(455.0)
    assert (second.qty, second.is_order_complete) == (6.0, True)
    assert (first.broker_fill_id, second.broker_fill_id) == (f"{order.order_id}:4", f"{order.order_id}:10")
    assert known.outbox == (first, second)
    assert first.qty * first.price + second.qty * second.price == pytest.approx(10 * 453.0)


def test_a_difference_of_averages_never_makes_up_a_price(desk: Desk) -> None:
    """Averages are rounded: a sliver between two of them says nothing about its price."""
    desk.alpaca.is_filling = False
    desk.submit(100.0)
    desk.alpaca.fill(NONCE, 99.999999, 450.0)
    first = desk.broker.find_order(NONCE)
    desk.alpaca.fill(NONCE, 100.0, 450.0001, "filled")
    second = desk.broker.find_order(NONCE)
    assert first is not None
    assert second is not None
    _, fill = trade().after(first)[0].after(second)
    assert fill is not None
    assert fill.price == 450.0001


def test_an_order_without_a_price_yet_is_no_fill_yet(desk: Desk) -> None:
    desk.alpaca.is_filling = False
    desk.submit(10.0)
    desk.alpaca.orders[NONCE] |= {"filled_qty": "10", "status": "filled", "filled_avg_price": None}
    found = desk.broker.find_order(NONCE)
    assert found is not None
    assert trade().after(found)[1] is None


def test_an_open_order_is_cancelled_and_a_filled_one_stays(desk: Desk) -> None:
    desk.alpaca.is_filling = False
    order = desk.submit()
    desk.broker.cancel_order(order.order_id)
    found = desk.broker.find_order(NONCE)
    assert found is not None
    assert found.state is OrderState.CANCELED
    desk.broker.cancel_order(order.order_id)
    asked = [one.method for one in desk.server.asked(f"/v2/orders/{order.order_id}")]
    assert asked == ["DELETE", "DELETE", "GET"], "whether another took its place"


def test_a_position_is_what_can_be_sold_now(desk: Desk) -> None:
    assert desk.broker.position("SPY") == 0.0
    desk.alpaca.positions["SPY"] = 10.5
    assert desk.broker.position("SPY") == 10.5
    desk.alpaca.is_filling = False
    desk.submit(4.5, "sell")
    assert desk.broker.position("SPY") == 6.0


def test_a_short_is_a_position_below_zero_and_what_can_be_bought_back_now(desk: Desk) -> None:
    desk.submit(10.0, "sell")
    assert desk.broker.position("SPY") == -10.0
    assert desk.broker.account().positions == {"SPY": -10.0}
    desk.alpaca.is_filling = False
    desk.submit(4.0, "buy", "11" * 16)
    assert desk.broker.position("SPY") == -6.0
    desk.alpaca.fill("11" * 16, 4.0, 451.0, "filled")
    assert desk.broker.position("SPY") == -6.0


def test_shorts_are_whole_units_of_what_alpaca_lends(desk: Desk) -> None:
    assert desk.broker.shortable("SPY", 10.9) == 10.0
    assert [desk.broker.shortable(*one) for one in [("SPY", 0.9), ("GME", 10.0), ("NONE", 10.0)]] == [0.0, 0.0, 0.0]
    with pytest.raises(OrderRejected, match="not allowed to short"):
        desk.submit(0.5, "sell")


def test_account_and_prices(desk: Desk) -> None:
    desk.alpaca.positions["SPY"] = 10.5
    account = desk.broker.account()
    assert (account.equity, account.buying_power, account.cash) == (100_000.0, 50_000.0, 50_000.0)
    assert account.positions == {"SPY": 10.5}
    assert desk.broker.last_price("SPY") == 450.0
    with pytest.raises(BrokerError, match="no last price of NONE"):
        desk.broker.last_price("NONE")


@pytest.mark.parametrize(
    ("said", "read"), [(None, None), ("-1234.5", -1234.5), ("0", 0.0), ("99.123456789012", 99.123456789012)]
)
def test_what_alpaca_does_not_say_is_unknown_and_never_0(desk: Desk, said: str | None, read: float | None) -> None:
    desk.alpaca.figures = dict.fromkeys(("equity", "buying_power", "cash"), said)
    account = desk.broker.account()
    assert (account.equity, account.buying_power, account.cash) == (read, read, read)


def test_a_wrong_key_is_no_rejection_of_an_order(desk: Desk) -> None:
    with pytest.raises(BrokerUnavailable, match="401"):
        broker_of(desk.server, "wrong").submit_order(NONCE, "SPY", "buy", 1.0)


@pytest.mark.parametrize(
    "reply", [Reply(500, {"message": "oops"}), Reply(502, b"<html>"), Reply(200, b"<html>"), Reply(is_dropped=True)]
)
def test_an_answer_that_is_none_leaves_the_order_open(reply: Reply) -> None:
    with serving(lambda asked: reply) as server, pytest.raises(BrokerUnavailable):
        broker_of(server).submit_order(NONCE, "SPY", "buy", 1.0)


def test_a_broker_that_hangs_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.3)

    def hang(asked: Asked) -> Reply:
        time.sleep(20)
        return Reply()

    with serving(hang) as server:
        start = time.monotonic()
        with pytest.raises(BrokerUnavailable):
            broker_of(server).find_order(NONCE)
        assert time.monotonic() - start < 10


def test_paper_is_the_default() -> None:
    assert "paper, https://paper-api.alpaca.markets" in repr(AlpacaBroker("key", "secret"))
    assert "live, https://api.alpaca.markets" in repr(AlpacaBroker("key", "secret", paper=False))
