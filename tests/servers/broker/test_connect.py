"""Keys are tested before they are kept, an account is one tenant's, and a fill is booked by the feed alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.adapters.system import SystemClock
from functions.domain.broker.account import BrokerPosition
from functions.domain.broker.errors import BrokerUnavailable, KeysRefused
from functions.domain.kernel.errors import InputError
from functions.domain.orchestration.broker_feed import FeedStatus
from functions.domain.trading.reported_fills import FillStatus, ReportedFill
from functions.services.broker.client_fills import TakeClientFills
from functions.services.broker.connect_broker import ConnectBroker, FoundAccount, named
from functions.services.broker.ports import Broker
from functions.services.kernel.commits import Commits
from functions.services.trading.record_fills import RecordFills
from tests.servers.broker.feeds import TENANT, Fed, now, unconnected
from tools.simulated_broker.faults import Fault, FaultKind


@pytest.fixture
def desk() -> Iterator[Fed]:
    with unconnected() as one:
        yield one


def test_what_the_keys_open_is_said_before_anything_is_kept(desk: Fed) -> None:
    desk.order("buy", "2")
    found = desk.connecting().look("alpaca", desk.credentials(), "ann", is_live=False)
    assert (named(found.connection), found.seen.account.equity, len(found.seen.positions)) == (
        "alpaca PA1 (paper)",
        100_000.0,
        1,
    )
    assert found.connection.tells_amendments
    assert (desk.keys.credentials, desk.connections.read(TENANT).value) == ({}, None)


def test_wrong_keys_are_not_kept(desk: Fed) -> None:
    with pytest.raises(KeysRefused):
        desk.connecting().look("alpaca", desk.credentials(secret="wrong"), "ann", is_live=False)
    assert desk.keys.credentials == {}


def test_connected_the_next_feed_is_right_and_what_happened_before_is_not_booked(desk: Fed) -> None:
    with desk.earlier(minutes=1):
        desk.order("buy", "2")
    desk.join()
    desk.order("buy", "1", "QQQ")
    outcome = desk.feed()
    assert (outcome.status, [one["symbol"] for one in desk.ledger()]) == (FeedStatus.OK, ["QQQ"])
    assert desk.document("accounts/primary")["positions"][0]["symbol"] == "SPY"


def test_two_tenants_on_one_account_are_refused_by_name(desk: Fed) -> None:
    desk.join()
    with pytest.raises(InputError, match="disconnect it from tenant acme first"):
        desk.join("beta")
    assert "beta" not in desk.keys.credentials
    desk.disconnect()
    assert desk.keys.credentials == {}
    desk.join("beta")


def test_connected_again_nothing_that_happened_in_between_is_lost_or_booked_twice(desk: Fed) -> None:
    desk.join()
    desk.order("buy", "1")
    desk.feed()
    desk.disconnect()
    desk.order("buy", "2")
    assert desk.feeding().run(desk.task()) is None
    desk.join()
    desk.feed()
    assert sorted(one["qty"] for one in desk.ledger()) == [1.0, 2.0]


def test_what_clients_reported_between_two_connections_is_theirs_and_is_not_booked_again(desk: Fed) -> None:
    desk.join()
    desk.redeem("n1")
    desk.feed()
    desk.disconnect()
    desk.later(seconds=(now() - desk.exchange.now()).total_seconds())
    order = desk.order("buy", "2", client_order_id="n1")
    desk.order("buy", "3", "QQQ")
    at = desk.exchange.now()
    reported = ReportedFill(strategy_id="Trend", symbol="SPY", side="buy", qty=2.0, price=450.25, ts=at, nonce="n1")
    reported = replace(reported, broker_fill_id=f"{order.order_id}-2")
    assert takes(desk).run(TENANT, "ann", [reported], {}).results[0].status is FillStatus.RECORDED
    desk.join()
    assert takes(desk).run(TENANT, "ann", [reported], {}).results[0].status is FillStatus.DUPLICATE
    desk.feed()
    assert desk.held("Trend", "SPY") == 2.0
    assert sorted((one["symbol"], one["qty"]) for one in desk.ledger()) == [("QQQ", 3.0), ("SPY", 2.0)]
    assert "clients must report 1 fill from the time when the account was not connected" in desk.told()


@pytest.mark.parametrize("is_fed_before", [True, False])
def test_a_fill_of_before_the_disconnection_is_booked_once_however_late_a_client_reports_it(
    desk: Fed, *, is_fed_before: bool
) -> None:
    desk.join()
    desk.redeem("n1")
    desk.feed()
    desk.later(seconds=(now() - desk.exchange.now()).total_seconds())
    order, at = desk.order("buy", "2", client_order_id="n1"), desk.exchange.now()
    if is_fed_before:
        desk.feed()
    desk.disconnect()
    reported = ReportedFill(strategy_id="Trend", symbol="SPY", side="buy", qty=2.0, price=450.25, ts=at, nonce="n1")
    reported = replace(reported, broker_fill_id=f"{order.order_id}-2")
    assert takes(desk).run(TENANT, "ann", [reported], {}).results[0].status is FillStatus.LEFT_TO_FEED
    desk.join()
    desk.feed()
    assert desk.held("Trend", "SPY") == 2.0
    assert [one["qty"] for one in desk.ledger()] == [2.0]


def test_who_was_disconnected_before_gaps_were_kept_has_clients_fills_recorded(desk: Fed) -> None:
    desk.join()
    desk.disconnect()
    desk.cycles.put(f"tenants/{TENANT}/state/broker", desk.document("state/broker") | {"gaps": []})
    fill = ReportedFill(strategy_id="Trend", symbol="SPY", side="buy", qty=2.0, price=450.25, ts=now())
    fill = replace(fill, broker_fill_id="b1")
    assert takes(desk).run(TENANT, "ann", [fill], {}).results[0].status is FillStatus.RECORDED


class TradesWhileLooked:
    """A broker at which somebody trades each time that its positions are asked for."""

    def __init__(self, broker: Broker, trade: Callable[[], None]) -> None:
        self._broker = broker
        self._trade = trade

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    def positions(self) -> Sequence[BrokerPosition]:
        self._trade()
        return self._broker.positions()


@pytest.mark.parametrize("times", [1, 3])
def test_what_the_positions_count_when_it_is_connected_is_not_told_as_an_activity(desk: Fed, times: int) -> None:
    left = [times + 1]  # once it is only looked at what the account is

    def trade() -> None:
        left[0] -= 1
        if left[0] >= 0:
            desk.order("buy", "2")

    found = looked(desk, trade)
    assert found.seen.positions[0].qty == 2.0 * (times + 1)
    desk.connecting().connect(TENANT, found, desk.credentials())
    desk.order("buy", "1")
    desk.feed()
    assert [one["qty"] for one in desk.ledger()] == [1.0]


def test_an_account_that_is_traded_all_the_while_is_connected_later(desk: Fed) -> None:
    with pytest.raises(BrokerUnavailable, match="connect when no order is being filled"):
        looked(desk, lambda: desk.order("buy", "1"))


def test_a_fill_of_the_same_second_before_the_connection_is_not_told(desk: Fed) -> None:
    desk.order("buy", "2")
    desk.join()
    desk.feed()
    assert desk.ledger() == []


def looked(desk: Fed, trade: Callable[[], None]) -> FoundAccount:
    @contextmanager
    def opened(connection: Any, credentials: Any, seconds: float) -> Iterator[Any]:
        with desk.open_broker(connection, credentials, seconds) as broker:
            yield TradesWhileLooked(broker, trade)

    use = ConnectBroker(desk.connections, desk.keys, opened, SystemClock())
    return use.look("alpaca", desk.credentials(), "ann", is_live=False)


def takes(desk: Fed) -> TakeClientFills:
    record = RecordFills(desk.trading, desk.ledger_reads, SystemClock(), Commits(lambda _: None))
    return TakeClientFills(desk.connections, record)


def test_another_account_takes_a_disconnection_first(desk: Fed) -> None:
    desk.join()
    desk.exchange.account_number = "PA2"
    with pytest.raises(InputError, match=r"must be alpaca PA1 \(paper\), to which acme is connected"):
        desk.join()


def test_an_account_whose_busts_may_not_be_read_is_connected_without(desk: Fed) -> None:
    desk.order("buy", "1")
    desk.broker.faults.add(Fault(FaultKind.FORBIDDEN, "/v2beta1/events"))
    desk.join()
    assert not desk.connection.tells_amendments
    assert desk.feed().status is FeedStatus.OK


def test_clients_fills_of_a_connected_account_are_the_feeds_to_book(desk: Fed) -> None:
    take = takes(desk)
    mine = ReportedFill(strategy_id="Trend", symbol="SPY", side="buy", qty=1.0, price=450.25, ts=now(), nonce="n1")
    assert take.run(TENANT, "ann", [mine], {}).results[0].status is FillStatus.RECORDED
    desk.join()
    before = replace(mine, ts=now() - timedelta(minutes=5), nonce="n2")
    after = replace(mine, ts=now() + timedelta(seconds=1), nonce="n3")
    elsewhere = replace(after, account_id="another account", nonce="n4")
    recorded = take.run(TENANT, "ann", [after, before, elsewhere], {})
    assert [one.status for one in recorded.results] == [
        FillStatus.LEFT_TO_FEED,
        FillStatus.RECORDED,
        FillStatus.RECORDED,
    ]
    assert (recorded.ledger_version, len(desk.ledger())) == (3, 3)
