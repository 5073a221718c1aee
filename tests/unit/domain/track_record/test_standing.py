"""What people read of why a strategy has its mode."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.standing import Standing, mode_reasoning

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("mode", "reason", "sharpe", "days", "expected"),
    [
        ("ACTIVE", "SHARPE_HEALTHY", 1.5, 30, "Sharpe Ratio 1.50 >= 1. Full allocation."),
        ("REDUCED", "SHARPE_HEALTHY", 1.5, 30, "Sharpe Ratio 1.50 >= 1. One step up, to REDUCED; ACTIVE is next."),
        ("ACTIVE", "SHARPE_HEALTHY", 0.2, 30, "Sharpe Ratio 0.20 < 1, but too few days prove it. Full allocation."),
        ("REDUCED", "SHARPE_BELOW_REDUCE", 0.7, 30, "Sharpe Ratio 0.70 < 1. Reducing allocation by 50%."),
        ("SHADOW_MODE", "SHARPE_BELOW_SHADOW", -1.0, 30, "Sharpe Ratio -1.00 < 0.5. Moving to SHADOW_MODE."),
        ("ACTIVE", "INSUFFICIENT_DATA", None, 1, "Insufficient data for Sharpe calculation (1 daily return, need 5"),
        ("SHADOW_MODE", "HELD_WITHOUT_DATA", None, 2, "Only 2 daily returns that vary: SHADOW_MODE is kept until"),
        ("DISABLED", "SAMPLE_NOT_NAMED", None, 0, "A sample: name it in the policy's sample_strategies to let it act."),
    ],
)
def test_reasons_in_words(mode: str, reason: str, sharpe: float | None, days: int, expected: str) -> None:
    standing = Standing(ModeState(AgentMode(mode), NOW, ReasonCode(reason)), sharpe, None, days)
    assert mode_reasoning(standing, Policy()).startswith(expected)
