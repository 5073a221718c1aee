"""
Which days, strategies and rules make the difference between two policies on the same days.

Every dollar between them has one cause: a strategy's profit, while it holds something else under one policy than
under the other, is attributed to the last decision in which they diverged; the rest to sizes, because cash and equity
differ from then on.
So causes add up. They do not say what a rule is worth: that takes a replay without it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from functions.domain.kernel.agent_mode import WEIGHTS, AgentMode
from functions.domain.kernel.reasons import ReasonCode
from tools.lab.policy_run import PolicyRun, StrategySession
from tools.lab.results.measured import OTHER_SHARE, is_live

SIZES = "different sizes"
PROPOSALS = "different proposals: it held something else"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributedDay:
    """One session's difference."""

    day: date
    difference: float
    """USD that the first policy earned over the second."""
    strategies: Mapping[str, float]
    """USD by strategy, largest first."""
    causes: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The difference between two policies."""

    difference: float
    """USD of final equity, of the first over the second."""
    days: tuple[AttributedDay, ...]
    """Every session, in order."""
    strategies: Mapping[str, float]
    causes: Mapping[str, float]
    """USD by what made the decisions differ; they add up to the strategies."""
    decisions: Mapping[str, int]
    """In how many sessions of strategies each cause made a decision differ."""

    def largest(self, count: int) -> list[AttributedDay]:
        """Return the sessions that made most difference, either way."""
        return sorted(self.days, key=lambda one: (-abs(one.difference), one.day))[:count]


def attributed(one: PolicyRun, other: PolicyRun) -> Attribution:
    """Return the difference between two runs of the same sessions and strategies."""
    strategies: dict[str, float] = {}
    by_day: dict[date, dict[str, float]] = defaultdict(dict)
    causes_by_day: dict[date, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    decisions: Counter[str] = Counter()
    for name in sorted(one.strategies.keys() & other.strategies.keys()):
        strategies[name] = 0.0
        for day, usd, cause, new in _of_strategy(name, one, other):
            strategies[name] += usd
            by_day[day][name] = usd
            causes_by_day[day][cause] += usd
            decisions.update(() if new is None else (new,))
    causes: dict[str, float] = defaultdict(float)
    for day in sorted(causes_by_day):
        for cause, usd in causes_by_day[day].items():
            causes[cause] += usd
    return Attribution(
        difference=one.sessions[-1].equity - other.sessions[-1].equity,
        days=tuple(
            AttributedDay(
                day=day,
                difference=sum(by_day[day].values()),
                strategies=_ordered(by_day[day]),
                causes=_ordered(causes_by_day[day]),
            )
            for day in sorted(by_day)
        ),
        strategies=_ordered(strategies),
        causes=_ordered(causes),
        decisions=dict(decisions),
    )


def _of_strategy(name: str, one: PolicyRun, other: PolicyRun) -> Iterator[tuple[date, float, str, str | None]]:
    """Yield each session with its difference, USD, what it is attributed to, and what made its decisions differ."""
    cause, was_other = SIZES, False
    tell = _cause_of_weights if math.isnan(one.sessions[0].traded) else _cause
    rows = zip(one.strategies[name], other.strategies[name], one.sessions, other.sessions, strict=True)
    for mine, theirs, my_account, their_account in rows:
        shares = mine.held / max(my_account.equity, 1.0), theirs.held / max(their_account.equity, 1.0)
        is_other = abs(shares[0] - shares[1]) >= OTHER_SHARE
        new = tell(one.name, mine, other.name, theirs)
        yield mine.day, mine.profit - theirs.profit, cause if is_other or was_other else SIZES, new
        if was_other and not is_other:
            cause = SIZES
        if new is not None and (new != PROPOSALS or cause == SIZES):  # what it proposes after that follows from it
            cause = new
        was_other = is_other


def _cause(one_name: str, one: StrategySession, other_name: str, other: StrategySession) -> str | None:
    """Return what made two decisions of a strategy different ones; None if they were the same."""
    if _effect(one) == _effect(other):
        return None
    both = ((one_name, one), (other_name, other))
    changed = [(name, row) for name, row in both if _effect(row) != (row.proposed, 1.0, False)]
    if not changed:
        return PROPOSALS
    return " / ".join(f"{name}: {row.reason_codes[0] if row.reason_codes else row.mode}" for name, row in changed)


def _cause_of_weights(one_name: str, one: StrategySession, other_name: str, other: StrategySession) -> str | None:
    """Return the same where returns are weighted, and nothing is traded: only modes make decisions differ."""
    both = [(name, row.mode) for name, row in ((one_name, one), (other_name, other)) if row.mode]
    if len({WEIGHTS[AgentMode(mode)] for _, mode in both}) < 2:
        return None
    return " / ".join(f"{name}: {mode}" for name, mode in both if WEIGHTS[AgentMode(mode)] < 1.0)


def _effect(row: StrategySession) -> tuple[str, float, bool]:
    """Return what was to be traded, at which share of the size that was proposed, and whether a cap made it smaller."""
    if row.issued == "HOLD" or not is_live(row):
        return "HOLD", 1.0, False
    weight = WEIGHTS[AgentMode(row.mode)] if row.issued == "BUY" else 1.0
    return row.issued, weight, ReasonCode.GROSS_ALLOCATION_CAP in row.reason_codes


def _ordered(usd: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(usd.items(), key=lambda one: (-abs(one[1]), one[0])))
