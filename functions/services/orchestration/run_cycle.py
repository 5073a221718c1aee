"""One cycle: read, evaluate, decide, commit."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from functions.domain.kernel.errors import InputError, StoreConflict, StoreUnavailable
from functions.domain.kernel.markets import OVER_MIDNIGHT
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.cycle_documents import (
    OF_SESSION,
)
from functions.domain.orchestration.decide import NOT_READ, DecisionRequest, DecisionResult, decide
from functions.domain.orchestration.identity import session_id_of
from functions.domain.orchestration.inputs import CycleInputs, InputIssue, Quotes, read_market_data
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.paper import prices_of
from functions.domain.orchestration.paper_costs import PaperCosts
from functions.domain.orchestration.signals import ProposedSignal
from functions.domain.track_record.breakers import next_breaker
from functions.services.kernel.commits import races
from functions.services.kernel.damage import check_stored
from functions.services.kernel.ports import Clock, Ids, MarketCalendars
from functions.services.orchestration.begun_loading import begun
from functions.services.orchestration.cycle_inputs import inputs_of
from functions.services.orchestration.cycle_request import CycleRequest, CycleResult
from functions.services.orchestration.cycle_writes import writes_of
from functions.services.orchestration.decision_log import log_decision
from functions.services.orchestration.known_state import NOTHING_STORED, Known, unavailable, validated
from functions.services.orchestration.ports import CycleStore, TenantState
from functions.services.track_record.breaker_log import log_refuted_trip

logger = logging.getLogger("maestro")

MAX_COMMIT_ATTEMPTS = 40
"""A client that redeems a whole session, one signal after the other, wins some races; that must not starve a cycle."""


class RunCycle:
    """
    The use case; keep one per process.

    Parameters
    ----------
    beside : callable
        Runs a store call off the event loop: in a thread, unless the store answers at once.
    read_quotes : callable
        Does what `read_market_data` does, possibly from a cache.
    """

    def __init__(
        self,
        store: CycleStore,
        clock: Clock,
        ids: Ids,
        calendars: MarketCalendars,
        beside: Callable[..., Awaitable[Any]] = asyncio.to_thread,
        read_quotes: Callable[[Any], Quotes] = read_market_data,
    ) -> None:
        self._store = store
        self._beside = beside
        self._read_quotes = read_quotes
        self._clock = clock
        self._ids = ids
        self._calendars = calendars

    async def run(self, request: CycleRequest) -> CycleResult | None:
        """
        Run one cycle; None if it is already on record, or a newer slot overtook its own.

        Raises
        ------
        RefusedError
            With IDEMPOTENCY_KEY_REUSED, if its key belongs to another request.
        StoreUnavailable
            For a cycle that must go on record, which is then retried. Any other caller gets exits only.
        """
        started = time.perf_counter()
        logger.info("🎭 Maestro orchestration starting...", extra={"tenant": request.tenant_id, "slot": request.slot})
        now = request.now or self._clock.now()
        async with begun(request.load) as loaded:
            known = await self._read(request)
            if await self._is_settled(request, known.state):
                return None
            found = await loaded()
            request = replace(request, samples=found.samples, load_errors=found.load_errors) if found else request
        inputs = inputs_of(request, known, now, self._read_quotes)
        signals = await request.propose(inputs, known.policy)
        result = await self._decide_and_commit(request, known, inputs, signals, now, started)
        if result is None:
            return None
        log_decision(result.decision)
        return CycleResult(result.signals, result.decision)

    async def _decide_and_commit(
        self,
        request: CycleRequest,
        known: Known,
        inputs: CycleInputs,
        signals: Sequence[ProposedSignal],
        now: datetime,
        started: float,
    ) -> DecisionResult | None:
        for race in races(MAX_COMMIT_ATTEMPTS):
            result = self._decide(request, known, inputs, signals, now)
            if any(issue.reason_code in NOT_READ for issue in known.issues):
                return result
            decision = replace(result.decision, duration_ms=round((time.perf_counter() - started) * 1000, 3))
            result = replace(result, decision=decision)
            with race:
                try:
                    await self._beside(self._commit, request, known, result, inputs)
                except StoreUnavailable as error:
                    if request.goes_on_record:
                        raise
                    return self._decide(request, unavailable(known, error), inputs, signals, now)
                log_refuted_trip(request.tenant_id, known.breaker, result.breaker)
                return result
            known = await self._read(request)  # another cycle or redemption committed first: read again
            if await self._is_settled(request, known.state):
                return None
        lost = StoreUnavailable(f"lost {MAX_COMMIT_ATTEMPTS} races for the session of tenant {request.tenant_id}")
        if request.goes_on_record:
            raise lost
        return self._decide(request, unavailable(known, lost), inputs, signals, now)

    def _decide(
        self, request: CycleRequest, known: Known, inputs: CycleInputs, signals: Sequence[ProposedSignal], now: datetime
    ) -> DecisionResult:
        session, unknown = self._session(known.policy, now)
        observed = inputs.observed_equity, inputs.account.as_of
        return decide(
            DecisionRequest(
                tenant_id=request.tenant_id,
                session_id=session_id_of(now, self._ids.nonce()),
                slot=request.slot,
                now=now,
                policy=known.policy.at(now),
                windows=known.windows,
                previous_modes=known.modes,
                drifts=known.drifts,
                breaker=next_breaker(known.breaker, *observed, now, session, known.policy),
                paper=known.paper,
                paper_costs=PaperCosts.of(known.policy, known.live_costs),
                prices=prices_of(inputs.market_data),
                positions=KnownPositions(known.book, inputs.live_snapshot, now),
                account=inputs.account,
                issues=(*known.issues, *inputs.issues, *unknown),
                signals=signals,
                samples=request.samples,
                load_errors=request.load_errors,
                new_nonce=self._ids.nonce,
            )
        )

    def _session(self, policy: Policy, now: datetime) -> tuple[date, list[InputIssue]]:
        """Return the session of the tenant's market; an unknown session is an issue, which stops new exposure."""
        if policy.daily_loss_limit is None:  # the calendar's library takes half a second to import
            return now.date(), []
        return self._session_by_calendar(policy, now)

    def _session_shown(self, policy: Policy, now: datetime) -> date:
        """Return the session that people see a cycle in: the UTC date where that is the same, or none is known."""
        if policy.daily_loss_limit is None and policy.market not in OVER_MIDNIGHT:
            return now.date()
        return self._session_by_calendar(policy, now)[0]

    def _session_by_calendar(self, policy: Policy, now: datetime) -> tuple[date, list[InputIssue]]:
        try:
            return self._calendars.of(policy.market).session_of(now), []
        except InputError as error:
            return now.date(), [InputIssue(ReasonCode.MALFORMED_POLICY, str(error))]

    def _commit(self, request: CycleRequest, known: Known, result: DecisionResult, inputs: CycleInputs) -> None:
        session = self._session_shown(known.policy, result.decision.timestamp)
        writes = writes_of(request, known, result, inputs, session)
        self._store.commit(request.tenant_id, request.uid, writes, known.state.session.version)

    async def _read(self, request: CycleRequest) -> Known:
        key_id = None if request.key is None else request.key.id
        try:
            state: TenantState = await self._beside(
                self._store.read, request.tenant_id, request.uid, request.slot, key_id
            )
            check_stored(state.session.value, {}, OF_SESSION)
        except StoreUnavailable as error:
            if request.goes_on_record:
                raise
            return unavailable(validated(NOTHING_STORED, request.policy_defaults), error)
        return validated(state, request.policy_defaults)

    async def _is_settled(self, request: CycleRequest, state: TenantState) -> bool:
        """Return whether a cycle no longer needs a decision; a slot overtaken by a newer one is recorded."""
        if state.cycle_record is not None:
            return True
        if request.key is not None and request.key.first_answer(state.keyed) is not None:
            return True
        slot, newest = request.slot, (state.session.value or {}).get("slot")
        if slot is None or newest is None or slot >= newest:
            return False
        record = {"status": str(ReasonCode.SUPERSEDED), "superseded_by": newest, "decided_at": self._clock.now()}
        logger.warning("Slot %s came after %s was decided: skipped", slot, newest, extra={"tenant": request.tenant_id})
        try:
            await self._beside(self._store.record_superseded, request.tenant_id, slot, record)
        except StoreConflict:
            logger.info("Slot %s is already on record", slot, extra={"tenant": request.tenant_id})
        return True
