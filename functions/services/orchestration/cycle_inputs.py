"""A cycle's inputs, read and checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.broker_feed import feed_issues
from functions.domain.orchestration.inputs import CycleInputs, InputIssue, Quotes, read_inputs
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.own_account import own_fields
from functions.domain.orchestration.paper import prices_of, with_paper_positions
from functions.services.orchestration.cycle_request import CycleRequest, GivenInputs
from functions.services.orchestration.known_state import Known
from functions.services.orchestration.ports import TenantState


def inputs_of(request: CycleRequest, known: Known, now: datetime, read_quotes: Callable[[Any], Quotes]) -> CycleInputs:
    """Return the stored inputs, or those that the caller passes, with what is wrong with them."""
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
