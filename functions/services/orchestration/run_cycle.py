"""One cycle: read, evaluate, decide, commit."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from functions.domain.kernel.errors import InputError, StoreConflict, StoreUnavailable
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.broker_feed import feed_issues
from functions.domain.orchestration.cockpit import CycleSeen, next_cockpit
from functions.domain.orchestration.cockpit_document import cockpit_document
from functions.domain.orchestration.cycle_documents import (
    OF_SESSION,
    current_session_document,
    cycle_document,
    modes_document,
    session_document,
    shadow_documents,
)
from functions.domain.orchestration.decide import NOT_READ, DecisionRequest, DecisionResult, decide
from functions.domain.orchestration.decision import MaestroDecision
from functions.domain.orchestration.identity import session_id_of
from functions.domain.orchestration.inputs import CycleInputs, InputIssue, Quotes, read_inputs, read_market_data
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.own_account import own_fields
from functions.domain.orchestration.paper import prices_of, with_paper_positions
from functions.domain.orchestration.paper_costs import PaperCosts
from functions.domain.orchestration.signals import ProposedSignal
from functions.domain.orchestration.sizes import of_cycle
from functions.domain.track_record.breakers import next_breaker
from functions.services.kernel.commits import races
from functions.services.kernel.damage import check_stored
from functions.services.kernel.idempotency import RequestKey
from functions.services.kernel.ports import Clock, Ids, MarketCalendars
from functions.services.orchestration.begun_loading import Load, begun
from functions.services.orchestration.decision_log import log_decision
from functions.services.orchestration.known_state import NOTHING_STORED, Known, unavailable, validated
from functions.services.orchestration.ports import CycleStore, CycleWrites, TenantState
from functions.services.track_record.breaker_log import log_refuted_trip

logger = logging.getLogger("maestro")

MAX_COMMIT_ATTEMPTS = 40
"""Of clients who redeem a whole session one after the other some come first; a second of it must not starve a cycle."""
ProposeSignals = Callable[[CycleInputs, Policy], Awaitable[Sequence[ProposedSignal]]]
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
    samples: Set[str] = frozenset()
    """Strategies that may act only where the policy names them."""
    load_errors: Mapping[str, str] = field(default_factory=dict)
    load: Load | None = None
    """Tells samples and load errors; awaited beside the read, as it may have to start processes first."""
    given: GivenInputs | None = None
    """None: the stored inputs."""
    slot: str | None = None
    """None: a cycle somebody asked for, which belongs to no slot."""
    key: RequestKey | None = None
    """Of a cycle somebody asked for and may ask for again: the second time there is none."""
    now: datetime | None = None
    """None: the clock's; the emulator replays history by setting it."""

    @property
    def goes_on_record(self) -> bool:
        """Whether it is decided once, and tried again until it is."""
        return self.slot is not None or self.key is not None


@dataclass(frozen=True, slots=True, repr=False)
class CycleResult:
    """What a cycle gives: the signals to act on, and the record."""

    signals: dict[str, dict[str, Any]]
    decision: MaestroDecision


class RunCycle:
    """
    The use case; keep one per process.

    Parameters
    ----------
    beside : callable
        Runs a call of the store beside the event loop: in a thread, unless the store answers at once.
    read_quotes : callable
        Does what `read_market_data` does, which it may have done before.
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
        Run one cycle; None when it is on record already, or its slot is overtaken by a newer one.

        Raises
        ------
        RefusedError
            With IDEMPOTENCY_KEY_REUSED, if its key belongs to another request.
        StoreUnavailable
            For a cycle that goes on record, which is then retried. Any other caller gets exits only instead.
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
        inputs = _inputs(request, known, now, self._read_quotes)
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
            known = await self._read(request)  # a cycle or a redemption came first: look again at what it left
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
        """Return the session of the tenant's market; that nobody knows it is an issue, which stops new exposure."""
        if policy.daily_loss_limit is None:  # the calendar's library takes half a second to import
            return now.date(), []
        try:
            return self._calendars.of(policy.market).session_of(now), []
        except InputError as error:
            return now.date(), [InputIssue(ReasonCode.MALFORMED_POLICY, str(error))]

    def _commit(self, request: CycleRequest, known: Known, result: DecisionResult, inputs: CycleInputs) -> None:
        decision, key, state = result.decision, request.key, known.state
        answer = {"session_id": decision.session_id}
        log, session = decision.to_firestore_doc(), session_document(decision, result.signals)
        modes = modes_document(result.modes, decision.timestamp, result.paper) if result.modes_changed else None
        sizes = of_cycle(
            log=log,
            session=session,
            modes=modes or state.modes,
            windows=state.windows,
            account=state.account,
            market_data=state.market_data,
        )
        writes = CycleWrites(
            session_id=decision.session_id,
            log=log | {"sizes": sizes},
            session=session,
            current_session=current_session_document(decision, inputs.account, result.breaker, state.session.value),
            modes=modes,
            shadow_records=shadow_documents(decision, result.signals, result.paper_fills, request.uid),
            cockpit=self._cockpit(known, result, inputs) if request.uid is None else None,
            new_cycles={} if request.slot is None else {request.slot: cycle_document(decision)},
            new_keyed={} if key is None else {key.id: key.record(answer, decision.timestamp)},
        )
        self._store.commit(request.tenant_id, request.uid, writes, state.session.version)

    def _cockpit(self, known: Known, result: DecisionResult, inputs: CycleInputs) -> dict[str, Any]:
        """Return what people look at until the next cycle."""
        prices = prices_of(inputs.market_data)
        seen = CycleSeen(
            decision=result.decision,
            session=self._session(known.policy, result.decision.timestamp)[0],
            policy=known.policy,
            account=inputs.account,
            equity=inputs.observed_equity,
            breaker=result.breaker,
            book=known.book,
            prices={canonical_symbol(symbol): price for symbol, price in prices.items()},
            modes=result.modes,
            standing=result.standing,
        )
        return cockpit_document(next_cockpit(known.cockpit, seen), seen)

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
        """Tell whether a cycle needs no decision any more; a slot overtaken by a newer one is put on record."""
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
            logger.info("Slot %s is on record already", slot, extra={"tenant": request.tenant_id})
        return True


def _inputs(request: CycleRequest, known: Known, now: datetime, read_quotes: Callable[[Any], Quotes]) -> CycleInputs:
    given, state = request.given, known.state
    if given is None:
        given = GivenInputs(state.market_data, state.account, state.regime)
    inputs = read_inputs(
        given.market_data,
        given.account_snapshot,
        given.regime,
        now,
        known.policy.max_input_age_seconds,
        is_time_required=request.given is None,
        received_at=state.account_received_at if request.given is None else None,
        ledger_version=int((state.session.value or {}).get("ledger_version") or 0),
        read_quotes=read_quotes,
    )
    positions = KnownPositions(known.book, inputs.live_snapshot, now)
    prices = prices_of(inputs.market_data)
    fed = _of_feed(state, request.slot) if request.given is None else []
    return replace(
        inputs,
        issues=(*inputs.issues, *fed),
        account_snapshot=with_paper_positions(inputs.account_snapshot, known.paper),
        own_fields=lambda strategy_id: own_fields(strategy_id, positions, known.paper, prices),
    )


def _of_feed(state: TenantState, slot: str | None) -> list[InputIssue]:
    try:
        return feed_issues(state.broker, slot)
    except InputError as error:
        return [InputIssue.of_error(ReasonCode.BROKER_FEED, error)]
