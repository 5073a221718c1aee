"""Keys are tested before they are kept, an account is one tenant's, and a fill is booked by the feed alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.adapters.system import SystemClock
from functions.domain.broker.errors import KeysRefused
from functions.domain.kernel.errors import InputError
from functions.domain.orchestration.broker_feed import FeedStatus
from functions.domain.trading.reported_fills import FillStatus, ReportedFill
from functions.services.broker.client_fills import TakeClientFills
from functions.services.broker.connect_broker import ConnectBroker, named
from functions.services.kernel.commits import Commits
from functions.services.trading.record_fills import RecordFills
from tests.servers.broker.feeds import TENANT, Fed, fed, now
from tools.simulated_broker.faults import Fault, FaultKind


@pytest.fixture
def desk() -> Iterator[Fed]:
    with fed() as one:
        del one.cycles.documents[f"tenants/{TENANT}/state/broker"]
        del one.cycles.versions[f"tenants/{TENANT}/state/broker"]
        one.keys.credentials.clear()
        yield one


def connecting(desk: Fed) -> ConnectBroker:
    return ConnectBroker(desk.connections, desk.keys, desk.open_broker, SystemClock())


def connect(desk: Fed, tenant_id: str = TENANT) -> str:
    use, credentials = connecting(desk), desk.credentials()
    return named(use.connect(tenant_id, use.look("alpaca", credentials, "ann", is_live=False), credentials))


def test_what_the_keys_open_is_said_before_anything_is_kept(desk: Fed) -> None:
    desk.order("buy", "2")
    found = connecting(desk).look("alpaca", desk.credentials(), "ann", is_live=False)
    assert (named(found.connection), found.seen.account.equity, len(found.seen.positions)) == (
        "alpaca PA1 (paper)",
        100_000.0,
        1,
    )
    assert found.connection.tells_amendments
    assert (desk.keys.credentials, desk.connections.read(TENANT).value) == ({}, None)


def test_wrong_keys_are_not_kept(desk: Fed) -> None:
    with pytest.raises(KeysRefused):
        connecting(desk).look("alpaca", desk.credentials(secret="wrong"), "ann", is_live=False)
    assert desk.keys.credentials == {}


def test_connected_the_next_feed_is_right_and_what_happened_before_is_not_booked(desk: Fed) -> None:
    with desk.earlier(minutes=1):
        desk.order("buy", "2")
    connect(desk)
    desk.order("buy", "1", "QQQ")
    outcome = desk.feed()
    assert (outcome.status, [one["symbol"] for one in desk.ledger()]) == (FeedStatus.OK, ["QQQ"])
    assert desk.document("accounts/primary")["positions"][0]["symbol"] == "SPY"


def test_two_tenants_on_one_account_are_refused_by_name(desk: Fed) -> None:
    connect(desk)
    with pytest.raises(InputError, match="it is connected to tenant acme, to be disconnected there first"):
        connect(desk, "beta")
    assert "beta" not in desk.keys.credentials
    connecting(desk).disconnect(TENANT, "ann")
    assert desk.keys.credentials == {}
    connect(desk, "beta")


def test_connected_again_nothing_that_happened_in_between_is_lost_or_booked_twice(desk: Fed) -> None:
    connect(desk)
    desk.order("buy", "1")
    desk.feed()
    connecting(desk).disconnect(TENANT, "ann")
    desk.order("buy", "2")
    assert desk.feeding().run(desk.task()) is None
    connect(desk)
    desk.feed()
    assert sorted(one["qty"] for one in desk.ledger()) == [1.0, 2.0]


def test_another_account_takes_a_disconnection_first(desk: Fed) -> None:
    connect(desk)
    desk.exchange.account_number = "PA2"
    with pytest.raises(InputError, match=r"must be alpaca PA1 \(paper\), to which acme is connected"):
        connect(desk)


def test_an_account_whose_busts_may_not_be_read_is_connected_without(desk: Fed) -> None:
    desk.broker.faults.add(Fault(FaultKind.FORBIDDEN, "/v2beta1/events"))
    connect(desk)
    assert not desk.connection.tells_amendments
    assert desk.feed().status is FeedStatus.OK


def test_disconnecting_what_is_not_connected_changes_nothing(desk: Fed) -> None:
    assert connecting(desk).disconnect(TENANT, "ann") is None


def test_clients_fills_of_a_connected_account_are_the_feeds_to_book(desk: Fed) -> None:
    take = TakeClientFills(
        desk.connections, RecordFills(desk.trading, desk.ledger_reads, SystemClock(), Commits(lambda _: None))
    )
    mine = ReportedFill(strategy_id="Trend", symbol="SPY", side="buy", qty=1.0, price=450.25, ts=now(), nonce="n1")
    assert take.run(TENANT, "ann", [mine], {}).results[0].status is FillStatus.RECORDED
    connect(desk)
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
