"""The trading loop against the deployed API in the emulators: what it trades, what it leaves, and after a crash."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from firebase_admin import auth
from google.cloud.firestore import Client

from examples.trading_client.alpaca import AlpacaBroker
from examples.trading_client.brokers import Broker, PaperBroker
from examples.trading_client.client import MaestroClient
from examples.trading_client.journal import Journal
from examples.trading_client.loop import TradingLoop
from examples.trading_client.market_data import QuotesError
from examples.trading_client.models import utc_now
from examples.trading_client.orders import BrokerUnavailable, Order
from examples.trading_client.sign_in import SignIn
from examples.trading_client.store import Store
from functions.adapters.firestore import paths
from functions.adapters.firestore.client import firestore_client
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.domain.orchestration.position_book import PositionBook
from functions.services.track_record.build_windows import build_windows
from functions.strategies.maestro_controller import MaestroController
from tests.emulator.strategies.test_facade import TENANT, steady, write_days
from tests.members import create_tenant
from tests.servers.trading_client.alpaca_server import Alpaca
from tests.servers.trading_client.servers import serving
from tools.emulator_suite import EmulatorSuite

BUYING_POWER = 50_000.0
PRICES = {"SPY": 450.0, "QQQ": 300.0}
BUY = {"action": "BUY", "ticker": "SPY", "allocation": 0.4}
SELL = {"action": "SELL", "ticker": "SPY"}
Signals = dict[str, dict[str, Any]]


class Crash(BaseException):
    """The process ends here."""


@dataclass
class Desk:
    """A trader of one tenant, with a broker and a file that remembers."""

    db: Client
    client: MaestroClient
    folder: Path
    email: str
    password: str
    stores: list[Store] = field(default_factory=list)

    def cycle(self, proposed: Signals) -> Signals:
        account = {"equity": BUYING_POWER, "buying_power": BUYING_POWER, "as_of": datetime.now(UTC)}
        market_data = {symbol: {"price": price} for symbol, price in PRICES.items()}
        controller = MaestroController(self.db, TENANT)
        signals, _ = asyncio.run(controller.orchestrate(proposed, account_snapshot=account, market_data=market_data))
        return signals

    def store(self, name: str) -> Store:
        """Open a file as a process that starts does; the one that had it is gone."""
        for one in self.stores:
            one.close()
        self.stores = [Store(self.folder / name)]
        return self.stores[0]

    def loop(self, broker: Broker | None = None, client: MaestroClient | None = None, **options: Any) -> TradingLoop:
        journal = Journal(self.store("journal.sqlite"))
        return TradingLoop(client or self.client, broker or self.paper(), journal, **options)

    def paper(self, **options: Any) -> PaperBroker:
        return PaperBroker(PRICES.__getitem__, self._paper_store(), **options)

    def _paper_store(self) -> Store:
        if not hasattr(self, "_paper"):
            self._paper = Store(self.folder / "paper.sqlite")
        return self._paper

    def ledger(self) -> list[dict[str, Any]]:
        fills = [one.to_dict() or {} for one in paths.ledger_trades(self.db, TENANT).stream()]
        return sorted(fills, key=lambda fill: fill["created_at"])

    def open_book(self) -> None:
        """Open a position book in which nobody holds anything, and allow shorts."""
        now = utc_now()
        paths.positions(self.db, TENANT).set(PositionBook(now, "test").to_document(now))
        paths.policy(self.db, TENANT).set({"allow_shorts": True})

    def book(self) -> PositionBook:
        return PositionBook.from_document(paths.positions(self.db, TENANT).get().to_dict())

    def redemptions(self) -> dict[str, dict[str, Any]]:
        collection = self.db.collection("tenants", TENANT, "redemptions")
        return {one.id: one.to_dict() or {} for one in collection.stream()}


@pytest.fixture
def desk(emulators: EmulatorSuite, db: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Desk]:
    firestore_client()
    create_tenant(db, TENANT)
    email, password = f"{uuid.uuid4().hex[:12]}@example.com", uuid.uuid4().hex
    user = auth.create_user(email=email, password=password)
    auth.set_custom_user_claims(user.uid, {"tenant_id": TENANT, "role": "trader"})
    paths.member(db, TENANT, user.uid).set({"role": "trader", "email": email})
    caplog.set_level(logging.INFO, logger="trading_client")
    signed_in = SignIn(email, password, emulator_host=emulators.host("auth"))
    with MaestroClient(emulators.function_url("api"), signed_in) as client:
        yield Desk(db, client, tmp_path, email, password)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "trading_client"]


# What Maestro decided


def test_no_cycle_yet(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.loop().run_once()
    assert said(caplog) == ["No cycle has run yet"]


def test_a_shadowed_strategy_is_logged_and_not_traded(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    write_days(desk.db, {"Poor": steady(0.1)})
    build_windows(FirestoreLedgerStore(desk.db), TENANT, date(2020, 3, 16))
    desk.cycle({"Poor": BUY})
    loop = desk.loop()
    loop.run_once()
    loop.run_once()
    assert said(caplog) == ["📝 Poor: SHADOW MODE - Paper trading only"], "once, however many rounds"
    assert (desk.ledger(), desk.redemptions()) == ([], {})


def test_a_disabled_strategy_is_skipped(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    paths.policy(desk.db, TENANT).set({"disabled_strategies": ["Trend"]})
    desk.cycle({"Trend": BUY})
    desk.loop().run_once()
    assert said(caplog) == ["🚫 Trend: DISABLED - Skipping"]
    assert (desk.ledger(), desk.redemptions()) == ([], {})


def test_a_reduced_strategy_trades_what_is_left(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    write_days(desk.db, {"Fair": steady(0.8)})
    build_windows(FirestoreLedgerStore(desk.db), TENANT, date(2020, 3, 16))
    desk.cycle({"Fair": BUY})
    desk.loop().run_once()
    assert said(caplog)[0] == "⚠️ Fair allocation reduced by Maestro: 40.0% → 20.0%"
    [fill] = desk.ledger()
    assert fill["qty"] * fill["price"] == pytest.approx(0.2 * BUYING_POWER)


def test_three_sells_override_a_buy(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.cycle({"A": SELL, "B": SELL, "C": SELL, "Trend": BUY})
    desk.loop().run_once()
    lines = said(caplog)
    assert "🚨 Trend overridden by Maestro: BUY → HOLD" in lines
    assert "   Reason: Maestro systemic risk override: 3 strategies signaling SELL" in lines
    assert "A: not traded: no SPY to sell" in lines
    assert (desk.ledger(), desk.redemptions()) == ([], {})


def test_an_identity_is_redeemed_traded_and_booked_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    issued = desk.cycle({"Trend": BUY})["Trend"]
    loop = desk.loop()
    for _ in range(3):
        loop.run_once()
    nonce = issued["nonce"]
    line = f"Executing trade with identity: agent=acme_Trend, nonce={nonce[:8]}..."
    assert said(caplog).count(line) == 1
    assert nonce not in caplog.text, "logs show the first eight characters"
    [fill] = desk.ledger()
    assert (fill["nonce"], fill["session_id"], fill["strategy_id"]) == (nonce, issued["session_id"], "Trend")
    assert (fill["side"], fill["symbol"], fill["price"]) == ("buy", "SPY", 450.0)
    assert fill["qty"] == pytest.approx(0.4 * BUYING_POWER / 450)
    assert fill["fees"] > 0
    assert fill["slippage"] > 0
    assert desk.redemptions()[nonce]["status"] == "FILLED"


def test_a_halt_after_the_cycle_stops_the_trade(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.cycle({"Trend": BUY})
    paths.policy(desk.db, TENANT).set({"trading_state": "HALT"})
    desk.loop().run_once()
    assert said(caplog) == ["Trend: not traded: TRADING_HALTED: trading is halted: exits only"]
    assert (desk.ledger(), desk.redemptions()) == ([], {})


def test_an_exit_sells_the_strategys_own_part(desk: Desk) -> None:
    desk.cycle({"A": {**BUY, "allocation": 0.2}, "B": {**BUY, "allocation": 0.3}})
    loop = desk.loop(broker := desk.paper())
    loop.run_once()
    desk.cycle({"A": SELL, "B": BUY})
    loop.run_once()
    bought = {fill["strategy_id"]: fill["qty"] for fill in desk.ledger() if fill["side"] == "buy"}
    sold = {fill["strategy_id"]: fill["qty"] for fill in desk.ledger() if fill["side"] == "sell"}
    assert sold == {"A": pytest.approx(bought["A"])}
    assert broker.position("SPY") == pytest.approx(bought["B"]), "B holds it already, so it is not bought again"
    loop.run_once()
    account = paths.account(desk.db, TENANT).get().to_dict() or {}
    assert account["positions"] == [{"symbol": "SPY", "qty": pytest.approx(bought["B"]), "strategy_id": "B"}]
    assert account["buying_power"] == pytest.approx(broker.account().buying_power)


# Crashes


class Interrupted:
    """A broker at which the process ends, before or after it takes an order."""

    def __init__(self, broker: PaperBroker, *, is_taken: bool) -> None:
        self._broker = broker
        self._is_taken = is_taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    def submit_order(self, client_order_id: str, symbol: str, side: str, qty: float) -> Order:
        if self._is_taken:
            self._broker.submit_order(client_order_id, symbol, side, qty)
        raise Crash


@pytest.mark.parametrize("is_taken", [False, True], ids=["before-the-order", "after-the-order"])
def test_a_crash_leaves_nothing_traded_twice(desk: Desk, is_taken: bool) -> None:
    nonce = desk.cycle({"Trend": BUY})["Trend"]["nonce"]
    broker = desk.paper()
    with pytest.raises(Crash):
        desk.loop(Interrupted(broker, is_taken=is_taken)).run_once()
    assert desk.redemptions()[nonce]["status"] == "RESERVED"
    cash = broker.account().cash
    for _ in range(2):
        desk.loop(broker).run_once()
    [fill] = desk.ledger()
    assert fill["nonce"] == nonce
    assert fill["qty"] == pytest.approx(0.4 * BUYING_POWER / 450)
    assert broker.position("SPY") == pytest.approx(fill["qty"])
    assert (broker.account().cash == cash) is is_taken
    assert desk.redemptions()[nonce]["status"] == "FILLED"


@pytest.mark.parametrize("is_booked", [False, True], ids=["before-the-ledger", "after-the-ledger"])
def test_a_crash_while_reporting_books_a_fill_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_booked: bool
) -> None:
    """Also when the session is another's by then, and the price has moved."""
    desk.cycle({"Trend": BUY})
    broker, record_fills = desk.paper(), desk.client.record_fills

    def crash(fills: Any) -> Any:
        if is_booked:
            record_fills(fills)
        raise Crash

    monkeypatch.setattr(desk.client, "record_fills", crash)
    with pytest.raises(Crash):
        desk.loop(broker).run_once()
    monkeypatch.undo()
    assert len(desk.ledger()) == is_booked
    desk.cycle({"Trend": {"action": "HOLD"}})
    desk.loop(broker).run_once()
    [fill] = desk.ledger()
    assert fill["qty"] == pytest.approx(broker.position("SPY"))


def test_a_crash_before_the_order_gives_the_reservation_back_once_the_session_is_over(desk: Desk) -> None:
    nonce = desk.cycle({"Trend": BUY})["Trend"]["nonce"]
    broker = desk.paper()
    with pytest.raises(Crash):
        desk.loop(Interrupted(broker, is_taken=False)).run_once()
    desk.cycle({"Trend": {"action": "HOLD"}})
    desk.loop(broker).run_once()
    assert desk.redemptions()[nonce]["status"] == "RESERVED", "its order may still turn up"
    desk.loop(broker, now=lambda: utc_now() + timedelta(minutes=10)).run_once()
    assert desk.redemptions()[nonce]["status"] == "RELEASED"
    assert (desk.ledger(), broker.position("SPY")) == ([], 0.0)


def test_a_client_that_lost_its_memory_trades_nothing_twice(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.cycle({"Trend": BUY})
    with pytest.raises(Crash):
        desk.loop(Interrupted(desk.paper(), is_taken=False)).run_once()
    broker = desk.paper()
    TradingLoop(desk.client, broker, Journal(Store())).run_once()
    assert (desk.ledger(), broker.position("SPY")) == ([], 0.0)
    assert any("ALREADY_REDEEMED" in line for line in said(caplog))


def test_a_client_that_lost_its_memory_finds_its_order_and_books_it(desk: Desk) -> None:
    desk.cycle({"Trend": BUY})
    broker = desk.paper()
    with pytest.raises(Crash):
        desk.loop(Interrupted(broker, is_taken=True)).run_once()
    TradingLoop(desk.client, broker, Journal(Store())).run_once()
    [fill] = desk.ledger()
    assert fill["qty"] == pytest.approx(broker.position("SPY"))


def test_one_of_two_clients_trades(desk: Desk) -> None:
    desk.cycle({"Trend": BUY})
    brokers = [PaperBroker(PRICES.__getitem__), PaperBroker(PRICES.__getitem__)]
    for broker in brokers:
        TradingLoop(desk.client, broker, Journal(Store())).run_once()
    assert sorted(broker.position("SPY") > 0 for broker in brokers) == [False, True]
    assert len(desk.ledger()) == 1


def test_a_late_signal_is_not_traded(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The server redeems it, but by the time it is ours it is too old to trade."""
    nonce = desk.cycle({"Trend": BUY})["Trend"]["nonce"]
    desk.loop(now=lambda: utc_now() + timedelta(minutes=6)).run_once()
    assert desk.redemptions()[nonce]["status"] == "RELEASED"
    assert desk.ledger() == []


# Brokers


def test_a_rejected_order_gives_its_reservation_back(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    nonce = desk.cycle({"Trend": BUY})["Trend"]["nonce"]
    desk.loop(desk.paper(cash=100.0)).run_once()
    assert any("the broker rejected the order: insufficient buying power" in line for line in said(caplog))
    assert desk.redemptions()[nonce]["status"] == "RELEASED"
    assert desk.ledger() == []


def test_one_signal_without_a_price_leaves_the_others_be(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    def price(symbol: str) -> float:
        if symbol != "SPY":
            raise QuotesError(f"no price of {symbol}")
        return 450.0

    desk.cycle({"A": {**BUY, "ticker": "QQQ"}, "B": BUY})
    desk.loop(PaperBroker(price)).run_once()
    assert "A: no price of QQQ" in said(caplog)
    assert [fill["strategy_id"] for fill in desk.ledger()] == ["B"]
    assert len(desk.redemptions()) == 1, "nothing is reserved for what cannot be traded"


@pytest.fixture
def alpaca() -> Iterator[tuple[Alpaca, AlpacaBroker]]:
    account = Alpaca(is_filling=False)
    with serving(account) as server:
        yield account, AlpacaBroker("key", "secret", url_override=server.url, data_url_override=server.url)


def test_partial_fills_at_alpaca_are_booked_as_they_come(desk: Desk, alpaca: tuple[Alpaca, AlpacaBroker]) -> None:
    account, broker = alpaca
    nonce = desk.cycle({"Trend": BUY})["Trend"]["nonce"]
    desk.loop(broker).run_once()
    qty = float(account.orders[nonce]["qty"])
    assert qty == pytest.approx(0.4 * BUYING_POWER / 450)
    for filled, status in [(10, "partially_filled"), (10, "partially_filled"), (qty, "filled")]:
        account.fill(nonce, filled, 450.0, status)
        desk.loop(broker).run_once()
    assert [fill["qty"] for fill in desk.ledger()] == [10.0, pytest.approx(qty - 10)]
    assert desk.redemptions()[nonce]["status"] == "FILLED"
    assert len(account.orders) == 1


def test_a_buy_is_not_repeated_while_its_order_is_open(desk: Desk, alpaca: tuple[Alpaca, AlpacaBroker]) -> None:
    account, broker = alpaca
    loop = desk.loop(broker)
    for allocation in (0.2, 0.2):
        desk.cycle({"Trend": {**BUY, "allocation": allocation}, "Other": {**BUY, "ticker": "QQQ", "allocation": 0.1}})
        loop.run_once()
    assert sorted(order["symbol"] for order in account.orders.values()) == ["QQQ", "SPY"]


def test_a_crash_between_two_partial_fills_books_each_once(
    desk: Desk, alpaca: tuple[Alpaca, AlpacaBroker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger has the first part, the client does not know it, and the order went on."""
    account, broker = alpaca
    nonce = desk.cycle({"Trend": BUY})["Trend"]["nonce"]
    desk.loop(broker).run_once()
    account.fill(nonce, 10, 450.0)
    record_fills = desk.client.record_fills

    def crash(fills: Any) -> Any:
        record_fills(fills)
        raise Crash

    monkeypatch.setattr(desk.client, "record_fills", crash)
    with pytest.raises(Crash):
        desk.loop(broker).run_once()
    monkeypatch.undo()
    account.fill(nonce, 25, 450.0)
    desk.loop(broker).run_once()
    assert [fill["qty"] for fill in desk.ledger()] == [10.0, 15.0]


def test_an_answer_lost_on_the_way_from_alpaca_is_one_order(desk: Desk, alpaca: tuple[Alpaca, AlpacaBroker]) -> None:
    account, broker = alpaca
    account.lost_answers, account.is_filling = 1, True
    desk.cycle({"Trend": BUY})
    loop = desk.loop(broker)
    with pytest.raises(BrokerUnavailable):
        loop.run_once()
    loop.run_once()
    assert len(account.orders) == 1
    assert len(desk.ledger()) == 1


@pytest.mark.parametrize("filled", [0, 10])
def test_a_cancelled_order_gives_back_what_is_not_filled(
    desk: Desk, alpaca: tuple[Alpaca, AlpacaBroker], filled: float
) -> None:
    account, broker = alpaca
    nonce = desk.cycle({"Trend": BUY})["Trend"]["nonce"]
    loop = desk.loop(broker)
    loop.run_once()
    account.fill(nonce, filled, 450.0)
    loop.run_once()
    account.orders[nonce]["status"] = "canceled"
    loop.run_once()
    assert [fill["qty"] for fill in desk.ledger()] == ([10.0] if filled else [])
    assert desk.redemptions()[nonce]["status"] == "RELEASED"
    reserved = desk.client.latest_signals().reserved
    assert reserved == pytest.approx(filled * 450.0)


def test_an_order_that_outlives_its_reservation_is_cancelled(desk: Desk, alpaca: tuple[Alpaca, AlpacaBroker]) -> None:
    account, broker = alpaca
    nonce = desk.cycle({"Trend": BUY})["Trend"]["nonce"]
    desk.loop(broker).run_once()
    desk.loop(broker, now=lambda: utc_now() + timedelta(minutes=16)).run_once()
    assert account.orders[nonce]["status"] == "canceled"
    desk.loop(broker).run_once()
    assert desk.redemptions()[nonce]["status"] == "RELEASED"


# Positions and intent, with the book open


def test_a_short_is_sold_told_and_bought_back_by_intent(desk: Desk, alpaca: tuple[Alpaca, AlpacaBroker]) -> None:
    account, broker = alpaca
    account.is_filling = True
    desk.open_book()
    short = {"action": "SELL", "ticker": "SPY", "allocation": 0.2}
    assert desk.cycle({"Fade": short})["Fade"]["intent"] == "ENTRY"
    desk.loop(broker).run_once()
    whole = 0.2 * BUYING_POWER // 450
    assert desk.book().holding("Fade", "SPY").qty == -whole
    again = desk.cycle({"Fade": {"action": "BUY", "ticker": "SPY", "allocation": 0.05}})["Fade"]
    assert (again["action"], again["intent"]) == ("BUY", "EXIT")
    desk.loop(broker).run_once()
    left = -desk.book().holding("Fade", "SPY").qty
    assert left == pytest.approx(whole - 0.05 * BUYING_POWER / 450), "it covers what the strategy sized, in units"
    assert desk.cycle({"Fade": {"action": "CLOSE_ALL", "ticker": "SPY"}})["Fade"]["intent"] == "EXIT"
    desk.loop(broker).run_once()
    assert (desk.book().holdings, desk.book().orders) == ({}, {})
    assert [fill["side"] for fill in desk.ledger()] == ["sell", "buy", "buy"]
    assert account.positions == {}
    assert {one["status"] for one in desk.redemptions().values()} == {"FILLED"}


def test_an_exit_takes_no_more_than_the_book_has(desk: Desk, alpaca: tuple[Alpaca, AlpacaBroker]) -> None:
    """The account holds units that no strategy bought; a client without a memory does not know whose they are."""
    account, broker = alpaca
    account.is_filling = True
    account.positions["SPY"] = 100.0
    desk.open_book()
    desk.cycle({"Trend": BUY})
    desk.loop(broker).run_once()
    bought = 0.4 * BUYING_POWER / 450
    desk.cycle({"Trend": SELL})
    TradingLoop(desk.client, broker, Journal(Store())).run_once()
    assert [fill["qty"] for fill in desk.ledger()] == [pytest.approx(bought), pytest.approx(bought)]
    assert account.positions["SPY"] == pytest.approx(100.0)
    assert desk.cycle({"Trend": SELL})["Trend"]["reason_code"] == "NOTHING_TO_EXIT"


@pytest.mark.parametrize("filled", [0, 10])
def test_a_cancelled_exit_ends_in_the_book_and_the_next_one_leaves_the_rest(
    desk: Desk, alpaca: tuple[Alpaca, AlpacaBroker], filled: float
) -> None:
    account, broker = alpaca
    account.is_filling = True
    desk.open_book()
    desk.cycle({"Trend": BUY})
    desk.loop(broker).run_once()
    account.is_filling = False
    nonce = desk.cycle({"Trend": SELL})["Trend"]["nonce"]
    desk.loop(broker).run_once()
    assert list(desk.book().orders) == [nonce]
    assert desk.cycle({"Trend": SELL})["Trend"]["reason_code"] == "EXIT_UNDER_WAY"
    account.fill(nonce, filled, 450.0)
    account.orders[nonce]["status"] = "canceled"
    desk.loop(broker).run_once()
    assert desk.book().orders == {}
    held = desk.book().holding("Trend", "SPY").qty
    assert held == pytest.approx(0.4 * BUYING_POWER / 450 - filled)
    account.is_filling = True
    assert desk.cycle({"Trend": SELL})["Trend"]["max_qty"] == pytest.approx(held)
    desk.loop(broker).run_once()
    assert (desk.book().holdings, desk.book().orders, account.positions) == ({}, {}, {})


# The command line, and what the README says of it

README = Path("examples/trading_client/README.md")


@pytest.fixture
def run(desk: Desk, emulators: EmulatorSuite) -> Callable[..., subprocess.Popen[str]]:
    quotes = desk.folder / "quotes.json"
    quotes.write_text(json.dumps({"symbols": {symbol: {"price": price} for symbol, price in PRICES.items()}}))

    def start(*options: str, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "examples.trading_client", "run", "--email", desk.email]
        command += ["--api-url", emulators.function_url("api"), "--market-data", str(quotes), "--interval", "1"]
        command += ["--state", str(desk.folder / "state.sqlite"), *options]
        environment = {**os.environ, "COLUMNS": "200", "MAESTRO_PASSWORD": desk.password, **environment}
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)

    return start


def test_the_command_line_trades_once(desk: Desk, run: Callable[..., subprocess.Popen[str]]) -> None:
    nonce = desk.cycle({"Trend": BUY})["Trend"]["nonce"]
    for _ in range(2):
        process = run("--once")
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert nonce not in errors
        assert desk.password not in errors
    assert [fill["nonce"] for fill in desk.ledger()] == [nonce]
    market_data = desk.db.document("tenants", TENANT, "market_data", "latest").get().to_dict() or {}
    assert market_data["symbols"]["SPY"]["price"] == 450.0


def test_ctrl_c_ends_after_the_round(desk: Desk, run: Callable[..., subprocess.Popen[str]]) -> None:
    desk.cycle({"Trend": BUY})
    process = run()
    deadline = time.monotonic() + 60
    while not desk.ledger() and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Stopped after a whole round" in errors
    assert "Traceback" not in errors
    assert len(desk.ledger()) == 1


KEYS = {"APCA_API_KEY_ID": "key", "APCA_API_SECRET_KEY": "secret"}


@pytest.mark.parametrize(
    ("options", "environment", "message"),
    [
        (["--once"], {"MAESTRO_PASSWORD": "wrong"}, "INVALID"),
        (["--once", "--api-url", "nonsense"], {}, "nonsense is not an address of an API"),
        (["--broker", "alpaca"], {"APCA_API_KEY_ID": "key"}, "needs the environment variable APCA_API_SECRET_KEY"),
        (["--broker", "alpaca", "--broker-url", "http://127.0.0.1:1", "--live"], KEYS, "--broker-url takes no --live"),
        (["--once", "--market-data", "/nowhere.json"], {}, "'/nowhere.json' does not exist"),
        (["--once", "--market-data", "pyproject.toml"], {}, "pyproject.toml is not a file of quotes"),
    ],
    ids=["password", "address", "alpaca-keys", "live-elsewhere", "no-quotes", "bad-quotes"],
)
def test_what_is_wrong_is_told_in_a_line(
    desk: Desk,
    run: Callable[..., subprocess.Popen[str]],
    options: list[str],
    environment: dict[str, str],
    message: str,
) -> None:
    process = run(*options, **environment)
    _, errors = process.communicate(timeout=60)
    assert message in errors.replace("\n", " ")
    assert "Traceback" not in errors
    expected = {"'/nowhere.json' does not exist": 2, "pyproject.toml is not a file of quotes": 0}  # it trades without
    assert process.returncode == expected.get(message, 1)


def test_two_clients_do_not_share_a_memory(desk: Desk, run: Callable[..., subprocess.Popen[str]]) -> None:
    store = Store(desk.folder / "state.sqlite")
    process = run("--once")
    _, errors = process.communicate(timeout=60)
    store.close()
    assert process.returncode == 1
    assert "does another trading client run on it" in errors


def test_the_readmes_first_steps_work(
    emulators: EmulatorSuite, desk: Desk, run: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    blocks = re.findall(r"```(\w+)\n(.*?)```", README.read_text(), re.DOTALL)
    [member] = [text for kind, text in blocks if kind == "python" and "create_user" in text]
    environment = {**os.environ, **emulators.env, "MAESTRO_PASSWORD": "let-me-in"}
    subprocess.run([sys.executable, "-c", member], check=True, env=environment, timeout=60)
    [quotes] = [text for kind, text in blocks if kind == "json"]
    (tmp_path / "quotes.json").write_text(quotes)
    options = ["--once", "--orchestrate", "--email", "ann@example.com"]
    process = run(*options, "--market-data", str(tmp_path / "quotes.json"), MAESTRO_PASSWORD="let-me-in")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "🎭 Maestro: Maestro weighed" in errors
    assert "ERROR" not in errors
    market_data = desk.db.document("tenants", "my-tenant", "market_data", "latest").get().to_dict() or {}
    assert set(market_data["symbols"]) == set(json.loads(quotes)["symbols"])
    decisions = [one.to_dict() or {} for one in paths.orchestration_logs(desk.db).stream()]
    [decision] = [one for one in decisions if one["tenant_id"] == "my-tenant"]
    assert decision["input_issues"] == [], "the account was there before the cycle"


def test_every_option_the_readme_names_exists() -> None:
    shown = "".join(
        subprocess.run(
            [sys.executable, "-m", "examples.trading_client", command, "--help"],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
            timeout=60,
        ).stdout
        for command in ("run", "leave")
    )
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README.read_text())) - {"--help"}
    assert named <= set(re.findall(r"--[a-z][a-z-]+", shown))
