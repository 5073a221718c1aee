"""A strategy's track record, and the mode it has earned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from functions.domain.kernel.agent_mode import WEIGHTS, AgentMode
from functions.domain.kernel.plurals import counted
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.track_record.modes import EARNED, ModeState, next_mode, switched_off
from functions.domain.track_record.statistics import probabilistic_sharpe_ratio, sharpe_error, sharpe_ratio
from functions.domain.track_record.windows import PerformanceWindows

UNNAMED_SAMPLE = "A sample: name it in the policy's sample_strategies to let it act."
"""Why a sample does not act, and what to do."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A strategy's track record and the mode it has earned, before any rule."""

    state: ModeState
    sharpe_ratio: float | None = None
    probabilistic_sharpe_ratio: float | None = None
    data_points: int = 0
    """Active sessions behind the ratio."""
    sharpe_error: float | None = None
    """Standard error of the ratio."""

    @property
    def weight(self) -> float:
        return WEIGHTS[self.state.mode]


def standings(
    strategy_names: Sequence[str],
    windows: PerformanceWindows,
    previous_modes: Mapping[str, ModeState],
    policy: Policy,
    now: datetime,
    *,
    samples: Set[str] = frozenset(),
    is_readable: bool = True,
) -> dict[str, Standing]:
    """
    Weigh strategies by their own track records.

    Parameters
    ----------
    samples : set of str
        Which of the strategies are samples: those that the policy does not name are DISABLED.
    is_readable : bool
        False if policy or state could not be read: known modes stay as they are.
    """
    sessions = windows.rows(strategy_names, policy.performance_lookback_days)
    counts = sessions.active_sessions
    sessions = sessions.where(counts >= policy.min_data_points)
    excess, year = sessions.excess(policy.risk_free_rate, policy.periods_a_year), policy.periods_a_year
    sharpe = sharpe_ratio(excess, periods_a_year=year)
    probability = probabilistic_sharpe_ratio(excess, periods_a_year=year, observations=counts)
    error = sharpe_error(excess, periods_a_year=year, observations=counts)
    proven = _proven(excess, counts, policy)
    records = (sharpe, probability, error, counts)
    figures = zip(strategy_names, *(one.tolist() for one in records), proven, strict=True)
    found = {}
    for name, ratio, psr, deviation, count, worst in figures:
        previous, is_sample = previous_modes.get(name), name in samples
        if previous is not None and not is_readable:
            state = previous
        elif policy.enabled:
            state = next_mode(name, ratio, count, previous, policy, now, worst, is_sample=is_sample)
        else:
            state = _mode_when_off(name, policy, now, is_sample=is_sample)
        if previous is None and not is_readable and state.reason_code is ReasonCode.SAMPLE_NOT_NAMED:
            # The tenant may have named it earlier: exits from its live positions must pass.
            state = replace(state, mode=AgentMode.SHADOW_MODE)
        found[name] = Standing(state, _or_none(ratio), _or_none(psr), count, _or_none(deviation))
    return found


def _proven(excess: NDArray[np.float64], counts: NDArray[np.int64], policy: Policy) -> list[AgentMode]:
    """Return the worst mode that each strategy's returns prove; the worst of all if the policy requires no proof."""
    if policy.demotion_confidence is None:
        return [AgentMode.SHADOW_MODE] * len(excess)
    thresholds = (policy.sharpe_threshold_reduce, policy.sharpe_threshold_shadow)
    year = policy.periods_a_year
    above = [
        probabilistic_sharpe_ratio(excess, threshold, periods_a_year=year, observations=counts)
        for threshold in thresholds
    ]
    is_below_reduce, is_below_shadow = (probability <= 1.0 - policy.demotion_confidence for probability in above)
    rungs = is_below_reduce.astype(np.int8) + is_below_shadow.astype(np.int8)
    return [EARNED[rung] for rung in rungs.tolist()]


def mode_reasoning(
    standing: Standing, policy: Policy, previous: AgentMode | None = None, *, is_whole_exit: bool = False
) -> str:
    """
    Explain why a strategy has its mode.

    Parameters
    ----------
    previous : AgentMode or None
        The mode until now; None for a strategy never seen. A move is only mentioned in the cycle in which it happens.
    is_whole_exit : bool
        Whether its signal is an exit from a live position, which keeps its size in every mode.
    """
    is_whole = is_whole_exit and standing.state.mode is not AgentMode.ACTIVE
    said = _mode_reasoning(standing, policy, previous, is_whole=is_whole)
    return f"{said} An exit stays whole." if is_whole else said


def _mode_reasoning(  # noqa: C901, PLR0911 - one sentence per reason
    standing: Standing, policy: Policy, previous: AgentMode | None, *, is_whole: bool
) -> str:
    mode, has_moved = standing.state.mode, previous is not standing.state.mode
    sharpe = "undefined" if standing.sharpe_ratio is None else f"{standing.sharpe_ratio:.2f}"
    reduce, shadow = policy.sharpe_threshold_reduce, policy.sharpe_threshold_shadow
    days = counted(standing.data_points, "active day")
    match standing.state.reason_code:
        case ReasonCode.SHARPE_HEALTHY:
            if mode is not AgentMode.ACTIVE:
                step = f"One step up, to {mode}" if has_moved else f"Staying in {mode}"
                return f"Sharpe Ratio {sharpe} >= {reduce:g}. {step}; ACTIVE is next."
            return f"Sharpe Ratio {sharpe} >= {reduce:g}. Full allocation."
        case ReasonCode.SHARPE_LOW_NOT_PROVEN:
            return f"Sharpe Ratio {sharpe} < {reduce:g}, but too few days prove it. Full allocation."
        case ReasonCode.SHARPE_BELOW_REDUCE:
            if previous is AgentMode.SHADOW_MODE:
                return f"Sharpe Ratio {sharpe} >= {shadow:g}. One step up, to {mode}: 50% of the allocation."
            return f"Sharpe Ratio {sharpe} < {reduce:g}. {_reduced(mode, has_moved=has_moved, is_whole=is_whole)}"
        case ReasonCode.SHARPE_BELOW_SHADOW:
            return f"Sharpe Ratio {sharpe} < {shadow:g}. {'Moving to' if has_moved else 'Staying in'} {mode}."
        case ReasonCode.PROMOTION_PENDING:
            return f"Sharpe Ratio {sharpe} earns a better mode, which takes {policy.min_dwell_days:g} days to confirm."
        case ReasonCode.INSUFFICIENT_DATA:
            return f"Insufficient data for Sharpe calculation ({days}, need {policy.min_data_points} that vary)."
        case ReasonCode.HELD_WITHOUT_DATA:
            return f"Only {days} that vary: {mode} is kept until there are {policy.min_data_points}."
        case ReasonCode.DISABLED_BY_POLICY:
            until = standing.state.until
            return "Disabled by an operator" + (f" until {until.isoformat()}." if until else ".")
        case ReasonCode.SAMPLE_NOT_NAMED:
            return UNNAMED_SAMPLE
        case _:
            return "Maestro is switched off: the signal passes as proposed."


def _reduced(mode: AgentMode, *, has_moved: bool, is_whole: bool) -> str:
    if has_moved:
        return f"Moving to {mode}." if is_whole else "Reducing allocation by 50%."
    return f"Staying in {mode}." if is_whole else f"Staying in {mode}: 50% of the allocation."


def _mode_when_off(name: str, policy: Policy, now: datetime, *, is_sample: bool) -> ModeState:
    switch = switched_off(policy, name, now, is_sample=is_sample)
    if switch is not None:
        return ModeState(AgentMode.DISABLED, now, *switch)
    return ModeState(AgentMode.ACTIVE, now, ReasonCode.MAESTRO_OFF)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
