"""What the lab takes: beside the strategies it evaluates, on two cores beside one, and of memory for many years."""

from __future__ import annotations

import inspect
import itertools
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from examples.replay import INDEX_SYMBOL, PRICES_FILE, Prices
from functions.sandbox.find_strategies import is_sample
from functions.sandbox.strategy_signatures import with_three_arguments
from functions.services.orchestration.read_only import read_only
from functions.strategies.loader import StrategyLoader
from tools.bench_times import timed
from tools.lab.engine.account import PolicyAccount, Tenant
from tools.lab.engine.paper_broker import Closes, PaperBroker
from tools.lab.engine.replay import replay, walk
from tools.lab.engine.rows import Rows
from tools.lab.engine.sessions import ReadOnce, Session, Sessions
from tools.lab.engine.simulated import RememberedCalendars
from tools.lab.engine.strategies import LabStrategies, at_once
from tools.lab.given import Given
from tools.lab.policies import grid
from tools.lab.prices.bars import DailyBars
from tools.lab.run import Folder
from tools.lab.sweep import replayed

DAYS = 1000
RUNS = 3
"""How often both are measured; the one with the middle ratio counts."""
SWEPT = 8
LONG = (20, 50, 20)
"""Years, strategies, symbols."""
_COUNTED = 50_000_000
_MARKET = "XNYS"
Measured = TypeVar("Measured")


class _RecordingBroker(PaperBroker):
    """Keeps what strategies were last shown of the account."""

    shown: Mapping[str, Any]

    def account_snapshot(self, closes: Closes) -> dict[str, Any]:
        snapshot = super().account_snapshot(closes)
        self.shown = snapshot
        return snapshot


@dataclass
class _OwnCalls:
    """The strategies' own ``evaluate`` calls, of a session at a time: what a replay is compared with."""

    calls: Sequence[Callable[..., Any]]
    sessions: Iterator[Session]
    broker: _RecordingBroker
    seconds: float = 0.0
    """CPU time of the calls."""
    in_all: float = 0.0
    """CPU time of the calls and of making what they are shown."""

    def __call__(self, _done: int, _of: int) -> None:
        """Evaluate the next session right after its replay, so that a busy machine slows both alike."""
        began = time.process_time()
        session, account = next(self.sessions), read_only(dict(self.broker.shown))
        started = time.process_time()
        for call in self.calls:
            answer = call(session.market_data, account, None)
            if inspect.isawaitable(answer):
                at_once(answer)
        ended = time.process_time()
        self.seconds += ended - started
        self.in_all += ended - began


def measure_lab() -> tuple[float, float, int]:
    """
    Return CPU seconds of (a replay of the samples under the defaults, their own ``evaluate`` calls).

    The third figure is the number of strategies.
    """
    return _alone(_measured)


def _measured() -> tuple[float, float, int]:
    return sorted((_measured_once() for _ in range(RUNS)), key=lambda run: run[0] / run[1])[RUNS // 2]


def _measured_once() -> tuple[float, float, int]:
    samples = [one for one in StrategyLoader().get_all_strategies().values() if is_sample(one)]
    strategies, calendars = LabStrategies(samples), RememberedCalendars()
    bars = Prices.load().bars()
    sessions = Sessions(bars, calendars.of(_MARKET), bars.days[-DAYS], bars.days[-1])
    broker = _RecordingBroker("bench")
    policy = {"sample_strategies": sorted(strategies.samples)}
    account = PolicyAccount(Tenant(), policy, strategies, _MARKET, calendars, broker, ReadOnce())
    own_calls = _OwnCalls([with_three_arguments(one.evaluate) for one in samples], iter(sessions), broker)
    started = time.process_time()
    walk(sessions, {"guide": account}, {"guide": Rows("guide", policy, strategies.names)}, progress=own_calls)
    return time.process_time() - started - own_calls.in_all, own_calls.seconds, len(samples)


def measure_sweep() -> tuple[float, float]:
    """Return seconds of a sweep of `SWEPT` policies over two years on (two cores, one core)."""
    one, two = (_swept(cores) for cores in (1, 2))
    return two, one


def _swept(cores: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        task = Given(
            prices=PRICES_FILE, out=out, first="2021-01-04", last="2022-12-28", leave_out=[INDEX_SYMBOL]
        ).task()
        policies = dict(itertools.islice(grid(["thresholds", "lookback"]).items(), SWEPT))
        return timed(lambda: replayed(task, policies, Folder(out), cores))


def measure_two_cores() -> tuple[float, float]:
    """Return seconds of plain arithmetic twice, on (two cores, one core): what this machine's second core is worth."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        list(executor.map(_count, [1, 1]))
        two = timed(lambda: list(executor.map(_count, [_COUNTED] * 2)))
        return two, timed(lambda: executor.submit(_count, 2 * _COUNTED).result())


def _count(up_to: int) -> int:
    return sum(number % 7 for number in range(up_to))


def measure_long() -> tuple[float, float]:
    """Return (peak MB of its process, CPU seconds) of a replay of `LONG`: years, strategies and symbols."""
    return _alone(_replay_long)


def _alone(measure: Callable[[], Measured]) -> Measured:
    """Measure in a process of its own, as the lab runs: without what was measured before."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        return executor.submit(measure).result()


def _replay_long() -> tuple[float, float]:
    years, count, symbols = LONG
    samples = [type(one) for one in StrategyLoader().get_all_strategies().values() if is_sample(one)]
    copies = [type(f"{one.__name__}{n}", (one,), {}) for n in range(count) for one in samples][:count]
    days = RememberedCalendars().of(_MARKET).sessions(date(2023 - years, 1, 1), date(2022, 12, 31))
    walks = np.exp(np.random.default_rng(20).normal(3e-4, 0.015, (len(days), symbols)).cumsum(axis=0)) * 100
    unknown = np.full_like(walks, np.nan)
    names = tuple(f"S{number}" for number in range(symbols))
    bars = DailyBars.of(tuple(days), names, np.array([unknown, unknown, unknown, walks, unknown]))
    replay(bars, copies, {"guide": {}}, market=_MARKET)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_maxrss / 1024, used.ru_utime + used.ru_stime
