"""Connecting and disconnecting that die anywhere: done again nothing is lost, booked twice or left half connected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.snapshot import BrokerSnapshot
from functions.domain.orchestration.broker_feed import FeedStatus
from functions.services.broker.adopt_difference import AdoptDifference
from functions.services.broker.connect_broker import FoundAccount
from functions.services.kernel.commits import Commits
from functions.services.trading.open_book import Operator
from tests.fakes import FakeDriftStore
from tests.servers.broker.feeds import TENANT, Fed, fed, now, unconnected
from tests.servers.broker.kills import counted, killed
from tests.servers.broker.test_feed_kills import day
from tools.simulated_broker.exchange import AT_ONCE


@contextmanager
def connected_after_a_day() -> Iterator[Fed]:
    with fed() as desk:
        connect(desk, look(desk))
        day(desk)
        yield desk


@contextmanager
def with_positions() -> Iterator[Fed]:
    """Yield a desk whose account holds 5 SPY, and who has no connection."""
    with unconnected() as desk:
        desk.order("buy", "5")
        yield desk


def look(desk: Fed) -> FoundAccount:
    return desk.connecting().look("alpaca", desk.credentials(), "ann", is_live=False)


def connect(desk: Fed, found: FoundAccount, tenant_id: str = TENANT) -> None:
    """Connect as the operator's command does: what the account holds at its cursor is booked as unowned."""
    store = FakeDriftStore(desk.cycles)
    adopt = AdoptDifference(desk.trading, store, desk.ledger_reads, desk.clock, Commits(lambda _: None))

    def prepare(_: BrokerConnection, seen: BrokerSnapshot | None) -> None:
        if seen is not None:
            adopt.begin(tenant_id, Operator("ann"), seen, {})

    desk.connecting().connect(tenant_id, found, desk.credentials(), prepare)


def is_let_go(desk: Fed) -> bool:
    return (desk.keys.credentials, desk.connections.accounts, desk.connection.is_connected) == ({}, {}, False)


def kinds(desk: Fed) -> list[str]:
    return sorted(str(one.get("kind")) for one in desk.ledger())


DAY = ["None", "None", "deposit", "fee", "void"]


@pytest.fixture(scope="module")
def calls_of_a_disconnection() -> int:
    with connected_after_a_day() as desk, counted(desk) as count:
        desk.disconnect()
    assert count[0] >= 12
    return count[0]


def test_a_disconnection_that_dies_anywhere_and_is_repeated_books_each_entry_once_and_lets_go(
    calls_of_a_disconnection: int,
) -> None:
    for last in range(calls_of_a_disconnection):
        with connected_after_a_day() as desk:
            with killed(desk, last):
                desk.disconnect()
            done = desk.disconnect()
            assert done is not None
            assert (done.missing, kinds(desk), desk.held("Trend", "SPY")) == (None, DAY, 6.0), last
            assert is_let_go(desk), last
            assert len(desk.connection.gaps) == 1


def test_a_disconnection_that_died_anywhere_is_undone_by_connecting_again(calls_of_a_disconnection: int) -> None:
    for last in range(calls_of_a_disconnection):
        with connected_after_a_day() as desk:
            with killed(desk, last):
                desk.disconnect()
            connect(desk, look(desk))
            assert desk.feed().status is FeedStatus.OK
            assert (kinds(desk), desk.held("Trend", "SPY")) == (DAY, 6.0), last
            assert list(desk.connections.accounts.values()) == [TENANT]


@pytest.fixture(scope="module")
def calls_of_a_connection() -> int:
    with with_positions() as desk, counted(desk) as count:
        connect(desk, look(desk))
    assert count[0] > 7
    return count[0]


def test_a_connection_that_dies_anywhere_and_is_repeated_has_all_that_the_account_holds_once(
    calls_of_a_connection: int,
) -> None:
    for last in range(calls_of_a_connection):
        with with_positions() as desk:
            with killed(desk, last):
                connect(desk, look(desk))
            is_last_look = last == calls_of_a_connection - 1  # at whose the account is, after it was connected
            assert bool(desk.connections.connected([TENANT])) is is_last_look
            desk.order("buy", "2")
            connect(desk, look(desk))
            desk.order("buy", "1")
            assert desk.feed().status is FeedStatus.OK
            assert sum(one["qty"] for one in desk.ledger()) == 8.0, last
            assert [one["strategy_id"] for one in desk.ledger()] == ["unowned"] * len(desk.ledger())


def test_a_connection_that_died_anywhere_is_undone_by_disconnecting(calls_of_a_connection: int) -> None:
    for last in range(calls_of_a_connection):
        with with_positions() as desk:
            with killed(desk, last):
                connect(desk, look(desk))
            done = desk.disconnect()
            assert done is None or (done.missing, done.booked) == (None, 0)
            assert (desk.keys.credentials, desk.connections.accounts) == ({}, {}), last
            connect(desk, look(desk), "beta")


def test_a_change_of_accounts_that_dies_anywhere_leaves_the_old_account_unclaimed() -> None:
    def change(desk: Fed) -> None:
        desk.exchange.account_number = "PA2"
        connect(desk, look(desk))

    with connected_after_a_day() as desk:
        desk.disconnect()
        with counted(desk) as count:
            change(desk)
    for last in range(count[0]):
        with connected_after_a_day() as desk:
            desk.disconnect()
            old = desk.connection
            desk.connections.accounts[old.account_id] = TENANT  # its release was lost
            with killed(desk, last):
                change(desk)
            change(desk)
            assert desk.connection.account_number == "PA2"
            assert desk.connection.is_connected
            assert desk.connections.owner(old) is None
            assert desk.feed().status is FeedStatus.OK


def test_what_fills_after_the_disconnection_began_is_the_clients_to_report() -> None:
    with connected_after_a_day() as desk:
        desk.later(seconds=(now() - desk.exchange.now()).total_seconds() + 5)
        desk.exchange.plan = AT_ONCE
        desk.redeem("n2")
        desk.order("buy", "3", client_order_id="n2")
        desk.order("buy", "1", "QQQ")
        desk.disconnect()
        assert desk.held("Trend", "SPY") == 6.0
        assert [one["strategy_id"] for one in desk.ledger() if one.get("symbol") == "QQQ"] == ["unowned"]
        assert "clients must report 1 fill from the time when the account was not connected" in desk.told()
