"""Routes of the trading client: cycles, signals, fills, and the inputs of cycles."""

from __future__ import annotations

import secrets
from http import HTTPStatus

from flask import Response, g

from functions.domain.access.roles import Role
from functions.domain.kernel.errors import DamagedDocument, RefusedError, StoreUnavailable
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.stored_fields import DOCUMENT_ID, check_fields
from functions.domain.trading.reported_fills import FillStatus, ReportedFill
from functions.services.kernel.damage import path_of, reading
from functions.services.kernel.idempotency import RequestKey
from functions.triggers.api import ledger_requests, record_answers, requests, trading_answers
from functions.triggers.api.admission import runs_a_cycle, urgent
from functions.triggers.api.authorisation import needs
from functions.triggers.api.dependencies import services
from functions.triggers.api.responses import as_json, responses_of, told
from functions.triggers.api.routes import routes

trading = routes("trading")


@trading.post("/orchestrations", responses=responses_of(trading_answers.Orchestration, 409))
@needs(Role.TRADER)
@runs_a_cycle
def run_orchestration(header: requests.IdempotencyHeader) -> Response:
    """
    Run a cycle now, on the stored market data and account.

    Its signals replace those of the previous session.
    """
    who = g.principal
    key = RequestKey(who.uid, header.idempotency_key or secrets.token_hex(16), {"post": "orchestrations"})
    services().orchestrate(who.tenant_id, key)
    record = services().records.idempotency_record(who.tenant_id, key.id)
    answer = key.first_answer(record)
    if answer is None:
        raise StoreUnavailable(f"the record of request {key.id} is gone")
    with reading(record):
        check_fields(answer, {"session_id": DOCUMENT_ID}, inside="answer.")
    decision = services().records.decision(who.tenant_id, answer["session_id"])
    if decision is None:
        raise DamagedDocument(path_of(record), "answer.session_id", "the id of a decision on record", "another id")
    issued = services().redeem_signals.issued(who.tenant_id, answer["session_id"])
    logged = told(record_answers.Decision, decision)
    return as_json(trading_answers.Orchestration.model_validate({"decision": logged, "signals": issued.signals}))


@trading.get("/signals/latest", responses=responses_of(trading_answers.Signals, 404))
@needs(Role.TRADER)
def get_latest_signals() -> Response:
    """Get the current session's signals, with the nonces to redeem."""
    latest = services().redeem_signals.latest(g.principal.tenant_id)
    if latest is None:
        raise RefusedError(ReasonCode.NOT_FOUND, "no cycle has run yet")
    issued, current = latest
    return as_json(
        trading_answers.Signals.model_validate(
            {
                "session_id": issued.session_id,
                "expires_at": issued.expires_at,
                "buying_power": current.buying_power.usd,
                "reserved": current.held(services().clock.now()),
                "ledger_version": current.ledger_version,
                "signals": issued.signals,
            }
        )
    )


@trading.post("/signals/<nonce>/redeem", responses=responses_of(trading_answers.Redemption, 404, 409, 410, 423))
@needs(Role.TRADER)
@urgent
def redeem_signal(path: requests.NoncePath, header: requests.IdempotencyHeader) -> Response:
    """
    Claim a signal, once, before trading it.

    200 means: trade it, and no other client will. Anything else means: do not trade it. A retry with the same
    Idempotency-Key gets the first answer again; without a key it gets 409.
    """
    who = g.principal
    redemption = services().redeem_signals.redeem(
        who.tenant_id, who.uid, path.nonce, header.idempotency_key, services().policy_defaults()
    )
    return as_json(trading_answers.Redemption.model_validate(redemption))


@trading.post("/signals/<nonce>/release", responses=responses_of(trading_answers.Redemption, 404, 409))
@needs(Role.TRADER)
@urgent
def release_signal(path: requests.NoncePath) -> Response:
    """Release what a signal that you redeemed still reserves; admins release anyone's. Repeating it changes nothing."""
    who = g.principal
    is_admin = who.role is Role.ADMIN
    redemption = services().redeem_signals.release(who.tenant_id, who.uid, path.nonce, is_admin=is_admin)
    return as_json(trading_answers.Redemption.model_validate(redemption))


@trading.post("/fills", responses=responses_of(trading_answers.FillResults, 400, 413, 415, is_multi=True))
@needs(Role.TRADER)
@urgent
def record_fills(body: ledger_requests.FillBatch) -> Response:
    """
    Record fills, once each; reporting them again changes nothing.

    200: all are in the ledger. 207: some were rejected, the others are in the ledger. 422: a field is malformed, and
    none was recorded. If the tenant's broker is connected, fills of its account are LEFT_TO_FEED: the broker reports
    them.
    """
    who = g.principal
    fills = [ReportedFill(**fill.model_dump(exclude_none=True)) for fill in body.fills]
    recorded = services().take_fills.run(who.tenant_id, who.uid, fills, services().policy_defaults())
    is_all = all(result.status is not FillStatus.REJECTED for result in recorded.results)
    return as_json(
        trading_answers.FillResults.model_validate(recorded), HTTPStatus.OK if is_all else HTTPStatus.MULTI_STATUS
    )


@trading.post("/ledger", responses=responses_of(trading_answers.EntryResults, 400, 413, 415, is_multi=True))
@needs(Role.TRADER)
@urgent
def record_entries(body: ledger_requests.EntryBatch) -> Response:
    """
    Record entries other than fills, once each: splits, dividends, cash, deposits, withdrawals, voids and corrections.

    200: all are in the ledger. 207: some were rejected, the others are in the ledger. 422: a field is malformed or an
    entry amends one that does not exist, and none was recorded.
    """
    who = g.principal
    entries = [entry.to_reported() for entry in body.entries]
    recorded = services().record_entries.run(who.tenant_id, who.uid, entries, services().policy_defaults())
    is_all = all(result.status is not FillStatus.REJECTED for result in recorded.results)
    return as_json(
        trading_answers.EntryResults.model_validate(recorded), HTTPStatus.OK if is_all else HTTPStatus.MULTI_STATUS
    )


@trading.put("/market-data", responses=responses_of(trading_answers.Stored, 400, 409, 413, 415))
@needs(Role.TRADER)
def put_market_data(body: requests.MarketData) -> Response:
    """Replace the market data that cycles use."""
    services().put_inputs.put_market_data(g.principal.tenant_id, body.model_dump(exclude_none=True))
    return as_json(trading_answers.Stored(as_of=body.as_of))


@trading.put("/account", responses=responses_of(trading_answers.Stored, 400, 409, 413, 415))
@needs(Role.TRADER)
def put_account(body: requests.AccountSnapshot) -> Response:
    """Replace the account snapshot that cycles use."""
    services().put_inputs.put_account(g.principal.tenant_id, body.model_dump(exclude_unset=True, exclude_none=True))
    return as_json(trading_answers.Stored(as_of=body.as_of))
