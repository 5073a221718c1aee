"""Files that harm when they are imported, or their strategies constructed; and how processes are found and ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from functions.adapters.strategy_processes.process_runner import ProcessRunner
from functions.adapters.strategy_processes.strategy_root import StrategyRoot
from functions.domain.kernel.errors import StrategyProcessesError
from functions.services.orchestration.ports import StrategyInputs
from functions.strategies.loader import StrategyLoader
from tests.processes.conftest import GOOD, MARKET, bad, below, soon
from tools.prerequisites import ROOT

Package = Callable[..., str]
HOLD = "return self.hold('here')"


def evaluated(runner: ProcessRunner, timeout: float = 1.0) -> dict[str, str]:
    """Return error or action of every strategy that was found."""
    names = runner.found(timeout).names
    signals = asyncio.run(runner.evaluate("acme", names, StrategyInputs(MARKET, {}), timeout))
    return {one.strategy_name: one.error or str(one.action) for one in signals}


@pytest.mark.parametrize(
    ("source", "where", "error"),
    [
        (
            bad(HOLD, before="import os; os._exit(3)"),
            "m_bad",
            "STRATEGY_CRASHED: its import ended its process: exit code 3",
        ),
        (bad(HOLD, before="import ctypes; ctypes.string_at(0)"), "m_bad", "STRATEGY_CRASHED: its import ended"),
        (bad(HOLD, before="while True: pass"), "m_bad", "STRATEGY_TIMEOUT: its import did not end within 1 s"),
        (bad(HOLD, init="while True: pass"), "Bad", "STRATEGY_TIMEOUT: its constructor did not end within 1 s"),
        (bad(HOLD, init="import os; os._exit(9)"), "Bad", "STRATEGY_CRASHED: its constructor ended its process: exit"),
        (bad(HOLD, init="import sys; sys.exit(9)"), "Bad", "SystemExit: 9"),
        (bad(HOLD, before="raise SystemExit(1)"), "m_bad", "SystemExit: 1"),
        (bad(HOLD, before="import no_such_module"), "m_bad", "ModuleNotFoundError"),
        ("def broken(:", "m_bad", "SyntaxError"),
    ],
)
def test_a_file_that_does_not_load_is_named_and_stops_nothing(
    root: StrategyRoot, package: Package, source: str, where: str, error: str
) -> None:
    runner = ProcessRunner(root, package(a=GOOD.format(name="First"), m_bad=source, z=GOOD.format(name="Last")))
    found = runner.found(1.0)
    assert list(found.load_errors) == [where]
    assert found.load_errors[where].startswith(error)
    assert evaluated(runner) == {"First": "BUY", "Last": "BUY"}
    runner.reload()


@pytest.mark.parametrize(
    "harm",
    [
        {"before": "import numpy; numpy.mean = lambda *_: 7.0"},
        {"init": "import numpy; numpy.mean = lambda *_: 7.0"},
        {"before": "import builtins; builtins.list = tuple"},
        {"before": "import threading, time; threading.Thread(target=time.sleep, args=(99,), daemon=True).start()"},
    ],
)
def test_a_file_that_changes_what_all_share_has_a_process_of_its_own(
    root: StrategyRoot, package: Package, harm: dict[str, str]
) -> None:
    runner = ProcessRunner(root, package(a_bad=bad(HOLD, **harm), z=GOOD.format(name="Last"), y=GOOD.format(name="Y")))
    assert evaluated(runner) == {"Bad": "HOLD", "Y": "BUY", "Last": "BUY"}
    assert runner.found(1.0).load_errors == {}
    runner.reload()


def test_a_class_beside_one_that_hangs_when_constructed_is_there(root: StrategyRoot, package: Package) -> None:
    both = textwrap.dedent(GOOD.format(name="Beside")) + bad(HOLD, init="while True: pass")
    root.close()
    runner = ProcessRunner(root, package(a=GOOD.format(name="First"), m=both, z=GOOD.format(name="Last")))
    assert evaluated(runner) == {"First": "BUY", "Beside": "BUY", "Last": "BUY"}
    assert list(runner.found(1.0).load_errors) == ["Bad"]
    inner = 1 if "without" not in root.isolation else 0
    assert soon(lambda: len(below(root.pid or 0)) == inner + 1), "all that do no harm share one loader"
    runner.reload()


def test_two_classes_of_one_name_do_not_replace_each_other(root: StrategyRoot, package: Package) -> None:
    runner = ProcessRunner(root, package(a=GOOD.format(name="Twin"), b=GOOD.format(name="Twin")))
    assert runner.found(1.0).load_errors == {"b": "class Twin already exists in a.py: rename one"}
    assert evaluated(runner) == {"Twin": "BUY"}
    runner.reload()


def test_a_loader_that_was_killed_is_there_again_in_the_same_cycle(root: StrategyRoot, package: Package) -> None:
    runner = ProcessRunner(root, package(a=GOOD.format(name="First")))
    assert evaluated(runner) == {"First": "BUY"}
    for pid in below(root.pid or 0):
        with contextlib.suppress(ProcessLookupError):  # with the first of a namespace the others end
            os.kill(pid, signal.SIGKILL)
    assert evaluated(runner) == {"First": "BUY"}
    os.kill(root.pid or 0, signal.SIGKILL)
    assert evaluated(runner) == {"First": "BUY"}
    runner.reload()


def test_what_a_strategy_keeps_is_gone_after_the_cycle(root: StrategyRoot, package: Package) -> None:
    source = bad("self.asked = getattr(self, 'asked', 0) + 1\nreturn self.buy('KO', self.asked / 10, 'x')")
    runner = ProcessRunner(root, package(m=source))
    for _ in range(2):
        (signal_,) = asyncio.run(runner.evaluate("acme", ["Bad"], StrategyInputs(MARKET, {}), 1.0))
        assert signal_.allocation == 0.1
    runner.reload()


def test_cycles_draw_different_random_numbers(root: StrategyRoot, package: Package) -> None:
    source = bad("import random, numpy\nreturn self.hold(f'{random.random()} {numpy.random.random()}')")
    runner = ProcessRunner(root, package(m=source))
    drawn = [asyncio.run(runner.evaluate("a", ["Bad"], StrategyInputs(MARKET, {}), 1.0))[0].reasoning for _ in range(3)]
    assert len({one for text in drawn for one in text.split()}) == 6
    runner.reload()


def test_each_is_handed_its_own_account_and_answers_as_it_would_in_a_thread(
    root: StrategyRoot, package: Package
) -> None:
    body = """
        return {
            "action": "CLOSE_ALL", "symbol": "KO", "qty": 3, "confidence": "0.5",
            "reasoning": f"{account_snapshot['positions']} {account_snapshot['equity']} {regime['mood']}",
            "at": market_data["as_of"], "levels": (1, 2.5), "raw": b"x", "$odd": {1: None},
        }
    """
    source = bad(body)
    inputs = StrategyInputs(
        {"as_of": datetime(2026, 3, 2, tzinfo=UTC)},
        {"equity": 7, "positions": ["all"]},
        {"mood": "calm"},
        lambda name: {"positions": [f"of {name}"]},
    )
    name = package(m=source)
    runner = ProcessRunner(root, name)
    (below_,) = asyncio.run(runner.evaluate("acme", ["Bad"], inputs, 1.0))
    (here,) = asyncio.run(StrategyLoader(strategies_package=name)._runner.evaluate("acme", ["Bad"], inputs, 1.0))
    assert below_.reasoning == "['of Bad'] 7 calm"
    expected = {**here.extras, "levels": [1, 2.5], "$odd": {"1": None}}
    assert (below_.extras, below_.closes, below_.qty, below_.is_sized) == (expected, True, 3.0, False)
    assert (below_.action, below_.ticker, below_.allocation, below_.confidence) == ("SELL", "KO", 1.0, 0.5)
    runner.reload()


def test_slow_ones_run_side_by_side(root: StrategyRoot, package: Package) -> None:
    many = "\n".join(
        f"class S{number}(BaseStrategy):\n    def evaluate(self, *_):\n        import time; time.sleep(0.5)\n"
        "        return self.hold('slept')\n"
        for number in range(40)
    )
    runner = ProcessRunner(root, package(m=f"from functions.strategies.base import BaseStrategy\n{many}"))
    runner.found(5.0)
    started = time.monotonic()
    assert set(evaluated(runner, 10.0).values()) == {"HOLD"}
    assert time.monotonic() - started < 10, "one after the other they would take 20 s"
    runner.reload()


def test_a_package_that_does_not_import_says_so(root: StrategyRoot, package: Package) -> None:
    name = package(__init__="raise RuntimeError('not ready')")
    with pytest.raises(ImportError, match="not ready"):
        ProcessRunner(root, name).found(1.0)


def test_inputs_that_cannot_be_handed_over_say_so(root: StrategyRoot, package: Package) -> None:
    runner = ProcessRunner(root, package(m=GOOD.format(name="Good")))
    runner.found(1.0)
    inputs = StrategyInputs({"odd": OfThisTestOnly()}, {})
    with pytest.raises(StrategyProcessesError, match="inputs cannot be passed"):
        asyncio.run(runner.evaluate("acme", ["Good"], inputs, 1.0))
    runner.reload()


class OfThisTestOnly:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return int, ("not a number",)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("with_namespaces", [True, False])
def test_when_the_host_ends_the_whole_tree_does(package: Package, number: int, with_namespaces: bool) -> None:
    name = package(m=bad("import time; time.sleep(60)"))
    code = f"""
import asyncio, sys
sys.path[:] = {sys.path!r}
from functions.adapters.strategy_processes.process_runner import ProcessRunner
from functions.adapters.strategy_processes.strategy_root import StrategyRoot
from functions.domain.kernel.errors import StrategyProcessesError
from functions.services.orchestration.ports import StrategyInputs
runner = ProcessRunner(StrategyRoot(with_namespaces={with_namespaces}), {name!r})
print(runner.found(5.0).names, flush=True)
asyncio.run(runner.evaluate("acme", ["Bad"], StrategyInputs({{}}, {{}}), 60.0))
"""
    host = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    assert host.stdout.readline() == "['Bad']\n"
    assert soon(lambda: len(below(host.pid)) >= 4), "root, loader, runner, child"
    tree = list(below(host.pid))
    host.send_signal(number)
    host.wait(10)
    host.stdout.close()
    assert soon(lambda: not [pid for pid in tree if is_there(pid)], 5)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_facade_in_processes_imports_nothing_of_users_until_objects_are_asked_for(package: Package) -> None:
    sample = GOOD.replace("def evaluate", "is_sample = True\n\n        def evaluate")
    name = package(a=GOOD.format(name="Own"), b=sample.format(name="Sample"), c="import no_such_module")
    loader = StrategyLoader(strategies_package=name, isolation="process")
    signals, decision = asyncio.run(loader.evaluate_all_strategies_with_maestro(MARKET, {}))
    assert {one: signal["action"] for one, signal in signals.items()} == {"Own": "BUY", "Sample": "HOLD"}
    assert decision is None
    assert list(loader.get_load_errors()) == ["c"]
    assert f"{name}.a" not in sys.modules
    assert type(loader.get_strategy("Own")).__name__ == "Own"
    assert f"{name}.a" in sys.modules
