"""What policies are tried on: past prices, or a tenant's own record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol, Self

from functions.domain.kernel.markets import periods_a_year
from tools.lab.engine.paper_broker import Costs
from tools.lab.policy_run import PolicyRun
from tools.lab.results.benchmark import BuyAndHold
from tools.lab.results.measured import Terms

Policies = Mapping[str, Mapping[str, Any]]
"""Documents as `PUT /v1/policy` takes them, by name."""
Advance = Callable[[int, int], None]
"""Called with how many sessions are done, and of how many."""


class Source(Protocol):
    """Everything that the replays of a command have in common, so that it can be sent to other processes whole."""

    @property
    def market(self) -> str: ...
    @property
    def strategies(self) -> tuple[str, ...]:
        """Names, sorted."""
        ...

    @property
    def days(self) -> tuple[date, ...]:
        """The sessions that are replayed, oldest first."""
        ...

    @property
    def starting_cash(self) -> float:
        """USD."""
        ...

    @property
    def risk_free_rate(self) -> float:
        """Fraction a year, of Sharpe ratios."""
        ...

    @property
    def costs(self) -> Costs | None:
        """What trades are charged; None where there are no trades: what rules cost is unknown then, too."""
        ...

    @property
    def detected(self) -> str:
        """What was read, a line."""
        ...

    @property
    def held_fixed(self) -> tuple[str, ...]:
        """What is taken as it was, whatever the policy, a sentence each."""
        ...

    @property
    def own_policies(self) -> Policies:
        """Policies that only this source knows."""
        ...

    @property
    def origin(self) -> Mapping[str, Any]:
        """Where this is from, for ``result.json``."""
        ...

    def doubts(self, policies: Policies) -> tuple[str, ...]:
        """Return what to know of these data before believing a figure of some policies, a sentence each."""
        ...

    def idle(self, names: Sequence[str]) -> str:
        """Return what it means that strategies earned nothing under any policy."""
        ...

    def replay(self, policies: Policies, progress: Advance | None = None) -> dict[str, PolicyRun]:
        """Replay every session under some policies, each on its own account."""
        ...

    def hold(self, days: Sequence[date]) -> BuyAndHold | None:
        """Return what buying and holding would have earned; None if there are no prices."""
        ...

    def fingerprints(self) -> Mapping[str, str]:
        """Return what makes a policy that is tried another trial."""
        ...

    def digest(self) -> str:
        """Return what identifies a policy's replay: while it is the same, so is the result."""
        ...

    def between(self, first: date, last: date) -> Self:
        """Return the same of other days; what is before them stays history."""
        ...


def terms_of(source: Source) -> Terms:
    """Return what all figures of a source are measured by."""
    return Terms(
        starting_cash=source.starting_cash,
        periods_a_year=periods_a_year(source.market),
        risk_free_rate=source.risk_free_rate,
    )
