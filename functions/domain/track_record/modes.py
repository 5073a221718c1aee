"""How a strategy's Sharpe ratio determines its mode, and how modes persist."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.packed_texts import unpacked
from functions.domain.kernel.parsing import parse_time, stored_json
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode

EARNED = (AgentMode.ACTIVE, AgentMode.REDUCED, AgentMode.SHADOW_MODE)
"""The ladder of modes that a track record earns, best first."""

_SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class ModeState:
    """A strategy's mode, as stored between cycles."""

    mode: AgentMode
    since: datetime
    reason_code: ReasonCode
    until: datetime | None = None
    """When a manual DISABLED ends."""
    earned_mode: AgentMode | None = None
    """While DISABLED: the mode to return to."""

    @property
    def earned(self) -> AgentMode:
        """The mode earned by the track record, also while DISABLED; unknown counts as the worst."""
        return (self.earned_mode or AgentMode.SHADOW_MODE) if self.mode is AgentMode.DISABLED else self.mode

    @property
    def is_given(self) -> bool:
        """Whether the mode was assigned for lack of data, not earned."""
        if self.reason_code is ReasonCode.SAMPLE_NOT_NAMED:
            return self.earned_mode is None
        return self.reason_code is ReasonCode.INSUFFICIENT_DATA

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
                parse_time("since", entry["since"]),
                ReasonCode(entry["reason_code"]),
                parse_time("until", until) if until else None,
                AgentMode(earned) if earned else None,
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
        return entry


def read_modes(document: Mapping[str, Any] | None) -> dict[str, ModeState]:
    """Read the modes document; a missing one holds no modes. Raises InputError if malformed."""
    if document is None:
        return {}
    try:
        entries = stored_json(unpacked(document)["strategies_json"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("modes.strategies_json", "a JSON object", document.get("strategies_json")) from error
    if not isinstance(entries, dict):
        raise InputError("modes.strategies_json", "a JSON object", entries)
    return {name: ModeState.from_entry(name, entry) for name, entry in entries.items()}


def earned_mode(
    sharpe: float,
    data_points: int,
    previous: ModeState | None,
    policy: Policy,
    now: datetime,
    proven: AgentMode = AgentMode.SHADOW_MODE,
) -> tuple[AgentMode, ReasonCode]:
    """
    Decide what one strategy's track record earns: down at once, up one rung at a time.

    Parameters
    ----------
    sharpe : float
        Annualised Sharpe ratio; NaN where undefined.
    data_points : int
        Active sessions behind it.
    previous : ModeState or None
        The mode until now; None for a strategy never seen.
    proven : AgentMode
        The worst mode that the returns prove with the policy's confidence: no demotion goes below it.

    Notes
    -----
    A strategy that no longer has returns keeps its mode (or gets a worse `insufficient_data_mode`): a mode never
    improves merely because data ran out. A mode assigned for lack of data is not earned: there is nothing to climb
    from.
    """
    held = None if previous is None or previous.is_given else previous.earned
    if data_points < policy.min_data_points or math.isnan(sharpe):
        if held is None:
            return policy.insufficient_data_mode, ReasonCode.INSUFFICIENT_DATA
        return _worse(held, policy.insufficient_data_mode), ReasonCode.HELD_WITHOUT_DATA

    target = _mode_of(sharpe, policy)
    target = _better(target, _worse(proven, held or AgentMode.ACTIVE))
    if held is None or not _is_better(target, held):
        return target, _why(target, sharpe, policy)

    days_in_mode = (now - previous.since).total_seconds() / _SECONDS_PER_DAY if previous else 0.0
    has_cleared_margin = _is_better(_mode_of(sharpe, policy, policy.promotion_margin), held)
    if days_in_mode < policy.min_dwell_days or not has_cleared_margin:
        return held, ReasonCode.PROMOTION_PENDING
    return EARNED[EARNED.index(held) - 1], _why(target, sharpe, policy)


def _why(target: AgentMode, sharpe: float, policy: Policy) -> ReasonCode:
    """Return why a Sharpe ratio earns a mode."""
    if target is AgentMode.SHADOW_MODE:
        return ReasonCode.SHARPE_BELOW_SHADOW
    if target is AgentMode.REDUCED:
        return ReasonCode.SHARPE_BELOW_REDUCE
    is_low = sharpe < policy.sharpe_threshold_reduce
    return ReasonCode.SHARPE_LOW_NOT_PROVEN if is_low else ReasonCode.SHARPE_HEALTHY


def _mode_of(sharpe: float, policy: Policy, margin: float = 0.0) -> AgentMode:
    """Return the mode a Sharpe ratio earns with both thresholds raised by ``margin``."""
    if sharpe >= policy.sharpe_threshold_reduce + margin:
        return AgentMode.ACTIVE
    return AgentMode.REDUCED if sharpe >= policy.sharpe_threshold_shadow + margin else AgentMode.SHADOW_MODE


def _worse(one: AgentMode, other: AgentMode) -> AgentMode:
    return max(one, other, key=EARNED.index)


def _better(one: AgentMode, other: AgentMode) -> AgentMode:
    return min(one, other, key=EARNED.index)


def _is_better(one: AgentMode, other: AgentMode) -> bool:
    return EARNED.index(one) < EARNED.index(other)


def next_mode(
    name: str,
    sharpe: float,
    data_points: int,
    previous: ModeState | None,
    policy: Policy,
    now: datetime,
    proven: AgentMode = AgentMode.SHADOW_MODE,
    *,
    is_sample: bool = False,
) -> ModeState:
    """
    Return a strategy's mode now; one that does not change keeps its ``since``.

    Parameters as for `earned_mode`. An operator's switch overrides the earned mode, which is kept for when the switch
    ends.
    """
    earned, reason = earned_mode(sharpe, data_points, previous, policy, now, proven)
    switch = switched_off(policy, name, now, is_sample=is_sample)
    if switch is not None:
        why, until = switch
        was_disabled = previous is not None and previous.mode is AgentMode.DISABLED
        since = previous.since if was_disabled and previous else now
        kept: AgentMode | None = previous.earned if previous else earned
        if why is ReasonCode.SAMPLE_NOT_NAMED and (previous is None or previous.is_given):
            # If named later, it starts like a new strategy: it has earned nothing yet.
            kept = None if reason is ReasonCode.INSUFFICIENT_DATA else earned
        return ModeState(AgentMode.DISABLED, since, why, until, kept)
    if previous is not None and previous.mode is earned:
        return previous if previous.reason_code is reason else ModeState(earned, previous.since, reason)
    return ModeState(earned, now, reason)


def switched_off(
    policy: Policy, strategy_name: str, now: datetime, *, is_sample: bool
) -> tuple[ReasonCode, datetime | None] | None:
    """Return why the policy keeps a strategy from acting, and until when; None if it may act."""
    end = policy.disabled_strategies.get(strategy_name, now)
    if end is None or now < end:
        return ReasonCode.DISABLED_BY_POLICY, end
    if is_sample and strategy_name not in policy.sample_strategies:
        return ReasonCode.SAMPLE_NOT_NAMED, None
    return None
