"""What a cycle writes."""

from __future__ import annotations

from datetime import date
from typing import Any

from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.cockpit import CycleSeen, next_cockpit
from functions.domain.orchestration.cockpit_document import cockpit_document
from functions.domain.orchestration.cycle_documents import (
    current_session_document,
    cycle_document,
    modes_document,
    session_document,
    shadow_documents,
)
from functions.domain.orchestration.decide import DecisionResult
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.paper import prices_of
from functions.domain.orchestration.sizes import of_cycle
from functions.services.orchestration.cycle_request import CycleRequest
from functions.services.orchestration.known_state import Known
from functions.services.orchestration.ports import CycleWrites


def writes_of(
    request: CycleRequest, known: Known, result: DecisionResult, inputs: CycleInputs, market_session: date
) -> CycleWrites:
    """Return all documents of a decision; the decision's log records the sizes of the others."""
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
    return CycleWrites(
        session_id=decision.session_id,
        log=log | {"sizes": sizes},
        session=session,
        current_session=current_session_document(decision, inputs.account, result.breaker, state.session.value),
        modes=modes,
        shadow_records=shadow_documents(decision, result.signals, result.paper_fills, request.uid),
        cockpit=_cockpit(known, result, inputs, market_session) if request.uid is None else None,
        new_cycles={} if request.slot is None else {request.slot: cycle_document(decision)},
        new_keyed={} if key is None else {key.id: key.record(answer, decision.timestamp)},
    )


def _cockpit(known: Known, result: DecisionResult, inputs: CycleInputs, market_session: date) -> dict[str, Any]:
    """Return what the dashboard shows until the next cycle."""
    prices = prices_of(inputs.market_data)
    seen = CycleSeen(
        decision=result.decision,
        session=market_session,
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
