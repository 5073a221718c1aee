"""What it costs to keep strategies apart: evaluating them in processes of their own, against threads."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from functions.adapters.strategy_processes.process_runner import ProcessRunner
from functions.adapters.strategy_processes.strategy_root import StrategyRoot
from functions.adapters.strategy_threads import ThreadRunner
from functions.services.orchestration.evaluate_strategies import StrategyEvaluator
from functions.services.orchestration.ports import StrategyInputs, StrategyRunner
from functions.strategies.base import BaseStrategy

COUNTS = (7, 50)
_TIMEOUT_SECONDS = 60.0
_STRATEGY = """
from functions.strategies.base import BaseStrategy


class Bench{number:03d}(BaseStrategy):
    def evaluate(self, market_data, account_snapshot, regime=None):
        closes = self.close_history(market_data, "S1")
        return self.buy("S1", 0.1, "measured") if closes[-1] > closes.mean() else self.hold("measured")
"""


@dataclass(frozen=True, slots=True)
class Isolation:
    """Seconds of one evaluation of so many strategies, of 20 symbols with 260 closes each."""

    count: int
    processes: float
    threads: float
    cold: float
    """The first evaluation in processes: the root's start, the imports and the constructors with it."""
    cold_threads: float

    @property
    def per_strategy(self) -> float:
        return self.processes / self.count


def measure_isolation(count: int, rounds: int) -> Isolation:
    """Return medians, measured in turn so that both meet the same machine."""
    with strategies(count) as package:
        root = StrategyRoot()
        try:
            started = time.perf_counter()
            processes = ProcessRunner(root, package)
            evaluate(processes)
            cold = time.perf_counter() - started
            started = time.perf_counter()
            threads = ThreadRunner(package, BaseStrategy, StrategyEvaluator())
            evaluate(threads)
            cold_threads = time.perf_counter() - started
            pairs = [(evaluate(processes), evaluate(threads)) for _ in range(rounds)]
        finally:
            root.close()
    in_processes, in_threads = (statistics.median(times) for times in zip(*pairs, strict=True))
    return Isolation(count, in_processes, in_threads, cold, cold_threads)


def evaluate(runner: StrategyRunner) -> float:
    """Evaluate all strategies once and return the seconds it took."""
    names = runner.found(_TIMEOUT_SECONDS).names
    closes = [100.0 + day for day in range(260)]
    symbols = {f"S{number}": {"price": closes[-1], "history": closes} for number in range(20)}
    inputs = StrategyInputs({"symbols": symbols}, {"equity": 1e6})
    started = time.perf_counter()
    signals = asyncio.run(runner.evaluate("bench", names, inputs, _TIMEOUT_SECONDS))
    seconds = time.perf_counter() - started
    assert {str(signal.action) for signal in signals} == {"BUY"}, signals
    return seconds


@contextmanager
def strategies(count: int) -> Iterator[str]:
    """Make a package of strategies, a file each, that can be imported meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        name = f"bench_strategies_{count}"
        package = Path(folder, name)
        package.mkdir()
        (package / "__init__.py").touch()
        for number in range(count):
            (package / f"bench_{number}.py").write_text(_STRATEGY.format(number=number), encoding="utf-8")
        sys.path.insert(0, folder)
        try:
            yield name
        finally:
            sys.path.remove(folder)
