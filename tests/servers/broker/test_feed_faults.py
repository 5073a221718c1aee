"""Each fault of a broker, its keys or its store: what is said of it, that the cycle runs, and that nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from functions.domain.kernel.errors import DamagedDocument, StoreUnavailable
from functions.domain.orchestration.broker_feed import FeedStatus, feed_issues
from functions.services.broker import feed_tenant
from functions.services.broker.connection_ports import DeclaredSymbols
from functions.services.broker.feed_tasks import FeedTask
from tests.servers.broker.feeds import TENANT, Fed, fed, now
from tools.simulated_broker.faults import Fault, FaultKind
from tools.simulated_broker.server import KEY_ID, SECRET

RECONNECT = f'run make maestro ARGS="broker connect {TENANT}"'


@pytest.fixture
def desk() -> Iterator[Fed]:
    with fed() as one:
        yield one


def always(kind: FaultKind, path: str = "") -> Callable[[Fed], None]:
    return lambda desk: desk.broker.faults.add(Fault(kind, path))


def wrong_keys(desk: Fed) -> None:
    desk.keys.credentials[TENANT] = desk.credentials("PKWRONG", "wrong-secret")


def no_keys(desk: Fed) -> None:
    desk.keys.credentials.clear()


def revoked_keys(desk: Fed) -> None:
    desk.feed()
    desk.broker.keys.clear()


def keys_of_another_account(desk: Fed) -> None:
    desk.exchange.account_number = "PA2"


def too_many_for_ten_minutes(desk: Fed) -> None:
    desk.broker.faults.add(Fault(FaultKind.TOO_MANY, until=now() + timedelta(minutes=10)))


def another_currency(desk: Fed) -> None:
    desk.exchange.currency = "EUR"


def clock_ahead(desk: Fed) -> None:
    desk.later(minutes=10)


def clock_behind(desk: Fed) -> None:
    desk.later(minutes=-10)


def live_without_permission(desk: Fed) -> None:
    desk.connect(is_live=True)


FAULTS: dict[str, tuple[Callable[[Fed], None], str]] = {
    "wrong keys": (wrong_keys, "The keys are wrong, revoked"),
    "no keys": (no_keys, f"there are no keys: {RECONNECT}"),
    "revoked keys": (revoked_keys, RECONNECT),
    "another account": (keys_of_another_account, "the keys open account …PA2, but …PA1 is connected"),
    "429 for ten minutes": (too_many_for_ten_minutes, "Alpaca answers 429"),
    "500": (always(FaultKind.ERROR), "Alpaca answers 500"),
    "hanging": (always(FaultKind.HANG), "Alpaca did not answer /v2/account in time"),
    "dripping": (always(FaultKind.DRIP), "Alpaca did not answer /v2/account in time"),
    "half an answer": (always(FaultKind.HALF), "broke off half-way"),
    "cut JSON": (always(FaultKind.CUT), "something that is not JSON"),
    "HTML": (always(FaultKind.HTML), "a web page that is not JSON"),
    "another currency": (another_currency, "must be kept in USD, was in EUR"),
    "a clock that is off": (clock_ahead, "s ahead of the server's, limit 60 s"),
    "a clock that is behind": (clock_behind, "s behind the server's, limit 60 s"),
    "live": (live_without_permission, "the policy's broker_live is not true"),
    "positions are HTML": (always(FaultKind.HTML, "/v2/positions"), "a web page that is not JSON"),
    "no quotes": (always(FaultKind.ERROR, "/v2/stocks/snapshots"), "Alpaca answers 500"),
    "no activities": (always(FaultKind.ERROR, "/v2/account/activities"), "activities are left to book: Alpaca answers"),
    "no orders": (always(FaultKind.ERROR, "/v2/orders/"), "activities are left to book: Alpaca answers 500"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_said_holds_entries_lets_the_cycle_run_and_loses_nothing(
    desk: Fed, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    cause, said = FAULTS[name]
    desk.connections.declared = DeclaredSymbols(("SPY",))
    desk.redeem("n1")
    with desk.earlier(minutes=1):
        desk.order("buy", "10", client_order_id="n1")
    cause(desk)
    before = time.monotonic()
    outcome = desk.feed()
    assert time.monotonic() - before < 8
    assert outcome.status is not FeedStatus.OK
    assert said in outcome.detail
    assert desk.queue.tasks
    stored = desk.document("state/broker")
    (issue,) = feed_issues(stored, outcome.slot)
    assert issue.detail == outcome.detail
    for secret in (SECRET, "wrong-secret", KEY_ID, "PKWRONG"):
        assert secret not in str(stored) + caplog.text
    mend(desk, name)
    assert desk.feed().status is FeedStatus.OK
    assert feed_issues(desk.document("state/broker"), desk.connection.feed.slot if desk.connection.feed else None) == []
    assert (len(desk.ledger()), desk.held("Trend", "SPY"), desk.connection.failing_since) == (1, 10.0, None)


def mend(desk: Fed, name: str) -> None:
    desk.broker.faults.clear()
    desk.broker.keys[KEY_ID] = SECRET
    desk.keys.credentials[TENANT] = desk.credentials()
    desk.exchange.account_number, desk.exchange.currency = "PA1", "USD"
    if name == "live":
        desk.policy["broker_live"] = True
    if name == "a clock that is off":
        desk.later(minutes=-10)
    if name == "a clock that is behind":
        desk.later(minutes=10)


def test_a_renamed_symbol_is_told_and_what_is_held_goes_by_its_new_name(desk: Fed) -> None:
    desk.connections.declared = DeclaredSymbols(("QQQ",))
    desk.order("buy", "10", "QQQ", client_order_id="n1")
    desk.happenings.rename("QQQ", "NDXQ")
    outcome = desk.feed()
    assert outcome.status is FeedStatus.OK
    assert "no price of QQQ" in outcome.detail
    assert list(desk.document("market_data/latest")["symbols"]) == ["NDXQ"]
    assert desk.document("accounts/primary")["positions"][0]["symbol"] == "NDXQ"
    assert any("QQQ changed its name" in one for one in desk.told())


def test_without_prices_both_sides_are_compared_all_the_same(desk: Fed) -> None:
    desk.connections.declared = DeclaredSymbols(("SPY",))
    desk.broker.faults.add(Fault(FaultKind.ERROR, "/v2/stocks"))
    assert desk.feed().status is FeedStatus.FAILED
    assert len(desk.reconciler.seen) == 1


def test_a_feed_that_comes_too_late_asks_nothing_and_the_cycle_runs_at_once(desk: Fed) -> None:
    late = FeedTask(TENANT, desk.task().slot, now() - timedelta(minutes=2))
    outcome = desk.feed(late)
    assert (outcome.detail, desk.broker.requests) == ("the feed came too late to ask the broker", [])
    assert len(desk.queue.tasks) == 1


def test_a_broker_that_answers_each_question_slowly_ends_in_time(desk: Fed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_tenant, "MOST_SECONDS", 3.5)
    monkeypatch.setattr(feed_tenant, "_FEWEST_SECONDS", 0.5)
    desk.broker.faults.add(Fault(FaultKind.HANG, "/v2/stocks"), Fault(FaultKind.HANG, "/v2/account/activities"))
    desk.connections.declared = DeclaredSymbols(("SPY",))
    before = time.monotonic()
    desk.feed()
    assert time.monotonic() - before < 5


def test_a_cursor_that_expired_begins_again_and_books_nothing_twice(desk: Fed) -> None:
    desk.redeem("n1")
    desk.order("buy", "10", client_order_id="n1")
    desk.feed()
    desk.connect(cursor="no cursor of ours")
    desk.order("sell", "4", client_order_id="by hand")
    outcome = desk.feed()
    assert (outcome.status, outcome.booked, len(desk.ledger())) == (FeedStatus.OK, 1, 2)
    assert any("the broker no longer knows how far" in one for one in desk.told())


def test_a_store_that_fails_is_raised_for_a_retry_and_the_cycle_is_queued_all_the_same(desk: Fed) -> None:
    def unavailable(*_: Any) -> Any:
        raise StoreUnavailable("down")

    desk.connections.read = unavailable  # type: ignore[method-assign, assignment]
    with pytest.raises(StoreUnavailable):
        desk.feeding().run(desk.task())
    assert len(desk.queue.tasks) == 1


def test_a_damaged_connection_asks_nobody_and_lets_the_cycle_run(desk: Fed) -> None:
    path = f"tenants/{TENANT}/state/broker"
    for field in desk.document("state/broker").keys() - {"gaps"}:  # documents from before there were gaps have none
        whole = desk.document("state/broker")
        desk.cycles.put(path, {name: value for name, value in whole.items() if name != field})
        before, queued = len(desk.broker.requests), len(desk.queue.tasks)
        with pytest.raises(DamagedDocument, match=field):
            desk.feed()
        assert len(desk.broker.requests) == before, field
        assert len(desk.queue.tasks) == queued + 1, field
        desk.cycles.put(path, whole)
