"""How much a number of days can show, and which modes chance alone gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from functions.domain.kernel.policy import Policy
from functions.domain.track_record.moments import Floats
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.sharpe_evidence import minimum_track_record_length, sharpe_standard_error
from tools.lab.evidence.ladder import mode_weights, part_of
from tools.lab.evidence.markdown import markdown
from tools.lab.results.tables import number, percent
from tools.lab.source import Advance

_DAYS = (30, 60, 90, 252)
RATIOS = (0.0, 1.0, 2.0)
"""True Sharpe ratios of simulated strategies, annualised."""
SIMULATED = 1000
"""Strategies of each ratio: a share of them has a standard error of 1.6 points at most."""
SESSIONS = 121
VOLATILITY = 0.01
"""Of a simulated session, normally distributed."""


def what_days_tell(periods_a_year: int) -> str:
    """Return how well so many normal days determine a Sharpe ratio, and how many it takes to prove one."""
    rows = [(str(days), *(number(_error(days, ratio, periods_a_year)) for ratio in RATIOS)) for days in _DAYS]
    said = markdown(("days", "SE of a ratio of 0", "of 1", "of 2"), rows)
    proofs = ", ".join(f"{math.ceil(_needed(ratio, periods_a_year)):,}" for ratio in (1.0, 2.0, 3.0))
    return f"{said}\n\nDays it takes to prove that a ratio of 1, 2 or 3 is above 0, at 95 %: {proofs}."


def modes_by_chance(
    policies: Mapping[str, Mapping[str, Any]],
    generator: np.random.Generator,
    progress: Advance | None = None,
    simulated: int | None = None,
) -> str:
    """
    Return which modes simulated strategies have after 30, 90 and 120 sessions, by their true ratio.

    Parameters
    ----------
    policies : mapping
        By name; every policy judges the same strategies.
    """
    rows = []
    year = Policy().periods_a_year
    returns = simulated_returns(generator, np.repeat(RATIOS, simulated or SIMULATED), SESSIONS, Policy())
    for number_, (name, document) in enumerate(policies.items()):
        policy = Policy.from_sources({}, document)
        weights = mode_weights(SessionReturns.plain(returns), policy, part_of(progress, number_, len(policies)))
        for ratio, of_ratio in zip(RATIOS, np.split(weights, len(RATIOS)), strict=True):
            after = [_shares(of_ratio[:, days]) for days in (30, 90, 120)]
            changes = (np.diff(of_ratio[:, 30:], axis=1) != 0).sum(axis=1).mean() * year / (SESSIONS - 31)
            rows.append((name, f"{ratio:.0f}", *after, f"{changes:.0f}"))
    head = ("policy", "true ratio", "after 30 sessions", "after 90", "after 120", "mode changes a year")
    return markdown(head, rows)


def simulated_returns(
    generator: np.random.Generator, ratios: Sequence[float] | Floats, days: int, policy: Policy
) -> Floats:
    """Return independent normal days with true ratios over the policy's risk-free rate, shape (strategies, days)."""
    year = policy.periods_a_year
    mean = VOLATILITY * np.asarray(ratios)[:, np.newaxis] / math.sqrt(year) + policy.risk_free_rate / year
    return np.asarray(generator.normal(mean, VOLATILITY, (len(mean), days)))


def _shares(weights: Floats) -> str:
    """Return the shares of ACTIVE, REDUCED and SHADOW_MODE."""
    return " / ".join(percent(float((weights == weight).mean()), 0) for weight in (1.0, 0.5, 0.0))


def _error(days: int, ratio: float, periods_a_year: int) -> float:
    return float(sharpe_standard_error(_days(days, ratio, periods_a_year), periods_a_year=periods_a_year))


def _needed(ratio: float, periods_a_year: int) -> float:
    return float(minimum_track_record_length(_days(5000, ratio, periods_a_year), periods_a_year=periods_a_year))


def _days(count: int, sharpe: float, periods_a_year: int) -> Floats:
    """Return days of a normal distribution's own quantiles, with just that annualised ratio."""
    z = np.array([NormalDist().inv_cdf((at + 0.5) / count) for at in range(count)])
    z = (z - z.mean()) / z.std(ddof=1)
    return np.asarray(0.01 * (z + sharpe / math.sqrt(periods_a_year)))
