"""An operator leaves what the client knows without Maestro: its strategies' own, once; and the command line."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.trading_client.journal import Journal
from examples.trading_client.leave import leave_known
from examples.trading_client.models import utc_now
from examples.trading_client.orders import BrokerUnavailable
from examples.trading_client.settlement import GRACE
from examples.trading_client.store import Store
from tests.servers.trading_client.servers import Asked, Reply, Server, problem, serving
from tests.servers.trading_client.test_loop_intents import PRICE, Desk, open_desk
from tests.servers.trading_client.test_without_maestro import Crash, FailingApi, Interrupted


@pytest.fixture
def desk(caplog: pytest.LogCaptureFixture) -> Iterator[Desk]:
    caplog.set_level(logging.INFO, logger="trading_client")
    with open_desk() as desk:
        yield desk


def hold(desk: Desk) -> None:
    """Let two strategies hold parts of SPY beside somebody's own, and one be short of QQQ."""
    desk.alpaca.positions = {"SPY": 100.0}
    desk.enter(10)
    desk.enter(6, "Other")
    desk.trade(desk.signal("SELL", "ENTRY", "Fade", ticker="QQQ", notional=5 * PRICE))
    desk.api.signals = []


def leave(desk: Desk, *strategies: str, is_sent: bool = True, **options: Any) -> list[tuple[str, str, float]]:
    """Return what became of it at the broker."""
    before = len(desk.alpaca.orders)
    leave_known(desk.broker, Journal(desk.store), strategies, is_sent=is_sent, **options)
    return [(one["symbol"], one["side"], float(one["qty"])) for one in list(desk.alpaca.orders.values())[before:]]


def test_everything_that_is_known_is_left_once_and_nothing_else(desk: Desk) -> None:
    hold(desk)
    asked = len(desk.server.requests)
    assert leave(desk) == [("SPY", "sell", 10.0), ("SPY", "sell", 6.0), ("QQQ", "buy", 5.0)]
    assert leave(desk) == []
    assert (desk.alpaca.positions, desk.holdings) == ({"SPY": 100.0}, {})
    assert len(desk.server.requests) == asked, "Maestro is not asked"
    desk.run()
    desk.run()
    told = [(one["strategy_id"], one["side"], one["qty"], one["nonce"]) for one in desk.api.fills[3:]]
    assert told == [("Trend", "sell", 10.0, None), ("Other", "sell", 6.0, None), ("Fade", "buy", 5.0, None)]
    assert (desk.open_trades, desk.api.released, len(desk.redeemed)) == (0, [], 3)


def test_without_the_word_it_only_shows(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    hold(desk)
    assert leave(desk, "Fade", is_sent=False) == []
    assert caplog.messages[-2:] == ["Fade: would buy 5 QQQ", "Nothing was sent: add --send"]
    assert leave(desk, "Fade") == [("QQQ", "buy", 5.0)]
    assert desk.holdings == {("Trend", "SPY"): 10.0, ("Other", "SPY"): 6.0}


def test_an_exit_at_work_is_not_sent_again(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.enter(10)
    desk.enter(6, "Other")
    desk.alpaca.is_filling = False
    desk.trade(desk.signal("SELL", "EXIT", max_qty=10.0), max_qty=10.0)
    assert leave(desk) == [("SPY", "sell", 6.0)]
    assert "Trend: no exit: another exit of SPY is under way" in caplog.text
    assert leave(desk) == []


def test_what_is_not_at_the_broker_any_more_is_not_sold(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.enter(10)
    desk.alpaca.positions = {}
    assert leave(desk) == []
    assert "Trend: no exit: 10 SPY on record, none of it free at the broker" in caplog.text


@pytest.mark.parametrize("is_taken", [False, True], ids=["before-the-order", "after-the-order"])
@pytest.mark.parametrize("error", [Crash(), BrokerUnavailable("no answer")], ids=["crash", "no-answer"])
def test_cut_short_it_goes_on_when_it_is_called_again(desk: Desk, is_taken: bool, error: BaseException) -> None:
    desk.enter(10)
    with pytest.raises(type(error)):
        leave_known(Interrupted(desk.broker, is_taken, error), Journal(desk.store), is_sent=True)
    leave(desk)
    assert desk.orders == [("buy", 10.0), ("sell", 10.0)]
    assert desk.holdings == {}
    desk.api.signals = []
    desk.run()
    assert (len(desk.api.fills), desk.open_trades) == (2, 0)


def test_an_order_that_was_never_sent_is_given_up_without_asking_maestro(desk: Desk) -> None:
    desk.enter(10)
    desk.api.signals = []
    with pytest.raises(Crash):
        leave_known(Interrupted(desk.broker, False, Crash()), Journal(desk.store), is_sent=True)
    desk.run()
    assert desk.open_trades == 1
    desk.run(lambda: utc_now() + 7 * GRACE)
    assert (desk.open_trades, desk.api.released) == (0, [])


# The command line


@dataclass
class SigningIn:
    """An API that signs in, too."""

    api: FailingApi

    def __call__(self, asked: Asked) -> Reply:
        if asked.path.endswith("signInWithPassword"):
            return Reply(200, {"idToken": "token", "refreshToken": "again", "expiresIn": "3600"})
        return self.api(asked)


@dataclass
class Command:
    """The command line at an API that a test makes fail."""

    api: FailingApi
    server: Server
    state: Path
    quotes: Path

    def __call__(self, name: str, *options: str, **environment: str) -> tuple[int, str]:
        words = [sys.executable, "-m", "examples.trading_client", name, "--api-url", self.server.url]
        words += ["--email", "ann@example.com", "--state", str(self.state), "--market-data", str(self.quotes), *options]
        environment = {**os.environ, "MAESTRO_PASSWORD": "pass", **environment}
        environment |= {"FIREBASE_AUTH_EMULATOR_HOST": self.server.host}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)
        return done.returncode, done.stderr

    def holdings(self) -> dict[tuple[str, str], float]:
        store = Store(self.state)
        try:
            return Journal(store).holdings()
        finally:
            store.close()


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    """Trend holds 10 SPY, and Maestro issues its exit."""
    quotes = tmp_path / "quotes.json"
    quotes.write_text(json.dumps({"symbols": {"SPY": {"price": PRICE}}}))
    api = FailingApi(failing={"/market-data": Reply(200, {})})
    common = {"strategy_name": "Trend", "ticker": "SPY", "mode": "ACTIVE", "allocation": 0.1}
    common |= {"original_allocation": 0.1, "agent_id": "acme_Trend"}
    api.signals = [common | {"action": "BUY", "intent": "ENTRY", "notional": 10 * PRICE, "nonce": "0" * 32}]
    with serving(SigningIn(api)) as server:
        command = Command(api, server, tmp_path / "state.sqlite", quotes)
        assert command("run", "--once")[0] == 0
        api.signals = [common | {"action": "SELL", "intent": "EXIT", "max_qty": 10.0, "nonce": "1" * 32}]
        api.max_qty = 10.0
        assert command.holdings() == {("Trend", "SPY"): 10.0}
        yield command


@pytest.mark.parametrize(
    ("options", "environment", "is_sent"),
    [
        ([], {}, True),
        (["--no-exits-without-maestro"], {}, False),
        ([], {"MAESTRO_EXITS_WITHOUT_MAESTRO": "false"}, False),
    ],
    ids=["by-default", "option", "environment"],
)
def test_run_sends_known_exits_without_maestro_unless_told_not_to(
    command: Command, options: list[str], environment: dict[str, str], is_sent: bool
) -> None:
    command.api.failing["/redeem"] = problem(500, "STORE_REFUSED")
    code, errors = command("run", "--once", *options, **environment)
    assert code == 1
    assert "STORE_REFUSED" in errors
    assert ("exits sent without Maestro: Trend sell SPY" in errors.replace("\n", " ")) is is_sent
    assert command.holdings() == ({} if is_sent else {("Trend", "SPY"): 10.0})
    command.api.failing.pop("/redeem")
    assert command("run", "--once", *options, **environment)[0] == 0
    assert [(one["side"], one["qty"]) for one in command.api.fills] == [("buy", 10.0), ("sell", 10.0)]


@pytest.mark.parametrize("at", ["/market-data", "/orchestrations"])
def test_a_round_that_ends_before_its_signals_sends_what_the_last_one_knew(command: Command, at: str) -> None:
    command.api.failing["/account"] = problem(500, "STORE_REFUSED")
    assert command("run", "--once", "--no-exits-without-maestro")[0] == 1
    command.api.failing[at] = problem(500, "STORE_REFUSED")
    assert command("run", "--once", "--orchestrate")[0] == 1
    assert command.holdings() == {}


def test_leave_needs_no_maestro(command: Command) -> None:
    asked = len(command.server.requests)
    code, errors = command("leave", "--strategy", "Trend")
    assert (code, "Trend: would sell 10 SPY" in errors) == (0, True)
    code, errors = command("leave", "--strategy", "Trend", "--send")
    assert (code, "Trend: sent without Maestro: sell 10 SPY" in errors) == (0, True)
    assert command.holdings() == {}
    assert len(command.server.requests) == asked


def test_leave_waits_for_the_client_that_holds_the_file_to_end(command: Command) -> None:
    store = Store(command.state)
    code, errors = command("leave", "--send")
    store.close()
    assert (code, "does another trading client run on it" in errors.replace("\n", " ")) == (1, True)
