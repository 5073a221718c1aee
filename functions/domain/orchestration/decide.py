"""Decide one cycle, as a pure function of signals, windows, modes, policy, time and identities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.decision import AllocationDecision, MaestroDecision
from functions.domain.orchestration.drift import NO_DRIFT, Drifts
from functions.domain.orchestration.identity import new_identity
from functions.domain.orchestration.inputs import Account, InputIssue
from functions.domain.orchestration.intent import Intent
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.paper import PaperFill, PaperPositions, trade_on_paper
from functions.domain.orchestration.paper_costs import PaperCosts
from functions.domain.orchestration.risk_rules import (
    RISK_RULES,
    RULES_WHEN_OFF,
    RiskContext,
    RuledSignal,
    systemic_risk_of,
)
from functions.domain.orchestration.signals import Action, ProposedSignal
from functions.domain.orchestration.summary import summarise
from functions.domain.orchestration.weigh import Holdings, weigh
from functions.domain.track_record.breakers import BreakerState
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.standing import Standing, mode_reasoning, standings
from functions.domain.track_record.windows import MAX_WINDOW_STRATEGIES, PerformanceWindows

NOT_READ = frozenset({ReasonCode.STORE_UNAVAILABLE, ReasonCode.DAMAGED_DOCUMENT})
"""Issues with which stored state is unknown, and nothing is stored."""
UNREADABLE = NOT_READ | {ReasonCode.MALFORMED_STATE, ReasonCode.MALFORMED_POLICY}
"""Issues with which modes are neither changed nor stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRequest:
    """All inputs of a decision."""

    tenant_id: str
    session_id: str
    slot: str | None
    now: datetime
    policy: Policy
    windows: PerformanceWindows
    previous_modes: Mapping[str, ModeState]
    breaker: BreakerState
    """Updated with this cycle's account."""
    paper: PaperPositions
    """Paper positions of shadowed strategies."""
    paper_costs: PaperCosts
    """Costs charged to their fills."""
    prices: Mapping[str, float]
    """USD by symbol."""
    positions: KnownPositions
    """Live positions of strategies."""
    account: Account
    issues: tuple[InputIssue, ...]
    signals: Sequence[ProposedSignal]
    samples: Set[str] = frozenset()
    """Strategies that may act only if the policy names them."""
    load_errors: Mapping[str, str]
    new_nonce: Callable[[], str]
    drifts: Drifts = NO_DRIFT
    """Differences between broker and books."""


@dataclass(frozen=True, slots=True, repr=False)
class DecisionResult:
    """A decision, the signals to issue, and the modes to store."""

    decision: MaestroDecision
    signals: dict[str, dict[str, Any]]
    """By strategy: stamped and JSON-ready."""
    modes: Mapping[str, ModeState]
    """Modes of every strategy ever seen."""
    modes_changed: bool
    """Whether to store them."""
    breaker: BreakerState
    """To store for the next cycle."""
    paper: PaperPositions
    """New paper positions of shadowed strategies."""
    paper_fills: Sequence[PaperFill]
    standing: Mapping[str, Standing]
    """By strategy: the track record behind its mode."""


def decide(request: DecisionRequest) -> DecisionResult:
    """
    Decide one cycle.

    Raises
    ------
    InputError
        If there are more strategies than a tenant may have.
    """
    names = [signal.strategy_name for signal in request.signals]
    if len(names) > MAX_WINDOW_STRATEGIES:
        raise InputError("strategies", f"at most {MAX_WINDOW_STRATEGIES} a tenant", len(names))
    policy, previous = request.policy, request.previous_modes
    is_readable = not any(issue.reason_code in UNREADABLE for issue in request.issues)
    standing = standings(
        names, request.windows, previous, policy, request.now, samples=request.samples, is_readable=is_readable
    )
    tripped = request.breaker if request.breaker.is_tripped(request.now) else None
    prices = {canonical_symbol(symbol): price for symbol, price in request.prices.items()}
    holdings = Holdings(request.positions, request.paper, prices, request.account.spendable)
    ruled = apply_rules(
        weigh(request.signals, standing, holdings, policy),
        RiskContext(policy, request.issues, tripped, request.drifts),
    )
    decision = _decision(request, standing, ruled)
    modes = {**previous, **{s.strategy_name: standing[s.strategy_name].state for s in request.signals}}
    stamped = {
        d.strategy_name: _stamped(request, decision.signals[d.strategy_name], d, decision) for d in decision.verdicts
    }
    paper: PaperPositions = request.paper
    fills: list[PaperFill] = []
    if policy.enabled and is_readable:
        equity = request.account.equity or 0.0
        capital_usd = equity if equity > 0 else policy.base_capital
        paper, fills = trade_on_paper(ruled, request.paper, request.prices, capital_usd, request.paper_costs)
    modes_changed = policy.enabled and is_readable and (modes != dict(previous) or bool(fills))
    return DecisionResult(decision, stamped, modes, modes_changed, request.breaker, paper, fills, standing)


def apply_rules(weighted: Sequence[RuledSignal], context: RiskContext) -> list[RuledSignal]:
    """Apply every rule in order to the proposals as weighted by modes."""
    ruled = list(weighted)
    rules = RISK_RULES
    if not context.policy.enabled:
        kept = tuple(issue for issue in context.issues if issue.reason_code in NOT_READ)
        rules, context = RULES_WHEN_OFF, replace(context, issues=kept)
    for rule in rules:
        ruled = rule.apply(ruled, context)
    return ruled


def _decision(
    request: DecisionRequest, standing: Mapping[str, Standing], ruled: Sequence[RuledSignal]
) -> MaestroDecision:
    risk = systemic_risk_of(ruled, request.policy) if request.policy.enabled else None
    decisions = tuple(_allocation_decision(request, standing[signal.name], signal) for signal in ruled)
    modified = {signal.name: _modification(signal) for signal in ruled if signal.changes}
    errors = {s.strategy_name: s.error for s in request.signals if s.error is not None}
    details = risk.details if risk else None
    identities = {
        signal.name: new_identity(request.tenant_id, signal.name, request.session_id, request.now, request.new_nonce)
        for signal in ruled
    }
    general = [issue.detail for issue in request.issues if issue.ticker is None]
    return MaestroDecision(
        tenant_id=request.tenant_id,
        timestamp=request.now,
        session_id=request.session_id,
        slot=request.slot,
        verdicts=decisions,
        signals={signal.name: signal for signal in ruled},
        systemic_risk_detected=risk is not None,
        systemic_risk_details=details,
        signals_modified=modified,
        strategy_errors=errors,
        load_errors=dict(request.load_errors),
        input_issues=request.issues,
        policy_version=request.policy.version,
        expires_at=request.now + timedelta(seconds=request.policy.signal_ttl_seconds),
        ai_summary=summarise(decisions, details, list(modified), [*errors, *request.load_errors], general),
        agent_identities=identities,
    )


def _allocation_decision(request: DecisionRequest, standing: Standing, signal: RuledSignal) -> AllocationDecision:
    codes = [standing.state.reason_code]
    if signal.proposed.reason_code is not None:
        codes.append(signal.proposed.reason_code)
    if signal.is_live_exit:
        codes.append(ReasonCode.LIVE_EXIT)
    codes += [change.reason_code for change in signal.changes]
    before = request.previous_modes.get(signal.name)
    previous = before.mode if before else None
    why = mode_reasoning(standing, request.policy, previous, is_whole_exit=signal.is_whole_exit)
    return AllocationDecision(
        signal.name,
        signal.proposed.allocation,
        signal.allocation,
        standing.state.mode,
        previous,
        codes[-1],
        tuple(codes),
        " ".join([why, *(f"{change.detail}." for change in signal.changes)]),
        standing.sharpe_ratio,
        standing.probabilistic_sharpe_ratio,
        standing.data_points,
        request.now,
    )


def _modification(signal: RuledSignal) -> str:
    """Return the overall change by rules as text: ``BUY->HOLD (systemic risk)``."""
    word = signal.changes[-1].reason_code.replace("_", " ").lower()
    first = signal.changes[0]
    if signal.action is not first.original_action:
        return f"{first.original_action}->{signal.action} ({word})"
    return f"{signal.action} {first.original_allocation:.1%}->{signal.allocation:.1%} ({word})"


def _stamped(
    request: DecisionRequest, signal: RuledSignal, verdict: AllocationDecision, decision: MaestroDecision
) -> dict[str, Any]:
    """Return the signal to issue: proposal, verdict and identity."""
    stamped = signal.proposed.to_dict()
    stamped |= {
        "strategy_name": signal.name,
        "action": str(signal.action),
        "allocation": signal.allocation,
        "original_allocation": signal.proposed.allocation,
        "weight_multiplier": signal.weight,
        "confidence": signal.confidence,
        "mode": str(signal.mode),
        "reason_code": str(verdict.reason_code),
        "sharpe_ratio": verdict.sharpe_ratio,
        "notional": _notional(signal, request.account),
        **decision.agent_identities[signal.name].stamp(),
        "expires_at": decision.expires_at.isoformat(),
    }
    is_hold = signal.action is Action.HOLD
    stamped |= {"intent": str(Intent.NOTHING)} if is_hold else signal.judgement.to_fields()
    if signal.action is not signal.proposed.action and signal.changes:
        stamped["override_reason"] = signal.changes[-1].detail
        stamped["original_action"] = str(signal.proposed.action)
    return stamped


def _notional(signal: RuledSignal, account: Account) -> float | None:
    """Return the buying power that a signal needs, USD: 0 for an exit, unknown without an account."""
    if not signal.is_entry:
        return 0.0
    return None if account.spendable is None else signal.allocation * account.spendable
