"""Packages of strategy files, and a process tree to run them in, with namespaces and without."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.adapters.strategy_processes.process_runner import ProcessRunner
from functions.adapters.strategy_processes.strategy_root import StrategyRoot
from functions.domain.orchestration.signals import ProposedSignal
from functions.services.orchestration.ports import StrategyInputs

MARKET = {"symbols": {"KO": {"price": 45.0, "history": [44.0, 43.0, 45.0]}}}
GOOD = """
    from functions.strategies.base import BaseStrategy

    class {name}(BaseStrategy):
        def evaluate(self, market_data, account_snapshot, regime=None):
            history = market_data["symbols"]["KO"]["history"]
            assert list(history) == [44.0, 43.0, 45.0], history
            import numpy
            assert numpy.mean([1.0, 3.0]) == 2.0
            return self.buy("KO", 0.25, "always")
"""
Run = Callable[..., dict[str, ProposedSignal]]


def bad(body: str, *, before: str = "", prefix: str = "", init: str = "pass") -> str:
    """Return a file with one strategy, Bad, whose evaluate, constructor or file does something."""
    parts = (
        textwrap.dedent(before),
        "from functions.strategies.base import BaseStrategy",
        "class Bad(BaseStrategy):",
        "    def __init__(self, config=None):",
        textwrap.indent(textwrap.dedent(f"super().__init__(config=config)\n{init}"), " " * 8),
        f"    {prefix}def evaluate(self, market_data, account_snapshot, regime=None):",
        textwrap.indent(textwrap.dedent(body), " " * 8),
    )
    return "\n".join(parts) + "\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Make a package of strategy files: file name → source."""
    monkeypatch.syspath_prepend(tmp_path)
    names: list[str] = []

    def make(**files: str) -> str:
        name = f"strategies_{len(names)}_of_{abs(hash(tmp_path.name))}"
        names.append(name)
        (tmp_path / name).mkdir()
        for file, source in {"__init__": "", **files}.items():
            (tmp_path / name / f"{file}.py").write_text(textwrap.dedent(source))
        return name

    return make


@pytest.fixture(scope="session", params=["namespaces", "processes"])
def root(request: pytest.FixtureRequest) -> Iterator[StrategyRoot]:
    started = StrategyRoot(with_namespaces=request.param == "namespaces")
    yield started
    started.close()


@pytest.fixture
def run(root: StrategyRoot, package: Callable[..., str]) -> Run:
    """Run files beside two good strategies, which must come through, and return all signals."""

    def run_files(*, timeout: float = 1.0, market: Any = None, **files: str) -> dict[str, ProposedSignal]:
        name = package(a_good=GOOD.format(name="First"), **files, z_good=GOOD.format(name="Last"))
        runner = ProcessRunner(root, name, silence_seconds=3.0)
        found = runner.found(timeout)
        inputs = StrategyInputs(market or MARKET, {"equity": 1.0})
        signals = asyncio.run(runner.evaluate("acme", found.names, inputs, timeout))
        by_name = {signal.strategy_name: signal for signal in signals}
        for good in ("First", "Last"):
            assert (by_name[good].action, by_name[good].allocation) == ("BUY", 0.25), by_name[good]
        assert not [module for module in sys.modules if module.startswith(name)], "imported where it must not be"
        runner.reload()  # lets go of its processes
        return by_name

    return run_files


def below(ancestor: int) -> dict[int, str]:
    """Return all processes below one that are not only waiting to be reaped, with their command lines."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(entry.parent.name)] = int(parent)
    found: dict[int, str] = {}
    todo = [ancestor]
    while todo:
        above = todo.pop()
        for pid in [pid for pid, parent_of in parents.items() if parent_of == above]:
            with contextlib.suppress(OSError):
                found[pid] = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
            todo.append(pid)
    return found


def processes_with(word: str) -> list[int]:
    """Return every process of this machine that has a word in its command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if word.encode() in entry.read_bytes() and int(entry.parent.name) != os.getpid():
                found.append(int(entry.parent.name))
    return found


def soon(is_so: Callable[[], object], seconds: float = 10.0) -> bool:
    """Wait until something is so; False if it is not in time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
