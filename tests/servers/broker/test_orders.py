"""Orders through the adapter: for the trading client alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from functions.domain.broker.errors import BrokerUnavailable, OrderRejected, Rejection
from functions.domain.broker.orders import OrderState
from tests.servers.broker.desks import Desk, running
from tools.simulated_broker.exchange import NEVER
from tools.simulated_broker.faults import Fault, FaultKind


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running() as one:
        yield one


def sent(desk: Desk) -> dict[str, object]:
    return dict(next(one for one in desk.broker.requests if one.method == "POST").body)


@pytest.mark.parametrize(
    ("symbol", "qty", "asked"),
    [
        ("SPY", 10.0, "10"),
        ("SPY", 1 / 3, "0.333333333"),
        ("SPY", 10.123456789, "10.123456789"),
        ("SPY", 100.0, "100"),
        ("ODD", 12.3456, "12"),
        ("ODD", 12.0, "12"),
        ("BTC/USD", 0.1234567899, "0.123456789"),
    ],
)
def test_a_quantity_is_cut_to_what_may_be_traded_never_rounded_up(
    desk: Desk, symbol: str, qty: float, asked: str
) -> None:
    order = desk.alpaca.submit_order("nonce", symbol, "buy", qty)
    assert sent(desk) == {
        "symbol": symbol,
        "qty": asked,
        "side": "buy",
        "type": "market",
        "time_in_force": "gtc" if symbol == "BTC/USD" else "day",
        "client_order_id": "nonce",
    }
    assert (order.state, order.filled_qty) == (OrderState.FILLED, float(asked))


def test_less_than_one_whole_unit_is_no_order(desk: Desk) -> None:
    with pytest.raises(OrderRejected, match=r"ODD is traded in multiples of 1, was 0\.9") as told:
        desk.alpaca.submit_order("nonce", "ODD", "buy", 0.9)
    assert told.value.reason is Rejection.TOO_FEW
    assert desk.exchange.orders == {}


@pytest.mark.parametrize("qty", [0.0, -1.0, 1e-10, float("nan"), float("inf")])
def test_no_quantity_is_no_order(desk: Desk, qty: float) -> None:
    with pytest.raises(OrderRejected, match="must be > 0"):
        desk.alpaca.submit_order("nonce", "SPY", "buy", qty)
    assert desk.broker.requests == []


@pytest.mark.parametrize(
    ("side", "symbol", "qty", "reason"),
    [
        ("buy", "SPY", 1000.0, Rejection.BUYING_POWER),
        ("sell", "QQQ", 11.0, Rejection.QUANTITY),
        ("sell", "GME", 1.0, Rejection.NOT_LENT),
        ("sell", "SPY", 1.5, Rejection.NOT_LENT),
        ("buy", "GONE", 1.0, Rejection.NOT_TRADABLE),
        ("buy", "NOPE", 1.0, Rejection.NOT_TRADABLE),
        ("buy", "NOPE", 1.5, Rejection.NOT_TRADABLE),
    ],
)
def test_a_rejection_says_why(desk: Desk, side: str, symbol: str, qty: float, reason: Rejection) -> None:
    desk.buy("10", "QQQ")
    with pytest.raises(OrderRejected) as told:
        desk.alpaca.submit_order("nonce", symbol, side, qty)
    assert told.value.reason is reason


def test_an_order_opposite_to_an_open_one_is_told_as_a_wash_trade(desk: Desk) -> None:
    desk.buy("10")
    desk.exchange.plan = NEVER
    desk.order("sell", "5")
    with pytest.raises(OrderRejected, match="potential wash trade") as told:
        desk.alpaca.submit_order("nonce", "SPY", "buy", 1.0)
    assert told.value.reason is Rejection.WASH_TRADE


def test_a_taken_id_is_told(desk: Desk) -> None:
    desk.alpaca.submit_order("nonce", "SPY", "buy", 1.0)
    with pytest.raises(OrderRejected) as told:
        desk.alpaca.submit_order("nonce", "SPY", "buy", 1.0)
    assert told.value.reason is Rejection.ID_TAKEN


@pytest.mark.parametrize("kind", [FaultKind.LOST, FaultKind.ERROR, FaultKind.HALF, FaultKind.HANG])
def test_an_order_is_sent_once_whatever_the_answer(desk: Desk, kind: FaultKind) -> None:
    desk.broker.faults.add(Fault(kind, "/v2/orders", method="POST", times=1))
    with pytest.raises(BrokerUnavailable):
        desk.alpaca.submit_order("nonce", "SPY", "buy", 1.0)
    assert len([one for one in desk.broker.requests if one.method == "POST"]) == 1
    found = desk.alpaca.order_by_client_id("nonce")
    assert (found is not None) == (kind in {FaultKind.LOST, FaultKind.HALF})


def test_an_open_order_is_cancelled_and_one_that_is_done_stays(desk: Desk) -> None:
    desk.exchange.plan = NEVER
    order = desk.buy("10")
    assert desk.alpaca.cancel_order(order.order_id) is True
    assert order.status == "canceled"
    assert desk.alpaca.cancel_order(order.order_id) is False


def test_what_took_the_place_of_an_order_is_cancelled_with_it(desk: Desk) -> None:
    desk.exchange.plan = NEVER
    first = desk.buy("10")
    second = desk.exchange.replace(first.order_id, {})
    assert desk.alpaca.cancel_order(first.order_id) is True
    assert (first.status, second.status) == ("replaced", "canceled")
