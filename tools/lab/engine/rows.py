"""From what the services did in a session to the rows that figures are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from functions.domain.orchestration.decision import AllocationDecision, MaestroDecision
from tools.lab.engine.account import PolicyAccount, Traded
from tools.lab.engine.paper_broker import PaperBroker
from tools.lab.engine.sessions import Session
from tools.lab.policy_run import AccountSession, PolicyRun, StrategySession


class Rows:
    """The rows of one account, session by session."""

    def __init__(self, name: str, policy: Mapping[str, Any], strategies: Sequence[str]) -> None:
        self._name = name
        self._policy = policy
        self._sessions: list[AccountSession] = []
        self._strategies: dict[str, list[StrategySession]] = {one: [] for one in strategies}
        self._sides: dict[tuple[str, str], bool] = {}
        """Whether each position is long, by strategy and symbol."""
        self._round_trips: Counter[str] = Counter()

    def add(self, session: Session, traded: Traded, account: PolicyAccount) -> None:
        """Add a session once its performance is computed."""
        broker, fills = account.broker, traded.fills.values()
        held = {key: quantity * session.closes.prices[key[1]] for key, quantity in broker.shares.items()}
        last = self._sessions[-1].day if self._sessions else None
        self._sessions.append(
            AccountSession(
                day=session.day,
                equity=broker.equity(session.closes),
                market_value=sum(map(abs, held.values())),
                traded=sum(fill["qty"] * fill["price"] for fill in fills),
                costs=sum(fill["fees"] + fill["slippage"] for fill in fills),
            )
        )
        earned = account.earned(last, session)
        for verdict in traded.decision.verdicts:
            name = verdict.strategy_name
            value = sum(abs(usd) for (owner, _), usd in held.items() if owner == name)
            row = row_of(session.day, verdict, traded.decision, earned[name], value)
            self._strategies[name].append(row)
        self._count_round_trips(broker, fills)

    def run(self, *, is_whole: bool) -> PolicyRun:
        """Return the rows so far."""
        return PolicyRun(
            name=self._name,
            policy=self._policy,
            sessions=tuple(self._sessions),
            strategies={name: tuple(rows) for name, rows in self._strategies.items()},
            round_trips={name: self._round_trips[name] for name in self._strategies},
            is_whole=is_whole,
        )

    def _count_round_trips(self, broker: PaperBroker, fills: Any) -> None:
        """Count positions that the session's fills closed; a flip closes one, too."""
        held = {key: quantity > 0 for key, quantity in broker.shares.items()}
        for fill in fills:
            key = (fill["strategy_id"], fill["symbol"])
            was_long = self._sides.get(key)
            if was_long is not None and held.get(key) is not was_long:
                self._round_trips[fill["strategy_id"]] += 1
        self._sides = held


def row_of(
    day: date, verdict: AllocationDecision, decision: MaestroDecision, profit: float, held: float
) -> StrategySession:
    """Return a strategy's session from what was decided, USD that it earned, and USD that it holds."""
    ruled = decision.signals[verdict.strategy_name]
    codes = [verdict.reason_code, *(change.reason_code for change in ruled.changes)]
    return StrategySession(
        day=day,
        mode=str(verdict.mode),
        proposed=str(ruled.proposed.action),
        issued=str(ruled.action),
        reason_codes=tuple(dict.fromkeys(str(code) for code in codes)),
        profit=profit,
        held=held,
        sharpe_ratio=verdict.sharpe_ratio,
    )
