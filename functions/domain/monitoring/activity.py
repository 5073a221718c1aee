"""Maestro's activity over some hours, counted from its decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.orchestration.decision import logged_verdicts


def orchestration_summary(decisions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """
    Count decisions, risk events and modes, in the migration guide's shape.

    Parameters
    ----------
    decisions : iterable of mapping
        Log documents.

    Returns
    -------
    dict
        ``total_decisions``, ``systemic_risk_events``, ``strategies_reduced``, ``strategies_shadowed`` and
        ``strategies_disabled`` (sorted names), ``mode_changes``, and ``mode_distribution``: how often each mode was
        decided.
    """
    total = risks = changes = 0
    modes = dict.fromkeys((str(mode) for mode in AgentMode), 0)
    names: dict[str, set[str]] = {mode: set() for mode in modes}
    for decision in decisions:
        total += 1
        risks += bool(decision.get("systemic_risk_detected"))
        for verdict in logged_verdicts(decision):
            modes[verdict["mode"]] += 1
            changes += verdict.get("previous_mode") not in (None, verdict["mode"])
            names[verdict["mode"]].add(verdict["strategy_name"])
    return {
        "total_decisions": total,
        "systemic_risk_events": risks,
        "strategies_reduced": sorted(names[AgentMode.REDUCED]),
        "strategies_shadowed": sorted(names[AgentMode.SHADOW_MODE]),
        "strategies_disabled": sorted(names[AgentMode.DISABLED]),
        "mode_changes": changes,
        "mode_distribution": modes,
    }
