"""Routes of the trading client: cycles, signals, fills, and what cycles decide on."""

from __future__ import annotations

import hashlib
import secrets
from http import HTTPStatus

from flask import Response, g

from functions.domain.kernel.access import Role
from functions.domain.kernel.errors import RefusedError, StoreUnavailable
from functions.domain.kernel.reasons import ReasonCode
from functions.services.trading.record_fills import FillStatus, ReportedFill
from functions.triggers.api import answers as to
from functions.triggers.api import requests as of
from functions.triggers.api.authorisation import needs
from functions.triggers.api.dependencies import services
from functions.triggers.api.routes import routes

trading = routes("trading")


@trading.post("/orchestrations", responses=to.answers(to.Orchestration))
@needs(Role.TRADER)
def run_orchestration(header: of.IdempotencyHeader) -> Response:
    """
    Run a cycle now, on the stored market data and account.

    Its signals replace those of the session before.
    """
    tenant_id = g.principal.tenant_id
    key = f"{g.principal.uid}\n{header.idempotency_key or secrets.token_hex(16)}"
    request_id = f"request-{hashlib.sha256(key.encode()).hexdigest()[:32]}"
    services().orchestrate(tenant_id, request_id)
    cycle = services().records.cycle(tenant_id, request_id)
    decision = services().records.decision(tenant_id, cycle["session_id"]) if cycle else None
    if cycle is None or decision is None:
        raise StoreUnavailable(f"the record of {request_id} is gone")
    issued = services().redeem_signals.issued(tenant_id, cycle["session_id"])
    return to.answer(to.Orchestration.model_validate({"decision": decision, "signals": issued.signals}))


@trading.get("/signals/latest", responses=to.answers(to.Signals, 404))
@needs(Role.TRADER)
def get_latest_signals() -> Response:
    """Get the current session's signals, with the nonces to redeem."""
    latest = services().redeem_signals.latest(g.principal.tenant_id)
    if latest is None:
        raise RefusedError(ReasonCode.NOT_FOUND, "no cycle has run yet")
    issued, current = latest
    return to.answer(
        to.Signals.model_validate(
            {
                "session_id": issued.session_id,
                "expires_at": issued.expires_at,
                "buying_power": current.buying_power,
                "reserved": current.held(services().clock.now()),
                "signals": issued.signals,
            }
        )
    )


@trading.post("/signals/<nonce>/redeem", responses=to.answers(to.Redemption, 404, 409, 410, 423, 429))
@needs(Role.TRADER)
def redeem_signal(path: of.NoncePath, header: of.IdempotencyHeader) -> Response:
    """
    Claim a signal before trading it, once.

    200 means: trade it, and nobody else will. Anything else means: do not trade it. With the same Idempotency-Key a
    retry gets the first answer again; without a key it gets 409.
    """
    who = g.principal
    redemption = services().redeem_signals.redeem(
        who.tenant_id, who.uid, path.nonce, header.idempotency_key, services().policy_defaults()
    )
    return to.answer(to.Redemption.model_validate(redemption))


@trading.post("/signals/<nonce>/release", responses=to.answers(to.Redemption, 404, 409, 429))
@needs(Role.TRADER)
def release_signal(path: of.NoncePath) -> Response:
    """Give back what a redeemed signal reserves and will not use; again changes nothing."""
    redemption = services().redeem_signals.release(g.principal.tenant_id, path.nonce)
    return to.answer(to.Redemption.model_validate(redemption))


@trading.post("/fills", responses=to.answers(to.FillResults, 400, 413, 415, 429, is_multi=True))
@needs(Role.TRADER)
def record_fills(body: of.FillBatch) -> Response:
    """
    Record fills, once each; reporting them again changes nothing.

    200: all are in the ledger. 207: some were rejected, the others are in the ledger. 422: a field is malformed, and
    none is.
    """
    who = g.principal
    fills = [ReportedFill(**fill.model_dump()) for fill in body.fills]
    results = services().record_fills.run(who.tenant_id, who.uid, fills)
    is_all = all(result.status is not FillStatus.REJECTED for result in results)
    status = HTTPStatus.OK if is_all else HTTPStatus.MULTI_STATUS
    return to.answer(to.FillResults(results=[to.FillResult.model_validate(one) for one in results]), status)


@trading.put("/market-data", responses=to.answers(to.Stored, 400, 409, 413, 415, 429))
@needs(Role.TRADER)
def put_market_data(body: of.MarketData) -> Response:
    """Replace the market data that cycles decide on."""
    services().put_inputs.put_market_data(g.principal.tenant_id, body.model_dump(exclude_none=True))
    return to.answer(to.Stored(as_of=body.as_of))


@trading.put("/account", responses=to.answers(to.Stored, 400, 409, 413, 415, 429))
@needs(Role.TRADER)
def put_account(body: of.AccountSnapshot) -> Response:
    """Replace the account snapshot that cycles decide on."""
    services().put_inputs.put_account(g.principal.tenant_id, body.model_dump(exclude_none=True))
    return to.answer(to.Stored(as_of=body.as_of))
