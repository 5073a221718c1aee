"""One cycle: read, evaluate, decide, commit."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from functions.domain.decide import UNREADABLE, DecisionRequest, DecisionResult, decide
from functions.domain.decision import MaestroDecision
from functions.domain.documents import current_session_document, modes_document, session_document, slot_document
from functions.domain.errors import InputError, StoreConflict, StoreUnavailable
from functions.domain.identity import session_id_of
from functions.domain.inputs import CycleInputs, InputIssue, read_inputs
from functions.domain.modes import WEIGHTS, ModeState, read_modes
from functions.domain.policy import Policy
from functions.domain.reasons import ReasonCode
from functions.domain.signals import Signal
from functions.domain.windows import PerformanceWindows
from functions.services.ports import Clock, CycleStore, CycleWrites, Document, Ids, TenantState

logger = logging.getLogger("maestro")

T = TypeVar("T")

MAX_COMMIT_ATTEMPTS = 8
_NOTHING_STORED = TenantState(None, None, None, None, None, None, None, None, None)

ProposeSignals = Callable[[CycleInputs, Policy], Awaitable[Sequence[Signal]]]
"""Gives one signal per strategy."""


@dataclass(frozen=True, slots=True)
class GivenInputs:
    """Inputs a caller hands over instead of the stored ones."""

    market_data: Any
    account_snapshot: Any
    regime: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleRequest:
    """One cycle to run."""

    tenant_id: str
    uid: str | None = None
    propose: ProposeSignals
    policy_defaults: Mapping[str, Any] = field(default_factory=dict)
    load_errors: Mapping[str, str] = field(default_factory=dict)
    given: GivenInputs | None = None
    """None: the stored inputs."""
    slot: str | None = None
    """None: a cycle somebody asked for, which belongs to no slot."""
    now: datetime | None = None
    """None: the clock's; the emulator replays history by setting it."""


@dataclass(frozen=True, slots=True, repr=False)
class CycleResult:
    """What a cycle gives: the signals to act on, and the record."""

    signals: dict[str, dict[str, Any]]
    decision: MaestroDecision


@dataclass(frozen=True, slots=True)
class Known:
    """A tenant's state, read and validated."""

    state: TenantState
    policy: Policy
    windows: PerformanceWindows
    modes: Mapping[str, ModeState]
    issues: tuple[InputIssue, ...]

    @property
    def is_readable(self) -> bool:
        """Whether policy and track records are what is stored."""
        return not any(issue.reason_code in UNREADABLE for issue in self.issues)


class RunCycle:
    """The use case; keep one per process."""

    def __init__(self, store: CycleStore, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def run(self, request: CycleRequest) -> CycleResult | None:
        """
        Run one cycle; None when its slot is decided already, or overtaken by a newer one.

        Raises
        ------
        StoreUnavailable
            For a cycle of a slot, which is then retried. A caller who waits for signals gets exits only instead.
        """
        started = time.perf_counter()
        logger.info("🎭 Maestro orchestration starting...", extra={"tenant": request.tenant_id, "slot": request.slot})
        now = request.now or self._clock.now()
        known = await self._read(request)
        if request.slot and await self._is_settled(request, known.state, request.slot):
            return None
        inputs = _inputs(request, known, now)
        signals = await request.propose(inputs, known.policy)
        result = await self._decide_and_commit(request, known, inputs, signals, now, started)
        if result is None:
            return None
        _log(result.decision)
        return CycleResult(result.signals, result.decision)

    def known_state(self, tenant_id: str, uid: str | None, policy_defaults: Mapping[str, Any]) -> Known:
        """Read a tenant's state as a cycle would. Raises StoreUnavailable."""
        return _validated(self._store.read(tenant_id, uid, None), policy_defaults)

    async def _decide_and_commit(
        self,
        request: CycleRequest,
        known: Known,
        inputs: CycleInputs,
        signals: Sequence[Signal],
        now: datetime,
        started: float,
    ) -> DecisionResult | None:
        for _ in range(MAX_COMMIT_ATTEMPTS):
            if any(issue.reason_code is ReasonCode.STORE_UNAVAILABLE for issue in known.issues):
                return self._decide(request, known, inputs, signals, now)
            result = self._decide(request, known, inputs, signals, now)
            decision = replace(result.decision, duration_ms=round((time.perf_counter() - started) * 1000, 3))
            result = replace(result, decision=decision)
            try:
                await asyncio.to_thread(self._commit, request, known.state, result, inputs)
            except StoreConflict:  # a cycle or a redemption came first: look again at what it left
                known = await self._read(request)
                if request.slot and await self._is_settled(request, known.state, request.slot):
                    return None
            except StoreUnavailable as error:
                if request.slot:
                    raise
                known = _unavailable(known, error)
            else:
                return result
        raise StoreUnavailable(f"lost {MAX_COMMIT_ATTEMPTS} races for the session of tenant {request.tenant_id}")

    def _decide(
        self, request: CycleRequest, known: Known, inputs: CycleInputs, signals: Sequence[Signal], now: datetime
    ) -> DecisionResult:
        return decide(
            DecisionRequest(
                tenant_id=request.tenant_id,
                session_id=session_id_of(now, self._ids.nonce()),
                slot=request.slot,
                now=now,
                policy=known.policy,
                windows=known.windows,
                previous_modes=known.modes,
                account=inputs.account,
                issues=(*known.issues, *inputs.issues),
                signals=signals,
                load_errors=request.load_errors,
                new_nonce=self._ids.nonce,
            )
        )

    def _commit(self, request: CycleRequest, state: TenantState, result: DecisionResult, inputs: CycleInputs) -> None:
        decision = result.decision
        writes = CycleWrites(
            session_id=decision.session_id,
            log=decision.to_firestore_doc(),
            session=session_document(decision, result.signals),
            current_session=current_session_document(decision, inputs.account.buying_power),
            modes=modes_document(result.modes, decision.timestamp) if result.modes_changed else None,
            slot=request.slot,
            slot_record=slot_document(decision) if request.slot else None,
        )
        self._store.commit(request.tenant_id, request.uid, writes, state.session_version)

    async def _read(self, request: CycleRequest) -> Known:
        try:
            state = await asyncio.to_thread(self._store.read, request.tenant_id, request.uid, request.slot)
        except StoreUnavailable as error:
            if request.slot:
                raise
            return _unavailable(_validated(_NOTHING_STORED, request.policy_defaults), error)
        return _validated(state, request.policy_defaults)

    async def _is_settled(self, request: CycleRequest, state: TenantState, slot: str) -> bool:
        """Tell whether the slot needs no decision any more; a slot overtaken by a newer one is put on record."""
        if state.slot_record is not None:
            return True
        newest = (state.session or {}).get("slot")
        if newest is None or slot >= newest:
            return False
        record = {"status": str(ReasonCode.SUPERSEDED), "superseded_by": newest, "decided_at": self._clock.now()}
        logger.warning("Slot %s came after %s was decided: skipped", slot, newest, extra={"tenant": request.tenant_id})
        try:
            await asyncio.to_thread(self._store.record_superseded, request.tenant_id, slot, record)
        except StoreConflict:
            logger.info("Slot %s is on record already", slot, extra={"tenant": request.tenant_id})
        return True


def _validated(state: TenantState, policy_defaults: Mapping[str, Any]) -> Known:
    """Read what is stored; whatever is malformed becomes an issue that stops new exposure."""
    issues: list[InputIssue] = []
    policy = _policy(state, policy_defaults, issues)
    windows = _read_or(PerformanceWindows.empty(), PerformanceWindows.from_document, state.windows, issues)
    modes: Mapping[str, ModeState] = _read_or({}, read_modes, state.modes, issues)
    return Known(state, policy, windows, modes, tuple(issues))


def _read_or(
    default: T, read: Callable[[Document | None], T], document: Document | None, issues: list[InputIssue]
) -> T:
    try:
        return read(document)
    except InputError as error:
        issues.append(InputIssue(ReasonCode.MALFORMED_STATE, str(error)))
        return default


def _policy(state: TenantState, defaults: Mapping[str, Any], issues: list[InputIssue]) -> Policy:
    try:
        return Policy.from_sources(defaults, state.policy)
    except InputError as error:
        issues.append(InputIssue(ReasonCode.MALFORMED_POLICY, str(error)))
    try:
        return Policy.from_sources(defaults, None)
    except InputError as error:
        issues.append(InputIssue(ReasonCode.MALFORMED_POLICY, f"class attribute {error}"))
        return Policy()


def _unavailable(known: Known, error: StoreUnavailable) -> Known:
    logger.error("Maestro orchestration failed: %s", error)
    issue = InputIssue(ReasonCode.STORE_UNAVAILABLE, f"the store is unavailable: {error}")
    return replace(known, issues=(issue, *known.issues))


def _inputs(request: CycleRequest, known: Known, now: datetime) -> CycleInputs:
    given, state = request.given, known.state
    if given is None:
        given = GivenInputs(state.market_data, state.account, state.regime)
    return read_inputs(
        given.market_data,
        given.account_snapshot,
        given.regime,
        now,
        known.policy.max_input_age_seconds,
        is_time_required=request.given is None,
    )


def _log(decision: MaestroDecision) -> None:
    """Log the lines the migration guide promises, with fields for queries beside the text."""
    common = {"tenant": decision.tenant_id, "session": decision.session_id, "slot": decision.slot}
    for verdict in decision.allocation_decisions:
        sharpe = "n/a" if verdict.sharpe_ratio is None else f"{verdict.sharpe_ratio:.2f}"
        extra = {**common, "strategy": verdict.strategy_name, "reason_code": str(verdict.reason_code)}
        weight, mode = WEIGHTS[verdict.mode], verdict.mode
        logger.info(
            "Strategy %s: Sharpe=%s, Weight=%.2f, Mode=%s", verdict.strategy_name, sharpe, weight, mode, extra=extra
        )
    for name, error in {**decision.strategy_errors, **decision.load_errors}.items():
        logger.warning("Strategy %s failed: %s", name, error, extra={**common, "strategy": name})
    if decision.systemic_risk_detected:
        logger.warning("🚨 SYSTEMIC RISK DETECTED: %s", decision.systemic_risk_details, extra=common)
    for issue in decision.input_issues:
        logger.warning("Input issue: %s", issue.detail, extra={**common, "reason_code": str(issue.reason_code)})
    logger.info("🎭 Maestro orchestration complete", extra={**common, "duration_ms": decision.duration_ms})
