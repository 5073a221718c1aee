"""All tables of the documents, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from tools.lab.evidence.accounts import POLICIES, accounts, after_modes, beside_raw
from tools.lab.evidence.alone import replayed_alone
from tools.lab.evidence.chance import modes_by_chance, what_days_tell
from tools.lab.evidence.weights import GROUP_SIZE, of_groups, of_strategies
from tools.lab.evidence.worlds import in_worlds
from tools.lab.policies import GUIDE
from tools.lab.results.outcome import Outcome
from tools.lab.shown_progress import shown_progress
from tools.lab.source import terms_of
from tools.lab.task import Task

BY_CHANCE = (GUIDE, "lookback 90, 60 data points", "proof 0.8, lookback 90")
"""Policies that judge simulated strategies."""


def every_table(found: Outcome) -> Iterator[str]:
    """
    Yield headings and Markdown tables, each as soon as it is ready.

    Parameters
    ----------
    found : Outcome
        Of a whole run of `POLICIES`. Everything else is replayed or simulated here, from the same seed.
    """
    terms, chance, task = terms_of(found.task), found.chance, found.task
    yield f"**Accounts.**\n\n{accounts(found)}"
    yield f"**Differences from the strategies alone**, with intervals of 95 %.\n\n{beside_raw(found)}"
    yield f"**What a mode says about the next 30 sessions.**\n\n{after_modes(found)}"
    yield f"**Standard errors by number of days.**\n\n{what_days_tell(terms.periods_a_year)}"
    with shown_progress("Simulated strategies") as advance:
        said = modes_by_chance({name: POLICIES[name] for name in BY_CHANCE}, chance.generator(), advance)
    yield f"**Modes by chance**: ACTIVE / REDUCED / SHADOW_MODE.\n\n{said}"
    with shown_progress("Simulated worlds") as advance:
        said = in_worlds(chance.generator(), advance)
    yield f"**Simulated worlds**: Sharpe ratios.\n\n{said}"
    if not isinstance(task, Task):
        yield "A record has no prices: what strategies earn alone is left out."
        return
    with shown_progress(f"{len(task.strategies)} strategies and their variants, each alone") as advance:
        alone = replayed_alone(task, advance)
    if alone is None:
        yield "Interrupted: what strategies earn alone is left out."
        return
    yield f"**Policies as weights.**\n\n{of_strategies(alone.strategies, terms.periods_a_year, chance)}"
    size = min(GROUP_SIZE, len(alone.variants.returns))
    yield f"**Groups of variants.**\n\n{of_groups(alone.variants, terms.periods_a_year, chance.generator(), size)}"
