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


BELOW_REDUCE, BELOW_SHADOW = "Sharpe Ratio 0.70 < 1.", "Sharpe Ratio -1.00 < 0.5."
WHOLE = "An exit stays whole."


@pytest.mark.parametrize(
    ("before", "mode", "reason", "sharpe", "is_exit", "expected"),
    [
        (None, "SHADOW_MODE", "SHARPE_BELOW_SHADOW", -1.0, False, f"{BELOW_SHADOW} Moving to SHADOW_MODE."),
        ("REDUCED", "SHADOW_MODE", "SHARPE_BELOW_SHADOW", -1.0, False, f"{BELOW_SHADOW} Moving to SHADOW_MODE."),
        ("DISABLED", "SHADOW_MODE", "SHARPE_BELOW_SHADOW", -1.0, False, f"{BELOW_SHADOW} Moving to SHADOW_MODE."),
        ("SHADOW_MODE", "SHADOW_MODE", "SHARPE_BELOW_SHADOW", -1.0, False, f"{BELOW_SHADOW} Staying in SHADOW_MODE."),
        (
            *("SHADOW_MODE", "SHADOW_MODE", "SHARPE_BELOW_SHADOW", -1.0, True),
            f"{BELOW_SHADOW} Staying in SHADOW_MODE. {WHOLE}",
        ),
        ("ACTIVE", "REDUCED", "SHARPE_BELOW_REDUCE", 0.7, False, f"{BELOW_REDUCE} Reducing allocation by 50%."),
        ("ACTIVE", "REDUCED", "SHARPE_BELOW_REDUCE", 0.7, True, f"{BELOW_REDUCE} Moving to REDUCED. {WHOLE}"),
        (
            *("REDUCED", "REDUCED", "SHARPE_BELOW_REDUCE", 0.7, False),
            f"{BELOW_REDUCE} Staying in REDUCED: 50% of the allocation.",
        ),
        ("REDUCED", "REDUCED", "SHARPE_BELOW_REDUCE", 0.7, True, f"{BELOW_REDUCE} Staying in REDUCED. {WHOLE}"),
        (
            *("SHADOW_MODE", "REDUCED", "SHARPE_BELOW_REDUCE", 0.7, False),
            "Sharpe Ratio 0.70 >= 0.5. One step up, to REDUCED: 50% of the allocation.",
        ),
        (
            *("SHADOW_MODE", "REDUCED", "SHARPE_HEALTHY", 1.5, False),
            "Sharpe Ratio 1.50 >= 1. One step up, to REDUCED; ACTIVE is next.",
        ),
        (
            *("REDUCED", "REDUCED", "SHARPE_HEALTHY", 1.5, False),
            "Sharpe Ratio 1.50 >= 1. Staying in REDUCED; ACTIVE is next.",
        ),
        ("ACTIVE", "ACTIVE", "SHARPE_HEALTHY", 1.5, True, "Sharpe Ratio 1.50 >= 1. Full allocation."),
        ("DISABLED", "DISABLED", "DISABLED_BY_POLICY", 1.5, True, f"Disabled by an operator. {WHOLE}"),
    ],
)
def test_a_move_is_said_in_the_cycle_in_which_it_moves(
    before: str | None, mode: str, reason: str, sharpe: float, is_exit: bool, expected: str
) -> None:
    standing = Standing(ModeState(AgentMode(mode), NOW, ReasonCode(reason)), sharpe, None, 30)
    previous = None if before is None else AgentMode(before)
    assert mode_reasoning(standing, Policy(), previous, is_whole_exit=is_exit) == expected
