"""Policies as weights over the strategies' own daily returns, and over many groups of their variants."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from functions.domain.kernel.policy import Policy
from functions.domain.lab.differences import sharpe_differences
from functions.domain.track_record.moments import Floats
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.sharpe_evidence import sharpe_standard_error
from functions.domain.track_record.statistics import annualized_return, max_drawdown, sharpe_ratio
from tools.lab.evidence.ladder import mode_weights, mode_weights_of_long_records
from tools.lab.evidence.markdown import markdown
from tools.lab.evidence.portfolio import at_target_volatility, weighted
from tools.lab.results.beside import Chance
from tools.lab.results.tables import between, number, percent

Groups = NDArray[np.int64]
ALWAYS = "always on"
LADDERS: Mapping[str, Policy] = {
    "guide's ladder": Policy(),
    "proof 0.95": Policy(demotion_confidence=0.95),
    "proof 0.8, lookback 90": Policy(demotion_confidence=0.8, performance_lookback_days=90),
}
LONG_RECORD = 252
"""Sessions: more than a policy can ask for."""
GROUPS, GROUP_SIZE = 300, 7


def of_strategies(strategies: SessionReturns, periods_a_year: int, chance: Chance) -> str:
    """
    Return what weights by several policies would have earned over strategies' daily returns.

    Parameters
    ----------
    strategies : SessionReturns, shape (strategies, sessions)
    """
    weights = {ALWAYS: np.ones(strategies.returns.shape)}
    weights |= {name: mode_weights(strategies, policy) for name, policy in LADDERS.items()}
    weights[f"guide's ladder on {LONG_RECORD} sessions"] = mode_weights_of_long_records(
        strategies, Policy(), LONG_RECORD
    )
    weights["target volatility 10 %"] = at_target_volatility(strategies.returns, periods_a_year)
    earned = np.array([weighted(strategies.returns, one) for one in weights.values()])
    beside = sharpe_differences(
        earned, chance.generator(), periods_a_year=periods_a_year, replications=chance.replications
    ).by_series
    ratios = sharpe_ratio(earned, periods_a_year=periods_a_year)
    errors = sharpe_standard_error(earned, periods_a_year=periods_a_year)
    yearly, falls = annualized_return(earned, periods_a_year=periods_a_year), max_drawdown(earned)
    rows = [
        (
            name,
            percent(float(yearly[row])),
            percent(float(falls[row])),
            f"{number(float(ratios[row]))} ± {number(float(errors[row]))}",
            "" if name == ALWAYS else between(beside[row]),
            percent(float(of_name.mean())),
        )
        for row, (name, of_name) in enumerate(weights.items())
    ]
    return markdown(("weights", "return a year", "max drawdown", "Sharpe ± SE", "minus always on", "mean weight"), rows)


def of_groups(variants: SessionReturns, periods_a_year: int, generator: np.random.Generator, size: int) -> str:
    """
    Return how policies do in groups that are drawn from many variants.

    Parameters
    ----------
    variants : SessionReturns, shape (variants, sessions)
    size : int
        Of a group, at most as many as there are.
    """
    groups = drawn_groups(len(variants.returns), size, generator)
    earned = {
        name: _sharpes(variants.returns, weights, groups, periods_a_year)
        for name, weights in {
            ALWAYS: np.ones(variants.returns.shape),
            **{name: mode_weights(variants, policy) for name, policy in LADDERS.items()},
        }.items()
    }
    guide = earned[next(iter(LADDERS))]
    rows = []
    for name, ratios in earned.items():
        low, middle, high = np.nanquantile(ratios, (0.05, 0.5, 0.95)).tolist()
        better = "" if ratios is guide else percent(float((ratios > guide).mean()), 0)
        rows.append((name, number(middle), f"{number(low)} … {number(high)}", better))
    count = f"{len(groups)} groups of {groups.shape[1]} out of {len(variants.returns)}"
    return markdown((count, "Sharpe, median", "nine of ten", "better than the guide's"), rows)


def drawn_groups(count: int, size: int, generator: np.random.Generator) -> Groups:
    """Return different groups of rows, shape (groups, size): `GROUPS` of them, or all that there are."""
    wanted = min(GROUPS, math.comb(count, size))
    found: dict[tuple[int, ...], None] = {}
    while len(found) < wanted:
        found[tuple(sorted(generator.choice(count, size, replace=False).tolist()))] = None
    return np.array(list(found), dtype=np.int64)


def _sharpes(returns: Floats, weights: Floats, groups: Groups, periods_a_year: int) -> Floats:
    earned = np.array([weighted(returns[group], weights[group]) for group in groups])
    return sharpe_ratio(earned, periods_a_year=periods_a_year)
