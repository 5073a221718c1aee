"""Where processes, or their namespaces, cannot be had: what runs instead, what the log says, what is not decided."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import textwrap
from collections.abc import Callable

import pytest

from functions.adapters.strategy_processes.strategy_root import StrategyRoot
from functions.sandbox.root import NAMESPACES, PROCESSES
from functions.services.orchestration.ports import StrategyInputs
from functions.strategies import wiring
from functions.strategies.loader import StrategyLoader
from tests.processes.conftest import GOOD, MARKET, bad
from tools.prerequisites import ROOT

Package = Callable[..., str]
NOBODY = 65_534
DENY_NAMESPACES = """
uid, gid = os.geteuid(), os.getegid()
if ctypes.CDLL(None).unshare(0x10000000) == 0:  # a user namespace, in which there may be no other
    for file, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        open(f"/proc/self/{file}", "w").write(text)
    open("/proc/sys/user/max_user_namespaces", "w").write("0")
"""
START = f"""
logging.basicConfig(format="%(levelname)s %(message)s", level=logging.INFO, stream=sys.stdout)
from functions.adapters.market_calendar import AlwaysOpen
from functions.adapters.strategy_processes.process_runner import ProcessRunner
from functions.adapters.strategy_processes.strategy_root import StrategyRoot
from functions.domain.kernel.errors import StrategyProcessesError
from functions.sandbox.limits import Limits
from functions.services.orchestration.ports import StrategyInputs
from functions.services.orchestration.cycle_request import CycleRequest
from functions.services.orchestration.run_cycle import RunCycle
from tests.fakes import FakeClock, FakeCycleStore, MARCH_16
from tools.lab.engine.simulated import CountedIds

def tasks_of(uid):
    found = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            found += len(os.listdir(f"/proc/{{pid}}/task")) if os.stat(f"/proc/{{pid}}").st_uid == uid else 0
        except OSError:
            pass
    return found

def limit_processes(more):
    "No more processes for this user, whom a limit binds: root it does not."
    if os.geteuid() == 0:
        libc, rights = ctypes.CDLL(None), 1 << 1 | 1 << 2  # over files, kept through execve
        libc.prctl(8, 1, 0, 0, 0)
        os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
        libc.capset(struct.pack("=Ii", 0x20080522, 0), struct.pack("=6I", rights, rights, rights, 0, 0, 0))
        for right in (1, 2):
            libc.prctl(47, 2, right, 0, 0)
    most = 0 if more is None else tasks_of(os.geteuid()) + more
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
"""


def run_in_child(code: str, before: str = "") -> str:
    """Run a program of its own, which starts as `START` does, and return what it says and logs."""
    path = f"import asyncio, ctypes, logging, os, resource, struct, sys, threading\nsys.path[:] = {sys.path!r}\n"
    end = "\nsys.stdout.flush()\nos._exit(0)"  # ends without threads of its own, which may not be had either
    program = path + before + START + textwrap.dedent(code) + end
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_on_a_system_without_them_strategies_run_in_threads_and_the_log_says_so(
    package: Package, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wiring._warn_of_threads.cache_clear()
    monkeypatch.setattr(sys, "platform", "darwin")  # which has no prctl
    raising = bad("raise LookupError('no text')")
    name = package(a=GOOD.format(name="First"), m=raising, z=GOOD.format(name="Last"))
    with caplog.at_level(logging.WARNING, "maestro"):
        loader = StrategyLoader(strategies_package=name, isolation="process")
        again = StrategyLoader(tenant_id="other", strategies_package=name, isolation="process")
    signals = asyncio.run(loader._runner.evaluate("acme", ["First", "Bad", "Last"], StrategyInputs(MARKET, {}), 1.0))
    assert [(one.action, one.reason_code) for one in signals] == [
        ("BUY", None),
        ("HOLD", "STRATEGY_ERROR"),
        ("BUY", None),
    ]
    assert f"{name}.a" in sys.modules, "in this process"
    assert again.get_load_errors() == {}
    assert [record.getMessage() for record in caplog.records] == [
        "Strategies run in threads of this process: darwin cannot keep them in processes"
    ]


def test_where_no_process_can_be_had_nothing_is_decided_and_the_error_says_why(package: Package) -> None:
    """It is no reason to run strategies in threads, where they could take the kill switch along."""
    name = package(a=GOOD.format(name="First"))
    said = run_in_child(f"""
        runner = ProcessRunner(StrategyRoot(), {name!r})
        store = FakeCycleStore()
        cycles = RunCycle(store, FakeClock(), CountedIds(), AlwaysOpen)

        async def load():
            return await asyncio.to_thread(runner.found, 2.0)

        async def propose(inputs, policy):
            raise AssertionError("there is nobody to ask")

        async def main():
            at_once = threading.Barrier(3)  # threads are counted, too: let the loop have its own before
            await asyncio.gather(*(asyncio.to_thread(at_once.wait) for _ in range(3)))
            limit_processes(None)
            request = CycleRequest(tenant_id="acme", propose=propose, load=load, slot="2020-03-16T19:55:00Z")
            try:
                print("decided", await cycles.run(request))
            except StrategyProcessesError as error:
                print("refused:", error)
            print("commits:", store.commits)

        asyncio.new_event_loop().run_until_complete(main())
    """)
    assert "refused: the root process of strategies did not start: BlockingIOError" in said
    assert "commits: 0" in said


@pytest.mark.parametrize("more", range(6))
def test_with_too_few_processes_every_strategy_answers_itself_or_holds(package: Package, more: int) -> None:
    name = package(a=GOOD.format(name="First"), z=GOOD.format(name="Last"))
    said = run_in_child(f"""
        runner = ProcessRunner(StrategyRoot(with_namespaces=False), {name!r}, silence_seconds=3.0)
        limit_processes({more})
        market = {MARKET!r}
        try:
            names = runner.found(2.0).names
            signals = runner._evaluate(names, StrategyInputs(market, {{}}), Limits(2.0))
            for one in signals:
                print("signal", one.strategy_name, one.action, one.reason_code)
        except StrategyProcessesError as error:
            print("refused:", error)
    """)
    signals = [line.split()[1:] for line in said.splitlines() if line.startswith("signal")]
    refused = [line for line in said.splitlines() if line.startswith("refused")]
    assert bool(signals) != bool(refused), said
    for strategy, action, code in signals:
        assert (action, code) in {("BUY", "None"), ("HOLD", "STRATEGY_CRASHED")}, (strategy, said)


@pytest.mark.parametrize("is_denied", [False, True])
def test_the_log_says_which_isolation_was_obtained(package: Package, is_denied: bool) -> None:
    """Where user namespaces are denied, strategies run in plain processes, and the log says that."""
    name = package(a=GOOD.format(name="First"))
    code = f"""
        runner = ProcessRunner(StrategyRoot(), {name!r})
        (one,) = asyncio.run(runner.evaluate("acme", ["First"], StrategyInputs({MARKET!r}, {{}}), 2.0))
        print("signal", one.strategy_name, one.action)
    """
    said = run_in_child(code, DENY_NAMESPACES if is_denied else "").splitlines()
    assert said[-1] == "signal First BUY"
    obtained = PROCESSES if is_denied else isolation_here()
    assert [line for line in said if "Strategies run in" in line] == [f"INFO Strategies run in {obtained}"]


def isolation_here() -> str:
    """Return what this system gives."""
    root = StrategyRoot()
    root.fork_loader().close()
    root.close()
    assert root.isolation in {NAMESPACES, PROCESSES}
    return root.isolation
