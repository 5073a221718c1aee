"""Two who connect and disconnect one tenant at once, and fills of the meantime."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from functions.domain.kernel.errors import InputError, StoreConflict
from functions.domain.trading.reported_fills import FillStatus, ReportedFill
from tests.servers.broker.feeds import TENANT, Fed, now, unconnected
from tests.servers.broker.kills import killed
from tests.servers.broker.test_connect import takes
from tests.servers.broker.test_connection_kills import connect, look
from tools.simulated_broker.faults import Fault, FaultKind


@pytest.fixture
def desk() -> Iterator[Fed]:
    with unconnected() as one:
        yield one


def once_before(store: Any, method: str, act: Callable[[], object]) -> None:
    """Let something happen before a method of a store is called the next time."""
    call = getattr(store, method)

    def wrapped(*given: Any) -> Any:
        setattr(store, method, call)
        act()
        return call(*given)

    setattr(store, method, wrapped)


def test_keys_of_who_connected_while_the_account_was_read_a_last_time_stay(desk: Fed) -> None:
    desk.join()
    once_before(desk.keys, "read", desk.join)
    with pytest.raises(StoreConflict, match="changed while it was being disconnected"):
        desk.disconnect()
    assert desk.connection.is_connected
    assert (list(desk.keys.credentials), list(desk.connections.accounts.values())) == ([TENANT], [TENANT])


@pytest.mark.parametrize(("store", "method"), [("keys", "delete"), ("connections", "release")])
def test_of_keys_that_went_while_somebody_connected_who_disconnected_is_told(
    desk: Fed, store: str, method: str
) -> None:
    desk.join()
    once_before(getattr(desk, store), method, desk.join)
    with pytest.raises(StoreConflict, match="connect or disconnect it again"):
        desk.disconnect()
    desk.join()
    assert (list(desk.keys.credentials), list(desk.connections.accounts.values())) == ([TENANT], [TENANT])


def test_of_an_account_that_was_let_go_while_it_was_connected_who_connected_is_told(desk: Fed) -> None:
    desk.join()
    desk.disconnect()
    use, credentials = desk.connecting(), desk.credentials()
    found = use.look("alpaca", credentials, "ann", is_live=False)
    with pytest.raises(StoreConflict, match="connect it again"):
        use.connect(TENANT, found, credentials, lambda *_: desk.disconnect())
    desk.join()
    assert desk.connection.is_connected
    assert (list(desk.keys.credentials), list(desk.connections.accounts.values())) == ([TENANT], [TENANT])


def test_another_account_waits_until_the_one_that_disconnecting_was_cut_short_from_is_read_a_last_time(
    desk: Fed,
) -> None:
    desk.join()
    desk.order("buy", "2")
    with killed(desk, 2):
        desk.disconnect()
    assert not desk.connection.is_connected
    desk.exchange.account_number = "PA2"
    with pytest.raises(InputError, match=r"PA1 .*, from which acme is not completely disconnected"):
        desk.join()
    desk.exchange.account_number = "PA1"
    done = desk.disconnect()
    assert done is not None
    assert (done.booked, [one["qty"] for one in desk.ledger()]) == (1, [2.0])
    desk.exchange.account_number = "PA2"
    desk.join()


@pytest.mark.parametrize("is_reported_first", [True, False])
def test_what_an_order_fills_while_the_account_is_being_connected_is_booked_once(
    desk: Fed, *, is_reported_first: bool
) -> None:
    desk.redeem("n1")
    use, credentials = desk.connecting(), desk.credentials()
    found = use.look("alpaca", credentials, "ann", is_live=False)
    desk.later(seconds=(now() - desk.exchange.now()).total_seconds())
    order = desk.order("buy", "2", client_order_id="n1")
    filled = ReportedFill(
        strategy_id="Trend", symbol="SPY", side="buy", qty=2.0, price=450.25, ts=desk.exchange.now(), nonce="n1"
    )
    filled = replace(filled, broker_fill_id=f"{order.order_id}-2")

    def report(*_: object) -> None:
        assert takes(desk).run(TENANT, "ann", [filled], {}).results[0].status is FillStatus.RECORDED

    use.connect(TENANT, found, credentials, report if is_reported_first else lambda *_: None)
    desk.feed()
    if not is_reported_first:
        report()
    desk.feed()
    assert (desk.held("Trend", "SPY"), [one["qty"] for one in desk.ledger()]) == (2.0, [2.0])


def test_fills_since_the_last_feed_stay_a_strategys_where_the_account_is_connected_again_without_its_busts(
    desk: Fed,
) -> None:
    desk.join()
    desk.redeem("n1")
    desk.order("buy", "2", client_order_id="n1")
    desk.broker.faults.add(Fault(FaultKind.FORBIDDEN, "/v2beta1/events"))
    with pytest.raises(InputError, match=r"to which acme is connected.*: disconnect it first"):
        connect(desk, look(desk))
    desk.broker.faults.clear()
    desk.disconnect()
    desk.broker.faults.add(Fault(FaultKind.FORBIDDEN, "/v2beta1/events"))
    connect(desk, look(desk))
    desk.feed()
    assert (desk.held("Trend", "SPY"), [one["qty"] for one in desk.ledger()]) == (2.0, [2.0])
