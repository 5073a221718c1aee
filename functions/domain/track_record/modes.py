"""How a strategy's Sharpe ratio becomes its mode, and how modes persist."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode

EARNED = (AgentMode.ACTIVE, AgentMode.REDUCED, AgentMode.SHADOW_MODE)
"""The ladder of modes a track record earns, best first; a mode's rung is its index."""

_SECONDS_PER_DAY = 86_400.0
REASONS = (
    ReasonCode.SHARPE_HEALTHY,
    ReasonCode.SHARPE_BELOW_REDUCE,
    ReasonCode.SHARPE_BELOW_SHADOW,
    ReasonCode.PROMOTION_PENDING,
    ReasonCode.INSUFFICIENT_DATA,
    ReasonCode.HELD_WITHOUT_DATA,
)
"""Why a mode was earned or given; the first three are the rungs' own."""
_PENDING, _INSUFFICIENT, _HELD = 3, 4, 5


@dataclass(frozen=True, slots=True)
class ModeState:
    """A strategy's mode as it persists from cycle to cycle."""

    mode: AgentMode
    since: datetime
    reason_code: ReasonCode
    until: datetime | None = None
    """When a manual DISABLED ends."""
    earned_mode: AgentMode | None = None
    """While DISABLED: the mode to come back to."""
    allocation: float | None = None
    """What the strategy asked for in its last BUY, fraction: its share of the account's capital."""

    @property
    def rung(self) -> int:
        """Index into `EARNED` of the mode earned by the track record; unknown counts as the worst."""
        mode = (self.earned_mode or AgentMode.SHADOW_MODE) if self.mode is AgentMode.DISABLED else self.mode
        return EARNED.index(mode)

    @classmethod
    def from_entry(cls, name: str, entry: Any) -> ModeState:
        """
        Read one strategy's entry of the modes document.

        Raises
        ------
        InputError
            If the entry is malformed.
        """
        try:
            earned, until = entry.get("earned_mode"), entry.get("until")
            return cls(
                AgentMode(entry["mode"]),
                datetime.fromisoformat(entry["since"]),
                ReasonCode(entry["reason_code"]),
                datetime.fromisoformat(until) if until else None,
                AgentMode(earned) if earned else None,
                entry.get("allocation"),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"modes.{name}", "mode, since and reason_code", entry) from error

    def to_entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "mode": str(self.mode),
            "since": self.since.isoformat(),
            "reason_code": str(self.reason_code),
        }
        if self.until is not None:
            entry["until"] = self.until.isoformat()
        if self.earned_mode is not None:
            entry["earned_mode"] = str(self.earned_mode)
        if self.allocation is not None:
            entry["allocation"] = self.allocation
        return entry


def read_modes(document: Mapping[str, Any] | None) -> dict[str, ModeState]:
    """Read the modes document; a missing one holds no modes. Raises InputError if malformed."""
    if document is None:
        return {}
    try:
        entries = json.loads(document["strategies_json"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("modes.strategies_json", "a JSON object", document.get("strategies_json")) from error
    if not isinstance(entries, dict):
        raise InputError("modes.strategies_json", "a JSON object", entries)
    return {name: ModeState.from_entry(name, entry) for name, entry in entries.items()}


@dataclass(frozen=True, slots=True)
class Rungs:
    """The earned mode of many strategies, as arrays of one entry per strategy."""

    rung: NDArray[np.int8]
    """Index into `EARNED`."""
    reason: NDArray[np.int8]
    """Index into `REASONS`."""


def next_rungs(
    sharpe: NDArray[np.float64],
    data_points: NDArray[np.int64],
    previous_rung: NDArray[np.int8],
    days_in_mode: NDArray[np.float64],
    is_unearned: NDArray[np.bool_],
    policy: Policy,
    proven_rung: NDArray[np.int8] | None = None,
) -> Rungs:
    """
    Decide the earned mode of every strategy: down at once, up one rung at a time.

    Parameters
    ----------
    sharpe : NDArray, shape (strategies,)
        Annualised Sharpe ratio; NaN where undefined.
    data_points : NDArray, shape (strategies,)
        Daily returns behind it.
    previous_rung : NDArray, shape (strategies,)
        Index into `EARNED`; -1 for a strategy never seen.
    days_in_mode : NDArray, shape (strategies,)
        Days since the previous mode began.
    is_unearned : NDArray, shape (strategies,)
        True where the previous mode was `insufficient_data_mode`, given for want of data.
    policy : Policy
    proven_rung : NDArray, shape (strategies,), optional
        The worst rung that the returns prove with the policy's confidence: nobody is demoted below it.

    Notes
    -----
    A strategy whose returns are gone keeps its mode (or gets a worse `insufficient_data_mode`): a mode is never
    improved merely because data ran out. A mode that was given, not earned, is no rung to climb from.
    """
    has_evidence = (data_points >= policy.min_data_points) & ~np.isnan(sharpe)
    has_earned = (previous_rung >= 0) & ~is_unearned
    target = _rung_of(sharpe, policy, margin=0.0)
    if proven_rung is not None:
        unproven = np.maximum(proven_rung, np.where(has_earned, previous_rung, 0))
        target = np.minimum(target, unproven).astype(np.int8)
    cleared = _rung_of(sharpe, policy, policy.promotion_margin)
    may_climb = (days_in_mode >= policy.min_dwell_days) & (cleared < previous_rung)
    climbed = np.where(may_climb, previous_rung - 1, previous_rung)
    is_pending = has_earned & (target < previous_rung) & ~may_climb
    earned = np.where(has_earned & (target < previous_rung), climbed, target)

    given = EARNED.index(policy.insufficient_data_mode)
    without_evidence = np.where(has_earned, np.maximum(previous_rung, given), given)
    rung = np.where(has_evidence, earned, without_evidence).astype(np.int8)
    reason = np.where(
        has_evidence, np.where(is_pending, _PENDING, target), np.where(has_earned, _HELD, _INSUFFICIENT)
    ).astype(np.int8)
    return Rungs(rung, reason)


def _rung_of(sharpe: NDArray[np.float64], policy: Policy, margin: float) -> NDArray[np.int8]:
    """Return the rung a Sharpe ratio earns with thresholds raised by ``margin``; NaN earns the worst."""
    is_reduced = ~(sharpe >= policy.sharpe_threshold_reduce + margin)
    is_shadow = ~(sharpe >= policy.sharpe_threshold_shadow + margin)
    return is_reduced.astype(np.int8) + is_shadow.astype(np.int8)


def next_modes(
    strategy_names: Sequence[str],
    sharpe: NDArray[np.float64],
    data_points: NDArray[np.int64],
    previous: Mapping[str, ModeState],
    policy: Policy,
    now: datetime,
    proven_rung: NDArray[np.int8] | None = None,
) -> dict[str, ModeState]:
    """Return the mode of every named strategy now; a mode that does not change keeps its ``since``."""
    states = [previous.get(name) for name in strategy_names]
    rungs = next_rungs(
        sharpe,
        data_points,
        np.array([-1 if state is None else state.rung for state in states], dtype=np.int8),
        np.array([0.0 if s is None else (now - s.since).total_seconds() / _SECONDS_PER_DAY for s in states]),
        np.array([s is not None and s.reason_code is ReasonCode.INSUFFICIENT_DATA for s in states], dtype=np.bool_),
        policy,
        proven_rung,
    )
    earned = zip(strategy_names, states, rungs.rung.tolist(), rungs.reason.tolist(), strict=True)
    return {
        name: _next_state(name, state, EARNED[rung], REASONS[reason], policy, now)
        for name, state, rung, reason in earned
    }


def _next_state(
    name: str, state: ModeState | None, earned: AgentMode, reason: ReasonCode, policy: Policy, now: datetime
) -> ModeState:
    if is_disabled(policy, name, now):
        until = policy.disabled_strategies[name]
        was_disabled = state is not None and state.mode is AgentMode.DISABLED
        since = state.since if was_disabled and state else now
        kept = EARNED[state.rung] if state else earned
        return ModeState(AgentMode.DISABLED, since, ReasonCode.DISABLED_BY_POLICY, until, kept)
    if state is not None and state.mode is earned:
        return state if state.reason_code is reason else ModeState(earned, state.since, reason)
    return ModeState(earned, now, reason)


def is_disabled(policy: Policy, strategy_name: str, now: datetime) -> bool:
    """Tell whether an operator switched the strategy off, and the switch has not ended."""
    if strategy_name not in policy.disabled_strategies:
        return False
    end = policy.disabled_strategies[strategy_name]
    return end is None or now < end
