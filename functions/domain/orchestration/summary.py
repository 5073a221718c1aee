"""A cycle's decision in a deterministic sentence or two."""

from __future__ import annotations

from collections.abc import Sequence

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.orchestration.decision import AllocationDecision

_NAMED = 3


def summarise(
    decisions: Sequence[AllocationDecision],
    systemic_risk_details: str | None,
    signals_modified: Sequence[str],
    errors: Sequence[str],
    issues: Sequence[str],
) -> str:
    """
    Return the decision in plain words.

    Parameters
    ----------
    decisions : sequence
        One per strategy.
    systemic_risk_details : str or None
        The finding of the systemic rule.
    signals_modified, errors : sequence of str
        Names of strategies that a rule changed, or that failed.
    issues : sequence of str
        Problems of the inputs.
    """
    counts = {mode: sum(decision.mode is mode for decision in decisions) for mode in AgentMode}
    modes = ", ".join(f"{count} {mode}" for mode, count in counts.items() if count)
    noun = "strategy" if len(decisions) == 1 else "strategies"
    sentences = [f"Maestro weighed {len(decisions)} {noun}" + (f": {modes}." if modes else ".")]
    sentences += [f"{change}." for change in _changes(decisions)]
    if systemic_risk_details:
        sentences.append(f"Systemic risk: {systemic_risk_details}")
    elif signals_modified:
        sentences.append(f"Rules changed {_named(signals_modified)}.")
    if errors:
        sentences.append(f"Held after an error: {_named(errors)}.")
    if issues:
        sentences.append(f"No new exposure: {issues[0]}.")
    return " ".join(sentences)


def _changes(decisions: Sequence[AllocationDecision]) -> list[str]:
    moved = [d for d in decisions if d.previous_mode is not None and d.previous_mode is not d.mode]
    told = [
        f"{d.strategy_name} moved {d.previous_mode} to {d.mode} ({_sharpe(d.sharpe_ratio)})" for d in moved[:_NAMED]
    ]
    return [*told, f"{len(moved) - _NAMED} more changed mode"] if len(moved) > _NAMED else told


def _sharpe(value: float | None) -> str:
    return "no Sharpe ratio" if value is None else f"Sharpe {value:.2f}"


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
