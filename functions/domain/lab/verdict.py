"""When there is too little to tell one policy from another."""

from __future__ import annotations

import math
from statistics import NormalDist

from functions.domain.lab.differences import Difference

FEWEST_ROUND_TRIPS = 30
FEWEST_SPELLS = 10
"""A judgement, both: a handful of trades or of different days can make any difference."""


def too_few_to_tell(
    difference: Difference, *, days: int, fewest_days: float, round_trips: int, spells: int
) -> tuple[str, ...]:
    """
    Return why a difference tells nothing; empty if it may tell something.

    Parameters
    ----------
    difference : Difference
        With its interval.
    days : int
        With a return.
    fewest_days : float
        The policy's minimum track record length; infinite or NaN where no number of days would be enough.
    round_trips : int
        Positions that were opened and closed.
    spells : int
        Separate times in which holdings differed.

    Examples
    --------
    >>> too_few_to_tell(Difference(0.5, 0.1, 0.9), days=250, fewest_days=684.2, round_trips=12, spells=30)
    ('250 days, but 685 are needed', '12 round trips, but 30 are needed')
    """
    found = []
    if difference.holds_zero:
        found.append("the interval of the difference contains 0")
    if not days >= fewest_days:
        needed = f"{math.ceil(fewest_days):,} are needed" if math.isfinite(fewest_days) else "no number would be enough"
        found.append(f"{days} days, but {needed}")
    if round_trips < FEWEST_ROUND_TRIPS:
        found.append(f"{round_trips} round trips, but {FEWEST_ROUND_TRIPS} are needed")
    if spells < FEWEST_SPELLS:
        found.append(f"holdings differed {spells} times, but {FEWEST_SPELLS} are needed")
    return tuple(found)


def days_to_see(difference: float, correlation: float, *, periods_a_year: int, confidence: float = 0.95) -> float:
    """
    Return how many days it takes until a difference of annualised Sharpe ratios stands out from chance.

    Parameters
    ----------
    difference : float
        Between the true ratios, annualised.
    correlation : float
        Between the two series of daily returns.

    Returns
    -------
    float
        Whole days; infinite for no difference.

    Notes
    -----
    n z^2 2(1 - c) / difference^2, for small ratios (after Memmel 2003, Finance Letters 1(1), 21-23).

    Examples
    --------
    >>> days_to_see(0.5, 0.9, periods_a_year=252), days_to_see(0.2, 0.9, periods_a_year=252)
    (775, 4841)
    """
    if difference == 0:
        return math.inf
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    return math.ceil(periods_a_year * z**2 * 2.0 * (1.0 - correlation) / difference**2)
