"""
How many policies were ever tried in a folder: the more, the better the best looks by chance alone.

``tried.jsonl`` is only ever appended to: a line for each policy on each set of strategies. The same again is not a
new trial; another setting, or a strategy that was edited, is one. ``off`` is not a policy and does not count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from functions.domain.kernel.errors import InputError
from functions.domain.lab.deflation import deflated_sharpe_ratio, effective_trials, mean_correlation
from tools.lab.results.measured import Measured, Terms

FILE = "tried.jsonl"


@dataclass(frozen=True, slots=True)
class Trial:
    """One policy that was tried on some strategies."""

    key: str
    name: str
    sharpe_ratio: float | None
    """Annualised; None if undefined."""


@dataclass(frozen=True, slots=True)
class Tried:
    """Everything that was tried in a folder."""

    trials: tuple[Trial, ...]

    def deflated(self, policy: Measured, correlation: float, terms: Terms) -> float:
        """
        Return the probability that a policy's true Sharpe ratio is above what the best of all trials shows by chance.

        Parameters
        ----------
        correlation : float
            The mean one between the trials' returns, where they are known.
        """
        enough = policy.returns if np.isfinite(policy.figures.sharpe_ratio) else policy.returns[:0]
        known = [one.sharpe_ratio for one in self.trials if one.sharpe_ratio is not None]
        return float(
            deflated_sharpe_ratio(
                enough,
                known,
                terms.risk_free_rate,
                trials=max(len(self.trials), 1),
                correlation=correlation,
                periods_a_year=terms.periods_a_year,
            )
        )

    def effective(self, correlation: float) -> float:
        """Return how many independent trials they are worth."""
        return effective_trials(max(len(self.trials), 1), correlation)


def read_tried(folder: Path) -> Tried:
    """Return what was tried in a folder. Raises InputError if its list is damaged."""
    file = folder / FILE
    if not file.exists():
        return Tried(())
    trials = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entry = json.loads(line)
            trials.append(Trial(entry["key"], entry["name"], entry["sharpe"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{file}, line {number}", "a trial as the lab wrote it", line) from error
    return Tried(tuple(trials))


def record(folder: Path, policies: Sequence[Measured], strategies: Mapping[str, str]) -> Tried:
    """
    Append policies that were not tried yet, and return all that were.

    Parameters
    ----------
    strategies : mapping
        A fingerprint of each strategy's code, by name.
    """
    before = read_tried(folder)
    known = {trial.key for trial in before.trials}
    new = []
    for one in policies:
        if one.run.policy.get("enabled") is False or (key := key_of(one.run.policy, strategies)) in known:
            continue
        known.add(key)
        ratio = one.figures.sharpe_ratio
        new.append(Trial(key, one.name, ratio if np.isfinite(ratio) else None))
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(_entry(trial))}\n" for trial in new)
    return Tried((*before.trials, *new))


def correlation_of(policies: Sequence[Measured]) -> float:
    """Return the mean correlation between the returns of policies that were run together."""
    tried = [one.returns for one in policies if one.run.policy.get("enabled") is not False]
    if len(tried) < 2 or not all(np.isfinite(returns).all() and returns.size for returns in tried):
        return 0.0
    return mean_correlation(np.stack(tried))


def key_of(policy: Mapping[str, Any], strategies: Mapping[str, str]) -> str:
    """Return what makes a trial the same one."""
    said = json.dumps([dict(policy), dict(strategies)], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _entry(trial: Trial) -> dict[str, Any]:
    return {"key": trial.key, "name": trial.name, "sharpe": trial.sharpe_ratio}
