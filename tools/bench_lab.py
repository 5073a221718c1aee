"""What the lab takes: beside the strategies it evaluates, on two cores beside one, and of memory for many years."""

from __future__ import annotations

import inspect
import itertools
import logging
import resource
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from examples.replay import HISTORY_DAYS, INDEX_SYMBOL, PRICES_FILE, Prices
from functions.sandbox.find_strategies import is_sample
from functions.sandbox.strategy_signatures import with_three_arguments
from functions.services.orchestration.read_only import read_only
from functions.strategies.loader import StrategyLoader
from tools.lab.engine.account import PolicyAccount, Tenant
from tools.lab.engine.paper_broker import Closes, PaperBroker
from tools.lab.engine.replay import replay, walk
from tools.lab.engine.rows import Rows
from tools.lab.engine.sessions import ReadOnce, Sessions
from tools.lab.engine.simulated import RememberedCalendars
from tools.lab.engine.strategies import LabStrategies, at_once
from tools.lab.given import Given
from tools.lab.policies import grid
from tools.lab.prices.bars import DailyBars
from tools.lab.run import Folder
from tools.lab.sweep import replayed

DAYS = 1000
RUNS = 3
"""How often each is measured, in turns: a shared machine's speed changes by several per cent."""
SWEPT = 8
LONG = (20, 50, 20)
"""Years, strategies, symbols."""
_MARKET = "XNYS"


class _RecordingBroker(PaperBroker):
    """Keeps what strategies were shown of the account."""

    shown: list[Mapping[str, Any]]

    def account_snapshot(self, closes: Closes) -> dict[str, Any]:
        snapshot = super().account_snapshot(closes)
        self.shown.append(snapshot)
        return snapshot


def measure_lab(days: int = DAYS, runs: int = RUNS) -> tuple[float, float, int]:
    """
    Return the least CPU seconds of (a replay of the samples under the defaults, their own ``evaluate`` calls).

    The third figure is the number of strategies.
    """
    logging.getLogger("maestro").setLevel(logging.ERROR)
    samples = [one for one in StrategyLoader().get_all_strategies().values() if is_sample(one)]
    measured = [_measured(samples, days) for _ in range(runs)]
    replayed, evaluated = map(min, zip(*measured, strict=True))
    return replayed, evaluated, len(samples)


def _measured(samples: list[Any], days: int) -> tuple[float, float]:
    strategies, calendars = LabStrategies(samples), RememberedCalendars()
    bars = Prices.load().bars()
    first, last = bars.days[HISTORY_DAYS - 1], bars.days[min(HISTORY_DAYS - 1 + days, len(bars.days)) - 1]
    sessions = Sessions(bars, calendars.of(_MARKET), first, last)
    broker = _RecordingBroker("bench")
    broker.shown = []
    policy = {"sample_strategies": sorted(strategies.samples)}
    account = PolicyAccount(Tenant(), policy, strategies, _MARKET, calendars, broker, ReadOnce())
    started = time.process_time()
    walk(sessions, {"guide": account}, {"guide": Rows("guide", policy, strategies.names)})
    replayed = time.process_time() - started
    return replayed, _evaluated(samples, sessions, broker.shown)


def _evaluated(samples: list[Any], sessions: Sessions, shown: list[Mapping[str, Any]]) -> float:
    """Return CPU seconds of the strategies' own calls, on what they were shown."""
    calls = [with_three_arguments(one.evaluate) for one in samples]
    seconds = 0.0
    for session, snapshot in zip(sessions, shown, strict=True):
        account = read_only(dict(snapshot))
        started = time.process_time()
        for call in calls:
            answer = call(session.market_data, account, None)
            if inspect.isawaitable(answer):
                at_once(answer)
        seconds += time.process_time() - started
    return seconds


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
        started = time.perf_counter()
        replayed(task, policies, Folder(out), cores)
        return time.perf_counter() - started


def measure_long() -> tuple[float, float]:
    """Return (peak MB of its process, CPU seconds) of a replay of `LONG`: years, strategies and symbols."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        return executor.submit(_replay_long).result()


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
