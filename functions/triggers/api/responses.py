"""How a route answers, and what the OpenAPI document says of that."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response, make_response
from flask_openapi.types import ResponseDict
from pydantic import BaseModel

from functions.triggers.api.problems import MEDIA_TYPE


def as_json(model: BaseModel, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Response:
    """Return a model as JSON."""
    response = make_response(model.model_dump_json(), status)
    response.content_type = "application/json"
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def responses_of(model: type[BaseModel], *refusals: int, is_multi: bool = False) -> ResponseDict:
    """Return what a route may answer, for the OpenAPI document."""
    usual = {401, 403, 422, 429, 500, 503}
    return {
        HTTPStatus.OK: model,
        **({HTTPStatus.MULTI_STATUS: model} if is_multi else {}),
        **{HTTPStatus(status): _problem(HTTPStatus(status)) for status in sorted(usual | set(refusals))},
    }


def _problem(status: HTTPStatus) -> dict[str, Any]:
    return {
        "description": status.phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
