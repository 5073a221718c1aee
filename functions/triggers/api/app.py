"""The Flask application: routes, limits, and the handling of every request and error."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, request
from flask_cors import CORS
from flask_openapi.models.info import Info
from flask_openapi.openapi import OpenAPI
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from functions.domain.kernel.errors import InputError, RefusedError, StoreError, StrategyProcessesError
from functions.domain.kernel.reasons import ReasonCode
from functions.triggers.api import problems
from functions.triggers.api.admin import admin
from functions.triggers.api.admission import Admission, provide_admission
from functions.triggers.api.answers import Health
from functions.triggers.api.authorisation import check_access
from functions.triggers.api.control import control
from functions.triggers.api.openapi import tidied
from functions.triggers.api.records import records
from functions.triggers.api.responses import as_json
from functions.triggers.api.trading import trading
from functions.triggers.cold_start_probe import PROBE_PATH
from functions.version import VERSION

logger = logging.getLogger("maestro")

MAX_BODY_BYTES = 900_000
"""A little below Firestore's limit for a document."""
MAX_MARKET_DATA_BYTES = 8_000_000
"""Market data is packed into as many documents as it needs."""
HEALTH = {"name": "health"}
OPENAPI_VERSION = "3.1.1"
DESCRIPTION = (
    "Orchestrated signals for a trading client. Every request except healthz carries a Firebase ID token; tenant and "
    "role come from it and from the membership. Every refusal is a problem document (RFC 9457) with a reason code."
)
_POSTED_BODIES = {"/v1/fills", "/v1/ledger", "/v1/policy/preview"}


def build_app(cors_origins: Sequence[str] = (), admission: Admission | None = None) -> OpenAPI:
    """
    Build the application; `functions.triggers.api.dependencies.provide` gives it something to work with.

    Parameters
    ----------
    cors_origins : sequence of str
        Web origins that may call from a browser; none by default.
    admission : Admission, optional
        How many requests are served at once, and how often a user may come; by default as deployed.
    """
    app = OpenAPI(
        __name__,
        info=Info(title="Maestro", version=VERSION, description=DESCRIPTION),
        security_schemes={"firebase": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        validation_error_model=problems.Problem,
        validation_error_callback=problems.of_validation,
        operation_id_callback=lambda *, name, **_: name,
        doc_ui=False,
        static_folder=None,
    )
    app.openapi_version = OPENAPI_VERSION
    app.url_map.merge_slashes = False  # a path with doubled slashes is not ours; werkzeug would redirect, in HTML
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    if cors_origins:
        CORS(
            app,
            origins=list(cors_origins),
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match"],
        )
    app.before_request(check_access)
    provide_admission(app, admission or Admission())
    app.before_request(check_body)
    _handle_errors(app)
    app.register_api(trading)
    app.register_api(records)
    app.register_api(control)
    app.register_api(admin)
    health = app.get("/v1/healthz", operation_id="get_health", tags=[HEALTH], responses={HTTPStatus.OK: Health})
    health(get_health)
    app.add_url_rule("/v1/openapi.json", view_func=lambda: app.api_doc, endpoint="openapi_document")
    app.spec_json = tidied(app.api_doc)
    app.add_url_rule(PROBE_PATH, view_func=get_health, endpoint="probe")
    return app


def get_health() -> Response:
    """Confirm that the function answers; nothing else is checked."""
    return as_json(Health(status="ok"))


def check_body() -> None:
    """
    Refuse a body that is not JSON before any model sees it.

    Raises
    ------
    RefusedError
    HTTPException
        If the body is too large.
    """
    if request.path == "/v1/market-data":
        request.max_content_length = MAX_MARKET_DATA_BYTES
    body = request.get_data(cache=True)
    takes_body = request.method in {"PUT", "PATCH"} or request.path in _POSTED_BODIES
    if not takes_body or request.endpoint is None:
        return
    if request.mimetype != "application/json":
        raise RefusedError(ReasonCode.UNSUPPORTED_MEDIA_TYPE, "send JSON with Content-Type: application/json")
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()  # half a surrogate pair is JSON, but not text
    except (ValueError, RecursionError) as error:
        raise RefusedError(ReasonCode.MALFORMED_JSON, f"the body is not JSON: {error}") from error


def _handle_errors(app: OpenAPI) -> None:
    handlers: list[tuple[type[Exception], Any]] = [
        (ValidationError, problems.of_validation),
        (InputError, problems.of_input_error),
        (RefusedError, problems.of_refusal),
        (StoreError, problems.of_store_error),
        (StrategyProcessesError, problems.of_no_processes),
        (TimeoutError, _timed_out),
        (HTTPException, problems.of_http_exception),
    ]
    for kind, handler in handlers:
        app.register_error_handler(kind, handler)


def _timed_out(error: TimeoutError) -> Response:
    logger.error("Request timed out: %s", error)
    detail = "the cycle took too long; ask again with the same Idempotency-Key"
    return problems.problem(ReasonCode.STORE_UNAVAILABLE, detail)
