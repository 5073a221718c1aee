"""The demo's last act: keys, the trading client and a broker that runs; every fill comes back through the feed."""

from __future__ import annotations

from datetime import date

from google.cloud.firestore import Client

from examples.demo import demo_policy
from examples.demo_live import TENANT, live_desk, trade_live
from examples.replay import Prices
from functions.adapters.broker_keys.local_file import LocalKeys
from functions.adapters.firestore import paths
from tests.samples import names_of_users
from tools.emulator_suite import EmulatorSuite


def test_orders_of_the_trading_client_come_back_from_the_broker_as_fills_of_their_strategies(
    db: Client, emulators: EmulatorSuite
) -> None:
    prices = Prices.load()
    policy = {**demo_policy(), "disabled_strategies": names_of_users()}
    with live_desk(prices, prices.days.index(date(2020, 4, 22))) as desk:
        told = list(trade_live(emulators, desk, policy, "only-for-the-demo"))
        orders = list(desk.broker.exchange.orders.values())
        held = {symbol: float(one.qty) for symbol, one in desk.broker.exchange.books.holdings.items()}
    fills = [one.to_dict() or {} for one in paths.ledger_trades(db, TENANT).stream()]
    assert orders
    assert len(fills) == len(orders)
    assert "unowned" not in {fill["strategy_id"] for fill in fills}
    booked = {symbol: sum(fill["qty"] for fill in fills if fill["symbol"] == symbol) for symbol in held}
    assert booked == held
    assert "broker and books agree" in told[-1]
    assert LocalKeys().read(TENANT) is None
