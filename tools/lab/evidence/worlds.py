"""Simulated worlds whose truth is known: skill that stays, that dies, and that comes and goes by the quarter."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from functions.domain.kernel.policy import Policy
from functions.domain.track_record.moments import Floats
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.statistics import sharpe_ratio
from tools.lab.evidence.ladder import mode_weights, part_of
from tools.lab.evidence.markdown import markdown
from tools.lab.evidence.portfolio import weighted
from tools.lab.evidence.weights import ALWAYS, LADDERS
from tools.lab.results.tables import number
from tools.lab.source import Advance

HISTORIES = 50
"""Of each world: every strategy is judged every day of it, which is what takes the time."""
STRATEGIES, DAYS, QUARTER = 8, 756, 63
VOLATILITY = 0.01
CORRELATION = 0.3
"""Between strategies of a history."""
MEAN_SKILL, SPREAD_OF_SKILL = 0.5, 0.7
"""Of true Sharpe ratios, annualised."""
DYING, DEAD = 0.4, -0.5
"""Share of strategies whose skill ends on some day, and the true ratio from then on."""
SPREAD_OF_QUARTERS = 2.5
"""Of true ratios that are drawn again each quarter."""
JUDGED = ("guide's ladder", "proof 0.8, lookback 90")
Skill = Callable[[np.random.Generator, int], Floats]
"""Takes a number of strategies, and returns true ratios of shape (strategies, days)."""


def static(generator: np.random.Generator, count: int) -> Floats:
    """Return skill that stays as it is."""
    return np.repeat(generator.normal(MEAN_SKILL, SPREAD_OF_SKILL, (count, 1)), DAYS, axis=1)


def dying(generator: np.random.Generator, count: int) -> Floats:
    """Return skill that ends, of some strategies, on a day of chance."""
    skill, ends = static(generator, count), generator.integers(DAYS, size=(count, 1))
    is_dying = generator.random((count, 1)) < DYING
    return np.where(is_dying & (np.arange(DAYS) >= ends), DEAD, skill)


def by_quarters(generator: np.random.Generator, count: int) -> Floats:
    """Return skill that changes each quarter and stays for all of it: what the ladder is made for."""
    quarters = generator.normal(MEAN_SKILL, SPREAD_OF_QUARTERS, (count, DAYS // QUARTER))
    return np.repeat(quarters, QUARTER, axis=1)


WORLDS: Mapping[str, Skill] = {
    "skill that stays": static,
    "4 of 10 die": dying,
    "skill by the quarter": by_quarters,
}


def in_worlds(generator: np.random.Generator, progress: Advance | None = None, histories: int | None = None) -> str:
    """Return mean Sharpe ratios of each policy in each world, with standard errors over histories."""
    steps, rows = len(WORLDS) * len(JUDGED), []
    for world, (name, skill) in enumerate(WORLDS.items()):
        returns = returns_of(skill, generator, histories or HISTORIES)
        sessions = SessionReturns.plain(returns.reshape(-1, DAYS))
        ratios = {ALWAYS: _ratios(returns, np.ones(returns.shape))}
        for judged, policy in enumerate(JUDGED):
            part = part_of(progress, world * len(JUDGED) + judged, steps)
            weights = mode_weights(sessions, LADDERS[policy], part).reshape(returns.shape)
            ratios[policy] = _ratios(returns, weights)
        guide, proof = (ratios[one] for one in JUDGED)
        rows.append((name, *(_mean(one) for one in ratios.values()), _mean(proof - guide)))
    return markdown(("world", *(ALWAYS, *JUDGED), "the last minus the guide's"), rows)


def returns_of(skill: Skill, generator: np.random.Generator, histories: int) -> Floats:
    """Return daily returns of a world's histories, shape (histories, strategies, days)."""
    policy = Policy()
    year = policy.periods_a_year
    ratios = skill(generator, histories * STRATEGIES).reshape(histories, STRATEGIES, DAYS)
    common = generator.normal(size=(histories, 1, DAYS))
    own = generator.normal(size=ratios.shape)
    z = math.sqrt(CORRELATION) * common + math.sqrt(1.0 - CORRELATION) * own
    return np.asarray(VOLATILITY * (z + ratios / math.sqrt(year)) + policy.risk_free_rate / year)


def _ratios(returns: Floats, weights: Floats) -> Floats:
    """Return each history's Sharpe ratio over the risk-free rate on what was held, shape (histories,)."""
    policy = Policy()
    excess = returns - policy.risk_free_rate / policy.periods_a_year
    return sharpe_ratio(weighted(excess, weights), periods_a_year=policy.periods_a_year)


def _mean(ratios: Floats) -> str:
    return f"{number(float(ratios.mean()))} ± {number(float(ratios.std(ddof=1)) / math.sqrt(ratios.size))}"
