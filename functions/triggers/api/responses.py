"""How a route answers, and how the OpenAPI document describes that."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, TypeVar

from flask import Response, g, make_response
from flask_openapi.types import ResponseDict
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from functions.domain.kernel.errors import DamagedDocument
from functions.domain.kernel.stored_fields import kind_of
from functions.services.kernel.damage import path_of
from functions.services.kernel.ports import Document
from functions.triggers.api.problems import MEDIA_TYPE

Model = TypeVar("Model", bound=BaseModel)
_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
_TOLD = "told_documents"


def told(model: type[Model], document: Document, **more: Any) -> Model:
    """
    Return a stored document as a route answers it.

    Raises
    ------
    DamagedDocument
        If a field is missing, of the wrong type, or of one that JSON cannot represent.
    """
    try:
        answer = model.model_validate({**document, **more})
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)[0]
        limit = "there" if found["type"] == "missing" else found["msg"].removeprefix("Input should be ")
        field = ".".join(str(part) for part in found["loc"])
        is_kind = "missing" if found["type"] == "missing" else kind_of(found["input"])
        raise DamagedDocument(path_of(document), field, limit, is_kind) from error
    g.setdefault(_TOLD, []).append(document)
    return answer


def of_unspeakable(error: PydanticSerializationError) -> DamagedDocument:
    """Return the error for the first reported document that holds a value JSON cannot represent."""
    for document in g.get(_TOLD, ()):
        for name, value in document.items():
            try:
                _ANYTHING.dump_json(value)
            except PydanticSerializationError:
                return DamagedDocument(path_of(document), name, "a value that JSON can represent", kind_of(value))
    raise error


def as_json(model: BaseModel, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Response:
    """Return a model as JSON. Raises DamagedDocument if a stored document holds a value JSON cannot represent."""
    try:
        text = model.model_dump_json()
    except PydanticSerializationError as error:
        raise of_unspeakable(error) from error
    response = make_response(text, status)
    response.content_type = "application/json"
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def responses_of(model: type[BaseModel], *refusals: int, is_multi: bool = False) -> ResponseDict:
    """Return the possible answers of a route, for the OpenAPI document."""
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
