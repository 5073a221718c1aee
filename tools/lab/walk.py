"""
`lab walk`: choose a policy on one part of the days, and judge it on the next.

The policy that did best on the first part did so with luck on its side; only days that the choice did not see say
anything of it. So the results are of those days alone. Their accounts start without a record from the first part.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from functions.domain.kernel.errors import InputError
from tools.lab.policies import OFF
from tools.lab.results.beside import Chance
from tools.lab.results.document import document_of, write_document
from tools.lab.results.outcome import Outcome
from tools.lab.results.tables import number
from tools.lab.run import Folder, run_policies
from tools.lab.source import Source
from tools.lab.sweep import Policies, best, sweep

WALK = "walk.json"
AnySource = TypeVar("AnySource", bound=Source)
FEWEST_SESSIONS = 60
"""Of either part: with fewer no Sharpe ratio is worth choosing by, or judging."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What was chosen, and what it did on days the choice did not see."""

    chosen: str
    first: Outcome
    """All policies, on the days that were chosen by."""
    second: Outcome
    """The chosen one and ``off``, on the days after."""

    def to_document(self) -> dict[str, Any]:
        """Return ``walk.json``."""
        return {
            "chosen": self.chosen,
            "chosen_by": "the highest Sharpe ratio of the first part",
            "judged": document_of(self.second),
            "chosen_on": {
                "first": self.first.raw.days[0],
                "last": self.first.raw.days[-1],
                "sharpe": {name: one.figures.sharpe_ratio for name, one in self.first.policies.items()},
            },
        }


def walk(
    task: Source, policies: Policies, folder: Folder, chance: Chance, *, split: str, cores: int, with_rules: bool
) -> Walked | None:
    """
    Choose a policy on the days before ``split``, and store how it did from then on; None if it was interrupted.

    Raises
    ------
    InputError
        If ``split`` is neither a share nor a day, or leaves too few sessions on either side.
    """
    before, after = parts(task, split)
    first = sweep(before, policies, folder, chance, cores)
    if first is None:
        return None
    chosen = best(first)
    judged = {OFF: policies[OFF], chosen: policies[chosen]}
    second = run_policies(after, judged, folder, chance, with_rules=with_rules, note=_how(first, chosen))
    walked = Walked(chosen=chosen, first=first, second=second)
    write_document(folder.path / WALK, walked.to_document())
    return walked


def _how(first: Outcome, chosen: str) -> str:
    """Return how the policy was chosen, in a sentence."""
    days, ratios = first.raw.days, {name: one.figures.sharpe_ratio for name, one in first.policies.items()}
    off = f" (off: {number(ratios[OFF])})" if ratios[OFF] > ratios[chosen] else ""
    return (
        f"{chosen} was chosen among {len(ratios) - 1} policies by its Sharpe ratio from {days[0]} to {days[-1]}, "
        f"{number(ratios[chosen])}{off}; all figures are from the days after, which the choice did not see"
    )


def parts(task: AnySource, split: str) -> tuple[AnySource, AnySource]:
    """Return the task of the days before a split, and that of the others. Raises InputError."""
    days = list(task.days)
    at = _position(days, split)
    if min(at, len(days) - at) < FEWEST_SESSIONS:
        limit = f"such that {FEWEST_SESSIONS} sessions or more are on either side of {len(days)}"
        raise InputError("--split", limit, split)
    return task.between(days[0], days[at - 1]), task.between(days[at], days[-1])


def _position(days: list[date], split: str) -> int:
    try:
        share = float(split)
    except ValueError:
        try:
            day = date.fromisoformat(split)
        except ValueError as error:
            raise InputError(
                "--split", "a share of the sessions (0.5), or the second part's first day", split
            ) from error
        return sum(one < day for one in days)
    return round(share * len(days)) if 0 < share < 1 else 0
