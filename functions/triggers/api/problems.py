"""Turn every refusal into an RFC 9457 problem document with a reason code."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from flask import Response, make_response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import HTTPException

from functions.domain.kernel.errors import (
    DamagedDocument,
    InputError,
    PolicyProblemsError,
    RefusedError,
    StoreError,
    StoreRefused,
    StrategyProcessesError,
    shortened,
)
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.events import EntryKind

logger = logging.getLogger("maestro")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1

STATUS: Mapping[ReasonCode, HTTPStatus] = {
    ReasonCode.MALFORMED_REQUEST: HTTPStatus.UNPROCESSABLE_ENTITY,
    ReasonCode.MALFORMED_JSON: HTTPStatus.BAD_REQUEST,
    ReasonCode.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    ReasonCode.NOT_A_MEMBER: HTTPStatus.FORBIDDEN,
    ReasonCode.TENANT_DISABLED: HTTPStatus.FORBIDDEN,
    ReasonCode.ROLE_TOO_LOW: HTTPStatus.FORBIDDEN,
    ReasonCode.NOT_YOUR_REDEMPTION: HTTPStatus.FORBIDDEN,
    ReasonCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ReasonCode.SIGNAL_UNKNOWN: HTTPStatus.NOT_FOUND,
    ReasonCode.NOT_REDEEMED: HTTPStatus.NOT_FOUND,
    ReasonCode.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ReasonCode.NOT_REDEEMABLE: HTTPStatus.CONFLICT,
    ReasonCode.DISABLED_BY_POLICY: HTTPStatus.CONFLICT,
    ReasonCode.NOTHING_TO_EXIT: HTTPStatus.CONFLICT,
    ReasonCode.EXIT_UNDER_WAY: HTTPStatus.CONFLICT,
    ReasonCode.SHORTS_NOT_ALLOWED: HTTPStatus.CONFLICT,
    ReasonCode.ALREADY_REDEEMED: HTTPStatus.CONFLICT,
    ReasonCode.ALREADY_FILLED: HTTPStatus.CONFLICT,
    ReasonCode.INSUFFICIENT_BUYING_POWER: HTTPStatus.CONFLICT,
    ReasonCode.BUYING_POWER_UNKNOWN: HTTPStatus.CONFLICT,
    ReasonCode.OUTDATED_SNAPSHOT: HTTPStatus.CONFLICT,
    ReasonCode.ENTRY_WITHDRAWN: HTTPStatus.CONFLICT,
    ReasonCode.IDEMPOTENCY_KEY_REUSED: HTTPStatus.CONFLICT,
    ReasonCode.SIGNAL_EXPIRED: HTTPStatus.GONE,
    ReasonCode.SESSION_SUPERSEDED: HTTPStatus.GONE,
    ReasonCode.VERSION_CONFLICT: HTTPStatus.PRECONDITION_FAILED,
    ReasonCode.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ReasonCode.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ReasonCode.TRADING_HALTED: HTTPStatus.LOCKED,
    ReasonCode.REDUCE_ONLY: HTTPStatus.LOCKED,
    ReasonCode.ACCOUNT_DRAWDOWN: HTTPStatus.LOCKED,
    ReasonCode.DAILY_LOSS: HTTPStatus.LOCKED,
    ReasonCode.BOOK_DRIFT: HTTPStatus.LOCKED,
    ReasonCode.MALFORMED_POLICY: HTTPStatus.LOCKED,
    ReasonCode.PRECONDITION_REQUIRED: HTTPStatus.PRECONDITION_REQUIRED,
    ReasonCode.CONTENTION: HTTPStatus.TOO_MANY_REQUESTS,
    ReasonCode.TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
    ReasonCode.STORE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ReasonCode.STRATEGIES_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ReasonCode.STORE_REFUSED: HTTPStatus.INTERNAL_SERVER_ERROR,
    ReasonCode.DAMAGED_DOCUMENT: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The HTTP status of every reason to refuse a request."""

_RETRIED = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(description="Path of the field: `fills.0.qty`.")
    detail: str = Field(description="What it must be, and what it was.")


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(default="about:blank", description="A URI for the kind of problem.")
    title: str = Field(description="The status in words.")
    status: int = Field(ge=400, le=599)
    reason_code: ReasonCode = Field(description="The stable, machine-readable reason.")
    detail: str = Field(description="What happened, and what to do next.")
    errors: list[FieldProblem] | None = Field(default=None, description="Field by field, if fields are malformed.")


def problem(
    reason_code: ReasonCode,
    detail: str,
    errors: list[FieldProblem] | None = None,
    status: HTTPStatus | None = None,
) -> Response:
    """Return the answer to a refused request."""
    status = status or STATUS[reason_code]
    body = Problem(title=status.phrase, status=status, reason_code=reason_code, detail=detail, errors=errors)
    response = make_response(body.model_dump_json(exclude_none=True), status)
    response.content_type = MEDIA_TYPE
    if status in _RETRIED:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="maestro"'
    return response


def of_validation(error: ValidationError) -> Response:
    """Answer a request whose fields are malformed."""
    errors = [
        FieldProblem(
            field=".".join(str(part) for part in _place(one["loc"])) or "body",
            detail=f"{one['msg']}, was {shortened(repr(one['input']), 80)}",
        )
        for one in error.errors(include_url=False, include_context=False)
    ]
    return _malformed(errors)


def _place(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return a field's path, without the kind that pydantic inserts after an entry's number."""
    is_entry = location[:1] == ("entries",) and len(location) > 2 and location[2] in list(EntryKind)
    return (*location[:2], *location[3:]) if is_entry else location


def of_input_error(error: InputError) -> Response:
    """Answer a request that the domain's rules found malformed."""
    found = error.problems if isinstance(error, PolicyProblemsError) else (error,)
    return _malformed(
        [
            FieldProblem(field=one.field, detail=f"must be {one.limit}, was {shortened(repr(one.value), 80)}")
            for one in found
        ]
    )


def _malformed(errors: list[FieldProblem]) -> Response:
    more = "" if len(errors) == 1 else f" (and {len(errors) - 1} more)"
    return problem(ReasonCode.MALFORMED_REQUEST, f"{errors[0].field}: {errors[0].detail}{more}", errors)


def of_refusal(error: RefusedError) -> Response:
    """Answer a request that a rule refused."""
    return problem(error.reason_code, error.detail)


def of_store_error(error: StoreError) -> Response:
    """Answer a request that failed at the store."""
    logger.error("Request failed: %s", error)
    if isinstance(error, DamagedDocument):
        return problem(ReasonCode.DAMAGED_DOCUMENT, f"{error}: an operator must fix it, a retry does not help")
    if isinstance(error, StoreRefused):
        return problem(
            ReasonCode.STORE_REFUSED, "the store refuses this request, and a retry will not help: see the log"
        )
    return problem(ReasonCode.STORE_UNAVAILABLE, "the store is unavailable: try again in a moment")


def of_no_processes(error: StrategyProcessesError) -> Response:
    """Answer a request for a cycle when strategies cannot be run."""
    logger.error("Request failed: %s", error)
    detail = "strategies cannot be run now, and nothing was decided: ask again with the same Idempotency-Key"
    return problem(ReasonCode.STRATEGIES_UNAVAILABLE, detail)


def of_http_exception(error: HTTPException) -> Response:
    """Answer what Flask itself refused: no such route, no such method, a body that is too large."""
    if error.response is not None:
        return make_response(error.response)
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    reasons = {
        HTTPStatus.NOT_FOUND: ReasonCode.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED: ReasonCode.METHOD_NOT_ALLOWED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ReasonCode.TOO_LARGE,
    }
    detail = error.description or status.phrase
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE and request.max_content_length is not None:
        detail = f"the body may have at most {request.max_content_length:,} bytes"
    response = problem(reasons.get(status, ReasonCode.MALFORMED_REQUEST), detail, status=status)
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response
