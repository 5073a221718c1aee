"""A feed that dies anywhere: each entry is in the ledger once, whatever was the last thing it did."""

from __future__ import annotations

from tests.servers.broker.feeds import Fed, fed
from tests.servers.broker.kills import counted, killed
from tools.simulated_broker.exchange import NEVER


def test_killed_before_any_call_of_a_store_it_books_each_entry_once() -> None:
    """Whatever call is the last one, the deliveries after it end what was begun; after a call is before the next."""
    calls = _calls_of_a_feed()
    assert calls > 8
    for last in range(calls):
        with fed() as desk:
            day(desk)
            task = desk.task()
            with killed(desk, last):
                desk.feeding().run(task)
            desk.feeding().run(task)
            desk.feed()
            kinds = sorted(str(one.get("kind")) for one in desk.ledger())
            assert kinds == ["None", "None", "deposit", "fee", "void"], last
            assert desk.held("Trend", "SPY") == 6.0


def day(desk: Fed) -> None:
    desk.redeem("n1")
    desk.exchange.plan = NEVER
    order = desk.order("buy", "10", client_order_id="n1")
    busted = desk.exchange.fill(order, "4", "450")
    desk.exchange.fill(order, "6", "451")
    desk.happenings.bust(busted)
    desk.happenings.money("CSD", "500")
    desk.happenings.money("FEE", "-0.02", "TAF")
    desk.later(seconds=2)


def _calls_of_a_feed() -> int:
    with fed() as desk:
        day(desk)
        with counted(desk) as count:
            desk.feed()
        return count[0]
