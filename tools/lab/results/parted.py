"""
Which days, strategies and rules make the difference between two policies on the same days.

Every dollar between them is put to one cause: a strategy's profit, while it holds something else under one policy than
under the other, to the last decision in which they parted; the rest to sizes, as cash and equity are others afterwards.
So causes add up. What a rule is worth they do not tell: that takes a replay without it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from functions.domain.kernel.agent_mode import WEIGHTS, AgentMode
from tools.lab.policy_run import PolicyRun, StrategySession
from tools.lab.results.measured import is_live

SIZES = "other sizes"
_DIFFERS = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class PartedDay:
    """One session's difference."""

    day: date
    difference: float
    """USD that the first policy earned over the second."""
    strategies: Mapping[str, float]
    """USD by strategy, largest first."""
    causes: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """What is between two policies."""

    difference: float
    """USD of final equity, of the first over the second."""
    days: tuple[PartedDay, ...]
    """Every session, in order."""
    strategies: Mapping[str, float]
    causes: Mapping[str, float]
    """USD by what parted them; they add up to the strategies."""
    decisions: Mapping[str, int]
    """In how many sessions of strategies each cause parted them."""

    def largest(self, count: int) -> list[PartedDay]:
        """Return the sessions that made most difference, either way."""
        return sorted(self.days, key=lambda one: (-abs(one.difference), one.day))[:count]


def parted(one: PolicyRun, other: PolicyRun) -> Parted:
    """Return what is between two runs of the same sessions and strategies."""
    equities = [{session.day: session.equity for session in run.sessions} for run in (one, other)]
    by_day: dict[date, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    causes_by_day: dict[date, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    decisions: Counter[str] = Counter()
    for name in one.strategies.keys() & other.strategies.keys():
        cause = SIZES
        pairs = list(zip(one.strategies[name], other.strategies[name], strict=False))
        was_other = False
        for mine, theirs in pairs:
            shares = [
                row.held / max(equity[row.day], 1.0) for row, equity in zip((mine, theirs), equities, strict=True)
            ]
            is_other = abs(shares[0] - shares[1]) >= _DIFFERS
            usd = mine.profit - theirs.profit
            by_day[mine.day][name] += usd
            causes_by_day[mine.day][cause if is_other or was_other else SIZES] += usd
            was_other = is_other
            if (new := _cause(one.name, mine, other.name, theirs)) is not None:
                cause = new
                decisions[new] += 1
    days = tuple(
        PartedDay(
            day=day,
            difference=sum(by_day[day].values()),
            strategies=_ordered(by_day[day]),
            causes=_ordered(causes_by_day[day]),
        )
        for day in sorted(by_day)
    )
    return Parted(
        difference=one.sessions[-1].equity - other.sessions[-1].equity,
        days=days,
        strategies=_ordered(_sum(by_day)),
        causes=_ordered(_sum(causes_by_day)),
        decisions=dict(decisions),
    )


def _cause(one_name: str, one: StrategySession, other_name: str, other: StrategySession) -> str | None:
    """Return what made two decisions of a strategy different ones; None if they were the same."""
    if _effect(one) == _effect(other):
        return None
    if one.proposed != other.proposed:
        return "other proposals: a strategy sees what it holds"
    changed = [
        (name, row) for name, row in ((one_name, one), (other_name, other)) if _effect(row) != (row.proposed, 1.0)
    ]
    return " / ".join(f"{name}: {row.reason_codes[0] if row.reason_codes else row.mode}" for name, row in changed)


def _effect(row: StrategySession) -> tuple[str, float]:
    """Return what was to be traded, and at which share of the size that was proposed."""
    if row.issued == "HOLD" or not is_live(row):
        return "HOLD", 1.0
    return row.issued, WEIGHTS[AgentMode(row.mode)] if row.issued == "BUY" else 1.0


def _sum(by_day: Mapping[date, Mapping[str, float]]) -> Mapping[str, float]:
    total: dict[str, float] = defaultdict(float)
    for day in sorted(by_day):
        for name, usd in by_day[day].items():
            total[name] += usd
    return total


def _ordered(usd: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(usd.items(), key=lambda one: (-abs(one[1]), one[0])))
