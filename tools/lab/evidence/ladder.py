"""What modes the product's own ladder gives to daily returns, session by session, without an account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from functions.domain.kernel.agent_mode import WEIGHTS
from functions.domain.kernel.policy import MAX_WINDOW_DAYS, Policy
from functions.domain.track_record.modes import ModeState, next_mode
from functions.domain.track_record.moments import Floats
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.standing import standings
from functions.domain.track_record.statistics import sharpe_ratio
from functions.domain.track_record.windows import PerformanceWindows
from tools.lab.source import Advance

_FIRST = date(2000, 1, 1)
"""Sessions are a day apart: as far as the policy's dwell time is concerned."""
Modes = Mapping[str, ModeState]


def mode_weights(sessions: SessionReturns, policy: Policy, progress: Advance | None = None) -> Floats:
    """
    Return the weight of the mode that each session is decided with: by the sessions before it, as a cycle knows them.

    Parameters
    ----------
    sessions : SessionReturns, shape (strategies, sessions)
        Oldest first; each strategy is judged by its own alone.
    progress : callable, optional
        Called with how many sessions are done, and of how many.

    Returns
    -------
    NDArray, shape (strategies, sessions)
        1 for ACTIVE, 0.5 for REDUCED, 0 for SHADOW_MODE.
    """
    names, days = _names(sessions), sessions.returns.shape[1]
    dates = tuple(_FIRST + timedelta(days=day) for day in range(days))
    modes: Modes = {}
    found = np.empty(sessions.returns.shape)
    for day in range(days):
        known = slice(max(0, day - MAX_WINDOW_DAYS), day)
        windows = PerformanceWindows(names, dates[known], sessions[:, known])
        standing = standings(names, windows, modes, policy, _now(day))
        modes = {name: one.state for name, one in standing.items()}
        found[:, day] = [one.weight for one in standing.values()]
        if progress is not None:
            progress(day + 1, days)
    return found


def mode_weights_of_long_records(sessions: SessionReturns, policy: Policy, lookback: int) -> Floats:
    """
    Like `mode_weights`, for a ladder that reads more sessions than any policy can ask for.

    Parameters
    ----------
    policy : Policy
        Without ``demotion_confidence``.
    """
    names, days = _names(sessions), sessions.returns.shape[1]
    modes: Modes = {}
    found = np.empty(sessions.returns.shape)
    for day in range(days):
        known = sessions[:, max(0, day - lookback) : day]
        ratios = sharpe_ratio(
            known.excess(policy.risk_free_rate, policy.periods_a_year), periods_a_year=policy.periods_a_year
        )
        records = zip(names, ratios.tolist(), known.active_sessions.tolist(), strict=True)
        modes = {
            name: next_mode(name, ratio, count, modes.get(name), policy, _now(day)) for name, ratio, count in records
        }
        found[:, day] = [WEIGHTS[one.mode] for one in modes.values()]
    return found


def part_of(progress: Advance | None, step: int, steps: int) -> Advance | None:
    """Return a function that reports the progress of one of several equal steps, as a part of them all."""
    if progress is None:
        return None
    return lambda done, of: progress(step * of + done, steps * of)


def _names(sessions: SessionReturns) -> tuple[str, ...]:
    return tuple(str(row) for row in range(len(sessions.returns)))


def _now(day: int) -> datetime:
    return datetime.combine(_FIRST + timedelta(days=day), time(), UTC)
