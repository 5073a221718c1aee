"""The API served as it is deployed: by functions-framework, on the threads that `main` asks for."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import requests
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.triggers.api.admission import CYCLES_AT_ONCE
from functions.triggers.serving import SERVING
from tests.members import create_tenant, sign_in
from tests.servers.api.deployed import ANSWER_SECONDS, deployed_api
from tools.emulator_suite import EmulatorSuite
from tools.prerequisites import ROOT

CYCLE_SECONDS = 15
SLOW_STRATEGY = f"""
import time

from functions.strategies.base import BaseStrategy


class Slow(BaseStrategy):
    def evaluate(self, market_data, account_snapshot, regime=None):
        time.sleep({CYCLE_SECONDS})
        return self.hold("at last")
"""


@dataclass(frozen=True)
class Server:
    """A running server, and who may ask it."""

    port: int
    trader: str
    admin: str

    def send(self, method: str, path: str, token: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(
            method, f"http://127.0.0.1:{self.port}/v1/{path}", headers=headers, json=body, timeout=ANSWER_SECONDS
        )


@pytest.fixture
def server(accounts: EmulatorSuite, db: Client, tmp_path: Path) -> Iterator[Server]:
    """Serve the API, with a strategy that takes its time, in a process of its own."""
    create_tenant(db, "acme")
    paths.policy(db, "acme").set({"strategy_timeout_seconds": 2 * CYCLE_SECONDS})
    shutil.copytree(ROOT / "functions", tmp_path / "functions", ignore=shutil.ignore_patterns("venv", "__pycache__"))
    (tmp_path / "functions/strategies/slow.py").write_text(SLOW_STRATEGY)
    with deployed_api(tmp_path, accounts) as port:
        yield Server(port, sign_in(accounts, "acme", "trader"), sign_in(accounts, "acme", "admin"))


def test_slow_calls_up_to_its_concurrency_do_not_hold_up_the_kill_switch(server: Server, db: Client) -> None:
    asked = SERVING["api"].at_once
    with ThreadPoolExecutor(asked) as pool:
        cycles = [pool.submit(server.send, "POST", "orchestrations", server.trader) for _ in range(asked)]
        wait_for(cycles, asked - CYCLES_AT_ONCE)
        halted = server.send("PUT", "trading-state", server.admin, {"state": "HALT", "reason": "3 a.m."})
        assert (halted.status_code, halted.json()["effective"]["trading_state"]) == (HTTPStatus.OK, "HALT")
        unknown = server.send("POST", f"signals/{'0' * 32}/redeem", server.trader)
        assert unknown.json()["reason_code"] == "SIGNAL_UNKNOWN"
        assert not any(cycle.done() and cycle.result().ok for cycle in cycles), "the cycles were still running"
        refused = [cycle.result() for cycle in cycles if cycle.done()]
        assert {one.status_code for one in refused} == {HTTPStatus.TOO_MANY_REQUESTS}
        assert {one.json()["reason_code"] for one in refused} == {"TOO_MANY_REQUESTS"}
        assert all(int(one.headers["Retry-After"]) > 0 for one in refused)
        assert sum(cycle.result().ok for cycle in cycles) == CYCLES_AT_ONCE
    paths.policy(db, "acme").set({"strategy_timeout_seconds": 1.0})  # nobody needs another slow one
    assert server.send("POST", "orchestrations", server.trader).ok, "the places are free again"


RAW_PATHS = [
    *("/v1//policy", "///", "/v1/policy/", "/v1/policy%0a", "/%0a", "/v1/alerts/%0a/ack", "/v1/%ff", "/v1/../v1/nope"),
    *("/robots.txt", "/favicon.ico", "/nope", "/v1/decisions/..%2f..", "//example.com/v1", "/%00", "//v1/nope"),
]


def test_what_the_framework_cannot_route_is_a_problem_document(server: Server) -> None:
    for path, method in itertools.product(RAW_PATHS, ("GET", "POST", "TRACE")):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_SECONDS)
        with contextlib.closing(connection):
            connection.putrequest(method, path)  # as it is: clients tidy paths
            connection.putheader("Authorization", f"Bearer {server.trader}")
            connection.endheaders()
            answer = connection.getresponse()
            body = json.loads(answer.read())
        assert answer.getheader("Content-Type") == "application/problem+json", (method, path)
        assert 400 <= answer.status == body["status"] < 500, (method, path)


def wait_for(cycles: list[Future[requests.Response]], refused: int) -> None:
    give_up = time.monotonic() + CYCLE_SECONDS
    while sum(cycle.done() for cycle in cycles) < refused and time.monotonic() < give_up:
        time.sleep(0.05)
