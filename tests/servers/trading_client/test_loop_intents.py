"""The loop goes by a signal's intent: it exits no more than there is, covers, sells short, and ends what it began."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from examples.trading_client.alpaca import AlpacaBroker
from examples.trading_client.brokers import Broker, PaperBroker
from examples.trading_client.client import MaestroClient
from examples.trading_client.errors import Refused
from examples.trading_client.journal import Journal
from examples.trading_client.loop import TradingLoop
from examples.trading_client.models import utc_now
from examples.trading_client.orders import Order
from examples.trading_client.store import Store
from tests.servers.trading_client.alpaca_server import Alpaca
from tests.servers.trading_client.servers import Asked, Reply, Server, problem, serving
from tests.servers.trading_client.test_client import Token

PRICE = 450.0


@dataclass
class Api:
    """An API that issues what a test puts here, and redeems it with the sizes that the test says."""

    signals: list[dict[str, Any]] = field(default_factory=list)
    max_qty: float | None = None
    refusal: str | None = None
    """Of every redemption, with 409."""
    fills: list[dict[str, Any]] = field(default_factory=list)
    refused_fills: bool = False
    released: list[str] = field(default_factory=list)
    account: dict[str, Any] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply:
        later = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        _, _, folder, *rest = asked.path.split("/")
        if folder == "account":
            self.account = asked.json
            return Reply(200, {})
        if folder == "fills":
            return self._record(asked.json["fills"])
        if rest == ["latest"]:
            common = {"session_id": "s", "expires_at": later}
            signals = {one["strategy_name"]: common | one for one in self.signals}
            return Reply(200, common | {"buying_power": 1.0, "reserved": 0.0, "signals": signals})
        nonce, act = rest
        if act == "release":
            self.released.append(nonce)
        elif self.refusal:
            return problem(409, self.refusal)
        return Reply(200, self._claim(nonce, later))

    def _record(self, fills: list[dict[str, Any]]) -> Reply:
        status = (
            {"status": "REJECTED", "reason_code": "FILL_CONFLICT"} if self.refused_fills else {"status": "RECORDED"}
        )
        self.fills += fills
        return Reply(200, {"results": [{"fill_id": one["broker_fill_id"], **status} for one in fills]})

    def _claim(self, nonce: str, later: str) -> dict[str, Any]:
        signal = next((one for one in self.signals if one["nonce"] == nonce), {})
        return {
            "nonce": nonce,
            "status": "RESERVED",
            "strategy_id": signal.get("strategy_name", ""),
            "action": signal.get("action", ""),
            "symbol": signal.get("ticker", ""),
            "allocation": signal.get("allocation", 0.0),
            "notional": signal.get("notional", 0.0),
            "lapses_at": later,
            "max_qty": self.max_qty,
        }


@dataclass
class Desk:
    """A loop at Alpaca; every signal that a test issues has a nonce of its own."""

    api: Api
    alpaca: Alpaca
    server: Server
    client: MaestroClient
    broker: Broker
    store: Store = field(default_factory=Store)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def signal(self, action: str, intent: str = "", name: str = "Trend", **more: Any) -> dict[str, Any]:
        plain = {"action": action, "ticker": "SPY", "mode": "ACTIVE", "allocation": 1.0, "original_allocation": 1.0}
        plain |= {"strategy_name": name, "nonce": f"{next(self.numbers):032x}", "agent_id": f"acme_{name}"}
        return plain | ({"intent": intent} if intent else {}) | more

    def enter(self, qty: float, name: str = "Trend", side: str = "BUY") -> None:
        self.trade(self.signal(side, "ENTRY", name, notional=qty * PRICE))

    def trade(self, *signals: dict[str, Any], max_qty: float | None = None) -> None:
        """Do a round on these signals, and one more, which must not repeat anything."""
        self.api.signals, self.api.max_qty = list(signals), max_qty
        self.run()
        before = len(self.alpaca.orders)
        self.run()
        assert len(self.alpaca.orders) == before

    def run(self, now: Any = utc_now, cycle: Callable[[], None] | None = None) -> None:
        TradingLoop(self.client, self.broker, Journal(self.store), now=now).run_once(cycle)

    @property
    def orders(self) -> list[tuple[str, float]]:
        return [(one["side"], float(one["qty"])) for one in self.alpaca.orders.values()]

    @property
    def order(self) -> dict[str, Any]:
        """The last one."""
        return list(self.alpaca.orders.values())[-1]

    @property
    def redeemed(self) -> list[str]:
        return [asked.path.split("/")[3] for asked in self.server.requests if asked.path.endswith("/redeem")]

    @property
    def holdings(self) -> dict[tuple[str, str], float]:
        return Journal(self.store).holdings()

    @property
    def open_trades(self) -> int:
        return len(Journal(self.store).open_trades())


@contextmanager
def open_desk() -> Iterator[Desk]:
    api, alpaca = Api(), Alpaca()
    with (
        serving(api) as server,
        serving(alpaca) as at_alpaca,
        MaestroClient(server.url, Token(), retry_seconds=0.3) as client,
    ):
        broker = AlpacaBroker("key", "secret", url_override=at_alpaca.url, data_url_override=at_alpaca.url)
        yield Desk(api, alpaca, server, client, broker)


@pytest.fixture
def desk(caplog: pytest.LogCaptureFixture) -> Iterator[Desk]:
    caplog.set_level(logging.INFO, logger="trading_client")
    with open_desk() as desk:
        yield desk


# How much an exit trades


@pytest.mark.parametrize(
    ("max_qty", "allocation", "sold"),
    [(4.0, 1.0, 4.0), (40.0, 1.0, 10.0), (5.0, 0.5, 5.0), (None, 0.5, 5.0), (None, 1.0, 10.0)],
    ids=["capped", "all-it-has", "its-size-has-the-allocation-in-it", "unknown-half", "unknown"],
)
def test_an_exit_sells_the_least_of_what_it_may_and_what_it_has(
    desk: Desk, max_qty: float | None, allocation: float, sold: float
) -> None:
    desk.enter(10)
    desk.trade(desk.signal("SELL", "EXIT", allocation=allocation, max_qty=max_qty), max_qty=max_qty)
    assert desk.orders[1:] == [("sell", sold)]
    assert [(one["side"], one["qty"], one["is_order_complete"]) for one in desk.api.fills[1:]] == [("sell", sold, True)]
    assert (desk.open_trades, desk.api.released) == (0, [])


def test_a_server_that_says_no_intent_is_traded_with_as_before(desk: Desk) -> None:
    desk.trade(desk.signal("BUY", notional=10 * PRICE, qty="ten", intent=""))
    desk.trade(desk.signal("SELL", allocation=0.5, qty="five"))
    assert desk.orders == [("buy", 10.0), ("sell", 5.0)]


@pytest.mark.parametrize("qty", [None, 100.0])
def test_no_strategy_sells_anothers_units(desk: Desk, qty: float | None) -> None:
    desk.enter(6, "Other")
    desk.enter(4)
    desk.trade(desk.signal("SELL", "EXIT", max_qty=qty), max_qty=qty)
    assert desk.orders[-1] == ("sell", 4.0)
    desk.trade(desk.signal("SELL", "EXIT", max_qty=qty), max_qty=qty)
    assert len(desk.orders) == 3
    assert desk.holdings == {("Other", "SPY"): 6.0}


def test_an_exit_of_nothing_as_issued_is_not_redeemed(desk: Desk) -> None:
    desk.enter(10)
    desk.trade(desk.signal("SELL", "EXIT", max_qty=0.0))
    assert len(desk.redeemed) == len(desk.orders) == 1


def test_an_exit_of_nothing_as_redeemed_is_released_and_never_sent(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.enter(10)
    leaving = desk.signal("SELL", "EXIT", max_qty=10.0)
    desk.trade(leaving, max_qty=0.0)
    assert len(desk.orders) == 1
    assert desk.api.released == [leaving["nonce"]]
    assert desk.redeemed.count(leaving["nonce"]) == 1
    assert caplog.messages.count("Trend: not traded: nothing of SPY is left to sell") == 1
    assert (desk.open_trades, desk.holdings) == (0, {("Trend", "SPY"): 10.0})


@pytest.mark.parametrize("refusal", ["EXIT_UNDER_WAY", "NOTHING_TO_EXIT"])
def test_a_refused_exit_is_told_once_without_a_warning_and_is_over(
    desk: Desk, caplog: pytest.LogCaptureFixture, refusal: str
) -> None:
    desk.enter(10)
    desk.api.refusal = refusal
    desk.trade(desk.signal("SELL", "EXIT", max_qty=10.0))
    told = [record for record in caplog.records if refusal in record.getMessage()]
    assert [record.levelname for record in told] == ["INFO"]
    assert (len(desk.orders), len(desk.redeemed), desk.open_trades) == (1, 2, 0)


def test_a_short_that_is_not_allowed_any_more_is_not_sent(desk: Desk) -> None:
    desk.api.refusal = "SHORTS_NOT_ALLOWED"
    desk.enter(10, side="SELL")
    assert (desk.orders, len(desk.redeemed), desk.open_trades) == ([], 1, 0)


# Shorts


def test_a_short_entry_is_sized_by_its_notional_in_whole_units(desk: Desk) -> None:
    desk.enter(10.7, side="SELL")
    assert desk.orders == [("sell", 10.0)]
    assert desk.holdings == {("Trend", "SPY"): -10.0}
    desk.run()
    assert desk.api.account["positions"] == [{"symbol": "SPY", "qty": -10.0, "strategy_id": "Trend"}]
    desk.enter(10.7, side="SELL")
    assert len(desk.orders) == 1, "it holds its short already"


def test_a_short_entry_is_not_sold_out_of_anothers_long(desk: Desk) -> None:
    """One account nets them: each strategy's part stays on record."""
    desk.enter(10, "Other")
    desk.enter(4, side="SELL")
    assert desk.holdings == {("Other", "SPY"): 10.0, ("Trend", "SPY"): -4.0}
    assert desk.alpaca.positions == {"SPY": 6.0}
    desk.trade(desk.signal("SELL", "EXIT", "Other", max_qty=10.0), max_qty=10.0)
    desk.trade(desk.signal("SELL", "EXIT", "Other", max_qty=4.0), max_qty=4.0)
    assert desk.orders[2:] == [("sell", 6.0), ("sell", 4.0)], "no order goes through zero"
    assert desk.holdings == {("Trend", "SPY"): -4.0}
    assert desk.alpaca.positions == {"SPY": -4.0}


@pytest.mark.parametrize("ticker", ["GME", "NONE"])
def test_what_the_broker_does_not_lend_is_not_redeemed_and_says_so(
    desk: Desk, caplog: pytest.LogCaptureFixture, ticker: str
) -> None:
    if ticker == "NONE":  # the paper broker has a price of everything, and lends nothing
        desk.broker = PaperBroker(lambda _: PRICE)
    desk.trade(desk.signal("SELL", "ENTRY", ticker=ticker, notional=4500.0))
    assert (desk.orders, desk.redeemed) == ([], [])
    assert f"Trend: not traded: the broker lends no {ticker} to sell short, or not so small a quantity" in caplog.text


@pytest.mark.parametrize(("max_qty", "bought"), [(3.0, 3.0), (10.0, 10.0), (50.0, 10.0), (None, 10.0)])
def test_a_covering_buy_is_sized_in_units_never_by_its_allocation(
    desk: Desk, max_qty: float | None, bought: float
) -> None:
    desk.enter(10, side="SELL")
    cover = desk.signal("BUY", "EXIT", allocation=0.09, original_allocation=0.3, max_qty=max_qty)
    desk.trade(cover, max_qty=max_qty)
    assert desk.orders[1:] == [("buy", bought)]
    [fill] = desk.api.fills[1:]
    assert (fill["side"], fill["qty"], fill["is_order_complete"]) == ("buy", bought, True)
    assert desk.holdings == ({} if bought == 10.0 else {("Trend", "SPY"): bought - 10.0})


def test_a_cover_takes_no_more_than_its_own_short(desk: Desk) -> None:
    desk.enter(6, "Other", side="SELL")
    desk.enter(4, side="SELL")
    desk.trade(desk.signal("BUY", "EXIT", max_qty=10.0), max_qty=10.0)
    assert desk.orders[-1] == ("buy", 4.0)
    assert desk.holdings == {("Other", "SPY"): -6.0}


def test_exits_come_first_whichever_side_they_are_of(desk: Desk) -> None:
    desk.enter(5, "Cover", side="SELL")
    desk.trade(
        desk.signal("SELL", "ENTRY", "Short", ticker="QQQ", notional=2 * PRICE),
        desk.signal("BUY", "ENTRY", "Long", ticker="QQQ", notional=3 * PRICE),
        desk.signal("BUY", "EXIT", "Cover", max_qty=5.0),
        max_qty=None,
    )
    assert desk.orders[1] == ("buy", 5.0)
    assert sorted(desk.orders[2:]) == [("buy", 3.0), ("sell", 2.0)]


@pytest.mark.parametrize("size", [10.0, None])
def test_a_flip_is_traded_as_its_exit_whole(desk: Desk, size: float | None) -> None:
    """Its allocation is of what the strategy asked for beyond zero, not of the position."""
    desk.enter(10)
    desk.trade(desk.signal("SELL", "FLIP", allocation=0.3, max_qty=size), max_qty=size)
    desk.enter(5, "Fade", side="SELL")
    desk.trade(desk.signal("BUY", "FLIP", "Fade", allocation=0.02, max_qty=5.0), max_qty=5.0)
    assert desk.orders == [("buy", 10.0), ("sell", 10.0), ("sell", 5.0), ("buy", 5.0)]
    assert desk.holdings == {}


def test_an_intent_of_tomorrow_is_not_traded(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.trade(desk.signal("SELL", "HEDGE", notional=4500.0))
    assert (desk.orders, desk.redeemed) == ([], [])
    assert "Trend: not traded: its intent HEDGE is not known here" in caplog.messages


# The end of an exit's order


@pytest.mark.parametrize("side", ["SELL", "BUY"])
@pytest.mark.parametrize(("filled", "seen_before"), [(0, False), (4, True), (4, False)])
def test_a_cancelled_exit_ends_in_the_book(desk: Desk, side: str, filled: int, seen_before: bool) -> None:
    """By its last fill if that is told after the cancellation, else by a release: the next exit is not kept out."""
    desk.enter(10, side="BUY" if side == "SELL" else "SELL")
    desk.alpaca.is_filling = False
    leaving = desk.signal(side, "EXIT", max_qty=10.0)
    desk.trade(leaving, max_qty=10.0)
    assert desk.open_trades == 1
    desk.alpaca.fill(leaving["nonce"], filled, PRICE)
    if seen_before:
        desk.run()
    desk.order["status"] = "canceled"
    desk.run()
    told = [one["is_order_complete"] for one in desk.api.fills[1:]]
    assert told == {0: [], 4: [not seen_before]}[filled]
    assert desk.api.released == ([leaving["nonce"]] if not any(told) else [])
    assert desk.open_trades == 0
    desk.alpaca.is_filling = True
    desk.trade(desk.signal(side, "EXIT", max_qty=10.0 - filled), max_qty=10.0 - filled)
    assert desk.orders[-1] == (side.lower(), 10.0 - filled)
    assert desk.holdings == {}


def test_an_exit_at_work_holds_its_units_against_the_next(desk: Desk) -> None:
    desk.enter(10)
    desk.alpaca.is_filling = False
    desk.trade(desk.signal("SELL", "EXIT", max_qty=6.0), max_qty=6.0)
    desk.trade(desk.signal("SELL", "EXIT", max_qty=10.0), max_qty=10.0)
    assert desk.orders[1:] == [("sell", 6.0), ("sell", 4.0)]
    desk.trade(desk.signal("SELL", "EXIT", max_qty=10.0), max_qty=10.0)
    assert len(desk.orders) == 3


def test_an_exit_whose_last_fill_the_ledger_refuses_is_released(desk: Desk) -> None:
    desk.enter(10)
    desk.api.refused_fills = True
    leaving = desk.signal("SELL", "EXIT", max_qty=10.0)
    desk.trade(leaving, max_qty=10.0)
    assert desk.api.released == [leaving["nonce"]]
    assert desk.open_trades == 0


def test_entries_that_outlive_their_reservation_are_cancelled_and_exits_are_not(desk: Desk) -> None:
    desk.enter(10, "Leaving")
    desk.alpaca.is_filling = False
    desk.api.signals = [
        desk.signal("SELL", "EXIT", "Leaving", max_qty=10.0),
        desk.signal("SELL", "ENTRY", "Short", ticker="QQQ", notional=4500.0),
    ]
    desk.run()
    desk.run(lambda: utc_now() + timedelta(minutes=16))
    states = {one["symbol"]: one["status"] for one in desk.alpaca.orders.values() if one["side"] == "sell"}
    assert states == {"SPY": "accepted", "QQQ": "canceled"}


def test_a_file_from_before_intents_is_read(desk: Desk) -> None:
    desk.alpaca.is_filling = False
    entering = desk.signal("BUY", "ENTRY", notional=4500.0)
    desk.api.signals = [entering]
    desk.run()
    stored = desk.store.get("trade", entering["nonce"])
    assert stored is not None
    desk.store.write([("trade", entering["nonce"], {name: stored[name] for name in stored if name != "is_exit"})])
    desk.run(lambda: utc_now() + timedelta(minutes=16))
    assert desk.order["status"] == "canceled", "a BUY is an entry there"


# A cycle that the client asks for


def test_a_cycle_is_asked_for_once_maestro_knows_the_account_of_now_and_decides_what_is_traded(desk: Desk) -> None:
    desk.alpaca.positions = {"SPY": 7.0}
    known: list[Any] = []

    def cycle() -> None:
        known.append(desk.api.account["positions"])
        desk.api.signals = [desk.signal("BUY", "ENTRY", ticker="QQQ", notional=2 * PRICE)]

    desk.run(cycle=cycle)
    assert known == [[{"symbol": "SPY", "qty": 7.0}]]
    assert [(one["symbol"], float(one["qty"])) for one in desk.alpaca.orders.values()] == [("QQQ", 2.0)]


def test_fills_of_the_round_before_are_in_the_account_that_a_cycle_decides_on(desk: Desk) -> None:
    desk.alpaca.is_filling = False
    desk.api.signals = [entering := desk.signal("BUY", "ENTRY", notional=10 * PRICE)]
    desk.run()
    desk.alpaca.fill(entering["nonce"], 10, PRICE, "filled")
    known: list[Any] = []
    desk.run(cycle=lambda: known.append((len(desk.api.fills), desk.api.account["positions"])))
    assert known == [(1, [{"symbol": "SPY", "qty": 10.0, "strategy_id": "Trend"}])]


def test_a_cycle_that_fails_is_told_and_the_session_before_goes_on(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.api.signals = [desk.signal("BUY", "ENTRY", notional=10 * PRICE)]

    def refuse() -> None:
        raise Refused(409, "CONTENTION", "somebody else is at it")

    desk.run(cycle=refuse)
    assert "cycle: " in caplog.text
    assert desk.orders == [("buy", 10.0)]


# What comes after an order was over


@pytest.mark.parametrize("status", ["canceled", "expired", "rejected"])
def test_what_fills_after_an_order_was_over_is_booked_once(desk: Desk, status: str) -> None:
    desk.alpaca.is_filling = False
    desk.api.signals = [entering := desk.signal("BUY", "ENTRY", notional=10 * PRICE)]
    desk.run()
    desk.alpaca.orders[entering["nonce"]]["status"] = status
    desk.run()
    assert (desk.api.released, desk.open_trades, desk.holdings) == ([entering["nonce"]], 0, {})
    desk.alpaca.fill(entering["nonce"], 4, PRICE, status)
    desk.run(lambda: utc_now() + timedelta(minutes=5))  # the next round: it is asked again after as long as before
    assert desk.holdings == {("Trend", "SPY"): 4.0}
    desk.alpaca.fill(entering["nonce"], 10, PRICE, "filled")
    for hours in (1, 30, 31):
        desk.run(lambda hours=hours: utc_now() + timedelta(hours=hours))
    assert desk.holdings == {("Trend", "SPY"): 10.0}
    assert [(one["qty"], one["nonce"], one["strategy_id"]) for one in desk.api.fills] == [
        (4.0, entering["nonce"], "Trend"),
        (6.0, entering["nonce"], "Trend"),
    ]


def test_an_order_that_is_over_is_asked_for_less_and_less_and_forgotten_after_a_day(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.alpaca.is_filling = False
    desk.api.signals = [entering := desk.signal("BUY", "ENTRY", notional=10 * PRICE)]
    desk.run()
    desk.alpaca.orders[entering["nonce"]]["status"] = "canceled"
    start, looks, find = utc_now(), [], desk.broker.find_order
    desk.run(lambda: start)
    desk.api.signals = []
    for hour in range(72):

        def found(nonce: str, hour: int = hour) -> Order | None:
            looks.append(hour)
            return find(nonce)

        monkeypatch.setattr(desk.broker, "find_order", found)
        desk.run(lambda hour=hour: start + timedelta(hours=hour))
    assert looks == [0, 1, 2, 4, 8, 16, 32]
    assert Journal(desk.store).trade(entering["nonce"]) is None


def test_an_order_that_is_filled_is_not_asked_for_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.enter(10)
    desk.api.signals = []
    monkeypatch.setattr(desk.broker, "find_order", lambda nonce: pytest.fail(f"{nonce} is over"))
    desk.run()
