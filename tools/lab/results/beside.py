"""A policy and what it is compared with: the strategies raw, raw at the same mean exposure, and buy-and-hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from functions.domain.lab.differences import REPLICATIONS, Difference, common_block_length, sharpe_differences
from functions.domain.lab.figures import Figures, figures
from functions.domain.lab.holdings import at_mean_exposure, separate_spells
from functions.domain.lab.path_differences import PathDifferences, ResampledPaths
from functions.domain.lab.verdict import days_to_see, too_few_to_tell
from functions.domain.track_record.moments import Floats
from tools.lab.policies import OFF
from tools.lab.results.measured import CONFIDENCE, OTHER_SHARE, Measured, Terms

RAW, SCALED, HOLD = OFF, "off_at_same_exposure", "buy_and_hold"


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
    """One policy and everything it is compared with."""

    beside: Mapping[str, Beside]
    """By `RAW`, `SCALED` and `HOLD`, as far as they are known."""
    spells: int
    """Separate times in which a strategy's holding differed from raw, summed over strategies."""
    too_few: tuple[str, ...]
    """Why its difference from raw says nothing; empty if it may say something."""
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
    if not policies or len(raw.days) < 2 or not all(np.isfinite(one.returns).all() for one in (raw, *policies)):
        return {}
    year = terms.periods_a_year
    everything = np.stack([raw.returns, *(one.returns for one in policies)])
    block = common_block_length(everything - terms.risk_free_rate / year)
    others = {one.name: _others(one, raw, hold, terms) for one in policies}
    paths = _Paths.of([*policies], others, chance, block)
    return {one.name: _comparison(one, raw, others[one.name], paths, terms, chance) for one in policies}


def _others(policy: Measured, raw: Measured, hold: Floats | None, terms: Terms) -> dict[str, Floats]:
    """Return what a policy is compared with, by name: each series that is known on every day."""
    scaled = at_mean_exposure(
        raw.returns, raw.exposure, policy.exposure, terms.risk_free_rate, periods_a_year=terms.periods_a_year
    )
    others = {RAW: raw.returns, SCALED: scaled} | ({} if hold is None else {HOLD: hold})
    return {name: returns for name, returns in others.items() if np.isfinite(returns).all()}


@dataclass(frozen=True, slots=True)
class _Paths:
    """Resampled paths of all series: what several policies are compared with is resampled once."""

    resampled: ResampledPaths
    block_length: float
    rows: Mapping[str, Sequence[int]]
    """By policy: its own row, and then those of what it is compared with."""

    @classmethod
    def of(
        cls, policies: Sequence[Measured], others: Mapping[str, Mapping[str, Floats]], chance: Chance, block: float
    ) -> _Paths:
        series: dict[tuple[str, str], Floats] = {}
        rows = {}
        for policy in policies:
            wanted = {(policy.name, ""): policy.returns}
            wanted |= {_series_of(policy.name, other): returns for other, returns in others[policy.name].items()}
            series |= wanted
            rows[policy.name] = [list(series).index(one) for one in wanted]
        resampled = ResampledPaths.of(
            np.stack(list(series.values())), chance.generator(), block_length=block, replications=chance.replications
        )
        return cls(resampled, block, rows)

    def beside(self, policy: str, terms: Terms) -> PathDifferences:
        """Return how far what a policy is compared with is above it."""
        rows = self.resampled.rows(self.rows[policy])
        return rows.differences(periods_a_year=terms.periods_a_year, confidence=CONFIDENCE)


def _series_of(policy: str, other: str) -> tuple[str, str]:
    """Return what distinguishes one series from another: only raw at a policy's exposure is that policy's own."""
    return (policy, other) if other == SCALED else ("", other)


def _comparison(
    policy: Measured, raw: Measured, others: Mapping[str, Floats], paths: _Paths, terms: Terms, chance: Chance
) -> Comparison:
    beside = _beside(policy, others, paths, terms, chance)
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
    return Comparison(
        beside=beside, spells=spells, too_few=too_few, days_to_see=needed, block_length=paths.block_length
    )


def _beside(
    policy: Measured, others: Mapping[str, Floats], paths: _Paths, terms: Terms, chance: Chance
) -> dict[str, Beside]:
    series = np.stack([policy.returns, *others.values()])
    year, rate = terms.periods_a_year, terms.risk_free_rate
    ratios = sharpe_differences(
        series,
        chance.generator(),
        rate,
        periods_a_year=year,
        confidence=CONFIDENCE,
        block_length=paths.block_length,
        replications=chance.replications,
    )
    of_paths = paths.beside(policy.name, terms)
    return {
        name: Beside(
            other=figures(returns, policy.days, rate, periods_a_year=year),
            sharpe=reversed_(ratios.by_series[row]),
            total_return=reversed_(of_paths.total_return[row]),
            yearly_return=reversed_(of_paths.yearly_return[row]),
            max_drawdown=reversed_(of_paths.max_drawdown[row]),
            correlation=_correlation(policy.returns, returns),
        )
        for row, (name, returns) in enumerate(others.items(), start=1)
    }


def reversed_(one: Difference) -> Difference:
    """Return a difference the other way round."""
    return Difference(-one.difference + 0.0, -one.high + 0.0, -one.low + 0.0)


def spells_between(policy: Measured, raw: Measured) -> int:
    """
    Return how many separate times strategies held a share of equity that differs from raw, by `OTHER_SHARE`.
    """
    return sum(
        separate_spells(np.abs(_shares(policy, name) - _shares(raw, name)) >= OTHER_SHARE)
        for name in policy.run.strategies.keys() & raw.run.strategies.keys()
    )


def _shares(policy: Measured, strategy: str) -> Floats:
    return policy.share_of_equity([row.held for row in policy.run.strategies[strategy]])


def _correlation(one: Floats, other: Floats) -> float:
    if one.std() == 0 or other.std() == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def _days_to_see(difference: float, correlation: float, terms: Terms) -> float:
    if not np.isfinite([difference, correlation]).all():
        return float("nan")
    return days_to_see(difference, correlation, periods_a_year=terms.periods_a_year, confidence=CONFIDENCE)
