"""What the lab's services take, compared with the strategies that they evaluate."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Mapping
from typing import Any

from examples.replay import HISTORY_DAYS, Prices
from functions.sandbox.find_strategies import is_sample
from functions.sandbox.strategy_signatures import with_three_arguments
from functions.services.orchestration.read_only import read_only
from functions.strategies.loader import StrategyLoader
from tools.lab.engine.account import PolicyAccount, Tenant
from tools.lab.engine.paper_broker import Closes, PaperBroker
from tools.lab.engine.replay import walk
from tools.lab.engine.rows import Rows
from tools.lab.engine.sessions import ReadOnce, Sessions
from tools.lab.engine.simulated import RememberedCalendars
from tools.lab.engine.strategies import LabStrategies, at_once

DAYS = 1000
RUNS = 3
"""How often each is measured, in turns: a shared machine's speed changes by several per cent."""
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
