"""Every way a strategy has been seen to harm others, each beside two good ones in the same cycle."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest

from functions.adapters.strategy_processes.strategy_root import StrategyRoot
from functions.domain.orchestration.signals import Action
from tests.processes.conftest import Run, bad, below, processes_with, soon

BACKTRACKS = r"import re; re.match(r'(a+)+$', 'a' * 64 + 'b')"
"""Holds the interpreter's lock for ever: no thread can stop it."""
RAISES_AS_TEXT = """
class Loud:
    def __str__(self):
        raise LookupError("no text")
    __repr__ = __str__
    def __float__(self):
        raise LookupError("no number")
class LoudError(Exception):
    def __str__(self):
        raise LookupError("no message")
"""
SIGNAL = "{'action': 'BUY', 'ticker': 'KO', 'allocation': %s, 'reasoning': %s}"

HARM = [
    (bad(BACKTRACKS), "STRATEGY_TIMEOUT", "no answer within 1 s"),
    (bad("while True: pass"), "STRATEGY_TIMEOUT", "no answer within 1 s"),
    (bad("import os; os._exit(3)"), "STRATEGY_CRASHED", "it ended its process without an answer: exit code 3"),
    (bad("import os; os._exit(0)"), "STRATEGY_CRASHED", "it ended its process without an answer: exit code 0"),
    (bad("import ctypes; ctypes.string_at(0)"), "STRATEGY_CRASHED", "signal 11 (SIGSEGV)"),
    (bad("import os; os.kill(os.getpid(), 9)"), "STRATEGY_CRASHED", "signal 9 (SIGKILL)"),
    (bad("import os; os.abort()"), "STRATEGY_CRASHED", "signal 6 (SIGABRT)"),
    (bad("import os; os.kill(0, 9)"), "STRATEGY_CRASHED", "signal 9 (SIGKILL)"),
    (bad("import os; os.closerange(3, 256); return self.hold('x')"), "STRATEGY_CRASHED", "without an answer"),
    (bad("raise SystemExit(4)"), "STRATEGY_ERROR", "SystemExit: 4"),
    (bad("import time; time.sleep(60)", prefix="async "), "STRATEGY_TIMEOUT", "no answer within 1 s"),
    (
        bad("import asyncio\nfor task in asyncio.all_tasks(): task.cancel()\nawait asyncio.sleep(0)", prefix="async "),
        "STRATEGY_ERROR",
        "CancelledError",
    ),
    (
        bad("import asyncio\nasyncio.get_running_loop().stop()\nawait asyncio.sleep(1)", prefix="async "),
        "STRATEGY_ERROR",
        "RuntimeError: Event loop stopped",
    ),
    (bad(f"return {SIGNAL % ('0.1', 'Loud()')}", before=RAISES_AS_TEXT), "STRATEGY_ERROR", "LookupError: no text"),
    (bad(f"return {SIGNAL % ('Loud()', '1')}", before=RAISES_AS_TEXT), "STRATEGY_ERROR", "LookupError: no number"),
    (
        bad("raise LoudError", before=RAISES_AS_TEXT),
        "STRATEGY_ERROR",
        "LoudError, whose message cannot be read: LookupError",
    ),
    (bad("bytearray(4 << 30)"), "STRATEGY_MEMORY", "it requested more than 256 MB of memory"),
    (
        bad("kept = []\nwhile True: kept.append(bytes(1 << 20))"),
        "STRATEGY_MEMORY",
        "it requested more than 256 MB of memory",
    ),
    (bad(f"return {SIGNAL % ('0.1', '1')} | {{'more': 'x' * 300_000}}"), "STRATEGY_ANSWER_TOO_LARGE", "262,144"),
    (bad("return None"), "MALFORMED_SIGNAL", "signal must be a mapping"),
    (bad("async def later(): pass\nreturn later()"), "MALFORMED_SIGNAL", "declare it async"),
    (bad("def again(): return again()\nagain()"), "STRATEGY_ERROR", "RecursionError"),
]


@pytest.mark.parametrize(("source", "code", "error"), HARM, ids=range(len(HARM)))
def test_what_harms_is_named_and_harms_no_other(run: Run, source: str, code: str, error: str) -> None:
    signal = run(m_bad=source)["Bad"]
    assert signal.action is Action.HOLD
    assert signal.reason_code == code, signal
    assert error in str(signal.error)


@pytest.mark.parametrize(
    "change",
    [
        "import heapq; heapq.heappop(market_data['symbols']['KO']['history'])",
        "market_data['symbols']['KO']['history'][:] = [0]",
        "market_data['symbols'].clear(); account_snapshot.clear()",
        "import numpy; numpy.mean = lambda *_: 7.0",
        "import builtins; builtins.sorted = None",
        "BaseStrategy.buy = lambda *_: None",
    ],
)
def test_what_one_changes_no_other_sees(run: Run, change: str) -> None:
    signals = run(b_bad=bad(f"{change}\nreturn self.hold('changed it')"))
    assert signals["Bad"].reasoning == "changed it"


def test_a_numpy_history_is_ones_own(run: Run) -> None:
    history = np.array([44.0, 43.0, 45.0])
    market = {"symbols": {"KO": {"price": 45.0, "history": history}}}
    write = "market_data['symbols']['KO']['history'][:] = 0.0\nreturn self.hold('wrote')"
    assert run(b_bad=bad(write), market=market)["Bad"].reasoning == "wrote"
    assert history.tolist() == [44.0, 43.0, 45.0]


def test_the_environment_has_no_secrets(run: Run, root: StrategyRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    look = f"""
        import os
        from pathlib import Path
        seen = [str(dict(os.environ)), Path("/proc/self/environ").read_text()]
        if os.getppid() == 1:  # inside a PID namespace
            try:
                seen.append("s3cret: " + Path("/proc/{os.getpid()}/environ").read_text())
            except PermissionError:
                seen.append("the host's is closed")
        else:
            seen.append(Path(f"/proc/{{os.getppid()}}/environ").read_text())
        return self.hold(f"{{'s3cret' in ' '.join(seen)}} {{os.environ.get('STRATEGY_NEWS_KEY')}}")
    """
    root.close()  # it is started again, with these
    monkeypatch.setenv("WEBHOOK_SIGNING_KEY", "s3cret")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/s3cret.json")
    monkeypatch.setenv("STRATEGY_NEWS_KEY", "handed-on")
    assert run(m_bad=bad(look))["Bad"].reasoning == "False handed-on"
    root.close()


@pytest.mark.parametrize(
    "leaves",
    [
        "import subprocess; subprocess.Popen(['sleep', '{mark}'])",
        "import subprocess; subprocess.Popen(['sleep', '{mark}'], start_new_session=True)",
        "import os\nif not os.fork():\n os.setsid()\n os.fork() or os.execvp('sleep', ['x', '{mark}'])\n os._exit(0)",
        "import os\nif os.fork() == 0:\n    os.execvp('sleep', ['sleep', '{mark}'])\nos._exit(5)",
    ],
)
def test_what_a_strategy_starts_ends_with_it(run: Run, root: StrategyRoot, leaves: str) -> None:
    mark = f"98{time.monotonic_ns() % 10**9}"
    started = time.monotonic()
    signals = run(m_bad=bad(leaves.format(mark=mark) + "\nreturn self.hold('started one')"))
    assert signals["Bad"].reason_code in {None, "STRATEGY_CRASHED"}
    assert time.monotonic() - started < 8, "nobody waits for what it left behind"
    assert soon(lambda: not processes_with(mark))
    assert soon(lambda: len(below(root.pid or 0)) <= 1), below(root.pid or 0)


@pytest.mark.parametrize("number", [9, 19])
def test_a_strategy_that_ends_or_stops_its_runner(run: Run, root: StrategyRoot, number: int) -> None:
    signal = run(m_bad=bad(f"import os, time; os.kill(os.getppid(), {number}); time.sleep(30)"))["Bad"]
    is_inside = "without" not in root.isolation
    assert signal.reason_code == ("STRATEGY_TIMEOUT" if is_inside else "STRATEGY_CRASHED"), "inside nothing happens"
