"""A tenant's state for a cycle: read and validated, with every problem recorded as an issue."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from functions.domain.kernel.errors import DamagedDocument, InputError, StoreUnavailable
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.cockpit import Cockpit
from functions.domain.orchestration.cockpit_document import read_cockpit
from functions.domain.orchestration.decide import UNREADABLE
from functions.domain.orchestration.drift import NO_DRIFT, Drifts
from functions.domain.orchestration.inputs import InputIssue
from functions.domain.orchestration.paper import PaperPositions, read_paper
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.breakers import BreakerState
from functions.domain.track_record.live_costs import LiveCosts
from functions.domain.track_record.modes import ModeState, read_modes
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.kernel.damage import path_of
from functions.services.kernel.ports import ABSENT, Document
from functions.services.orchestration.ports import TenantState

logger = logging.getLogger("maestro")

T = TypeVar("T")

NOTHING_STORED = TenantState(None, None, None, ABSENT, None, None, None, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Known:
    """A tenant's state, read and validated."""

    state: TenantState
    policy: Policy
    windows: PerformanceWindows
    modes: Mapping[str, ModeState]
    breaker: BreakerState
    paper: PaperPositions
    live_costs: LiveCosts
    """Recent costs of the tenant's own live fills."""
    book: PositionBook
    drifts: Drifts
    """Differences between broker and books."""
    cockpit: Cockpit | None
    """What the dashboard showed before this cycle."""
    issues: tuple[InputIssue, ...]

    @property
    def is_readable(self) -> bool:
        """Whether policy and track records could be read from the store."""
        return not any(issue.reason_code in UNREADABLE for issue in self.issues)


def validated(state: TenantState, policy_defaults: Mapping[str, Any]) -> Known:
    """Read what is stored; anything malformed becomes an issue that stops new exposure."""
    issues: list[InputIssue] = []
    policy = _policy(state, policy_defaults, issues)
    windows = _read_or(PerformanceWindows.empty(), PerformanceWindows.from_document, state.windows, issues)
    modes: Mapping[str, ModeState] = _read_or({}, read_modes, state.modes, issues)
    stored_breaker = (state.session.value or {}).get("breaker")
    session = path_of(state.session.value)
    breaker = _read_or(BreakerState(), BreakerState.from_document, stored_breaker, issues, session)
    paper: PaperPositions = _read_or({}, read_paper, state.modes, issues)
    live_costs = _read_or(LiveCosts(), LiveCosts.from_windows, state.windows, issues)
    book = _read_or(PositionBook(), PositionBook.from_document, state.positions, issues)
    drifts = _read_or(NO_DRIFT, Drifts.from_document, state.drift, issues)
    seen = _cockpit(state)
    return Known(state, policy, windows, modes, breaker, paper, live_costs, book, drifts, seen, tuple(issues))


def _cockpit(state: TenantState) -> Cockpit | None:
    """Return what the dashboard showed before; if damaged it starts over, without an issue: no decision uses it."""
    try:
        return read_cockpit(state.cockpit)
    except InputError as error:
        logger.error("%s is damaged and starts over, without its history: %s", path_of(state.cockpit), error)
        return None


def _read_or(
    default: T,
    read: Callable[[Document | None], T],
    document: Document | None,
    issues: list[InputIssue],
    path: str | None = None,
) -> T:
    try:
        return read(document)
    except InputError as error:
        detail = f"{path or path_of(document)}: {error}"
        issues.append(InputIssue(ReasonCode.MALFORMED_STATE, detail, subject=error.field))
        return default


def _policy(state: TenantState, defaults: Mapping[str, Any], issues: list[InputIssue]) -> Policy:
    try:
        return Policy.from_sources(defaults, state.policy)
    except InputError as error:
        issues.append(InputIssue.of_error(ReasonCode.MALFORMED_POLICY, error))
    try:
        return Policy.from_sources(defaults, None)
    except InputError as error:
        issues.append(InputIssue(ReasonCode.MALFORMED_POLICY, f"class attribute {error}", subject=error.field))
        return Policy()


def unavailable(known: Known, error: StoreUnavailable) -> Known:
    """Return what is known with the store's failure as its first issue."""
    logger.error("Maestro orchestration failed: %s", error)
    if isinstance(error, DamagedDocument):
        issue = InputIssue(ReasonCode.DAMAGED_DOCUMENT, str(error))
    else:
        issue = InputIssue(ReasonCode.STORE_UNAVAILABLE, f"the store is unavailable: {error}")
    return replace(known, issues=(issue, *known.issues))
