"""The modes of a strategy, and the fraction of its allocation that each allows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class AgentMode(StrEnum):
    """What a strategy may do, from everything to nothing."""

    ACTIVE = "ACTIVE"
    REDUCED = "REDUCED"
    SHADOW_MODE = "SHADOW_MODE"
    """Traded on paper only."""
    DISABLED = "DISABLED"
    """Switched off by hand."""


WEIGHTS: Mapping[AgentMode, float] = {
    AgentMode.ACTIVE: 1.0,
    AgentMode.REDUCED: 0.5,
    AgentMode.SHADOW_MODE: 0.0,
    AgentMode.DISABLED: 0.0,
}
"""Fraction of the proposed allocation that a mode allows."""
