"""Everything that a command found, before it is printed or stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from functions.domain.lab.figures import Figures, figures
from tools.lab.policy_run import PolicyRun
from tools.lab.results.benchmark import BuyAndHold
from tools.lab.results.beside import RAW, Chance, Comparison, compared
from tools.lab.results.measured import Measured
from tools.lab.results.rules import RuleEffects, effects
from tools.lab.results.tried import Tried, correlation_of
from tools.lab.source import Source, terms_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Policies with their figures, and what they are compared with."""

    task: Source
    chance: Chance
    policies: Mapping[str, Measured]
    """By name, ``off`` first."""
    comparisons: Mapping[str, Comparison]
    """Of every policy but ``off``; empty if some return is unknown."""
    rules: Mapping[str, RuleEffects]
    """Of the policies that were also run without their rules."""
    hold: BuyAndHold | None
    hold_figures: Figures | None
    tried: Tried
    correlation: float
    """Mean, between the returns of the policies."""
    note: str = ""
    """What to know first, if anything: how the policies were chosen."""

    @property
    def raw(self) -> Measured:
        return self.policies[RAW]

    @property
    def is_whole(self) -> bool:
        return all(one.run.is_whole for one in self.policies.values())

    def deflated(self, policy: Measured) -> float:
        """Return its deflated Sharpe ratio."""
        return self.tried.deflated(policy, self.correlation, terms_of(self.task))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Everything to know before believing a figure, a sentence each."""
        found = [
            *filter(None, [self.note]),
            *self.task.doubts({name: one.run.policy for name, one in self.policies.items()}),
        ]
        if not self.is_whole:
            found.append(f"interrupted: {len(self.raw.days)} sessions, up to {self.raw.days[-1]:%Y-%m-%d}")
        if self.hold is not None and self.hold.left_out:
            found.append(f"buy-and-hold leaves out what had no price yet: {', '.join(self.hold.left_out)}")
        if idle := [one.name for one in self.raw.strategies if one.mean_held == 0]:
            found.append(self.task.idle(idle))
        if not self.comparisons and len(self.policies) > 1:
            found.append("too few days, or equity lost: nothing is compared")
        return tuple(found)


def outcome(task: Source, policies: Mapping[str, Measured], tried: Tried, chance: Chance, note: str = "") -> Outcome:
    """
    Compare what was measured; the effects of rules are left out.

    Parameters
    ----------
    policies : mapping
        By name, ``off`` among them.
    """
    terms, raw = terms_of(task), policies[RAW]
    hold = task.hold(raw.days)
    candidates = [one for name, one in policies.items() if name != RAW]
    hold_figures = None
    if hold is not None:
        hold_figures = figures(hold.returns, raw.days, terms.risk_free_rate, periods_a_year=terms.periods_a_year)
    return Outcome(
        task=task,
        chance=chance,
        policies=policies,
        comparisons=compared(candidates, raw, None if hold is None else hold.returns, terms, chance),
        rules={},
        hold=hold,
        hold_figures=hold_figures,
        tried=tried,
        correlation=correlation_of(candidates),
        note=note,
    )


def with_effects(found: Outcome, others: Mapping[str, PolicyRun]) -> Outcome:
    """
    Return it with the effects of rules added.

    Parameters
    ----------
    others : mapping
        The replays of `without_rules`, by name.
    """
    raw = found.raw.run
    ruled = {name: effects(one.run, raw, others) for name, one in found.policies.items() if name != RAW}
    return replace(found, rules={name: one for name, one in ruled.items() if one is not None})
