"""Many clients at once, on the real Firestore emulator: the invariants that money depends on (docs/invariants.md)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from functions.adapters.firestore import paths
from functions.adapters.firestore.errors import translated_errors
from functions.adapters.firestore.trading_store import FirestoreTradingStore
from functions.adapters.system import SystemClock, jittered_pause
from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.trading.reservations import CurrentSession
from functions.services.kernel.commits import Commits
from functions.services.trading.redeem_signals import RedeemSignals
from tests.emulator.api.conftest import BUYING_POWER, Caller, Desk

T = TypeVar("T")

ROUNDS = 5
CLIENTS = 64
CYCLES = 4


def at_once(clients: int, call: Callable[[int], T]) -> list[T]:
    """Call from many threads that start together."""
    start = threading.Barrier(clients)

    def one(number: int) -> T:
        start.wait()
        return call(number)

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(one, range(clients)))


@contextmanager
def ending(is_over: threading.Event) -> Iterator[None]:
    """Let threads end with the test, also when it fails."""
    try:
        yield
    finally:
        is_over.set()


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_64_clients_on_eight_instances_exactly_one_wins(desk: Desk, round_: int) -> None:
    instances = [redeeming_instance(desk) for _ in range(8)]
    nonce = desk.cycle()["Trend" if round_ % 2 else "Exit"]["nonce"]

    def client(number: int) -> str:
        try:
            return str(instances[number % 8].redeem("acme", "ann", nonce, f"client-{number}", {}).status)
        except RefusedError as error:
            return str(error.reason_code)

    answers = at_once(CLIENTS, client)
    assert sorted(answers) == ["ALREADY_REDEEMED"] * (CLIENTS - 1) + ["RESERVED"]
    current = CurrentSession.from_document(paths.current_session(desk.db, "acme").get().to_dict())
    assert current.held(datetime.now(UTC)) == (30_000.0 if round_ % 2 else 0.0)


def test_eight_instances_together_never_reserve_more_than_there_is(desk: Desk) -> None:
    instances = [redeeming_instance(desk) for _ in range(8)]
    big = {f"S{number}": {"action": "BUY", "ticker": "AAPL", "allocation": 0.03} for number in range(32)}
    spent = desk.cycle({"First": {"action": "BUY", "ticker": "AAPL", "allocation": 0.5}})["First"]["nonce"]
    instances[0].redeem("acme", "ann", spent, None, {})
    nonces = [signal["nonce"] for signal in desk.cycle(big).values()]
    refusals: set[ReasonCode] = set()

    def client(number: int) -> float:
        try:
            return instances[number % 8].redeem("acme", "ann", nonces[number], None, {}).notional
        except RefusedError as error:
            refusals.add(error.reason_code)
            return 0.0

    reserved = at_once(32, client)
    assert sum(reserved) == 16 * 3_000.0, "as many as half the account pays for, and not one more"
    assert refusals == {ReasonCode.INSUFFICIENT_BUYING_POWER}


def redeeming_instance(desk: Desk) -> RedeemSignals:
    """Return what one instance of the function has: the store is all it shares with others."""
    return RedeemSignals(FirestoreTradingStore(desk.db), SystemClock(), Commits(jittered_pause))


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_64_clients_on_one_nonce_exactly_one_wins(desk: Desk, trader: Caller, round_: int) -> None:
    nonce = desk.cycle()["Trend" if round_ % 2 else "Exit"]["nonce"]
    keys = [{"Idempotency-Key": f"client-{number}"} for number in range(CLIENTS)]
    answers = at_once(CLIENTS, lambda n: trader("POST", f"signals/{nonce}/redeem", headers=keys[n]))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * (CLIENTS - 1)
    assert {answer.get_json()["reason_code"] for answer in answers if answer.status_code == 409} == {"ALREADY_REDEEMED"}
    winner = next(number for number, answer in enumerate(answers) if answer.status_code == 200)
    again = trader("POST", f"signals/{nonce}/redeem", headers=keys[winner])
    assert again.get_json() == answers[winner].get_json()


def test_reserved_notional_never_exceeds_buying_power_while_cycles_go_on(desk: Desk, trader: Caller) -> None:
    """50 clients redeem whole sessions, each session worth the whole account, while new cycles commit."""
    names = [f"S{number}" for number in range(50)]
    proposed = {name: {"action": "BUY", "ticker": "AAPL", "allocation": 0.02} for name in names}
    seen: list[float] = []
    statuses: list[tuple[int, str]] = []
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.is_set():
            current = CurrentSession.from_document(paths.current_session(desk.db, "acme").get().to_dict())
            assert current.buying_power.usd in (None, BUYING_POWER)
            seen.append(current.held(datetime.now(UTC)))

    sessions = [desk.cycle(proposed)]
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()

    def client(number: int) -> None:
        is_last = False
        while not is_last and not is_over.is_set():
            is_last = len(sessions) == CYCLES
            nonce = sessions[-1][names[number]]["nonce"]
            answer = trader("POST", f"signals/{nonce}/redeem")
            statuses.append((answer.status_code, (answer.get_json() or {}).get("reason_code", "")))

    with ThreadPoolExecutor(50) as pool, ending(is_over):
        clients = [pool.submit(client, number) for number in range(50)]
        while len(sessions) < CYCLES:
            while len(statuses) < 20 * len(sessions):  # some get through before the next cycle
                time.sleep(0.005)
            sessions.append(desk.cycle(proposed))
        for one in clients:
            one.result()
    watcher.join()
    reasons = {reason for status, reason in statuses if status != 200}
    assert reasons <= {"INSUFFICIENT_BUYING_POWER", "SESSION_SUPERSEDED", "ALREADY_REDEEMED"}
    assert "INSUFFICIENT_BUYING_POWER" in reasons, "the test must come to the limit"
    assert max(seen) <= BUYING_POWER * (1 + 1e-9)
    redeemed = [one.to_dict() or {} for one in desk.db.collection("tenants", "acme", "redemptions").stream()]
    assert sum(one["notional"] for one in redeemed) <= BUYING_POWER * (1 + 1e-9)
    assert len(redeemed) == sum(status == 200 for status, _ in statuses)


def test_the_same_fills_from_many_clients_are_recorded_once(desk: Desk, trader: Caller) -> None:
    trend = desk.cycle()["Trend"]
    trader("POST", f"signals/{trend['nonce']}/redeem")
    fills = [
        {
            "strategy_id": "Trend",
            "symbol": "AAPL",
            "side": "buy",
            "qty": 10,
            "price": 100.0,
            "ts": datetime.now(UTC).isoformat(),
            "nonce": trend["nonce"],
            "broker_fill_id": f"b{number}",
        }
        for number in range(10)
    ]
    answers = at_once(16, lambda n: trader("POST", "fills", json={"fills": fills[n % 5 :] + fills[: n % 5]}))
    assert {answer.status_code for answer in answers} == {200}
    results = [one["status"] for answer in answers for one in answer.get_json()["results"]]
    assert (results.count("RECORDED"), results.count("DUPLICATE")) == (10, 150)
    redemption = paths.redemption(desk.db, "acme", trend["nonce"]).get().to_dict() or {}
    assert (redemption["fills"], redemption["filled_qty"], redemption["filled_notional"]) == (10, 100.0, 10_000.0)
    assert len(list(paths.ledger_trades(desk.db, "acme").stream())) == 10


def test_preconditions_bear_contention(desk: Desk) -> None:
    """Eight writers of one document all get through, each in well under the seconds a locking transaction takes."""

    reference = paths.current_session(desk.db, "acme")
    reference.set({"count": 0})

    def add_one() -> None:
        snapshot = reference.get()
        with translated_errors("counting"):
            option = desk.db.write_option(last_update_time=snapshot.update_time)
            reference.update({"count": snapshot.get("count") + 1}, option=option)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: Commits(jittered_pause).run("acme", add_one), range(40)))
    assert reference.get().get("count") == 40
