"""A tenant's recorded sessions decided again under a policy, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.lab.recorded_session import BREAKER_REASONS, Issued, RecordedSession
from functions.domain.orchestration.decide import DecisionRequest, decide
from functions.domain.orchestration.decision import AllocationDecision, MaestroDecision
from functions.domain.orchestration.inputs import Account
from functions.domain.orchestration.paper_costs import STATED
from functions.domain.orchestration.risk_rules import RuledSignal
from functions.domain.track_record.breakers import BreakerState
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.windows import PerformanceWindows

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_ACCOUNT = Account(buying_power=1.0)
"""Turns allocations into amounts; only sizes in USD depend on it."""


@dataclass(frozen=True, slots=True)
class DecidedSession:
    """One session under one policy."""

    day: date
    issued: Mapping[str, Issued]
    """By strategy."""
    entries: frozenset[str]
    """Strategies whose live entry was issued, with an allocation above 0."""
    exits: frozenset[str]
    """Strategies whose exit from a live position was issued."""
    is_systemic: bool
    """Whether the systemic rule found risk."""
    is_stopped_by_breaker: bool
    """Whether an account breaker stopped an entry."""
    decision: MaestroDecision
    """The decision in full, with its reasons."""


def replayed(
    sessions: Sequence[RecordedSession],
    first_modes: Mapping[str, ModeState],
    windows: PerformanceWindows,
    policy_of: Callable[[RecordedSession], Policy],
) -> list[DecidedSession]:
    """
    Decide every session again, each with the modes that the session before left.

    Parameters as for `what_if.what_if`.
    """
    modes, decided = dict(first_modes), []
    for session in sessions:
        policy = policy_of(session)
        result = decide(_request(session, modes, windows.before(session.day), policy))
        # Returns change between sessions: it is their first decision, not the last, in which modes move.
        modes = {
            name: replace(state, since=session.begins_at) if state.since == session.at else state
            for name, state in result.modes.items()
        }
        decision = result.decision
        ruled = decision.signals
        decided.append(
            DecidedSession(
                session.day,
                {one.strategy_name: _issued(one, ruled[one.strategy_name]) for one in decision.verdicts},
                frozenset(name for name, one in ruled.items() if one.is_entry and one.allocation > 0),
                frozenset(name for name, one in ruled.items() if one.is_whole_exit),
                decision.systemic_risk_detected,
                any(change.reason_code in BREAKER_REASONS for one in ruled.values() for change in one.changes),
                decision,
            )
        )
    return decided


def not_reproduced(sessions: Sequence[RecordedSession], decided: Sequence[DecidedSession]) -> tuple[date, ...]:
    """Return the sessions that, under the policies of that time, are decided differently now for some strategy."""
    pairs = zip(sessions, decided, strict=True)
    return tuple(one.day for one, again in pairs if not _is_same(one.issued, again.issued))


def _is_same(one: Mapping[str, Issued], other: Mapping[str, Issued]) -> bool:
    return one.keys() == other.keys() and all(issued.is_same(other[name]) for name, issued in one.items())


def modes_of(decided: Sequence[DecidedSession] | Sequence[RecordedSession]) -> dict[date, dict[str, AgentMode]]:
    """Return the modes that strategies had, by session."""
    return {one.day: {name: issued.mode for name, issued in one.issued.items()} for one in decided}


def modes_after(session: RecordedSession) -> dict[str, ModeState]:
    """
    Return the modes that a session left on record, of strategies that were not disabled.

    Since when is not on record: modes count as held for longer than any policy asks for. What a disabled strategy had
    earned is not on record, either: it begins as one that was never seen.
    """
    return {
        name: ModeState(issued.mode, _LONG_AGO, session.mode_reasons[name])
        for name, issued in session.issued.items()
        if issued.mode is not AgentMode.DISABLED
    }


def _request(
    session: RecordedSession, modes: Mapping[str, ModeState], windows: PerformanceWindows, policy: Policy
) -> DecisionRequest:
    return DecisionRequest(
        tenant_id="",
        session_id=session.session_id,
        slot=None,
        now=session.at,
        policy=replace(policy, trading_state=session.trading_state, trading_state_until=None),
        windows=windows,
        previous_modes=modes,
        breaker=_breaker(session.breaker, policy),
        paper=session.paper,
        paper_costs=STATED,
        prices=session.prices,
        positions=session.positions,
        account=_ACCOUNT,
        issues=session.issues,
        signals=session.signals,
        samples=session.samples | frozenset(policy.sample_strategies),
        load_errors={},
        new_nonce=str,
        drifts=session.drifts,
    )


def _breaker(recorded: BreakerState, policy: Policy) -> BreakerState:
    """Return the breaker as it was, or closed if it tripped by a limit that the policy does not have."""
    limits = {
        ReasonCode.ACCOUNT_DRAWDOWN: policy.max_drawdown,
        ReasonCode.DAILY_LOSS: policy.daily_loss_limit,
    }
    is_off = recorded.reason_code is not None and limits[recorded.reason_code] is None
    return BreakerState() if is_off else recorded


def _issued(verdict: AllocationDecision, ruled: RuledSignal) -> Issued:
    return Issued(verdict.mode, ruled.action, ruled.allocation, verdict.reason_code, verdict.reason_codes[1:])
