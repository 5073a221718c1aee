"""More at once than one feed takes: it books what it has time for, the next goes on, and each entry is booked once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from functions.domain.orchestration.broker_feed import FeedStatus
from functions.services.broker import order_owners, read_activities
from tests.servers.broker.feeds import Fed, fed
from tools.simulated_broker.exchange import AT_ONCE, NEVER
from tools.simulated_broker.faults import Fault, FaultKind


@pytest.fixture
def desk() -> Iterator[Fed]:
    with fed() as one:
        yield one


def test_more_activities_than_a_feed_takes_are_taken_in_over_several(
    desk: Fed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_activities, "MOST_PAGES", 4)
    desk.exchange.plan = NEVER
    desk.exchange.multiplier = 1000
    order = desk.order("buy", "10000", client_order_id="n1")
    desk.redeem("n1")
    for _ in range(1000):
        desk.exchange.fill(order, "1", "450.25")
    outcomes = [desk.feed() for _ in range(4)]
    assert [one.booked for one in outcomes] == [400, 400, 200, 0]
    assert [one.status for one in outcomes] == [FeedStatus.BEHIND, FeedStatus.BEHIND, FeedStatus.OK, FeedStatus.OK]
    assert (len(desk.ledger()), desk.held("Trend", "SPY")) == (1000, 1000.0)


def test_ten_thousand_at_once_are_booked_by_ten_feeds_each_once_while_cycles_go_on(desk: Fed) -> None:
    desk.exchange.plan = NEVER
    desk.exchange.multiplier = 10_000
    order = desk.order("buy", "10000", client_order_id="n1")
    desk.redeem("n1")
    for _ in range(10_000):
        desk.exchange.fill(order, "1", "450.25")
    outcomes = [desk.feed() for _ in range(11)]
    assert [one.booked for one in outcomes] == [1000] * 10 + [0]
    assert {one.status for one in outcomes[:9]} == {FeedStatus.BEHIND}
    assert "activities are left to book" in outcomes[0].detail
    assert outcomes[-1].status is FeedStatus.OK
    assert (len(desk.ledger()), desk.held("Trend", "SPY"), len(desk.queue.tasks)) == (10_000, 10_000.0, 11)


def test_orders_that_there_is_no_time_to_look_up_are_booked_by_the_next_feeds(desk: Fed) -> None:
    for number in range(4):
        desk.order("buy", "1", client_order_id=f"by hand {number}")
    desk.broker.faults.add(Fault(FaultKind.ERROR, "/v2/orders/", skips=2))
    first = desk.feed()
    assert (first.status, first.booked) == (FeedStatus.BEHIND, 2)
    desk.broker.faults.clear()
    asked = len([one for one in desk.broker.requests if one.path.startswith("/v2/orders/")])
    assert desk.feed().booked == 2
    assert len([one for one in desk.broker.requests if one.path.startswith("/v2/orders/")]) == asked + 2


def test_many_orders_are_asked_for_together_and_each_fill_is_of_its_own(desk: Fed) -> None:
    with desk.earlier(days=2):
        desk.exchange.plan = NEVER
        old = desk.order("buy", "1", client_order_id="n0")
    desk.exchange.plan = AT_ONCE
    for number in range(60):
        desk.redeem(f"n{number}")
        if number:
            desk.order("buy", "1", client_order_id=f"n{number}")
    desk.exchange.fill(old, "1", "450.25")
    outcome = desk.feed()
    assert (outcome.status, outcome.booked) == (FeedStatus.OK, 60)
    assert {one["nonce"] for one in desk.ledger()} == {f"n{number}" for number in range(60)}
    assert [one.path for one in desk.broker.requests if one.path.startswith("/v2/orders/")] == [
        f"/v2/orders/{old.order_id}"
    ]


def test_a_feed_asks_for_a_bounded_number_of_orders_and_the_next_goes_on(
    desk: Fed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_owners, "_MOST_ALONE", 3)
    for number in range(4):
        desk.order("buy", "1", client_order_id=f"by hand {number}")
    first, second = desk.feed(), desk.feed()
    assert (first.status, first.booked) == (FeedStatus.BEHIND, 3)
    assert "3 orders were looked up" in first.detail
    assert (second.status, second.booked) == (FeedStatus.OK, 1)
    assert desk.document("accounts/primary")["ledger_version"] == 4


def test_where_many_orders_cannot_be_asked_for_together_each_is_asked_for(desk: Fed) -> None:
    for number in range(8):
        desk.order("buy", "1", client_order_id=f"by hand {number}")
    desk.broker.faults.add(Fault(FaultKind.CUT, "/v2/orders", times=1))
    assert desk.feed().booked == 8
