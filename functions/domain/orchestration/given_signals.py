"""Signals evaluated elsewhere: read for a cycle, or ruled without one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import SignalError
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.intent import Intent, Judgement
from functions.domain.orchestration.risk_rules import (
    RiskContext,
    RuledSignal,
    SystemicRisk,
    SystemicSellsRule,
    systemic_risk_of,
)
from functions.domain.orchestration.signals import Action, ProposedSignal, failed_signal, parse_action, read_signal


def read_given(signals: Mapping[str, Any], strategy_names: Iterable[str]) -> list[ProposedSignal]:
    """Read signals by strategy name; a strategy without one holds."""
    silent = [name for name in strategy_names if name not in signals]
    return [
        *(read_signal(name, signal) for name, signal in signals.items()),
        *(failed_signal(name, "gave no signal", ReasonCode.MALFORMED_SIGNAL) for name in silent),
    ]


def override_systemic_buys(
    signals: Mapping[str, Mapping[str, Any]], policy: Policy
) -> tuple[dict[str, dict[str, Any]], SystemicRisk | None]:
    """Return copies of signals, with every BUY as HOLD if enough distinct strategies SELL, and the risk found."""
    weighted = [_weighted(name, signal) for name, signal in signals.items()]
    ruled = SystemicSellsRule().apply(weighted, RiskContext(policy))
    return {one.name: {**signals[one.name], **_override(one)} for one in ruled}, systemic_risk_of(ruled, policy)


def _weighted(name: str, signal: Mapping[str, Any]) -> RuledSignal:
    """Read only what the systemic rule needs of a raw signal; an unknown action counts as HOLD."""
    try:
        action = Action.HOLD if signal.get("error") else parse_action(signal.get("action"))
    except SignalError:
        action = Action.HOLD
    mode = AgentMode.DISABLED if signal.get("mode") == AgentMode.DISABLED else AgentMode.ACTIVE
    judgement = Judgement(Intent.EXIT if action is Action.SELL else Intent.ENTRY, action)
    counts = action is Action.SELL and mode is not AgentMode.DISABLED
    return RuledSignal(ProposedSignal(name, action), mode, 1.0, action, 0.0, 0.0, (), judgement, counts_as_exit=counts)


def _override(signal: RuledSignal) -> dict[str, Any]:
    """Return the fields that a rule's change sets; empty without a change."""
    if not signal.changes:
        return {}
    return {
        "action": str(signal.action),
        "allocation": signal.allocation,
        "confidence": signal.confidence,
        "original_action": str(signal.proposed.action),
        "override_reason": signal.changes[-1].detail,
    }
