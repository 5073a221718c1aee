"""
The risk rules across strategies, in order.

A rule takes the cycle's signals and returns its changes; it never changes an exit. Every change carries a reason code
and the value it replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.plurals import counted
from functions.domain.kernel.policy import Policy, TradingState
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.drift import NO_DRIFT, Drifts
from functions.domain.orchestration.inputs import InputIssue
from functions.domain.orchestration.intent import Intent, Judgement
from functions.domain.orchestration.signals import Action, ProposedSignal
from functions.domain.track_record.breakers import BreakerState

_NAMED_SELLERS = 5
_HOLDING = Judgement(Intent.NOTHING, Action.HOLD)


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule's change to one signal."""

    reason_code: ReasonCode
    detail: str
    original_action: Action
    original_allocation: float


@dataclass(frozen=True, slots=True)
class RuledSignal:
    """A proposal, its strategy's mode, and the rules' changes."""

    proposed: ProposedSignal
    mode: AgentMode
    weight: float
    """Fraction of the proposed allocation that the mode allows."""
    action: Action
    allocation: float
    confidence: float
    changes: tuple[RuleChange, ...] = ()
    judgement: Judgement = _HOLDING
    """The proposal's effect on the position."""
    is_live_exit: bool = False
    """Whether a shadowed or disabled strategy exits a live position that it still has."""
    counts_as_exit: bool = False
    """Whether it counts as a seller for the systemic rule."""

    @classmethod
    def weighted(
        cls,
        proposed: ProposedSignal,
        mode: AgentMode,
        weight: float,
        judgement: Judgement,
        *,
        cover_allocation: float | None = None,
        holds_on_paper: bool | None = None,
    ) -> RuledSignal:
        """
        Apply the mode's weight to a proposal.

        An exit keeps its size in every mode that trades: half an exit would leave half the risk. A shadowed or
        disabled strategy's exit from a live position passes as REDUCED, whole.

        Parameters
        ----------
        cover_allocation : float or None
            For an exit that is a BUY: the fraction of buying power that it costs.
        holds_on_paper : bool or None
            Whether a shadowed strategy's paper book holds what it exits; None: not checked, taken as true.
        """
        ruled = cls(
            proposed, mode, weight, proposed.action, proposed.allocation * weight, proposed.confidence, (), judgement
        )
        if weight == 0 and not judgement.is_live:
            is_seller = mode is AgentMode.SHADOW_MODE and proposed.action is Action.SELL
            return replace(ruled, counts_as_exit=is_seller and holds_on_paper is not False)
        if judgement.intent is Intent.NOTHING:
            return ruled if judgement.reason_code is None else ruled.held(judgement.reason_code, judgement.detail)
        if not judgement.is_exit:
            return ruled
        return ruled._leaving(cover_allocation)

    def _leaving(self, cover_allocation: float | None) -> RuledSignal:
        judged, proposed = self.judgement, self.proposed
        changes: tuple[RuleChange, ...] = ()
        if judged.reason_code is not None:
            changes = (RuleChange(judged.reason_code, judged.detail, proposed.action, proposed.allocation),)
        # A cover without a price gets 0: a client that multiplies must not spend all buying power.
        allocation = proposed.allocation if judged.action is Action.SELL else cover_allocation or 0.0
        exit_ = replace(
            self,
            action=judged.action,
            allocation=allocation,
            changes=changes,
            counts_as_exit=self.mode is not AgentMode.DISABLED
            and proposed.reason_code is not ReasonCode.ON_SHADOW_FLATTEN,  # not a strategy's own signal
        )
        return exit_ if self.weight else replace(exit_, mode=AgentMode.REDUCED, weight=1.0, is_live_exit=True)

    @property
    def is_entry(self) -> bool:
        """Whether it adds exposure."""
        return self.judgement.intent is Intent.ENTRY and self.action is not Action.HOLD

    @property
    def is_whole_exit(self) -> bool:
        """Whether it exits a live position, at its proposed size."""
        return self.judgement.is_exit and self.weight > 0 and self.action is not Action.HOLD

    @property
    def name(self) -> str:
        return self.proposed.strategy_name

    def held(self, reason_code: ReasonCode, detail: str) -> RuledSignal:
        """Return this signal as a HOLD."""
        change = RuleChange(reason_code, detail, self.action, self.allocation)
        return replace(self, action=Action.HOLD, allocation=0.0, confidence=0.0, changes=(*self.changes, change))

    def scaled(self, factor: float, reason_code: ReasonCode, detail: str) -> RuledSignal:
        """Return this entry with a smaller allocation."""
        change = RuleChange(reason_code, detail, self.action, self.allocation)
        return replace(self, allocation=self.allocation * factor, changes=(*self.changes, change))


@dataclass(frozen=True, slots=True)
class RiskContext:
    """Inputs of rules besides the signals."""

    policy: Policy
    issues: tuple[InputIssue, ...] = ()
    breaker: BreakerState | None = None
    """The tripped account breaker; None if none is tripped."""
    drifts: Drifts = NO_DRIFT
    """Differences between broker and books."""


@dataclass(frozen=True, slots=True)
class SystemicRisk:
    """Several strategies want to sell at once."""

    sellers: tuple[str, ...]
    overridden: tuple[str, ...]

    @property
    def details(self) -> str:
        """The sentence in logs and reports."""
        count = len(self.overridden)
        effect = f"Overrode {counted(count, 'BUY signal')} to HOLD." if count else "No BUY to override."
        named = ", ".join(self.sellers[:_NAMED_SELLERS])
        sellers = named if len(self.sellers) <= _NAMED_SELLERS else f"{named}, …"
        return f"{len(self.sellers)} strategies signal SELL ({sellers}). {effect}"


class RiskRule(Protocol):
    """One rule; `apply` is pure."""

    def apply(self, signals: Sequence[RuledSignal], context: RiskContext) -> list[RuledSignal]:
        """Return all signals in the same order, with the rule's changes."""
        ...


class TradingStateRule:
    """HALT and REDUCE_ONLY add no exposure."""

    def apply(self, signals: Sequence[RuledSignal], context: RiskContext) -> list[RuledSignal]:
        state = context.policy.trading_state
        if state is TradingState.RUN:
            return list(signals)
        reason = ReasonCode.TRADING_HALTED if state is TradingState.HALT else ReasonCode.REDUCE_ONLY
        return _hold_entries(signals, reason, f"trading state is {state}")


class InputsRule:
    """Missing, malformed or stale inputs add no exposure; a malformed symbol affects only that symbol."""

    def apply(self, signals: Sequence[RuledSignal], context: RiskContext) -> list[RuledSignal]:
        general = next((issue for issue in context.issues if issue.ticker is None), None)
        by_ticker = {issue.ticker: issue for issue in context.issues if issue.ticker is not None}
        if general is None and not by_ticker:
            return list(signals)
        ruled = []
        for signal in signals:
            issue = general or by_ticker.get(signal.proposed.ticker)
            ruled.append(signal.held(issue.reason_code, issue.detail) if issue and signal.is_entry else signal)
        return ruled


class AccountBreakersRule:
    """A tripped account breaker adds no exposure."""

    def apply(self, signals: Sequence[RuledSignal], context: RiskContext) -> list[RuledSignal]:
        breaker = context.breaker
        if breaker is None or breaker.reason_code is None:
            return list(signals)
        return _hold_entries(signals, breaker.reason_code, breaker.detail)


class DriftRule:
    """While broker and books differ, the policy may hold entries in the symbol, or all entries."""

    def apply(self, signals: Sequence[RuledSignal], context: RiskContext) -> list[RuledSignal]:
        if not context.drifts.differences:
            return list(signals)
        ruled = []
        for signal in signals:
            why = context.drifts.reason_to_hold(signal.proposed.ticker, context.policy) if signal.is_entry else None
            ruled.append(signal if why is None else signal.held(ReasonCode.BOOK_DRIFT, why))
        return ruled


class SystemicSellsRule:
    """If enough distinct strategies want to sell, every entry is held."""

    def apply(self, signals: Sequence[RuledSignal], context: RiskContext) -> list[RuledSignal]:
        sellers = sellers_of(signals)
        if len(sellers) < context.policy.systemic_sell_threshold:
            return list(signals)
        detail = f"Maestro systemic risk override: {len(sellers)} strategies signaling SELL"
        return _hold_entries(signals, ReasonCode.SYSTEMIC_RISK, detail)


class GrossAllocationRule:
    """All entries together use at most the cap; they are scaled in proportion."""

    def apply(self, signals: Sequence[RuledSignal], context: RiskContext) -> list[RuledSignal]:
        cap = context.policy.max_gross_allocation
        gross = sum(signal.allocation for signal in signals if signal.is_entry)
        if gross <= cap:
            return list(signals)
        detail = f"BUYs ask for {gross:.1%} of buying power, cap {cap:.1%}"
        return [
            signal.scaled(cap / gross, ReasonCode.GROSS_ALLOCATION_CAP, detail)
            if signal.is_entry and signal.allocation > 0
            else signal
            for signal in signals
        ]


RISK_RULES: tuple[RiskRule, ...] = (
    TradingStateRule(),
    InputsRule(),
    AccountBreakersRule(),
    DriftRule(),
    SystemicSellsRule(),
    GrossAllocationRule(),
)
"""Every rule, in the order it is applied."""

RULES_WHEN_OFF: tuple[RiskRule, ...] = (TradingStateRule(), InputsRule())
"""With Maestro switched off, only the kill switch and the hold while decisions cannot be stored remain."""


def sellers_of(signals: Sequence[RuledSignal]) -> tuple[str, ...]:
    """Return the strategies that want to sell; disabled ones do not count, and failed ones HOLD."""
    return tuple(signal.name for signal in signals if signal.counts_as_exit)


def systemic_risk_of(signals: Sequence[RuledSignal], policy: Policy) -> SystemicRisk | None:
    """Return what the systemic rule found in ruled signals, or None."""
    sellers = sellers_of(signals)
    if len(sellers) < policy.systemic_sell_threshold:
        return None
    overridden = [s.name for s in signals if any(c.reason_code is ReasonCode.SYSTEMIC_RISK for c in s.changes)]
    return SystemicRisk(sellers, tuple(overridden))


def _hold_entries(signals: Sequence[RuledSignal], reason: ReasonCode, detail: str) -> list[RuledSignal]:
    return [signal.held(reason, detail) if signal.is_entry else signal for signal in signals]
