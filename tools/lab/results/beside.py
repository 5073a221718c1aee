"""A policy beside what it is compared with: the strategies raw, raw at the same mean exposure, and buy-and-hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from functions.domain.lab.differences import REPLICATIONS, Difference, common_block_length, sharpe_differences
from functions.domain.lab.figures import Figures, figures
from functions.domain.lab.holdings import at_mean_exposure, separate_spells
from functions.domain.lab.path_differences import path_differences
from functions.domain.lab.verdict import days_to_see, too_few_to_tell
from functions.domain.track_record.moments import Floats
from tools.lab.results.measured import CONFIDENCE, Measured, Terms

RAW, SCALED, HOLD = "off", "off_at_same_exposure", "buy_and_hold"
_DIFFERS = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """How far a policy's figures are above those of one other series; intervals of 95 %."""

    other: Figures
    sharpe: Difference
    total_return: Difference
    yearly_return: Difference
    max_drawdown: Difference
    """Above 0: the policy fell less deep."""
    correlation: float
    """Of daily returns; NaN where one does not vary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One policy beside everything it is compared with."""

    beside: Mapping[str, Beside]
    """By `RAW`, `SCALED` and `HOLD`; what cannot be is not there."""
    spells: int
    """Separate times, of all strategies, in which holdings were others than raw."""
    too_few: tuple[str, ...]
    """Why its difference from raw tells nothing; empty if it may tell something."""
    days_to_see: float
    """Sessions until a true difference of Sharpe ratios as large as this one would stand out; infinite for none."""
    block_length: float
    """Mean, of the bootstrap, in days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """Where chance comes from."""

    seed: int
    replications: int = REPLICATIONS

    def generator(self) -> np.random.Generator:
        """Return a new one: everything that draws from it alike draws the same days."""
        return np.random.default_rng(self.seed)


def compared(
    policies: Sequence[Measured], raw: Measured, hold: Floats | None, terms: Terms, chance: Chance
) -> dict[str, Comparison]:
    """
    Compare policies with raw, by name; all of them on the same resampled days.

    Parameters
    ----------
    hold : NDArray, shape (days,), or None
        Daily returns of buy-and-hold; None where there are no prices.
    """
    if len(raw.days) < 2 or not all(np.isfinite(one.returns).all() for one in (raw, *policies)):
        return {}
    year = terms.periods_a_year
    everything = np.stack([raw.returns, *(one.returns for one in policies)])
    block = common_block_length(everything - terms.risk_free_rate / year)
    return {one.name: _comparison(one, raw, hold, terms, chance, block) for one in policies}


def _comparison(
    policy: Measured, raw: Measured, hold: Floats | None, terms: Terms, chance: Chance, block: float
) -> Comparison:
    scaled = at_mean_exposure(
        raw.returns, raw.exposure, policy.exposure, terms.risk_free_rate, periods_a_year=terms.periods_a_year
    )
    others = {RAW: raw.returns, SCALED: scaled} | ({} if hold is None else {HOLD: hold})
    others = {name: returns for name, returns in others.items() if np.isfinite(returns).all()}
    beside = _beside(policy, others, terms, chance, block)
    spells = spells_between(policy, raw)
    sharpe = beside[RAW].sharpe
    too_few = too_few_to_tell(
        sharpe,
        days=policy.figures.days,
        fewest_days=policy.figures.minimum_track_record,
        round_trips=policy.round_trips,
        spells=spells,
    )
    needed = _days_to_see(sharpe.difference, beside[RAW].correlation, terms)
    return Comparison(beside=beside, spells=spells, too_few=too_few, days_to_see=needed, block_length=block)


def _beside(
    policy: Measured, others: Mapping[str, Floats], terms: Terms, chance: Chance, block: float
) -> dict[str, Beside]:
    series = np.stack([policy.returns, *others.values()])
    year, rate = terms.periods_a_year, terms.risk_free_rate
    ratios = sharpe_differences(
        series,
        chance.generator(),
        rate,
        periods_a_year=year,
        confidence=CONFIDENCE,
        block_length=block,
        replications=chance.replications,
    )
    paths = path_differences(
        series,
        chance.generator(),
        block_length=block,
        periods_a_year=year,
        confidence=CONFIDENCE,
        replications=chance.replications,
    )
    return {
        name: Beside(
            other=figures(returns, policy.days, rate, periods_a_year=year),
            sharpe=reversed_(ratios.by_series[row]),
            total_return=reversed_(paths.total_return[row]),
            yearly_return=reversed_(paths.yearly_return[row]),
            max_drawdown=reversed_(paths.max_drawdown[row]),
            correlation=_correlation(policy.returns, returns),
        )
        for row, (name, returns) in enumerate(others.items(), start=1)
    }


def reversed_(one: Difference) -> Difference:
    """Return a difference the other way round."""
    return Difference(-one.difference + 0.0, -one.high + 0.0, -one.low + 0.0)


def spells_between(policy: Measured, raw: Measured) -> int:
    """
    Return how many separate times, of all strategies, one held another share of equity than raw.

    By 1 % of equity or more: after one trade less every amount differs a little.
    """
    return sum(
        separate_spells(np.abs(_shares(policy, name) - _shares(raw, name)) >= _DIFFERS)
        for name in policy.run.strategies.keys() & raw.run.strategies.keys()
    )


def _shares(policy: Measured, strategy: str) -> Floats:
    held = np.array([row.held for row in policy.run.strategies[strategy]])
    return np.asarray(held / np.where(policy.equity > 0, policy.equity, np.nan))


def _correlation(one: Floats, other: Floats) -> float:
    if one.std() == 0 or other.std() == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def _days_to_see(difference: float, correlation: float, terms: Terms) -> float:
    if not np.isfinite([difference, correlation]).all():
        return float("nan")
    return days_to_see(difference, correlation, periods_a_year=terms.periods_a_year, confidence=CONFIDENCE)
