"""From what a broker says to what a cycle decides on, and to the ledger: each thing once, whatever is repeated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from functions.domain.orchestration.broker_feed import FeedStatus
from functions.services.broker.connection_ports import DeclaredSymbols
from tests.servers.broker.feeds import TENANT, Fed, bars, fed, now
from tools.simulated_broker.exchange import NEVER


@pytest.fixture
def desk() -> Iterator[Fed]:
    with fed() as one:
        yield one


def test_one_feed_brings_account_prices_and_histories_and_queues_the_cycle(desk: Fed) -> None:
    desk.connections.declared = DeclaredSymbols(("SPY", "BTC/USD"), {"Sample": ("QQQ",)})
    desk.exchange.market.set_bars("SPY", bars(30))
    desk.order("buy", "2", "ODD")
    outcome = desk.feed()
    assert (outcome.status, outcome.booked) == (FeedStatus.OK, 1), outcome
    account, market_data = desk.document("accounts/primary"), desk.document("market_data/latest")
    assert (account["equity"], account["ledger_version"]) == (100_000.0, 1)
    assert account["positions"] == [{"symbol": "ODD", "qty": 2.0, "average_price": 10.0}]
    assert {name: one["price"] for name, one in market_data["symbols"].items()} == {
        "SPY": 450.25,
        "BTC/USD": 30_000.0,
        "ODD": 10.0,
    }
    assert market_data["symbols"]["SPY"]["history"] == [float(100 + day) for day in range(29)]
    assert [one["tenant_id"] for one in desk.queue.tasks.values()] == [TENANT]


def test_only_days_that_are_new_are_asked_for(desk: Fed) -> None:
    desk.connections.declared = DeclaredSymbols(("SPY",))
    desk.exchange.market.set_bars("SPY", bars(30)[:-1])
    desk.feed()
    asked = len(desk.broker.asked("/v2/stocks/bars"))
    desk.feed()
    assert len(desk.broker.asked("/v2/stocks/bars")) == asked == 1
    desk.exchange.market.set_bars("SPY", bars(30))
    desk.feed()
    last = desk.broker.asked("/v2/stocks/bars")[-1]
    assert last.query["start"][:10] == bars(30)[-3].at.date().isoformat()
    assert desk.document("market_data/latest")["symbols"]["SPY"]["history"] == [float(100 + day) for day in range(29)]


def test_a_split_changes_all_closes_and_all_are_asked_for_again(desk: Fed) -> None:
    desk.connections.declared = DeclaredSymbols(("SPY",))
    desk.exchange.market.set_bars("SPY", bars(30)[:-1])
    desk.feed()
    desk.exchange.market.set_bars("SPY", bars(30, first_close=1000))
    desk.feed()
    assert desk.document("market_data/latest")["symbols"]["SPY"]["history"] == [float(1000 + day) for day in range(29)]


def test_a_symbol_that_the_broker_does_not_know_is_told_and_holds_up_no_other(desk: Fed) -> None:
    desk.connections.declared = DeclaredSymbols(("SPY", "NOPE", "no-symbol-at-all!"))
    outcome = desk.feed()
    assert outcome.status is FeedStatus.OK
    assert "no price of NOPE, no-symbol-at-all!" in outcome.detail
    assert list(desk.document("market_data/latest")["symbols"]) == ["SPY"]


def test_a_sample_is_looked_at_where_the_policy_names_it(desk: Fed) -> None:
    desk.connections.declared = DeclaredSymbols((), {"Sample": ("QQQ",)})
    desk.policy["sample_strategies"] = ["Sample"]
    desk.feed()
    assert list(desk.document("market_data/latest")["symbols"]) == ["QQQ"]


def test_a_repeated_delivery_asks_nothing_and_queues_the_cycle_once(desk: Fed) -> None:
    task = desk.task()
    first = desk.feed(task)
    asked = len(desk.broker.requests)
    assert desk.feed(task) == first
    assert (len(desk.broker.requests), len(desk.queue.tasks)) == (asked, 1)


def test_a_tenant_who_is_not_connected_gets_the_cycle_alone(desk: Fed) -> None:
    desk.cycles.delete(f"tenants/{TENANT}/state/broker")
    assert desk.feeding().run(desk.task()) is None
    assert (desk.broker.requests, len(desk.queue.tasks)) == ([], 1)


# Fills


def test_a_fill_belongs_to_whose_signal_its_order_was(desk: Fed) -> None:
    desk.redeem("n1")
    order = desk.order("buy", "10", client_order_id="n1")
    assert desk.feed().booked == 1
    (fill,) = desk.ledger()
    assert (fill["strategy_id"], fill["uid"], fill["nonce"], fill["qty"], fill["price"], fill["order_id"]) == (
        "Trend",
        "ann",
        "n1",
        10.0,
        450.25,
        order.order_id,
    )
    assert desk.held("Trend", "SPY") == 10.0
    assert desk.redemption("n1")["status"] == "FILLED"
    assert desk.told() == []
    assert (desk.feed().booked, len(desk.ledger())) == (0, 1)


def test_parts_a_fill_after_a_cancel_and_a_replaced_order_are_booked_to_one_redemption(desk: Fed) -> None:
    desk.exchange.plan = NEVER
    for nonce in ("parts", "late", "replaced"):
        desk.redeem(nonce)
    parts = desk.order("buy", "10", client_order_id="parts")
    late = desk.order("buy", "10", client_order_id="late")
    first = desk.order("buy", "10", client_order_id="replaced")
    desk.exchange.fill(parts, "4", "450")
    desk.exchange.fill(first, "4", "450")
    desk.feed()
    assert desk.redemption("parts")["status"] == "RESERVED"
    desk.exchange.fill(parts, "6", "451")
    desk.exchange.cancel(late.order_id)
    desk.exchange.fill(late, "3", "452")
    second = desk.exchange.replace(first.order_id, {})
    desk.exchange.fill(second, second.left, "453")
    desk.feed()
    filled = {nonce: desk.redemption(nonce)["filled_qty"] for nonce in ("parts", "late", "replaced")}
    assert filled == {"parts": 10.0, "late": 3.0, "replaced": 10.0}
    assert {desk.redemption(nonce)["status"] for nonce in filled} == {"FILLED"}
    assert desk.held("Trend", "SPY") == 23.0


def test_an_order_that_maestro_never_issued_is_unowned_and_reported(desk: Fed) -> None:
    order = desk.happenings.manual_trade("SPY", "buy", "3")
    desk.feed()
    (fill,) = desk.ledger()
    assert (fill["strategy_id"], fill["uid"], fill["nonce"]) == ("unowned", "unowned", None)
    assert desk.told() == [
        f"buy 3 SPY at 450.25 USD, order {order.order_id}, is unowned: no strategy placed this order"
    ]


def test_a_fill_that_contradicts_its_redemption_happened_and_is_unowned(desk: Fed) -> None:
    desk.redeem("n1", symbol="QQQ")
    desk.order("buy", "1", client_order_id="n1")
    desk.feed()
    assert [(one["symbol"], one["strategy_id"]) for one in desk.ledger()] == [("SPY", "unowned")]
    assert desk.redemption("n1")["status"] == "RESERVED"


def test_busts_and_corrections_leave_the_books_as_if_told_right_at_once(desk: Fed) -> None:
    desk.redeem("n1")
    desk.exchange.plan = NEVER
    order = desk.order("buy", "10", client_order_id="n1")
    busted, corrected = desk.exchange.fill(order, "4", "450"), desk.exchange.fill(order, "6", "451")
    desk.feed()
    desk.happenings.bust(busted)
    desk.happenings.correct(corrected, "5", "449")
    desk.later(seconds=2)
    assert desk.feed().booked == 2
    assert desk.held("Trend", "SPY") == 5.0 == float(desk.exchange.books.qty("SPY"))
    assert sorted(str(one.get("kind")) for one in desk.ledger()) == ["None", "None", "correction", "void"]


def test_a_bust_of_a_trade_that_nobody_knows_is_told(desk: Fed) -> None:
    desk.exchange.plan = NEVER
    order = desk.order("buy", "10")
    busted = desk.exchange.fill(order, "4", "450")
    desk.exchange.activities.listed.clear()
    desk.happenings.bust(busted)
    desk.later(seconds=2)
    desk.feed()
    assert "refers to a trade that the ledger does not have" in desk.told()[0]


def test_a_split_is_booked_by_what_the_position_changed(desk: Fed) -> None:
    desk.connect(cursor=desk.cursor(now() - timedelta(days=3)))
    desk.redeem("n1")
    with desk.earlier(days=2):
        desk.order("buy", "10", client_order_id="n1")
    desk.feed()
    with desk.earlier(days=1):
        desk.happenings.split("SPY", 4, 1)
    desk.order("sell", "4", client_order_id="by hand")
    assert desk.feed().booked == 2
    split = next(one for one in desk.ledger() if one.get("kind") == "split")
    assert (split["symbol"], split["ratio"]) == ("SPY", 4.0)
    assert desk.held("Trend", "SPY") == 40.0
    assert (desk.feed().booked, desk.held("Trend", "SPY")) == (0, 40.0)


def test_a_split_of_a_position_that_nobody_can_tell_is_told_and_not_guessed(desk: Fed) -> None:
    desk.order("buy", "10")  # at a time after the split's, as far as its date tells
    desk.happenings.split("SPY", 4, 1)
    desk.feed()
    assert [one.get("kind") for one in desk.ledger()] == [None]
    assert "a split of SPY" in desk.told()[-1]


def test_money_that_came_and_went_is_booked_to_a_cent(desk: Fed) -> None:
    desk.redeem("n1")
    desk.order("buy", "10", client_order_id="n1")
    desk.happenings.dividend("SPY", "1.25")
    desk.happenings.money("FEE", "-0.02", "TAF")
    desk.happenings.money("INT", "1.5", "SWP")
    desk.happenings.money("CSD", "500")
    taken_back = desk.happenings.money("CSW", "-10")
    assert desk.feed().status is FeedStatus.OK
    desk.happenings.cancel_activity(taken_back)
    desk.feed()
    kinds = {str(one.get("kind")): one for one in desk.ledger()}
    assert kinds["dividend"]["per_unit"] == 1.25
    assert kinds["fee"]["amount"] == 0.02
    assert kinds["interest"]["amount"] == 1.5
    assert kinds["deposit"]["amount"] == 500.0
    assert kinds["withdrawal"]["amount"] == 10.0
    assert "void" in kinds
    assert desk.told() == []


def test_what_no_rule_books_is_told(desk: Fed) -> None:
    desk.happenings.units("ACATS", "GME", "5")
    desk.order("buy", "1", "QQQ", client_order_id="n1")
    desk.happenings.rename("QQQ", "NDXQ")
    desk.feed()
    told = " | ".join(desk.told())
    assert "5 GME came from outside the account" in told
    assert "QQQ changed its name" in told
    assert "NDXQ changed its name" in told


def test_a_fee_in_coins_leaves_what_the_account_has(desk: Fed) -> None:
    desk.order("buy", "0.5", "BTC/USD")
    desk.happenings.coin_fee("BTC/USD", "0.001")
    desk.feed()
    fee = next(one for one in desk.ledger() if one["side"] == "sell")
    assert (fee["qty"], fee["price"], fee["fees"]) == (0.001, 30_000.0, 30.0)


def test_reconciliation_sees_what_was_booked(desk: Fed) -> None:
    desk.order("buy", "2")
    desk.exchange.plan = NEVER
    waiting = desk.order("buy", "1", "QQQ")
    desk.feed()
    (seen,) = desk.reconciler.seen
    assert [(one.symbol, one.qty) for one in seen.positions] == [("SPY", 2.0)]
    assert [one.order_id for one in seen.open_orders] == [waiting.order_id]
    assert (seen.activities_complete, seen.cursor) == (True, desk.connection.cursor)
