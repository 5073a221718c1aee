"""One day at the simulated broker, in which everything is asked for that the adapter can ask."""

from __future__ import annotations

from datetime import date, timedelta

from tests.servers.broker.desks import days, running
from tools.simulated_broker.clock import EPOCH
from tools.simulated_broker.exchange import NEVER
from tools.simulated_broker.rest import Question, Reply


def a_day() -> list[tuple[Question, Reply]]:
    """Return the requests of a day with their answers."""
    with running(amendments=True, cash="1000000") as desk:
        alpaca, exchange, happenings = desk.alpaca, desk.exchange, desk.happenings
        cursor = desk.cursor()
        exchange.market.set_bars("SPY", days(30))
        exchange.market.set_bars("BTC/USD", days(30))
        alpaca.submit_order("one", "SPY", "buy", 2.5)
        alpaca.submit_order("two", "BTC/USD", "buy", 0.5)
        alpaca.submit_order("three", "GME", "buy", 10)
        exchange.plan = NEVER
        alpaca.submit_order("four", "QQQ", "sell", 3)
        order = alpaca.submit_order("five", "SPY", "buy", 10)
        exchange.fill(exchange.order(order.order_id), "4", "451.5")
        exchange.replace(order.order_id, {"qty": "6"})
        alpaca.account(), alpaca.positions(), alpaca.open_orders(), alpaca.asset("SPY"), alpaca.asset("BTC/USD")
        alpaca.position("SPY"), alpaca.order(order.order_id), alpaca.order_by_client_id("one")
        alpaca.order_chain(order)
        alpaca.quotes(["SPY", "BTC/USD"])
        alpaca.daily_bars(["SPY", "BTC/USD"], date(2025, 12, 1), date(2025, 12, 31))
        alpaca.daily_bars(["SPY"], date(2025, 12, 1), EPOCH.date())
        happenings.split("SPY", 4, 1)
        happenings.dividend("GME", "0.25")
        happenings.coin_fee("BTC/USD", "0.0001")
        happenings.units("ACATS", "GME", "5")
        for kind, usd, sub_kind in (("FEE", "-0.02", "TAF"), ("INT", "1.5", "SWP"), ("CSD", "500", None)):
            happenings.money(kind, usd, sub_kind)
        happenings.cancel_activity(happenings.money("CSW", "-10"))
        first, second = list(exchange.executions)[:2]
        happenings.bust(first)
        happenings.correct(second, "0.4", "29999")
        happenings.rename("GME", "GAME")
        desk.clock.advance(seconds=timedelta(minutes=5).total_seconds())
        desk.told(cursor)
        alpaca.cancel_order(order.order_id)
        return list(desk.broker.answered)
