"""The API's part of the benchmark: redemptions and cycles over HTTP, and what many writers of one document cost."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from statistics import quantiles
from typing import Any

import requests
from google.api_core.exceptions import Aborted, FailedPrecondition
from google.cloud import firestore
from google.cloud.firestore import Client, DocumentReference

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import firestore_client
from functions.adapters.firestore.errors import translated_errors
from functions.adapters.system import jittered_pause
from functions.domain.access.roles import Role
from functions.domain.kernel.errors import RefusedError
from functions.services.kernel.commits import Commits
from functions.strategies.maestro_controller import MaestroController
from tools.access import manage_members, manage_tenants, random_password
from tools.emulator_suite import EmulatorSuite

TENANT = "bench"
CLIENTS = (1, 8, 32)
REDEMPTIONS = 64
CYCLES = 32
WRITERS = 8
_WAIT_SECONDS = 60


@dataclass(frozen=True)
class Latencies:
    """What clients waited for."""

    seconds: list[float]
    elapsed: float
    """From the first request to the last answer."""

    def percentile(self, percent: int) -> float:
        return quantiles(self.seconds, n=100, method="inclusive")[percent - 1]

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.elapsed


@contextmanager
def environment_of(suite: EmulatorSuite) -> Iterator[None]:
    """Let this process's Firebase clients find the emulators."""
    before = dict(os.environ)
    os.environ.update(suite.env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class ApiBench:
    """One tenant, one trader, and the deployed function in the emulator."""

    def __init__(self, suite: EmulatorSuite) -> None:
        self._db = firestore_client()
        self._url = f"{suite.function_url('api')}/v1"
        self._headers = {"Authorization": f"Bearer {_sign_in(suite)}"}
        self._call("GET", "healthz")  # a cold start would be a different measurement

    def redeem(self, clients: int) -> Latencies:
        """Redeem a session's signals, each once, by so many clients at once."""
        buys = {f"S{n}": {"action": "BUY", "ticker": "AAPL", "allocation": 0.001} for n in range(REDEMPTIONS)}
        paths.current_session(self._db, TENANT).delete()
        controller = MaestroController(self._db, TENANT)
        account = {"equity": 1e6, "buying_power": 1e6}
        quotes = {"AAPL": {"price": 100.0}}
        signals, _ = asyncio.run(controller.orchestrate(buys, market_data=quotes, account_snapshot=account))
        nonces = [signal["nonce"] for signal in signals.values()]
        return self._measure(clients, [partial(self._call, "POST", f"signals/{nonce}/redeem") for nonce in nonces])

    def orchestrate(self, clients: int) -> Latencies:
        """Run cycles on stored inputs, asked for by so many clients at once."""
        as_of = datetime.now(UTC).isoformat()
        history = [100.0 + day % 7 for day in range(260)]
        quotes = {symbol: {"price": history[-1], "history": history} for symbol in ("AAPL", "MSFT", "KO")}
        self._call("PUT", "market-data", {"as_of": as_of, "symbols": quotes})
        self._call("PUT", "account", {"as_of": as_of, "equity": 1e6, "buying_power": 1e6})
        return self._measure(clients, [partial(self._call, "POST", "orchestrations")] * CYCLES)

    def _measure(self, clients: int, calls: list[Callable[[], None]]) -> Latencies:
        def timed(call: Callable[[], None]) -> float:
            started = time.perf_counter()
            call()
            return time.perf_counter() - started

        started = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            seconds = list(pool.map(timed, calls))
        return Latencies(seconds, time.perf_counter() - started)

    def _call(self, method: str, path: str, body: Any = None) -> None:
        answer = requests.request(
            method, f"{self._url}/{path}", json=body, headers=self._headers, timeout=_WAIT_SECONDS
        )
        if not answer.ok:
            raise ValueError(f"{method} {path} answered {answer.status_code}: {answer.text[:200]}")


def _sign_in(suite: EmulatorSuite) -> str:
    email, password = f"{uuid.uuid4().hex}@example.com", random_password()
    manage_tenants(firestore_client()).create(TENANT, None)
    manage_members(firestore_client()).create(TENANT, email, Role.TRADER, password)
    url = f"http://{suite.host('auth')}/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=fake"
    body = {"email": email, "password": password, "returnSecureToken": True}
    return str(requests.post(url, json=body, timeout=_WAIT_SECONDS).json()["idToken"])


def measure_contention(db: Client) -> tuple[Latencies, Latencies]:
    """Return what `WRITERS` of one document wait for, (with preconditions, with locking transactions)."""
    reference = db.document("bench", "contended")
    ways: tuple[Callable[[Client, DocumentReference], None], ...] = (_add_by_precondition, _add_by_transaction)
    found = []
    for add in ways:
        reference.set({"count": 0})

        def timed(_: int, add: Callable[[Client, DocumentReference], None] = add) -> float:
            started = time.perf_counter()
            add(db, reference)
            return time.perf_counter() - started

        started = time.perf_counter()
        with ThreadPoolExecutor(WRITERS) as pool:
            seconds = list(pool.map(timed, range(WRITERS)))
        found.append(Latencies(seconds, time.perf_counter() - started))
    return found[0], found[1]


def _add_by_precondition(db: Client, reference: DocumentReference) -> None:
    def attempt() -> None:
        snapshot = reference.get()
        with translated_errors("counting"):
            unchanged = db.write_option(last_update_time=snapshot.update_time)
            reference.update({"count": snapshot.get("count") + 1}, option=unchanged)

    Commits(jittered_pause).run("bench", attempt)  # each its own: as if in a separate instance


def _add_by_transaction(db: Client, reference: DocumentReference) -> None:
    @firestore.transactional
    def add(transaction: firestore.Transaction) -> None:
        count = reference.get(transaction=transaction).get("count")
        transaction.update(reference, {"count": count + 1})

    try:
        add(db.transaction(max_attempts=3))
    except (Aborted, FailedPrecondition, ValueError, RefusedError):
        return  # it gave up after all its attempts: the time it took counts all the same
