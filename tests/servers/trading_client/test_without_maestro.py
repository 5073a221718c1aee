"""While Maestro is out of reach known exits go, once and no more than is known; and nothing else does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from examples.trading_client.alpaca import AlpacaBroker
from examples.trading_client.brokers import Broker
from examples.trading_client.client import MaestroClient
from examples.trading_client.errors import MaestroApiError, OutOfReach, Unavailable
from examples.trading_client.journal import Journal
from examples.trading_client.loop import TradingLoop
from examples.trading_client.models import utc_now
from examples.trading_client.orders import BrokerUnavailable, Order
from examples.trading_client.settlement import GRACE
from examples.trading_client.store import Store
from tests.servers.trading_client.alpaca_server import Alpaca
from tests.servers.trading_client.servers import Asked, Reply, problem, serving
from tests.servers.trading_client.test_client import Token
from tests.servers.trading_client.test_loop_intents import PRICE, Api, Desk

TIMEOUT_SECONDS = 0.3
DROPPED = Reply(is_dropped=True)
DOWN = problem(503, "STORE_UNAVAILABLE", "the store is unavailable")


@dataclass
class FailingApi(Api):
    """It answers a part of its routes with failures."""

    failing: dict[str, Reply | Callable[[], Reply]] = field(default_factory=dict)
    """By the end of the path."""

    def __call__(self, asked: Asked) -> Reply:
        for end, failure in self.failing.items():
            if asked.path.endswith(end):
                return failure() if callable(failure) else failure
        return super().__call__(asked)


class Crash(BaseException):
    """The process ends here."""


@dataclass
class Outage(Desk):
    """A desk whose Maestro fails."""

    api: FailingApi

    def run_out(self, **options: Any) -> OutOfReach:
        """Do a round that finds Maestro out of reach."""
        with pytest.raises(OutOfReach) as caught:
            self.loop(**options).run_once()
        return caught.value

    def loop(self, **options: Any) -> TradingLoop:
        return TradingLoop(self.client, self.broker, Journal(self.store), **options)

    def issue(self, *signals: dict[str, Any], max_qty: float | None = None) -> None:
        self.api.signals, self.api.max_qty = list(signals), max_qty

    def hold(self, qty: float = 10.0) -> dict[str, Any]:
        """Let Trend hold SPY, and Maestro issue its exit; nothing of that is redeemed yet."""
        self.enter(qty)
        leaving = self.signal("SELL", "EXIT", max_qty=qty)
        self.issue(leaving, max_qty=qty)
        return leaving

    def exits(self) -> list[tuple[str, float]]:
        return self.orders[1:]


@pytest.fixture
def desk(caplog: pytest.LogCaptureFixture) -> Iterator[Outage]:
    caplog.set_level(logging.INFO, logger="trading_client")
    api, alpaca = FailingApi(), Alpaca()
    with (
        serving(api) as server,
        serving(alpaca) as at_alpaca,
        MaestroClient(server.url, Token(), timeout_seconds=TIMEOUT_SECONDS, retry_seconds=0.5) as client,
    ):
        broker = AlpacaBroker("key", "secret", url_override=at_alpaca.url, data_url_override=at_alpaca.url)
        yield Outage(api, alpaca, server, client, broker)


# Which failures, and which intents


def _hanging() -> Reply:
    time.sleep(2 * TIMEOUT_SECONDS)
    return DROPPED


OUT: Mapping[str, Reply | Callable[[], Reply]] = {
    "no-answer": DROPPED,
    "time-out": _hanging,
    "store": DOWN,
    "store-refuses": problem(500, "STORE_REFUSED"),
    "a-crash": Reply(500, b"Internal Server Error"),
    "a-proxy": Reply(502, b"<html>Bad gateway</html>"),
    "a-proxy-waits": Reply(504, b""),
}
IN: Mapping[str, Reply | Callable[[], Reply]] = {
    "too-often": problem(429, "TOO_MANY_REQUESTS"),
    "contention": problem(429, "CONTENTION"),
    "halted": problem(423, "TRADING_HALTED"),
    "taken": problem(409, "ALREADY_REDEEMED"),
    "nothing-to-exit": problem(409, "NOTHING_TO_EXIT"),
    "under-way": problem(409, "EXIT_UNDER_WAY"),
    "superseded": problem(410, "SESSION_SUPERSEDED"),
    "unknown": problem(404, "SIGNAL_UNKNOWN"),
    "disabled-user": problem(401, "UNAUTHENTICATED"),
    "no-trader": problem(403, "ROLE_TOO_LOW"),
    "malformed": problem(422, "MALFORMED_REQUEST"),
    "not-the-api": Reply(200, b"<html>Sign in to the Wi-Fi</html>"),
}


def every_intent(desk: Outage) -> None:
    """Let strategies hold long and short positions, and issue a signal of every intent."""
    desk.enter(10, "Long")
    desk.trade(desk.signal("SELL", "ENTRY", "Short", ticker="QQQ", notional=5 * PRICE))
    desk.trade(desk.signal("BUY", "ENTRY", "Old", ticker="IWM", notional=4 * PRICE))
    desk.trade(desk.signal("BUY", "ENTRY", "Flip", ticker="DIA", notional=3 * PRICE))
    desk.issue(
        desk.signal("SELL", "EXIT", "Long", max_qty=10.0),
        desk.signal("BUY", "EXIT", "Short", ticker="QQQ", max_qty=5.0),
        desk.signal("SELL", "", "Old", ticker="IWM", allocation=0.5),
        desk.signal("SELL", "FLIP", "Flip", ticker="DIA", max_qty=3.0),
        desk.signal("BUY", "ENTRY", "Enters", ticker="XLK", notional=PRICE),
        desk.signal("SELL", "ENTRY", "Shorts", ticker="XLE", notional=PRICE),
    )


def sent_since(desk: Outage, before: int) -> list[tuple[str, str, float]]:
    return [(one["symbol"], one["side"], float(one["qty"])) for one in list(desk.alpaca.orders.values())[before:]]


@pytest.mark.parametrize("at", ["/redeem", "/account"], ids=["redeem", "account"])
@pytest.mark.parametrize("failure", OUT.values(), ids=OUT)
def test_out_of_reach_exits_of_every_side_go_and_neither_entries_nor_flips(
    desk: Outage, failure: Reply | Callable[[], Reply], at: str
) -> None:
    every_intent(desk)
    before = len(desk.orders)
    desk.api.failing = {at: failure}
    round_ = desk.run_out()
    assert sent_since(desk, before) == [("SPY", "sell", 10.0), ("QQQ", "buy", 5.0), ("IWM", "sell", 2.0)]
    assert [one.strategy_id for one in round_.exits] == ["Long", "Short", "Old"]
    assert "exits sent without Maestro: Long sell SPY, Short buy QQQ, Old sell IWM" in str(round_)
    assert desk.holdings == {("Old", "IWM"): 2.0, ("Flip", "DIA"): 3.0}
    assert desk.run_out().exits == ()
    assert len(desk.orders) == before + 3, "and not again"


@pytest.mark.parametrize("failure", IN.values(), ids=IN)
def test_whatever_else_maestro_answers_sends_nothing(desk: Outage, failure: Reply | Callable[[], Reply]) -> None:
    every_intent(desk)
    before = len(desk.orders)
    desk.api.failing = {"/redeem": failure}
    refused: MaestroApiError | None = None
    try:
        desk.loop().run_once()
    except MaestroApiError as error:  # some end the round
        refused = error
    assert not isinstance(refused, OutOfReach)
    assert sent_since(desk, before) == []


@pytest.mark.parametrize("failure", OUT.values(), ids=OUT)
def test_switched_off_nothing_is_sent(desk: Outage, failure: Reply | Callable[[], Reply]) -> None:
    desk.hold()
    desk.api.failing = {"/redeem": failure}
    with pytest.raises(Unavailable) as caught:
        desk.loop(exits_without_maestro=False).run_once()
    assert not isinstance(caught.value, OutOfReach)
    assert desk.exits() == []
    desk.api.failing = {}
    desk.run()
    assert desk.exits() == [("sell", 10.0)]
    assert len(desk.api.fills) == 2


def test_an_address_that_is_none_is_no_outage(desk: Outage) -> None:
    leaving = desk.hold()
    desk.api.failing = {"/redeem": DOWN}
    with MaestroClient("nonsense", Token()) as client, pytest.raises(Unavailable) as caught:
        TradingLoop(client, desk.broker, Journal(desk.store)).run_once()
    assert not isinstance(caught.value, OutOfReach)
    assert leaving["nonce"] not in desk.alpaca.orders


# How much


@pytest.mark.parametrize(
    ("max_qty", "allocation", "at_broker", "sold"),
    [
        (4.0, 1.0, 10.0, 4.0),
        (40.0, 1.0, 10.0, 10.0),
        (None, 0.5, 10.0, 5.0),
        (None, 1.0, 10.0, 10.0),
        (40.0, 1.0, 110.0, 10.0),
        (40.0, 1.0, 3.0, 3.0),
        (40.0, 1.0, 0.0, None),
        (40.0, 1.0, -5.0, None),
    ],
    ids=["capped", "on-record", "half", "whole", "never-anybodys", "what-is-there", "sold-by-hand", "turned-by-hand"],
)
def test_an_exit_sells_no_more_than_is_on_record_at_the_broker_and_allowed(
    desk: Outage, max_qty: float | None, allocation: float, at_broker: float, sold: float | None
) -> None:
    desk.enter(10)
    desk.alpaca.positions = {"SPY": at_broker}
    desk.issue(desk.signal("SELL", "EXIT", allocation=allocation, max_qty=max_qty))
    desk.api.failing = {"/redeem": DOWN, "/account": DOWN}
    desk.run_out()
    assert desk.exits() == ([] if sold is None else [("sell", sold)])


def test_what_no_fill_of_this_client_bought_is_not_sold(desk: Outage, caplog: pytest.LogCaptureFixture) -> None:
    """In the position book it may be the strategy's; without Maestro nobody says so."""
    desk.alpaca.positions = {"SPY": 10.0}
    desk.issue(desk.signal("SELL", "EXIT", max_qty=10.0))
    desk.api.failing = {"/redeem": DOWN}
    loop = desk.loop()
    for _ in range(2):
        with pytest.raises(OutOfReach):
            loop.run_once()
    assert desk.orders == []
    told = [line for line in caplog.messages if "is not sent without Maestro" in line]
    assert len(told) == 1
    assert told[0].endswith("no SPY is on record as its own and at the broker")


def test_fills_that_maestro_has_not_heard_of_count(desk: Outage) -> None:
    """An entry fills during the outage, partly: that much is on record, and can be left."""
    desk.alpaca.is_filling = False
    entering = desk.signal("BUY", "ENTRY", notional=10 * PRICE)
    desk.issue(entering)
    desk.run()
    desk.issue(desk.signal("SELL", "EXIT", max_qty=10.0))
    desk.api.failing = {"/account": DOWN, "/fills": DOWN}
    desk.alpaca.fill(entering["nonce"], 6, PRICE)
    desk.run_out()  # its report fails before the exit is heard of
    assert desk.exits() == []
    desk.api.failing = {"/account": DOWN}
    desk.run_out()
    assert desk.exits() == [("sell", 6.0)]


def test_an_exit_at_work_keeps_another_from_its_units(desk: Outage, caplog: pytest.LogCaptureFixture) -> None:
    desk.enter(6, "Other")
    desk.enter(10)
    desk.alpaca.is_filling = False
    desk.trade(desk.signal("SELL", "EXIT", max_qty=10.0), max_qty=10.0)
    before = len(desk.orders)
    desk.issue(desk.signal("SELL", "EXIT", max_qty=10.0))
    desk.api.failing = {"/redeem": DOWN}
    desk.run_out()
    assert len(desk.orders) == before
    assert "another exit of SPY is under way" in caplog.text


def test_an_exit_that_is_not_filled_yet_leaves_the_next_strategy_its_units(desk: Outage) -> None:
    """The broker has only those free, and strategies have more on record."""
    desk.enter(10)
    desk.enter(6, "Other")
    desk.alpaca.is_filling = False
    desk.issue(desk.signal("SELL", "EXIT", max_qty=10.0), desk.signal("SELL", "EXIT", "Other", max_qty=6.0))
    desk.api.failing = {"/redeem": DOWN}
    desk.run_out()
    assert desk.orders[2:] == [("sell", 10.0), ("sell", 6.0)]


def test_an_expired_exit_waits_for_maestro(desk: Outage, caplog: pytest.LogCaptureFixture) -> None:
    desk.hold()
    desk.api.failing = {"/account": DOWN}
    assert desk.run_out(now=lambda: utc_now() + timedelta(minutes=6)).exits == ()
    assert desk.exits() == []
    assert "is not sent without Maestro: it expired at" in caplog.text
    assert len(desk.run_out().exits) == 1, "by its own clock it had not"


def test_exits_of_a_session_that_was_replaced_are_forgotten(desk: Outage) -> None:
    desk.hold()
    desk.api.failing = {"/account": DOWN}
    desk.alpaca.positions = {}
    desk.run_out()
    desk.api.failing = {}
    desk.alpaca.positions = {"SPY": 10.0}
    desk.issue()
    desk.run()
    desk.api.failing = {"/latest": DOWN}
    assert desk.run_out().exits == ()
    assert desk.exits() == []


# Maestro answers again


@pytest.mark.parametrize("refusal", [None, "SIGNAL_EXPIRED", "NOTHING_TO_EXIT", "ALREADY_REDEEMED"])
def test_its_fill_is_reported_once_and_redeemed_first_where_it_still_can_be(
    desk: Outage, caplog: pytest.LogCaptureFixture, refusal: str | None
) -> None:
    leaving = desk.hold()
    desk.api.failing = {"/redeem": DOWN}
    desk.run_out()
    asked = len(desk.server.requests)
    desk.api.failing, desk.api.refusal = {}, refusal
    desk.issue()
    for _ in range(3):
        desk.run()
    posts = [one.path.split("/")[-1] for one in desk.server.requests[asked:] if one.method == "POST"]
    assert posts == ["redeem", "fills"]
    [fill] = desk.api.fills[1:]
    assert (fill["strategy_id"], fill["side"], fill["qty"], fill["nonce"]) == ("Trend", "sell", 10.0, leaving["nonce"])
    assert fill["is_order_complete"]
    assert (desk.exits(), desk.holdings, desk.open_trades) == ([("sell", 10.0)], {}, 0)
    told = "is redeemed now" if refusal is None else f"stays without: {refusal}"
    assert told in caplog.text


def test_one_key_asks_for_its_redemption_before_and_after(desk: Outage) -> None:
    """So that one whose answer was lost is this client's own, and nobody else's."""
    leaving = desk.hold()
    desk.api.failing = {"/redeem": DROPPED}
    desk.run_out()
    desk.api.failing = {}
    desk.run()
    path = f"/v1/signals/{leaving['nonce']}/redeem"
    assert len({one.headers["idempotency-key"] for one in desk.server.asked(path)}) == 1
    assert desk.exits() == [("sell", 10.0)]


def test_an_order_that_is_cancelled_in_the_outage_is_over_for_maestro_too(desk: Outage) -> None:
    leaving = desk.hold()
    desk.alpaca.is_filling = False
    desk.api.failing = {"/redeem": DOWN}
    desk.run_out()
    desk.alpaca.fill(leaving["nonce"], 4, PRICE)
    desk.run_out()
    desk.order["status"] = "canceled"
    desk.api.failing = {}
    desk.issue()
    desk.run()
    assert [(one["qty"], one["is_order_complete"]) for one in desk.api.fills[1:]] == [(4.0, False)]
    assert desk.api.released == [leaving["nonce"]]
    assert (desk.holdings, desk.open_trades) == ({("Trend", "SPY"): 6.0}, 0)


def test_a_rejected_order_is_not_sent_again_and_ends(desk: Outage, caplog: pytest.LogCaptureFixture) -> None:
    leaving = desk.hold()
    desk.alpaca._refused_sale = lambda *_: Reply(403, {"code": 40310000, "message": "halted"})  # type: ignore[method-assign]
    desk.api.failing = {"/redeem": DOWN, "/release": DOWN}
    desk.run_out()
    desk.run_out()
    assert caplog.text.count("the broker rejected the order: Alpaca answers 403: halted") == 1
    desk.api.failing = {"/release": problem(404, "NOT_REDEEMED")}
    desk.run()
    assert (desk.exits(), desk.open_trades) == ([], 0)
    assert leaving["nonce"] in desk.redeemed, "it was asked for before"


def test_a_redemption_that_is_anothers_ends_the_trade_and_no_round(desk: Outage) -> None:
    """Its user is another one, who alone may give it back."""
    desk.hold()
    desk.api.failing = {"/redeem": DOWN}
    with pytest.raises(Unavailable):
        desk.loop(exits_without_maestro=False).run_once()
    desk.api.failing = {"/release": problem(403, "NOT_YOUR_REDEMPTION")}
    desk.issue()
    desk.run()
    assert desk.open_trades == 0


# Crashes, and a broker that does not answer


@dataclass
class Interrupted:
    """A broker at which the process ends, before or after it takes an order."""

    broker: Broker
    is_taken: bool
    error: BaseException

    def __getattr__(self, name: str) -> Any:
        return getattr(self.broker, name)

    def submit_order(self, client_order_id: str, symbol: str, side: str, qty: float) -> Order:
        if self.is_taken:
            self.broker.submit_order(client_order_id, symbol, side, qty)
        raise self.error


@pytest.mark.parametrize("is_back", [False, True], ids=["in-the-outage", "after-it"])
@pytest.mark.parametrize("is_taken", [False, True], ids=["before-the-order", "after-the-order"])
@pytest.mark.parametrize("error", [Crash(), BrokerUnavailable("no answer")], ids=["crash", "no-answer"])
def test_an_end_around_the_order_sends_it_once(
    desk: Outage, is_taken: bool, is_back: bool, error: BaseException
) -> None:
    leaving = desk.hold()
    desk.api.failing = {"/redeem": DOWN}
    loop = TradingLoop(desk.client, Interrupted(desk.broker, is_taken, error), Journal(desk.store))
    with pytest.raises((Crash, OutOfReach)):
        loop.run_once()
    desk.api.failing = {} if is_back else {"/latest": DOWN, "/redeem": DOWN}
    if not is_back:
        assert len(desk.run_out().exits) == (0 if is_taken else 1)
        desk.api.failing = {}
    desk.run()
    desk.run()
    assert desk.exits() == [("sell", 10.0)]
    assert [(one["nonce"], one["qty"]) for one in desk.api.fills[1:]] == [(leaving["nonce"], 10.0)]
    assert (desk.holdings, desk.open_trades) == ({}, 0)


def exit_without_answer(desk: Outage) -> dict[str, Any]:
    """Let an exit go without Maestro to a broker that does not answer, and return its signal."""
    leaving = desk.hold()
    desk.api.failing = {"/redeem": DOWN}
    broken = Interrupted(desk.broker, False, BrokerUnavailable("no answer"))
    with pytest.raises(OutOfReach):
        TradingLoop(desk.client, broken, Journal(desk.store)).run_once()
    return leaving


def test_an_order_that_may_turn_up_late_is_waited_for_whatever_maestro_says_by_then(desk: Outage) -> None:
    leaving = exit_without_answer(desk)
    desk.api.failing, desk.api.refusal = {}, "EXIT_UNDER_WAY"
    desk.run()
    assert desk.open_trades == 1
    desk.broker.submit_order(leaving["nonce"], "SPY", "sell", 10.0)
    desk.run()
    assert [one["qty"] for one in desk.api.fills[1:]] == [10.0]
    assert (desk.holdings, desk.open_trades) == ({}, 0)


def test_an_order_that_never_turns_up_is_given_up(desk: Outage) -> None:
    leaving = exit_without_answer(desk)
    desk.api.failing, desk.api.refusal = {}, "SIGNAL_EXPIRED"
    desk.run(lambda: utc_now() + timedelta(minutes=5) + 2 * GRACE)
    assert (desk.exits(), desk.open_trades) == ([], 0)
    assert desk.api.released == [leaving["nonce"]]


# Another client


def test_two_clients_on_one_account_send_one_order(desk: Outage) -> None:
    """The other one redeems the signal once Maestro is back: its order is the one that is there."""
    leaving = desk.hold()
    other = Store()
    desk.api.failing = {"/redeem": DOWN}
    desk.run_out()
    desk.api.failing = {}
    TradingLoop(desk.client, desk.broker, Journal(other)).run_once()
    assert desk.exits() == [("sell", 10.0)]
    desk.run()
    ids = {one["broker_fill_id"] for one in desk.api.fills if one["nonce"] == leaving["nonce"]}
    assert len(ids) == 1, "both tell of it, as one fill"


def test_a_newer_cycles_exit_finds_nothing_to_sell_twice(desk: Outage) -> None:
    """It was decided before Maestro heard of the fill, and is redeemed for as much again."""
    desk.hold()
    desk.api.failing = {"/redeem": DOWN}
    desk.run_out()
    desk.api.failing = {}
    desk.issue(desk.signal("SELL", "EXIT", max_qty=10.0), max_qty=10.0)
    for store in (Store(), desk.store):
        TradingLoop(desk.client, desk.broker, Journal(store)).run_once()
    assert desk.exits() == [("sell", 10.0)]
    assert desk.alpaca.positions == {}


def test_a_clients_own_clock_and_record_decide_after_a_restart(desk: Outage) -> None:
    """What was issued is kept in the file: a client that starts again in the outage knows it."""
    desk.hold()
    desk.api.failing = {"/account": DOWN}
    with pytest.raises(Unavailable):
        desk.loop(exits_without_maestro=False).run_once()
    desk.api.failing = {"/latest": DOWN}
    assert [one.strategy_id for one in desk.run_out().exits] == ["Trend"]
    assert datetime.now(UTC) < Journal(desk.store).known_exits()[0].expires_at
