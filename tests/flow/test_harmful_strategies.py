"""Strategies that do harm, deployed beside good ones: in a copy of the project, with emulators of its own."""

from __future__ import annotations

import json
import shutil
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.domain.kernel.slots import slot_of
from functions.domain.orchestration.cycle_documents import issued_signals
from tests.processes.conftest import below, processes_with, soon
from tools.emulator_suite import EmulatorSuite
from tools.prerequisites import ROOT

pytestmark = [pytest.mark.timeout(900), pytest.mark.share("functions")]

STRATEGY = """
from functions.strategies.base import BaseStrategy
{before}

class {name}(BaseStrategy):
    def __init__(self, config=None):
        super().__init__(config=config)
{init}

    {prefix}def evaluate(self, market_data, account_snapshot, regime=None):
{body}
"""
GOOD = """
import heapq, numpy
history = market_data["symbols"]["KO"]["history"]
assert history == [44.0, 43.0, 45.0] and numpy.mean([1.0, 3.0]) == 2.0
return self.buy("KO", 0.1, "all is as it was")
"""
LEFT_BEHIND = "9876543"
LOUD = "class Loud:\n    def __str__(self): raise LookupError('no text')\n    __float__ = __str__"
HARM: dict[str, tuple[dict[str, str], str]] = {
    "Backtracks": ({"body": "import re\nre.match(r'(a+)+$', 'a' * 64 + 'b')"}, "no answer within 2 s"),
    "Exits": ({"body": "import os\nos._exit(3)"}, "without an answer: exit code 3"),
    "Segfaults": ({"body": "import ctypes\nctypes.string_at(0)"}, "without an answer: signal 11 (SIGSEGV)"),
    "KillsItself": ({"body": "import os\nos.kill(os.getpid(), 9)"}, "without an answer: signal 9 (SIGKILL)"),
    "BlocksItsLoop": ({"body": "import time\ntime.sleep(60)", "prefix": "async "}, "no answer within 2 s"),
    "CancelsAll": (
        {
            "body": "import asyncio\nfor task in asyncio.all_tasks(): task.cancel()\nawait asyncio.sleep(0)",
            "prefix": "async ",
        },
        "CancelledError",
    ),
    "StopsItsLoop": (
        {"body": "import asyncio\nasyncio.get_running_loop().stop()\nawait asyncio.sleep(1)", "prefix": "async "},
        "RuntimeError: Event loop stopped",
    ),
    "Pops": (
        {"body": "import heapq\nheapq.heappop(market_data['symbols']['KO']['history'])\nreturn self.hold('')"},
        "",
    ),
    "Patches": ({"body": "import numpy\nnumpy.mean = lambda *_: 7\nreturn self.hold('')"}, ""),
    "PatchesOnImport": (
        {"before": "import numpy\nnumpy.mean = lambda *_: 7", "body": "return self.hold('')"},
        "",
    ),
    "LoudText": (
        {"before": LOUD, "body": "return {'action': 'HOLD', 'reasoning': Loud()}"},
        "its answer cannot be read: LookupError: no text",
    ),
    "LoudNumber": (
        {"before": LOUD, "body": "return {'action': 'BUY', 'ticker': 'KO', 'allocation': Loud()}"},
        "its answer cannot be read: LookupError: no text",
    ),
    "Hoards": ({"body": "bytearray(4 << 30)"}, "it requested more than 256 MB of memory"),
    "AnswersABook": ({"body": "return self.hold('') | {'book': 'x' * 300_000}"}, "limit 262,144"),
    "LeavesOne": (
        {
            "body": f"import subprocess\nsubprocess.Popen(['sleep', '{LEFT_BEHIND}'], start_new_session=True)\n"
            "return self.hold('')"
        },
        "",
    ),
    "ReadsSecrets": (
        {"body": "import os\nreturn self.hold(','.join(sorted(os.environ)))"},
        "",
    ),
}
DO_NOT_LOAD = {
    "exits_on_import": {"name": "ExitsOnImport", "before": "import os\nos._exit(3)"},
    "hangs_when_constructed": {"name": "HangsWhenConstructed", "init": "while True: pass"},
}


def source(name: str, *, before: str = "", init: str = "pass", prefix: str = "", body: str = "return None") -> str:
    return STRATEGY.format(
        name=name,
        before=before,
        prefix=prefix,
        init=textwrap.indent(init, " " * 8),
        body=textwrap.indent(body.strip(), " " * 8),
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with harmful strategies, and a good one before and behind them."""
    copy = tmp_path_factory.mktemp("harmful")
    for name in ("firebase.json", ".firebaserc", "firestore.rules", "firestore.indexes.json", "package.json"):
        shutil.copy(ROOT / name, copy)
    for part in ("tools", "functions"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("venv", "__pycache__"))
    for name in ("node_modules", ".setup", "functions/venv", ".venv"):
        (copy / name).symlink_to(ROOT / name)
    folder = copy / "functions" / "strategies"
    files = {"aa_good": source("GoodOne", body=GOOD), "zz_good": source("GoodTwo", body=GOOD)}
    files |= {f"harm_{name.lower()}": source(name, **parts) for name, (parts, _) in HARM.items()}
    files |= {file: source(**parts) for file, parts in DO_NOT_LOAD.items()}
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return copy


@pytest.fixture(scope="module")
def suite(project: Path) -> Iterator[EmulatorSuite]:
    secret = {"A_SECRET_OF_THE_HOST": "s3cret", "MARKET_CALENDAR": "24x7"}
    with EmulatorSuite(
        folder=project, only=("functions", "firestore", "auth"), environment=secret, workers=2
    ) as started:
        yield started


@pytest.fixture
def db(suite: EmulatorSuite, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", suite.host("firestore"))
    client, now = suite.client(), datetime.now(UTC)
    paths.tenant(client, "acme").set({"name": "acme", "maestro_enabled": True, "status": "active"})
    paths.market_data(client, "acme").set(
        {"as_of": now, "symbols": {"KO": {"price": 45.0, "history": [44.0, 43.0, 45.0]}}}
    )
    paths.account(client, "acme").set({"equity": 1e5, "buying_power": 5e4, "positions": [], "as_of": now})
    paths.policy(client, "acme").set({"strategy_timeout_seconds": 2.0, "max_gross_allocation": 1.0, "version": 1})
    return client


def admin_token(suite: EmulatorSuite, db: Client) -> str:
    """Create an admin at the Auth emulator, and sign in."""
    url = f"http://{suite.host('auth')}/identitytoolkit.googleapis.com/v1"
    who = {"email": f"{time.monotonic_ns()}@example.com", "password": "correct horse"}
    claims = json.dumps({"tenant_id": "acme", "role": "admin"})
    made = requests.post(
        f"{url}/projects/{suite.project}/accounts",
        json=who,
        headers={"Authorization": "Bearer owner"},
        timeout=60,
    )
    made.raise_for_status()
    claimed = requests.post(
        f"{url}/projects/{suite.project}/accounts:update",
        json={"localId": made.json()["localId"], "customAttributes": claims},
        headers={"Authorization": "Bearer owner"},
        timeout=60,
    )
    claimed.raise_for_status()
    paths.member(db, "acme", made.json()["localId"]).set({"role": "admin", "email": who["email"]})
    signed_in = requests.post(
        f"{url}/accounts:signInWithPassword?key=fake", json={**who, "returnSecureToken": True}, timeout=60
    )
    signed_in.raise_for_status()
    token: str = signed_in.json()["idToken"]
    return token


def newest_decision(db: Client) -> dict[str, Any]:
    logs = [log.to_dict() or {} for log in paths.orchestration_logs(db).stream()]
    return max(logs, key=lambda log: log["timestamp"])


def check(db: Client, seconds: int = 2) -> None:
    """Check that every strategy came to what is its own, the good ones to their signals."""
    log = newest_decision(db)
    errors: dict[str, str] = log["strategy_errors"]
    session = paths.session(db, "acme", log["session_id"]).get().to_dict() or {}
    signals = issued_signals(session)
    for name in ("GoodOne", "GoodTwo"):
        assert name not in errors, errors
        assert signals[name]["allocation"] == 0.1
    for name, (_, said) in HARM.items():
        expected = said.replace("within 2 s", f"within {seconds} s")
        assert (name in errors) == bool(expected), (name, errors.get(name))
        assert expected in errors.get(name, ""), errors
    assert log["load_errors"].keys() == {"exits_on_import", "HangsWhenConstructed"}
    assert log["load_errors"]["exits_on_import"].endswith("its import ended its process: exit code 3")
    assert "its constructor did not end within 5 s" in log["load_errors"]["HangsWhenConstructed"]
    seen = signals["ReadsSecrets"]["reasoning"]
    assert "PATH" in seen
    assert not {"A_SECRET_OF_THE_HOST", "WEBHOOK_SIGNING_KEY", "FIRESTORE_EMULATOR_HOST"} & set(seen.split(","))


def test_a_scheduled_cycle_is_decided_on_the_good_ones_and_nothing_is_left_running(
    suite: EmulatorSuite, db: Client, project: Path
) -> None:
    answer = suite.deliver_task("orchestratetenant", {"tenant_id": "acme", "slot": slot_of(datetime.now(UTC))})
    assert answer.json() == {"result": {"status": "DECIDED"}}
    check(db)
    assert soon(lambda: not processes_with(LEFT_BEHIND))
    ours = set(processes_with("functions.sandbox.root")) & set(processes_with(str(project)))
    roots = [pid for pid in ours if is_outermost(pid)]
    assert len(roots) == 1, "the worker that ran the cycle has one; those of other functions have none"
    waiting = 3  # the root inside the namespaces, the loader of most files, and that of the file that patches numpy
    assert soon(lambda: len(below(roots[0])) <= waiting), below(roots[0])


def is_outermost(pid: int) -> bool:
    """Tell whether a process was started by something that is not the sandbox itself."""
    parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
    return b"functions.sandbox.root" not in Path(f"/proc/{parent}/cmdline").read_bytes()


def start_both_workers(api: str, bearer: dict[str, str]) -> None:
    """Let both workers that the emulator has for the API serve a request, so that none is started during a cycle.

    A request that finds every worker busy starts the next, and starting one takes as long as a whole cycle may.
    """
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(requests.get, f"{api}/v1/policy", headers=bearer, timeout=60) for _ in range(4)]
    assert [one.result().status_code for one in asked] == [200] * len(asked)


def test_the_kill_switch_answers_while_strategies_do_harm(suite: EmulatorSuite, db: Client) -> None:
    bearer = {"Authorization": f"Bearer {admin_token(suite, db)}"}
    api = suite.function_url("api")
    start_both_workers(api, bearer)
    long = 10  # seconds for those that do not end: so long the cycle lasts, and a busy machine answers within them
    paths.policy(db, "acme").update({"strategy_timeout_seconds": float(long)})
    with ThreadPoolExecutor(1) as pool:
        cycle = pool.submit(requests.post, f"{api}/v1/orchestrations", headers=bearer, timeout=120)
        slowest, answered_meanwhile = 0.0, 0
        while not cycle.done():
            started = time.monotonic()
            body = {"state": "RUN", "reason": "to see whether it answers"}
            answer = requests.put(f"{api}/v1/trading-state", json=body, headers=bearer, timeout=60)
            assert answer.status_code == 200, answer.text
            slowest = max(slowest, time.monotonic() - started)
            answered_meanwhile += not cycle.done()
            time.sleep(0.2)
    assert cycle.result().status_code in {200, 201}, cycle.result().text
    assert answered_meanwhile >= 1
    assert slowest < 20, "the emulator has two workers of this function; one of them runs the cycle"
    check(db, long)
    assert soon(lambda: not processes_with(LEFT_BEHIND))
