"""Routes of operators: the policy and the kill switch."""

from __future__ import annotations

from flask import Response, g

from functions.domain.access.roles import Role
from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.services.orchestration.manage_policy import Author
from functions.services.orchestration.stored_policy import StoredPolicy
from functions.triggers.api import control_answers, requests
from functions.triggers.api.admission import rationed, urgent
from functions.triggers.api.authorisation import needs
from functions.triggers.api.dependencies import services
from functions.triggers.api.responses import as_json, responses_of, told
from functions.triggers.api.routes import routes

control = routes("control")


@control.get("/policy", responses=responses_of(control_answers.Policy))
@needs(Role.VIEWER)
def get_policy() -> Response:
    """Get the policy; send its ETag in If-Match to change it."""
    return _policy(services().manage_policy.get(g.principal.tenant_id, services().policy_defaults()))


@control.put("/policy", responses=responses_of(control_answers.Policy, 400, 409, 412, 413, 415, 428))
@needs(Role.ADMIN)
def put_policy(header: requests.PolicyHeader, query: requests.ChangeQuery, body: requests.PolicyChange) -> Response:
    """
    Replace every setting of the tenant but the trading state.

    Settings apply from the next cycle on; those that stop entries, and `reservation_ttl_seconds`, from the next
    redemption on. If-Match names the version that was read, so that no concurrent change is lost.
    """
    if header.if_match is None:
        raise RefusedError(
            ReasonCode.PRECONDITION_REQUIRED, 'send the version you read in If-Match, like "3" ("0": none yet)'
        )
    stored = services().manage_policy.put(
        g.principal.tenant_id,
        body.model_dump(exclude_unset=True),
        int(header.if_match.strip('"')),
        Author(g.principal.uid, header.idempotency_key, query.reason),
        services().policy_defaults(),
    )
    return _policy(stored)


@control.post("/policy/preview", responses=responses_of(control_answers.PolicyPreview, 400, 413, 415))
@needs(Role.VIEWER)
@rationed
def preview_policy(body: requests.PolicyChange) -> Response:
    """
    Show what a policy would have changed over the last 90 sessions; nothing is stored.

    Each session's last decision is made again under the current policy and under this one, by the same rules. Signals,
    positions and returns are those on record: `held_fixed` lists what stays as it was.
    """
    overrides = body.model_dump(exclude_unset=True)
    found = services().preview_policy.run(g.principal.tenant_id, overrides, services().policy_defaults())
    return as_json(control_answers.PolicyPreview.of(found))


@control.get("/policy/history", responses=responses_of(control_answers.PolicyHistory))
@needs(Role.ADMIN)
def get_policy_history(query: requests.HistoryQuery) -> Response:
    """List changes of policy and trading state, newest first: who, when and what."""
    changes = services().manage_policy.history(g.principal.tenant_id, query.before, query.limit)
    return as_json(
        control_answers.PolicyHistory(items=[told(control_answers.PolicyVersion, change) for change in changes])
    )


@control.put("/trading-state", responses=responses_of(control_answers.Policy, 400, 409, 413, 415))
@needs(Role.ADMIN)
@urgent
def put_trading_state(header: requests.IdempotencyHeader, body: requests.TradingStateChange) -> Response:
    """Set the kill switch: it applies from the next redemption and the next cycle, and survives restarts."""
    stored = services().manage_policy.set_trading_state(
        g.principal.tenant_id,
        str(body.state),
        body.reason,
        body.until,
        Author(g.principal.uid, header.idempotency_key),
        services().policy_defaults(),
    )
    return _policy(stored)


def _policy(stored: StoredPolicy) -> Response:
    problems = [control_answers.PolicyProblem(field=error.field, detail=str(error)) for error in stored.problems]
    model = control_answers.Policy(
        version=stored.version,
        overrides=dict(stored.overrides),
        effective=dict(stored.effective),
        problems=problems,
        updated_at=stored.updated_at,
        updated_by=stored.updated_by,
    )
    return as_json(model, ETag=f'"{stored.version}"')
