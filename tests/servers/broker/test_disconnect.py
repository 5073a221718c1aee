"""What was executed until a disconnection is booked before the keys go; a dead broker holds nothing up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from functions.services.broker import read_activities
from tests.servers.broker.feeds import TENANT, Fed, unconnected
from tools.simulated_broker.exchange import NEVER
from tools.simulated_broker.faults import Fault, FaultKind


@pytest.fixture
def desk() -> Iterator[Fed]:
    with unconnected() as one:
        yield one


def test_what_was_executed_since_the_last_feed_is_booked_before_the_keys_go(desk: Fed) -> None:
    desk.join()
    desk.redeem("n1")
    desk.order("buy", "2", client_order_id="n1")
    desk.order("buy", "1", "QQQ")
    done = desk.disconnect()
    assert done is not None
    assert (done.booked, done.missing, done.connection.is_connected) == (2, None, False)
    assert done.connection.status_since == done.connection.gaps[-1]["start"]
    assert desk.held("Trend", "SPY") == 2.0
    assert (desk.keys.credentials, desk.connections.accounts) == ({}, {})
    again = desk.disconnect()
    assert again is not None
    assert (again.booked, again.missing) == (0, None)


def test_more_than_one_reading_takes_is_booked_before_the_keys_go(desk: Fed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_activities, "MOST_PAGES", 2)
    desk.join()
    desk.redeem("n1")
    desk.exchange.plan, desk.exchange.multiplier = NEVER, 1000
    order = desk.order("buy", "700", client_order_id="n1")
    for _ in range(700):
        desk.exchange.fill(order, "1", "450.25")
    done = desk.disconnect()
    assert done is not None
    assert (done.booked, done.missing, desk.held("Trend", "SPY")) == (700, None, 700.0)


DEAD: dict[str, tuple[Callable[[Fed], object], str]] = {
    "no connection": (lambda desk: desk.broker.faults.add(Fault(FaultKind.DROP)), "could not be reached"),
    "500": (lambda desk: desk.broker.faults.add(Fault(FaultKind.ERROR)), "500"),
    "it hangs": (lambda desk: desk.broker.faults.add(Fault(FaultKind.HANG)), "did not answer"),
    "half way": (lambda desk: desk.broker.faults.add(Fault(FaultKind.ERROR, "/v2/account/activities")), "left to book"),
    "revoked keys": (lambda desk: desk.broker.keys.clear(), "revoked"),
    "no keys": (lambda desk: desk.keys.credentials.clear(), "there are no keys"),
    "another account": (lambda desk: setattr(desk.exchange, "account_number", "PA2"), "the keys open account …PA2"),
}


@pytest.mark.parametrize("name", DEAD)
def test_what_cannot_be_read_any_more_holds_up_no_disconnection_is_told_and_booked_once_when_connected_again(
    desk: Fed, name: str
) -> None:
    spoil, reason = DEAD[name]
    desk.join()
    keys = dict(desk.broker.keys)
    desk.order("buy", "2")
    spoil(desk)
    done = desk.disconnect()
    assert done is not None
    assert reason in (done.missing or "")
    assert "may be missing in the ledger" in (done.missing or "")
    assert desk.told() == [done.missing]
    assert (desk.keys.credentials, desk.connections.accounts) == ({}, {})
    assert not desk.connection.is_connected
    desk.broker.faults.clear()
    desk.broker.keys.update(keys)
    desk.exchange.account_number = "PA1"
    desk.join()
    desk.feed()
    assert [one["qty"] for one in desk.ledger()] == [2.0]


def test_live_money_that_the_policy_does_not_let_be_read_is_not_read_any_more_either(desk: Fed) -> None:
    desk.join()
    desk.order("buy", "2")
    stored = desk.connections.read(TENANT)
    desk.connections.write(TENANT, replace(desk.connection, is_live=True), stored.version)
    done = desk.disconnect()
    assert done is not None
    assert "broker_live is not true" in (done.missing or "")
    assert desk.ledger() == []


def test_a_feed_under_way_while_it_is_disconnected_ends_without_connecting_it_again(desk: Fed) -> None:
    desk.join()
    desk.order("buy", "2")

    class DisconnectsMeanwhile:
        def __call__(self, *given: Any) -> Any:
            desk.disconnect()
            return desk.open_broker(*given)

    assert desk.feeding(open_broker=DisconnectsMeanwhile()).run(desk.task()) is None
    assert not desk.connection.is_connected
    assert [one["qty"] for one in desk.ledger()] == [2.0]


def test_disconnecting_what_is_not_connected_changes_nothing(desk: Fed) -> None:
    assert desk.disconnect() is None
