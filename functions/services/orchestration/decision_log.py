"""A decision in the process's log."""

from __future__ import annotations

import logging

from functions.domain.kernel.agent_mode import WEIGHTS
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.decision import MaestroDecision

logger = logging.getLogger("maestro")


def log_decision(decision: MaestroDecision) -> None:
    """Log the lines that the migration guide promises, with structured fields for queries."""
    common = {"tenant": decision.tenant_id, "session": decision.session_id, "slot": decision.slot}
    for verdict in decision.verdicts:
        sharpe = "n/a" if verdict.sharpe_ratio is None else f"{verdict.sharpe_ratio:.2f}"
        extra = {**common, "strategy": verdict.strategy_name, "reason_code": str(verdict.reason_code)}
        weight, mode = WEIGHTS[verdict.mode], verdict.mode
        logger.info(
            "Strategy %s: Sharpe=%s, Weight=%.2f, Mode=%s", verdict.strategy_name, sharpe, weight, mode, extra=extra
        )
        if ReasonCode.INSUFFICIENT_DATA in verdict.reason_codes:
            logger.info("Strategy %s: %s", verdict.strategy_name, verdict.reasoning, extra=extra)
    for name, error in {**decision.strategy_errors, **decision.load_errors}.items():
        logger.warning("Strategy %s failed: %s", name, error, extra={**common, "strategy": name})
    if decision.systemic_risk_detected:
        logger.warning("🚨 SYSTEMIC RISK DETECTED: %s", decision.systemic_risk_details, extra=common)
    for issue in decision.input_issues:
        logger.warning("Input issue: %s", issue.detail, extra={**common, "reason_code": str(issue.reason_code)})
    logger.info("🎭 Maestro orchestration complete", extra={**common, "duration_ms": decision.duration_ms})
