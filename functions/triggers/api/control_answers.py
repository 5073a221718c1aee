"""What the routes of the policy answer, its preview among them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.lab.held_fixed import HELD_FIXED
from functions.domain.orchestration.signals import Action
from functions.services.lab.what_if import Preview
from functions.triggers.api.answers import Answer, OpenAnswer

MOST_CHANGES = 500


class PolicyProblem(Answer):
    """A malformed stored field: entries are held until it is fixed."""

    field: str
    detail: str


class Policy(Answer):
    """The tenant's policy."""

    version: int
    overrides: dict[str, Any] = Field(description="What the tenant sets.")
    effective: dict[str, Any] = Field(description="Every setting, defaults included.")
    problems: list[PolicyProblem]
    updated_at: datetime | None
    updated_by: str | None


class PolicyVersion(OpenAnswer):
    """One change."""

    version: int
    updated_at: datetime
    updated_by: str
    changed: list[str]
    reason: str | None = None
    """In the author's words, where one was given."""
    policy: dict[str, Any]


class PolicyHistory(Answer):
    """Changes, newest first."""

    items: list[PolicyVersion]


class PreviewTotals(Answer):
    """One policy over all sessions."""

    mode_changes: int = Field(description="How often a strategy's mode changed from one session to the next.")
    entries: int = Field(description="Entries that were issued live.")
    systemic_sessions: int = Field(description="Sessions in which the systemic rule found risk.")
    breaker_sessions: int = Field(description="Sessions in which an account breaker stopped an entry.")


class PreviewIssued(Answer):
    """What is decided for a strategy."""

    mode: AgentMode
    action: Action
    allocation: float = Field(description="Fraction of buying power; of the position, for an exit.")
    reason_code: ReasonCode = Field(
        description="The reason that decided: of a rule, of the strategy's error or of its mode."
    )
    said: list[ReasonCode] = Field(description="Every reason except that of the mode.")


class PreviewChange(Answer):
    """What differs for one strategy in one session."""

    day: date
    strategy_name: str
    before: PreviewIssued
    after: PreviewIssued


class PreviewStrategy(Answer):
    """One strategy's sessions."""

    strategy_name: str
    before: dict[AgentMode, int] = Field(description="Sessions by mode, under the current policy.")
    after: dict[AgentMode, int] = Field(description="The same under the policy being tried.")
    last_before: AgentMode = Field(description="In the last session it took part in.")
    last_after: AgentMode
    entries_stopped: int = Field(description="Sessions in which its entry is issued before but not after.")
    entries_let_through: int = Field(description="The reverse.")


class PreviewReturns(Answer):
    """Modes as weights on the strategies' daily returns, not a replay of an account. Null if there are too few days."""

    days: int
    days_that_differ: int
    sharpe_before: float | None = Field(description="Annualised, on returns above the risk-free rate.")
    sharpe_after: float | None
    difference: float | None
    low: float | None = Field(
        description="Lower end of the difference's 95 % interval, by the stationary bootstrap of days."
    )
    high: float | None
    too_few_to_tell: list[str] = Field(description="Why the comparison is inconclusive; empty if it is not.")


class PolicyPreview(Answer):
    """What a policy would have changed; `before` is the current policy, `after` the one being tried."""

    sessions: int = Field(description="How many were examined: the latest with a decision, 90 at most.")
    first_session: date | None
    last_session: date | None
    unreadable_sessions: int = Field(description="Left out because their decision cannot be read.")
    before: PreviewTotals
    after: PreviewTotals
    entries_stopped: int = Field(description="Entries issued before but not after.")
    entries_let_through: int = Field(description="The reverse.")
    strategies: list[PreviewStrategy]
    changes: list[PreviewChange] = Field(description="Newest first, 500 at most.")
    changes_left_out: int
    reproduced: int = Field(
        description="Sessions for which these rules, under the policy of the time, reproduce every decision on record."
    )
    not_reproduced: list[date]
    held_fixed: list[str] = Field(description="What the record cannot show and is therefore kept as it was.")
    not_told: list[str] = Field(
        description="Settings that differ but whose effect the record does not show, or shows only in part."
    )
    returns: PreviewReturns

    @classmethod
    def of(cls, preview: Preview) -> PolicyPreview:
        found = preview.found
        return cls(
            sessions=len(found.sessions),
            first_session=found.sessions[0] if found.sessions else None,
            last_session=found.sessions[-1] if found.sessions else None,
            unreadable_sessions=preview.unreadable,
            before=PreviewTotals.model_validate(found.before),
            after=PreviewTotals.model_validate(found.after),
            entries_stopped=found.entries_stopped,
            entries_let_through=found.entries_let_through,
            strategies=[PreviewStrategy.model_validate(one) for one in found.strategies],
            changes=[PreviewChange.model_validate(one) for one in found.changes[:MOST_CHANGES]],
            changes_left_out=max(0, len(found.changes) - MOST_CHANGES),
            reproduced=found.reproduced,
            not_reproduced=list(found.not_reproduced),
            held_fixed=list(HELD_FIXED),
            not_told=list(found.not_told),
            returns=PreviewReturns.model_validate(found.returns),
        )
