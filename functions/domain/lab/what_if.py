"""
What another policy would have decided over a tenant's recorded sessions, by the rules that decide.

Each session's last decision is decided again, under either policy, from what its log and the daily returns say; modes
go on from session to session. What the record cannot tell is held fixed: `held_fixed.HELD_FIXED`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import Policy
from functions.domain.lab.held_fixed import not_told
from functions.domain.lab.record import Record
from functions.domain.lab.recorded_session import Issued
from functions.domain.lab.replayed_sessions import DecidedSession, modes_of, not_reproduced
from functions.domain.lab.weighted_returns import WeightedReturns, weighted_returns


@dataclass(frozen=True, slots=True)
class Change:
    """What differs for one strategy in one session."""

    day: date
    strategy_name: str
    before: Issued
    after: Issued


@dataclass(frozen=True, slots=True)
class Totals:
    """One policy over all sessions."""

    mode_changes: int
    """Strategies' moves from one mode to another, from session to session."""
    entries: int
    """Issued live."""
    systemic_sessions: int
    breaker_sessions: int
    """Sessions in which an account breaker stopped an entry."""


@dataclass(frozen=True, slots=True)
class StrategyModes:
    """One strategy's sessions by mode."""

    strategy_name: str
    before: Mapping[AgentMode, int]
    after: Mapping[AgentMode, int]
    last_before: AgentMode
    """In the last session it took part in."""
    last_after: AgentMode
    entries_stopped: int
    """Sessions in which its entry was issued before, and is not after."""
    entries_let_through: int
    """The other way round."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A policy beside another over the same sessions; `before` is the one in force, `after` the one being tried."""

    sessions: tuple[date, ...]
    before: Totals
    after: Totals
    strategies: tuple[StrategyModes, ...]
    changes: tuple[Change, ...]
    """Newest first."""
    reproduced: int
    """Sessions that the rules, under the policy of that time, decide for every strategy as recorded."""
    not_reproduced: tuple[date, ...]
    not_told: tuple[str, ...]
    """Settings that differ and whose effect is unknown, or known only in part."""
    returns: WeightedReturns

    @property
    def entries_stopped(self) -> int:
        return sum(one.entries_stopped for one in self.strategies)

    @property
    def entries_let_through(self) -> int:
        return sum(one.entries_let_through for one in self.strategies)


def what_if(record: Record, tried: Policy) -> WhatIf:
    """Compare the policy in force with one being tried, over the record's sessions."""
    sessions, holds = record.sessions, record.holds
    before, after = record.decided(holds), record.decided(tried)
    is_then = any(record.policy_then(one) != holds for one in sessions)
    others = record.not_reproduced() if is_then else not_reproduced(sessions, before)
    changes = [
        Change(one.day, name, issued, other.issued[name])
        for one, other in zip(before, after, strict=True)
        for name, issued in one.issued.items()
        if not issued.is_same(other.issued[name])
    ]
    return WhatIf(
        tuple(one.day for one in sessions),
        _totals(before),
        _totals(after),
        _strategies(before, after),
        tuple(sorted(changes, key=lambda one: one.day, reverse=True)),
        len(sessions) - len(others),
        others,
        not_told(holds, tried),
        weighted_returns(record.windows, modes_of(before), modes_of(after), tried, _exits(before)),
    )


def _exits(decided: Sequence[DecidedSession]) -> int:
    return sum(len(one.exits) for one in decided)


def _totals(decided: Sequence[DecidedSession]) -> Totals:
    last: dict[str, AgentMode] = {}
    moves = 0
    for one in decided:
        now = {name: issued.mode for name, issued in one.issued.items()}
        moves += sum(name in last and last[name] is not mode for name, mode in now.items())
        last |= now
    return Totals(
        moves,
        sum(len(one.entries) for one in decided),
        sum(one.is_systemic for one in decided),
        sum(one.is_stopped_by_breaker for one in decided),
    )


def _strategies(before: Sequence[DecidedSession], after: Sequence[DecidedSession]) -> tuple[StrategyModes, ...]:
    names = sorted({name for one in before for name in one.issued})
    return tuple(_strategy(name, before, after) for name in names)


def _strategy(name: str, before: Sequence[DecidedSession], after: Sequence[DecidedSession]) -> StrategyModes:
    pairs = [(one, other) for one, other in zip(before, after, strict=True) if name in one.issued]
    old, new = ([one.issued[name].mode for one in side] for side in zip(*pairs, strict=True))
    return StrategyModes(
        name,
        {mode: old.count(mode) for mode in AgentMode},
        {mode: new.count(mode) for mode in AgentMode},
        old[-1],
        new[-1],
        sum(name in one.entries and name not in other.entries for one, other in pairs),
        sum(name in other.entries and name not in one.entries for one, other in pairs),
    )
