"""What strategies, and variants of the samples, earn alone: each on an account that it does not share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from functions.domain.track_record.session_returns import SessionReturn, SessionReturns
from functions.strategies.base import BaseStrategy
from tools.lab.engine.account import PolicyAccount, Tenant, Traded
from tools.lab.engine.paper_broker import PaperBroker
from tools.lab.engine.replay import walk
from tools.lab.engine.rows import Rows
from tools.lab.engine.sessions import ReadOnce, Session, Sessions
from tools.lab.engine.simulated import RememberedCalendars
from tools.lab.engine.strategies import LabStrategies
from tools.lab.policies import BUILT_IN, OFF
from tools.lab.source import Advance
from tools.lab.task import Task, found_strategies

VARIANTS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "BollingerBreakout": ({"days": 10}, {"days": 40}),
    "MovingAverageTrend": ({"fast_days": 10}, {"slow_days": 100}),
    "PairsReversion": ({"days": 20}, {"days": 60}),
    "RsiMeanReversion": ({"days": 5}, {"days": 14}),
    "TurtleChannel": ({"entry_days": 10, "exit_days": 5}, {"entry_days": 40, "exit_days": 20}),
    "TwelveOneMomentum": ({"formation_days": 126}, {"kept_ranks": 1}),
    "VolatilityManaged": ({"days": 10}, {"days": 44}),
}
"""Other settings of the samples, by class name. A strategy of the user's own has none."""


@dataclass(frozen=True, slots=True)
class Alone:
    """Daily returns as the ledger measures them and modes judge them: of the capital that was granted or in use."""

    strategies: SessionReturns
    """Of the task's strategies as they are, shape (strategies, sessions)."""
    variants: SessionReturns
    """Of those, and of their variants, shape (variants, sessions)."""


def replayed_alone(task: Task, progress: Advance | None = None) -> Alone | None:
    """
    Replay each strategy and each variant raw, by itself.

    Returns
    -------
    Alone or None
        None if Ctrl-C ended it.
    """
    classes = found_strategies()
    plain = [classes[name]() for name in task.strategies]
    varied = [classes[name](config=config) for name in task.strategies for config in VARIANTS.get(name, ())]
    found = _replayed(task, [*plain, *varied], progress)
    if found is None:
        return None
    return Alone(found[: len(plain)], found)


def _replayed(task: Task, strategies: Sequence[BaseStrategy], progress: Advance | None) -> SessionReturns | None:
    """Return the daily returns of each, shape (strategies, sessions); None if it was interrupted."""
    calendars, tenant, read_quotes = RememberedCalendars(), Tenant(), ReadOnce()
    sessions = Sessions(task.prices.bars, calendars.of(task.market), task.first, task.last)
    accounts, rows, asked = {}, {}, []
    for number, strategy in enumerate(strategies):
        one = LabStrategies([strategy])
        document = {"sample_strategies": sorted(one.samples), "market": task.market, **BUILT_IN[OFF]}
        broker = PaperBroker(tenant.uid, task.starting_cash, costs=task.costs)
        name = str(number)
        accounts[name] = PolicyAccount(tenant, document, one, task.market, calendars, broker, read_quotes)
        rows[name] = _DailyReturns(name, document, one.names)
        asked.append(one)
    try:
        is_whole = walk(sessions, accounts, rows, progress=progress)
    finally:
        for one in asked:
            one.close()
    if not is_whole:
        return None
    each = [SessionReturns.of(one.found) for one in rows.values()]
    return SessionReturns(*(np.stack(arrays) for arrays in zip(*(one.arrays for one in each), strict=True)))


class _DailyReturns(Rows):
    """Of one strategy's account, each session's return alone."""

    def __init__(self, name: str, policy: Mapping[str, Any], strategies: Sequence[str]) -> None:
        super().__init__(name, policy, strategies)
        self._strategy = strategies[0]
        self.found: list[SessionReturn | None] = []

    def add(self, session: Session, traded: Traded, account: PolicyAccount) -> None:  # noqa: ARG002 - of Rows
        self.found.append(account.session_return(session, self._strategy))
