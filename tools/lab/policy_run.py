"""What a replay of one policy leaves behind: an account's sessions, its strategies' and its decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSession:
    """One session of the account, as of its close."""

    day: date
    equity: float
    """USD, after the session's fills and costs."""
    market_value: float
    """USD of what is held, shorts counted as what they cost to buy back: never below 0."""
    traded: float
    """USD of the session's fills, buys and sells both counted; NaN where they are not on record."""
    costs: float
    """USD of the session's fees and slippage; NaN where they are not on record."""
    flows: float = 0.0
    """USD paid in by its owner, below 0 paid out: no return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySession:
    """One session of one strategy, as of its close."""

    day: date
    mode: str
    """As the session's decision set it: ACTIVE, REDUCED, SHADOW_MODE, DISABLED; empty where no decision has it."""
    proposed: str
    """BUY, SELL or HOLD, as the strategy said."""
    issued: str
    """The same after mode and rules."""
    reason_codes: tuple[str, ...]
    """The reason code of the verdict first, then those of every rule that changed the signal."""
    profit: float
    """USD that the live book earned in the session, costs taken off."""
    held: float
    """USD of what it holds at the close, never below 0."""
    sharpe_ratio: float | None
    """Annualised, as the decision read it; None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRun:
    """Everything that figures and reports are made of, for one policy."""

    name: str
    policy: Mapping[str, Any]
    """The policy's own document, as `PUT /v1/policy` would take it."""
    sessions: tuple[AccountSession, ...]
    strategies: Mapping[str, tuple[StrategySession, ...]]
    """By strategy id, a row for each of `sessions`, in their order."""
    round_trips: Mapping[str, int]
    """Positions of the live book that were opened and closed again, by strategy id."""
    is_whole: bool = True
    """Whether it has every session that was asked for: False after an interruption."""
