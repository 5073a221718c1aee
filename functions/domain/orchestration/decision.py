"""The record of one cycle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.document_size import stored_bytes
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.stored_fields import (
    COUNT,
    FIGURE,
    MAP,
    MAP_OF_MAPS,
    MAPS,
    NUMBER,
    TEXT,
    TEXTS,
    TIME,
    Kinds,
    check_fields,
    word,
)
from functions.domain.kernel.text import TEXT_BUDGET, VERDICT_BUDGET, cut
from functions.domain.orchestration.identity import AgentIdentity
from functions.domain.orchestration.inputs import InputIssue
from functions.domain.orchestration.risk_rules import RuledSignal
from functions.domain.orchestration.signals import Action


@dataclass(frozen=True, slots=True)
class AllocationDecision:
    """A cycle's decision for one strategy."""

    strategy_name: str
    original_allocation: float
    """Proposed, fraction of buying power."""
    final_allocation: float
    """After mode and rules."""
    mode: AgentMode
    previous_mode: AgentMode | None
    """None in a strategy's first cycle."""
    reason_code: ReasonCode
    """The deciding reason: of the rule that changed the signal, of its error, or of its mode."""
    reason_codes: tuple[ReasonCode, ...]
    """Every reason in order: mode, error, rules; stored if there is more than one."""
    reasoning: str
    sharpe_ratio: float | None
    """Annualised; None with too few returns or without variation."""
    probabilistic_sharpe_ratio: float | None
    """Probability that the true Sharpe ratio is above 0."""
    data_points: int
    """Daily returns behind the Sharpe ratio."""
    timestamp: datetime

    def to_document(self, reasoning_bytes: int = VERDICT_BUDGET.most_bytes) -> dict[str, Any]:
        """Return the entry of the log document, where an unknown figure is NaN, so that number formats work."""
        document = {name: getattr(self, name) for name in _STORED_AS_IS}
        document |= {name: math.nan for name in _FIGURES if document[name] is None}
        document["mode"] = str(self.mode)
        document["previous_mode"] = None if self.previous_mode is None else str(self.previous_mode)
        document["reason_code"] = str(self.reason_code)
        if len(self.reason_codes) > 1:
            document["reason_codes"] = [str(code) for code in self.reason_codes]
        document["reasoning"] = cut(self.reasoning, reasoning_bytes)
        return document


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MaestroDecision:
    """The record of one cycle."""

    tenant_id: str
    timestamp: datetime
    session_id: str
    slot: str | None
    """The scheduled time of the cycle; None for a requested cycle."""
    verdicts: tuple[AllocationDecision, ...]
    """One per strategy, in order of evaluation."""
    signals: Mapping[str, RuledSignal]
    systemic_risk_detected: bool
    systemic_risk_details: str | None
    signals_modified: Mapping[str, str]
    """Changes by rules, by strategy: ``BUY->HOLD (systemic risk)``."""
    strategy_errors: Mapping[str, str]
    load_errors: Mapping[str, str]
    input_issues: tuple[InputIssue, ...]
    policy_version: int
    expires_at: datetime
    ai_summary: str
    ai_summary_source: str = "text"
    agent_identities: Mapping[str, AgentIdentity] = field(default_factory=dict)
    """Of every signal, by strategy; nonces are secret and never logged."""
    duration_ms: float = 0.0

    @property
    def allocation_decisions(self) -> tuple[AllocationDecision, ...]:
        """Of strategies that are ACTIVE, REDUCED or in SHADOW_MODE."""
        return tuple(verdict for verdict in self.verdicts if verdict.mode is not AgentMode.DISABLED)

    @property
    def disabled_decisions(self) -> tuple[AllocationDecision, ...]:
        """Of strategies that are DISABLED."""
        return tuple(verdict for verdict in self.verdicts if verdict.mode is AgentMode.DISABLED)

    def to_firestore_doc(self) -> dict[str, Any]:
        """Return the log document: signals without nonces, and text cut to fit."""
        document = self._with_text_cut_by(1)
        for divisor in _CUTS if len(self.signals) > _ALWAYS_FITS else ():
            if stored_bytes(document) <= FITTED_BYTES:
                break
            document = self._with_text_cut_by(divisor)
        return document

    def _with_text_cut_by(self, divisor: int) -> dict[str, Any]:
        """Return the log document with its text limited to a fraction of its budget."""
        budget = TEXT_BUDGET.over(divisor)
        limit, reasoning = budget.share(len(self.signals)), VERDICT_BUDGET.over(divisor).share(len(self.signals))
        return {
            "tenant_id": self.tenant_id,
            "timestamp": self.timestamp,
            "session_id": self.session_id,
            "slot": self.slot,
            "allocation_decisions": [verdict.to_document(reasoning) for verdict in self.allocation_decisions],
            "disabled_decisions": [verdict.to_document(reasoning) for verdict in self.disabled_decisions],
            "signals": {name: _logged_signal(signal, limit) for name, signal in self.signals.items()},
            "systemic_risk_detected": self.systemic_risk_detected,
            "systemic_risk_details": self.systemic_risk_details,
            "signals_modified": dict(self.signals_modified),
            "strategy_errors": {name: cut(error, limit) for name, error in self.strategy_errors.items()},
            "load_errors": {
                name: cut(error, budget.share(len(self.load_errors))) for name, error in self.load_errors.items()
            },
            "input_issues": [
                {
                    "reason_code": str(issue.reason_code),
                    "detail": cut(issue.detail, TEXT_BUDGET.most_bytes),
                    "subject": None if issue.subject is None else cut(issue.subject, TEXT_BUDGET.most_bytes),
                }
                for issue in self.input_issues[:100]
            ],
            "ai_summary": cut(self.ai_summary, TEXT_BUDGET.most_bytes),
            "ai_summary_source": self.ai_summary_source,
            "policy_version": self.policy_version,
            "expires_at": self.expires_at,
            "duration_ms": self.duration_ms,
        }


FITTED_BYTES = 700_000
"""Target size of a log document of many strategies, reached by cutting text; the limit is a million."""
_CUTS = (2, 4, 16, 10**6)
_ALWAYS_FITS = 200
"""Number of strategies whose decision is always smaller than that."""
_STORED_AS_IS = tuple(
    one.name
    for one in fields(AllocationDecision)
    if one.name not in {"mode", "previous_mode", "reason_code", "reason_codes", "reasoning"}
)

_FIGURES = ("sharpe_ratio", "probabilistic_sharpe_ratio")
"""Figures that may be unknown."""


_AT_TIMES: Kinds = {
    **dict.fromkeys(("strategy_errors", "load_errors", "signals_modified"), MAP),
    "signals": MAP_OF_MAPS,
    "input_issues": MAPS,
    "systemic_risk_details": TEXT,
    "ai_summary": TEXT,
}
_VERDICTS: Kinds = dict.fromkeys(("allocation_decisions", "disabled_decisions"), MAPS)
_OF_VERDICT: Kinds = {"strategy_name": TEXT, "mode": word(AgentMode)}
_TOLD_OF_VERDICT: Kinds = {
    **dict.fromkeys(("reason_code", "reasoning"), TEXT),
    **dict.fromkeys(("original_allocation", "final_allocation"), NUMBER),
    "data_points": COUNT,
}
_OF_VERDICT_AT_TIMES: Kinds = {
    **_TOLD_OF_VERDICT,
    **dict.fromkeys(_FIGURES, FIGURE),
    "previous_mode": word(AgentMode),
    "reason_codes": TEXTS,
}


def check_logged(log: Mapping[str, Any]) -> None:
    """Check that a log document has the fields that reports and alerts read. Raises InputError."""
    check_fields(log, {"session_id": TEXT, "timestamp": TIME}, _AT_TIMES)
    check_verdicts(log)
    for number, issue in enumerate(log.get("input_issues") or ()):
        check_fields(issue, {"reason_code": TEXT, "detail": TEXT}, inside=f"input_issues[{number}].")


def check_told(log: Mapping[str, Any], strategy_name: str) -> None:
    """Check that a log document has the fields reported for one strategy, if that took part. Raises InputError."""
    check_logged(log)
    check_fields(log, {"signals": MAP_OF_MAPS}, {"expires_at": TIME})
    if strategy_name in log["signals"]:
        traded: Kinds = dict.fromkeys(("action", "ticker"), TEXT)
        check_fields(log["signals"][strategy_name], traded, inside=f"signals.{strategy_name}.")
    for verdict in logged_verdicts(log):
        if verdict["strategy_name"] == strategy_name:
            check_fields(verdict, _TOLD_OF_VERDICT, inside=f"allocation_decisions.{strategy_name}.")
            check_fields(log["signals"], {strategy_name: MAP}, inside="signals.")
            of_signal: Kinds = dict.fromkeys(("action", "ticker", "reasoning"), TEXT)
            signal = log["signals"][strategy_name]
            check_fields(signal, of_signal, {"original_action": TEXT}, f"signals.{strategy_name}.")


def check_verdicts(log: Mapping[str, Any]) -> None:
    """Check the entries that `logged_verdicts` returns. Raises InputError."""
    check_fields(log, {}, _VERDICTS)
    for kind in _VERDICTS:
        for number, entry in enumerate(log.get(kind) or ()):
            check_fields(entry, _OF_VERDICT, _OF_VERDICT_AT_TIMES, f"{kind}[{number}].")


def logged_verdicts(log: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entry of every strategy in a log document, disabled ones last; an unknown figure is None."""
    entries = [*(log.get("allocation_decisions") or ()), *(log.get("disabled_decisions") or ())]
    return [{**entry, **{name: _known(entry.get(name)) for name in _FIGURES}} for entry in entries]


def _known(figure: float | None) -> float | None:
    return None if figure is None or math.isnan(figure) else figure


def _logged_signal(signal: RuledSignal, limit: int) -> dict[str, Any]:
    """Return a strategy's proposed and final signal; its allocations are in its allocation decision."""
    logged = {
        "action": str(signal.action),
        "ticker": signal.proposed.ticker,
        "confidence": signal.confidence,
        "reasoning": cut(signal.proposed.reasoning, limit),
    }
    if signal.action is not Action.HOLD:
        logged["intent"] = str(signal.judgement.intent)
    if signal.action is not signal.proposed.action:
        logged["original_action"] = str(signal.proposed.action)
    return logged
