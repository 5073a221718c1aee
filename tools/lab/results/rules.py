"""
What each rule of a policy cost or saved, by running without it.

A blocked entry's price alone does not say: cash and modes differ afterwards. So the policy is replayed without the
rule, and the difference of final equity is what it did. These do not add up to the policy's whole effect, as rules hide
behind one another; the remainder is shown.

A rule is removed by the policy's own settings, at which it cannot act; whether it did all the same is looked up in the
decisions of that run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.lab.policy_run import PolicyRun, StrategySession
from tools.lab.results.measured import is_live

Document = Mapping[str, Any]
_JOINT = " without "


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, and the settings at which it does nothing."""

    name: str
    title: str
    codes: frozenset[str]
    """The reason codes that say it acted; none: its strategy's mode says so."""
    without: Document

    def acted(self, run: PolicyRun) -> int:
        """Return in how many sessions of strategies it changed something."""
        return sum(self._acted_on(row) for rows in run.strategies.values() for row in rows)

    def _acted_on(self, row: StrategySession) -> bool:
        if not self.codes:
            return row.proposed == "BUY" if row.mode == "REDUCED" else row.proposed != "HOLD" and not is_live(row)
        return bool(self.codes & {*row.reason_codes})


RULES = (
    Rule(
        "modes",
        "Modes earned by track record",
        frozenset(),
        {
            "SHARPE_THRESHOLD_REDUCE": -10.0,
            "SHARPE_THRESHOLD_SHADOW": -10.0,
            "PERFORMANCE_LOOKBACK_DAYS": 90,
            "MIN_DATA_POINTS": 90,
            "insufficient_data_mode": "ACTIVE",
            "demotion_confidence": 0.9999,
        },
    ),
    Rule(
        "breakers",
        "Account breakers",
        frozenset({"ACCOUNT_DRAWDOWN", "DAILY_LOSS"}),
        {"max_drawdown": None, "daily_loss_limit": None},
    ),
    Rule("systemic", "Systemic sells", frozenset({"SYSTEMIC_RISK"}), {"SYSTEMIC_SELL_THRESHOLD": 1000}),
    Rule("cap", "Gross allocation cap", frozenset({"GROSS_ALLOCATION_CAP"}), {"max_gross_allocation": 10.0}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEffect:
    """What one rule did to a policy's run."""

    rule: Rule
    acted: int
    """Sessions of strategies in which it changed something."""
    effect: float
    """USD of final equity, above 0: it saved so much; below 0: it cost so much."""
    still_acted: int
    """Sessions in which it acted in the run without it: its settings do not reach so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEffects:
    """What a policy's rules did, one by one and together."""

    rules: tuple[RuleEffect, ...]
    """Those that acted."""
    together: float
    """USD of final equity, over that of ``off``."""

    @property
    def remainder(self) -> float:
        """USD of all together that single rules do not account for."""
        return self.together - sum(one.effect for one in self.rules)


def without_rules(runs: Sequence[PolicyRun]) -> dict[str, Document]:
    """Return what has to be replayed as well: each policy without each of the rules that acted in it, by name."""
    return {
        name_without(run, rule): {**run.policy, **rule.without}
        for run in runs
        if run.policy.get("enabled") is not False
        for rule in RULES
        if rule.acted(run)
    }


def without_all(policy: Document) -> Document:
    """Return a policy without any rule: what `off` does."""
    return dict(policy) | {name: value for rule in RULES for name, value in rule.without.items()}


def effects(run: PolicyRun, raw: PolicyRun, others: Mapping[str, PolicyRun]) -> RuleEffects | None:
    """
    Return what rules did; None without a session.

    Parameters
    ----------
    others : mapping
        The replays of `without_rules`; a rule whose own is missing or broken off is left out.
    """
    if not run.sessions or not raw.sessions:
        return None
    found = []
    for rule in RULES:
        other = others.get(name_without(run, rule))
        if other is not None and len(other.sessions) == len(run.sessions):
            effect = _final(run) - _final(other)
            found.append(RuleEffect(rule=rule, acted=rule.acted(run), effect=effect, still_acted=rule.acted(other)))
    return RuleEffects(rules=tuple(found), together=_final(run) - _final(raw))


def name_without(run: PolicyRun, rule: Rule) -> str:
    return f"{run.name}{_JOINT}{rule.name}"


def _final(run: PolicyRun) -> float:
    return run.sessions[-1].equity
