"""Firestore really stops behind the API, in the middle of a client's round, and comes back with its data."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from google.cloud.firestore import Client

from examples.trading_client.brokers import PaperBroker
from examples.trading_client.client import MaestroClient
from examples.trading_client.errors import OutOfReach, Unavailable
from examples.trading_client.journal import Journal
from examples.trading_client.leave import leave_known
from examples.trading_client.orders import Account
from examples.trading_client.sign_in import SignIn
from tests.emulator.strategies.test_facade import TENANT
from tests.members import create_member, create_tenant
from tests.servers.api.deployed import ANSWER_SECONDS, deployed_api
from tests.servers.trading_client.test_loop_emulator import BUY, SELL, Desk
from tools.emulator_suite import EmulatorSuite
from tools.prerequisites import ROOT
from tools.processes import descendants

REQUEST_SECONDS = 5.0
"""How long the client asks; the API asks Firestore for longer."""


@dataclass(frozen=True)
class Firestore:
    """The emulator's own process."""

    pid: int

    @classmethod
    def of(cls, suite: EmulatorSuite) -> Firestore:
        port = suite.host("firestore").split(":")[1]
        [pid] = [pid for pid in descendants(os.getpid()) if _is_firestore(pid, port)]
        return cls(pid)

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


def _is_firestore(pid: int, port: str) -> bool:
    with contextlib.suppress(FileNotFoundError):  # it ended meanwhile
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        return "firestore" in " ".join(words) and port in {word.removeprefix("--port=") for word in words}
    return False


class Stopping:
    """A broker that is asked for the account once the signals are there: that moment, Firestore stops."""

    def __init__(self, broker: PaperBroker, firestore: Firestore) -> None:
        self._broker = broker
        self._firestore = firestore

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    def account(self) -> Account:
        self._firestore.stop()
        return self._broker.account()


@pytest.fixture
def emulator(accounts: EmulatorSuite) -> Iterator[Firestore]:
    emulator = Firestore.of(accounts)
    try:
        yield emulator
    finally:
        emulator.go_on()


@pytest.fixture
def api_url(accounts: EmulatorSuite, emulator: Firestore) -> Iterator[str]:
    """Serve the API in a process of its own."""
    with deployed_api(ROOT, accounts) as port:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            emulator.go_on()


@pytest.fixture
def desk(
    accounts: EmulatorSuite, api_url: str, db: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> Iterator[Desk]:
    """A desk at the API as it is deployed; Trend holds SPY in its book, and proposes to leave it next."""
    caplog.set_level(logging.INFO, logger="trading_client")
    create_tenant(db, TENANT)
    member = create_member(accounts, TENANT)
    signed_in = SignIn(member.email, member.password, emulator_host=accounts.host("auth"))
    limits = {"timeout_seconds": REQUEST_SECONDS, "retry_seconds": REQUEST_SECONDS}
    with MaestroClient(api_url, signed_in, **limits) as client:
        desk = Desk(db, client, tmp_path, member.email, member.password)
        desk.open_book()
        desk.cycle({"Trend": BUY})
        desk.loop().run_once()
        assert desk.book().holding("Trend", "SPY").qty == desk.paper().position("SPY") > 0
        yield desk


def sells(desk: Desk) -> list[dict[str, Any]]:
    return [fill for fill in desk.ledger() if fill["side"] == "sell"]


def test_an_exit_goes_while_firestore_is_stopped_and_is_booked_once_when_it_is_back(
    desk: Desk, emulator: Firestore, caplog: pytest.LogCaptureFixture
) -> None:
    issued = desk.cycle({"Trend": SELL, "Other": {**BUY, "ticker": "QQQ"}})
    nonce, broker = issued["Trend"]["nonce"], desk.paper()
    held = broker.position("SPY")
    with pytest.raises(OutOfReach) as caught:
        desk.loop(Stopping(broker, emulator)).run_once()
    assert [(one.strategy_id, one.side, one.filled_qty) for one in caught.value.exits] == [("Trend", "sell", held)]
    assert (broker.position("SPY"), broker.position("QQQ")) == (0.0, 0.0)
    assert re.search(rf"Trend: sent without Maestro: sell {held:g} SPY, order {nonce[:8]}\.\.\.", caplog.text)
    with pytest.raises(OutOfReach) as caught:
        desk.loop(broker).run_once()
    assert caught.value.exits == (), "once"
    cash = broker.account().cash or 0.0
    emulator.go_on()
    assert (sells(desk), desk.book().holding("Trend", "SPY").qty) == ([], held), "Maestro has not heard of it"
    for _ in range(2):
        desk.loop(broker).run_once()
    [fill] = sells(desk)
    assert (fill["strategy_id"], fill["nonce"], fill["qty"]) == ("Trend", nonce, held)
    assert desk.redemptions()[nonce]["status"] == "FILLED"
    book = desk.book()
    assert ("Trend", "SPY") not in book.holdings
    assert book.orders == {}
    assert broker.position("SPY") == 0.0
    assert broker.position("QQQ") > 0, "the entry waited, and was redeemed"
    assert cash > (broker.account().cash or 0.0)


def test_the_api_says_so_itself_to_who_waits_long_enough(desk: Desk, api_url: str, emulator: Firestore) -> None:
    signed_in = SignIn(desk.email, desk.password, emulator_host=os.environ["FIREBASE_AUTH_EMULATOR_HOST"])
    headers = {"Authorization": f"Bearer {signed_in.token()}"}
    emulator.stop()
    answer = requests.post(f"{api_url}/v1/signals/{'0' * 32}/redeem", headers=headers, timeout=ANSWER_SECONDS)
    assert (answer.status_code, answer.json()["reason_code"]) == (503, "STORE_UNAVAILABLE")


def test_switched_off_the_exit_waits_for_firestore(desk: Desk, emulator: Firestore) -> None:
    nonce = desk.cycle({"Trend": SELL, "Other": {**BUY, "ticker": "QQQ"}})["Trend"]["nonce"]
    broker = desk.paper()
    held = broker.position("SPY")
    with pytest.raises(Unavailable) as caught:
        desk.loop(Stopping(broker, emulator), exits_without_maestro=False).run_once()
    assert not isinstance(caught.value, OutOfReach)
    assert (broker.position("SPY"), broker.position("QQQ")) == (held, 0.0)
    assert broker.find_order(nonce) is None
    emulator.go_on()
    desk.loop(broker, exits_without_maestro=False).run_once()
    assert [(fill["nonce"], fill["qty"]) for fill in sells(desk)] == [(nonce, held)]
    assert ("Trend", "SPY") not in desk.book().holdings


def test_what_an_operator_leaves_while_firestore_is_stopped_is_booked_once_when_it_is_back(
    desk: Desk, emulator: Firestore
) -> None:
    broker = desk.paper()
    held = broker.position("SPY")
    emulator.stop()
    for _ in range(2):
        leave_known(broker, Journal(desk.store("journal.sqlite")), is_sent=True)
    assert broker.position("SPY") == 0.0
    emulator.go_on()
    for _ in range(2):
        desk.loop(broker).run_once()
    [fill] = sells(desk)
    assert (fill["strategy_id"], fill["nonce"], fill["qty"]) == ("Trend", None, held)
    assert ("Trend", "SPY") not in desk.book().holdings


def test_a_redemption_whose_answer_was_lost_is_this_clients_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit goes without it; both are of one nonce, and meet when Maestro answers again."""
    nonce = desk.cycle({"Trend": SELL})["Trend"]["nonce"]
    broker, redeem = desk.paper(), desk.client.redeem
    held = broker.position("SPY")

    def unheard(nonce: str, idempotency_key: str | None = None) -> None:
        redeem(nonce, idempotency_key)
        raise Unavailable(0, "NO_ANSWER", "no answer")

    monkeypatch.setattr(desk.client, "redeem", unheard)
    with pytest.raises(OutOfReach) as caught:
        desk.loop(broker).run_once()
    assert len(caught.value.exits) == 1
    assert desk.redemptions()[nonce]["status"] == "RESERVED"
    monkeypatch.undo()
    for _ in range(2):
        desk.loop(broker).run_once()
    assert [(fill["nonce"], fill["qty"]) for fill in sells(desk)] == [(nonce, held)]
    assert desk.redemptions()[nonce]["status"] == "FILLED"
    assert (desk.book().holdings, desk.book().orders) == ({}, {})
