"""What weighing the most strategies of a tenant takes, and importing the functions, without Firestore."""

from __future__ import annotations

import os
import statistics
import subprocess
from datetime import UTC, date, datetime, timedelta

import numpy as np

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import MAX_WINDOW_DAYS, Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.standing import standings
from functions.domain.track_record.windows import MAX_WINDOW_STRATEGIES, PerformanceWindows
from tools.bench_times import timed
from tools.prerequisites import DEV_PYTHON, ROOT

BARE_SDKS = """
import firebase_functions.firestore_fn, firebase_functions.https_fn
import firebase_functions.scheduler_fn, firebase_functions.tasks_fn
import firebase_admin.firestore, google.cloud.firestore
"""


def measure_standings(rounds: int) -> tuple[float, float]:
    """Return seconds of weighing as many strategies as a tenant can have, as cycles do: (all at once, one by one)."""
    rng, now = np.random.default_rng(20), datetime.now(UTC)
    names = tuple(f"Strategy{number:04d}" for number in range(MAX_WINDOW_STRATEGIES))
    days = tuple(date(2020, 1, 1) + timedelta(days=day) for day in range(MAX_WINDOW_DAYS))
    windows = PerformanceWindows(names, days, SessionReturns.plain(rng.normal(0.001, 0.01, (len(names), len(days)))))
    two_days_ago = now - timedelta(days=2)
    previous = {name: ModeState(AgentMode.REDUCED, two_days_ago, ReasonCode.SHARPE_BELOW_REDUCE) for name in names}

    def weigh(*some: str) -> None:
        standings(some, windows, previous, Policy(), now)

    def weigh_one_by_one() -> None:
        for name in names:
            weigh(name)

    weigh(*names)
    return statistics.median(timed(lambda: weigh(*names)) for _ in range(rounds)), timed(weigh_one_by_one)


def measure_import(rounds: int) -> tuple[float, float]:
    """
    Return CPU seconds of importing (main.py, the SDKs that it imports), each in fresh processes, in turns.

    They are the least of all rounds: an import always does the same, so what it takes longer is other programs' doing.
    """
    mains, bares = [], []
    for _ in range(rounds):
        mains.append(import_seconds("import functions.main"))
        bares.append(import_seconds(BARE_SDKS))
    return min(mains), min(bares)


def import_seconds(statements: str) -> float:
    code = f"import time; started = time.process_time()\n{statements}\nprint(time.process_time() - started)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [str(DEV_PYTHON), "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)
