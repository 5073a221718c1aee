"""Errors of the store, kills and freezes, at any moment: nothing half done, promised twice, or lost."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from tests.emulator.trading.books import Books
from tests.emulator.trading.faults import APPLIED, UNREAD, UNSENT, FaultyClient
from tests.emulator.trading.traders import POLICY, TENANT, Heard, Trader, work_on
from tests.fakes import FakeClock
from tools.emulator_suite import EmulatorSuite

CLIENTS = ("ann", "bob")
"""Rivals for every signal."""
PROCESSES = ("ann", "bob", "ann")
"""Ann asks everything twice at once."""
CYCLES = 100
REDEMPTIONS = 500
PROCESS_CYCLES = 30
PROCESS_REDEMPTIONS = 150
BLOWS, MOST_BLOWS = 10, 60
"""Kills, and as many freezes, at least; of both together at most, so that the slowest machine comes to an end."""


@pytest.mark.parametrize("seed", [1])
def test_errors_before_and_after_commits_leave_nothing_half_done_promised_twice_or_lost(
    own_db: Client, tmp_path: Path, seed: int
) -> None:
    paths.policy(own_db, TENANT).set(POLICY)
    heard, clock = Heard(tmp_path / "heard"), FakeClock(datetime.now(UTC))
    clients = [FaultyClient(own_db.project, f"{seed}-{number}") for number in range(len(CLIENTS))]
    traders = [Trader(db, name, heard, clock) for db, name in zip(clients, CLIENTS, strict=True)]
    with ThreadPoolExecutor(len(traders)) as pool:
        for number in range(CYCLES):
            list(pool.map(Trader.work, traders, [number] * len(traders)))
            if (number + 1) % 20 == 0:
                books = Books.read(own_db)
                books.check(heard, number + 1, clock.time)
            clock.time += timedelta(minutes=5)
    assert len(books.redemptions) >= REDEMPTIONS
    injected = sum((db.faults.injected for db in clients), Counter())
    assert min(injected[fate] for fate in (UNSENT, APPLIED, UNREAD)) >= 50, injected
    assert "INSUFFICIENT_BUYING_POWER" in {reason for reason, _ in heard.lines("refused")}, "it must come to the limit"


@dataclass
class Crew:
    """Clients in processes of their own, each at its place until it has done all cycles."""

    start: Callable[[int], ForkServerProcess]
    blows: Counter[str] = field(default_factory=Counter)

    def work(self, choose: random.Random) -> None:
        """Kill and freeze at random; who is killed is replaced at once, and who is frozen wakes up a little later."""
        at_work = {place: self.start(place) for place in range(len(PROCESSES))}
        try:
            while at_work:
                time.sleep(choose.uniform(0.02, 0.3))
                place = choose.choice(sorted(at_work))
                process = at_work[place]
                if process.exitcode is not None:
                    assert process.exitcode == 0, "a client failed by itself"
                    del at_work[place]
                elif self.blows.total() >= MOST_BLOWS:
                    continue
                elif choose.random() < 0.5:
                    self._kill(process)
                    at_work[place] = self.start(place)
                else:
                    self._freeze(process, choose.uniform(0.02, 0.3))
        finally:
            for process in at_work.values():
                process.kill()

    def _kill(self, process: ForkServerProcess) -> None:
        process.kill()
        process.join()
        assert process.exitcode in {0, -signal.SIGKILL}, "a client failed by itself"
        self.blows["kill"] += 1

    def _freeze(self, process: ForkServerProcess, seconds: float) -> None:
        with contextlib.suppress(ProcessLookupError):  # it is done
            os.kill(process.pid or 0, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(process.pid or 0, signal.SIGCONT)
            self.blows["freeze"] += 1


def test_kills_and_freezes_of_processes_leave_nothing_half_done_promised_twice_or_lost(
    own_db: Client, firestore: EmulatorSuite, tmp_path: Path
) -> None:
    """Calls fail here too. A process in another's place goes on with the cycle that the other one was at."""
    paths.policy(own_db, TENANT).set(POLICY)
    heard = Heard(tmp_path / "heard")
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.emulator.trading.traders"])

    def start(place: int) -> ForkServerProcess:
        done = [number for at, number in heard.lines("done") if at == place]
        rest = range(len(done), PROCESS_CYCLES)
        arguments = (firestore.host("firestore"), own_db.project, PROCESSES[place], place, heard, rest)
        process = processes.Process(target=work_on, args=arguments, daemon=True)
        process.start()
        return process

    crew = Crew(start)
    crew.work(random.Random(1))
    books = Books.read(own_db)
    books.check(heard, PROCESS_CYCLES, datetime.now(UTC))
    assert len(books.redemptions) >= PROCESS_REDEMPTIONS
    assert min(crew.blows["kill"], crew.blows["freeze"]) >= BLOWS, crew.blows
