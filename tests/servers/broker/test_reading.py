"""What the adapter reads of an account: figures as text, and what it does not say stays unknown."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.adapters.alpaca.accounts import read_account, read_asset, read_order, read_position
from functions.adapters.alpaca.broker import LIVE, PAPER, Alpaca, Hosts
from functions.adapters.alpaca.fields import Fields
from functions.adapters.alpaca.keys import Keys
from functions.domain.broker.account import AssetClass
from functions.domain.broker.errors import KeysRefused, MalformedAnswer, UnknownSymbol, UnsupportedCurrency
from functions.domain.broker.orders import OrderState, whole
from functions.services.broker.ports import Broker
from tests.servers.broker.desks import Desk, connected, running
from tools.simulated_broker.clock import EPOCH
from tools.simulated_broker.exchange import NEVER
from tools.simulated_broker.server import KEY_ID, SECRET

AT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
ORDER: dict[str, Any] = {"id": "1", "client_order_id": "n", "status": "new", "filled_qty": "0", "created_at": str(AT)}


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running() as one:
        yield one


def test_the_adapter_is_a_broker(desk: Desk) -> None:
    broker: Broker = desk.alpaca
    assert broker.account().equity == 100_000.0


def test_an_account_is_what_it_is_worth(desk: Desk) -> None:
    desk.buy("10")
    desk.exchange.market.set_price("SPY", "460.25")
    account = desk.alpaca.account()
    assert (account.equity, account.cash, account.buying_power) == (100_100.0, 95_497.5, 95_497.5)
    assert (account.account_number, account.is_live, account.is_blocked) == ("PA1", False, False)


def test_two_connections_to_one_account_are_recognised(desk: Desk) -> None:
    desk.broker.keys["PKOTHER"] = "other"
    other = connected(desk.broker, keys=Keys("PKOTHER", "other"))
    assert other.account().account_id == desk.alpaca.account().account_id
    desk.exchange.account_number = "PA2"
    assert other.account().account_id != read_account_id(desk)


def read_account_id(desk: Desk) -> str:
    desk.exchange.account_number = "PA1"
    return desk.alpaca.account().account_id


def test_what_the_account_does_not_say_is_unknown_and_never_0(desk: Desk) -> None:
    desk.exchange.unknown_figures = True
    account = desk.alpaca.account()
    assert (account.equity, account.cash, account.buying_power) == (None, None, None)


def test_an_account_of_another_currency_is_told_and_none_of_its_figures_read(desk: Desk) -> None:
    desk.exchange.currency = "EUR"
    with pytest.raises(UnsupportedCurrency, match=r"must be kept in USD, was in EUR") as told:
        desk.alpaca.account()
    assert told.value.currency == "EUR"


def test_a_broker_whose_clock_is_off_shows_by_how_much(desk: Desk) -> None:
    account = desk.alpaca.account()
    assert account.broker_time == EPOCH
    assert account.clock_difference is not None
    assert account.clock_difference < timedelta(days=-1)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("100000", 100_000.0),
        ("-1234.5", -1234.5),
        ("0", 0.0),
        ("0.00", 0.0),
        ("99.123456789012", 99.123456789012),
        ("1e3", 1000.0),
        (12.5, 12.5),
        (7, 7.0),
        (None, None),
        ("", MalformedAnswer),
        ("abc", MalformedAnswer),
        ("1,000", MalformedAnswer),
        ("NaN", MalformedAnswer),
        ("Infinity", MalformedAnswer),
        ("1e999", MalformedAnswer),
        (True, MalformedAnswer),
        ([], MalformedAnswer),
        ({}, MalformedAnswer),
    ],
)
def test_figures_as_text(said: Any, read: Any) -> None:
    fields = Fields.of("account", {"id": "1", "equity": said})
    if read is MalformedAnswer:
        with pytest.raises(MalformedAnswer, match="equity must be a number or a numeric text"):
            read_account(fields, is_live=False, as_of=AT, broker_time=None)
    else:
        assert read_account(fields, is_live=False, as_of=AT, broker_time=None).equity == read


def test_fields_that_were_removed_are_not_missed_and_new_ones_are_left_alone() -> None:
    old = {"id": "1", "pattern_day_trader": False, "daytrade_count": 0, "equity": "1"}
    new = {"id": "1", "equity": "1", "intraday_margin": {"of": "2026"}}
    read = [read_account(Fields.of("account", one), is_live=True, as_of=AT, broker_time=None) for one in (old, new)]
    assert read[0] == read[1]
    assert read[0].is_live


@pytest.mark.parametrize("body", [None, [], "text", {}, {"id": None}, {"id": ""}, {"id": 7}])
def test_an_account_that_is_none_is_malformed(body: Any) -> None:
    with pytest.raises(MalformedAnswer):
        read_account(Fields.of("account", body), is_live=False, as_of=AT, broker_time=None)


@pytest.mark.parametrize(
    ("qty", "side", "available", "read"),
    [
        ("10", "long", "6", (10.0, 6.0)),
        ("-10", "short", "-6", (-10.0, -6.0)),
        ("10", "short", "10", (-10.0, -10.0)),
        ("-3", None, None, (-3.0, None)),
        ("0.123456789", "long", "0", (0.123456789, 0.0)),
    ],
)
def test_a_short_is_below_zero_however_it_is_said(qty: str, side: str | None, available: str | None, read: Any) -> None:
    body = {"symbol": "SPY", "asset_class": "us_equity", "qty": qty, "side": side, "qty_available": available}
    position = read_position(Fields.of("position", body))
    assert (position.qty, position.available) == read
    assert (position.average_price, position.price) == (None, None)


def test_positions_are_of_stocks_coins_and_others(desk: Desk) -> None:
    desk.buy("10")
    desk.buy("0.5", "BTC/USD")
    held = {one.symbol: (one.asset_class, one.qty, one.average_price) for one in desk.alpaca.positions()}
    assert held == {"SPY": (AssetClass.STOCK, 10.0, 450.25), "BTCUSD": (AssetClass.CRYPTO, 0.5, 30_000.0)}
    assert desk.alpaca.position("BTC/USD") == next(one for one in desk.alpaca.positions() if one.symbol == "BTCUSD")
    assert desk.alpaca.position("QQQ") is None
    option = {"symbol": "SPY260116C00450000", "asset_class": "us_option", "qty": "1"}
    assert read_position(Fields.of("position", option)).asset_class is AssetClass.OTHER


def test_an_asset_says_how_it_may_be_traded(desk: Desk) -> None:
    assets = {name: desk.alpaca.asset(name) for name in ("SPY", "ODD", "GME", "GONE", "BTC/USD")}
    assert {name: one.is_fractionable for name, one in assets.items()}["ODD"] is False
    assert {name: one.is_lent for name, one in assets.items()} == {
        "SPY": True,
        "ODD": True,
        "GME": False,
        "GONE": True,
        "BTC/USD": False,
    }
    assert (assets["SPY"].is_tradable, assets["GONE"].is_tradable) == (True, False)
    assert (assets["BTC/USD"].smallest_qty, assets["SPY"].smallest_qty) == (0.0001, None)


@pytest.mark.parametrize(
    ("shortable", "easy", "is_lent"),
    [(True, True, True), (True, False, False), (False, None, False), (None, True, None), (True, None, None)],
)
def test_whether_an_asset_is_lent_may_be_unknown(shortable: Any, easy: Any, is_lent: Any) -> None:
    asset = read_asset(Fields.of("asset", {"symbol": "X", "shortable": shortable, "easy_to_borrow": easy}))
    assert (asset.is_lent, asset.is_tradable, asset.is_fractionable) == (is_lent, None, None)


def test_a_renamed_symbol_is_unknown_and_held_under_its_new_name(desk: Desk) -> None:
    desk.buy("10", "QQQ")
    desk.happenings.rename("QQQ", "NDXQ")
    with pytest.raises(UnknownSymbol, match="does not know the symbol QQQ") as told:
        desk.alpaca.asset("QQQ")
    assert told.value.symbol == "QQQ"
    assert [(one.symbol, one.qty) for one in desk.alpaca.positions()] == [("NDXQ", 10.0)]


@pytest.mark.parametrize(
    ("status", "state", "is_done"),
    [
        ("new", OrderState.OPEN, False),
        ("accepted", OrderState.OPEN, False),
        ("pending_cancel", OrderState.OPEN, False),
        ("done_for_day", OrderState.OPEN, False),
        ("a status of next year", OrderState.OPEN, False),
        ("partially_filled", OrderState.PARTIALLY_FILLED, False),
        ("filled", OrderState.FILLED, True),
        ("canceled", OrderState.CANCELED, True),
        ("replaced", OrderState.CANCELED, True),
        ("rejected", OrderState.REJECTED, True),
        ("expired", OrderState.EXPIRED, True),
    ],
)
def test_order_states(status: str, state: OrderState, is_done: bool) -> None:
    order = read_order(Fields.of("order", ORDER | {"status": status}))
    assert (order.state, order.is_done) == (state, is_done)
    followed = read_order(Fields.of("order", ORDER | {"status": status, "replaced_by": "2"}))
    assert (followed.state is OrderState.REPLACED) == (status == "replaced")


def test_an_order_of_several_legs_has_no_symbol_and_hides_no_other() -> None:
    legs = ORDER | {"symbol": "", "side": "", "qty": None, "legs": [{}]}
    order = read_order(Fields.of("order", legs))
    assert (order.symbol, order.side, order.qty) == ("", "", None)
    with pytest.raises(MalformedAnswer, match="filled_qty"):
        read_order(Fields.of("order", ORDER | {"filled_qty": None}))


def test_a_price_of_0_is_no_price() -> None:
    assert read_order(Fields.of("order", ORDER | {"filled_qty": "1", "filled_avg_price": "0"})).filled_price is None


def test_orders_are_found_by_either_name_in_whatever_state(desk: Desk) -> None:
    desk.exchange.plan = NEVER
    placed = desk.buy("10", client_order_id="nonce")
    found = desk.alpaca.order_by_client_id("nonce")
    assert found is not None
    assert (found.order_id, found.client_order_id, found.state) == (placed.order_id, "nonce", OrderState.OPEN)
    assert desk.alpaca.order(placed.order_id) == found
    assert [one.order_id for one in desk.alpaca.open_orders()] == [placed.order_id]
    desk.exchange.cancel(placed.order_id)
    assert desk.alpaca.open_orders() == []
    assert desk.alpaca.order(placed.order_id) is not None
    assert desk.alpaca.order("none") is None
    assert desk.alpaca.order_by_client_id("none") is None


@pytest.mark.parametrize("count", [499, 500, 501, 1000, 1203])
def test_every_open_order_is_told_however_many_pages_they_take(desk: Desk, count: int) -> None:
    desk.exchange.plan = NEVER
    desk.exchange.multiplier = 1000
    for _ in range(count):
        desk.buy("1")
    found = desk.alpaca.open_orders()
    assert [one.order_id for one in found] == list(reversed(desk.exchange.orders))


def test_a_replaced_order_is_followed_both_ways(desk: Desk) -> None:
    desk.exchange.plan = NEVER
    first = desk.buy("10", client_order_id="nonce")
    desk.exchange.fill(first, "4", "450")
    second = desk.exchange.replace(first.order_id, {})
    desk.exchange.fill(second, "1", "455")
    third = desk.exchange.replace(second.order_id, {})
    desk.exchange.fill(third, "5", "460")
    ids = [first.order_id, second.order_id, third.order_id]
    for name in ids:
        order = desk.alpaca.order(name)
        assert order is not None
        chain = desk.alpaca.order_chain(order)
        assert [one.order_id for one in chain] == ids
        together = whole(chain)
        assert (together.client_order_id, together.filled_qty, together.state) == ("nonce", 10.0, OrderState.FILLED)
        assert together.filled_price == pytest.approx((4 * 450 + 455 + 5 * 460) / 10)


def test_replacements_that_come_round_in_a_circle_are_malformed(desk: Desk) -> None:
    desk.exchange.plan = NEVER
    first = desk.buy("10")
    second = desk.exchange.replace(first.order_id, {})
    second.status, second.replaced_by = "replaced", first.order_id
    order = desk.alpaca.order(first.order_id)
    assert order is not None
    with pytest.raises(MalformedAnswer, match="do not end"):
        desk.alpaca.order_chain(order)


# Keys


def test_paper_is_the_default_and_live_is_a_second_word() -> None:
    keys = Keys(KEY_ID, SECRET)
    assert PAPER.trading in repr(Alpaca(keys))
    assert LIVE.trading in repr(Alpaca(keys, live=True))
    assert (PAPER.trading, LIVE.trading) == ("https://paper-api.alpaca.markets", "https://api.alpaca.markets")


def test_keys_show_themselves_nowhere(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    keys = Keys("PKWRONG", "wrong-secret")
    stranger = connected(desk.broker, keys=keys)
    with pytest.raises(KeysRefused) as refused:
        stranger.account()
    desk.alpaca.order_by_client_id("nonce-of-a-signal")
    shown = " ".join([repr(keys), str(keys), repr(stranger), repr(refused.value), caplog.text, repr(stranger.__dict__)])
    for secret in ("PKWRONG", "wrong-secret", SECRET, KEY_ID, "nonce-of-a-signal"):
        assert secret not in shown


@pytest.mark.parametrize(
    "pair", [("", "s"), ("k", ""), ("k\n", "s"), ("k", "s s"), ("k", "s\r\nX-Other: 1"), ("ключ", "s")]
)
def test_what_cannot_be_a_key_is_told_without_it(pair: tuple[str, str]) -> None:
    with pytest.raises(KeysRefused) as refused:
        Keys(*pair)
    assert "X-Other" not in str(refused.value)


@pytest.mark.parametrize("address", ["http://api.alpaca.markets", "ftp://127.0.0.1", "paper-api.alpaca.markets", ""])
def test_keys_go_nowhere_in_the_open(address: str) -> None:
    with pytest.raises(ValueError, match="must be https"):
        Hosts(address)
