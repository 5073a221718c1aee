"""The OpenAPI document: the extension's output for routes and models, corrected."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from functions.triggers.api import (
    admin_answers,
    answers,
    control_answers,
    ledger_requests,
    problems,
    record_answers,
    requests,
    trading_answers,
)

_REQUIRED_HEADERS = {"If-Match"}
"""A request without it gets 428 instead of the model's 422."""

_BASES = {"Request", "Answer", "OpenAnswer"}
_PARAMETERS = ("Path", "Query", "Header")


def tidied(document: dict[str, Any]) -> dict[str, Any]:
    """
    Return the OpenAPI document without the extension's distortions.

    Its schemas omit what its schema class does not know (the allowed keys of a map), so pydantic generates them again.
    A parameter may be left out but cannot be null.
    """
    document["components"]["schemas"] = _schemas()
    for path in document["paths"].values():
        for operation in path.values():
            operation["description"] = operation.get("description", "").replace("<br/>", "\n").strip()
            for parameter in operation.get("parameters", ()):
                _tidy_parameter(parameter)
            if "parameters" not in operation and "requestBody" not in operation:
                operation["responses"].pop(str(HTTPStatus.UNPROCESSABLE_ENTITY.value))  # there is no input to validate
    return document


def _tidy_parameter(parameter: dict[str, Any]) -> None:
    schema = parameter["schema"]
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        parameter["schema"] = {key: value for key, value in schema.items() if key != "anyOf"} | choices[0]
    if parameter["name"] in _REQUIRED_HEADERS:
        parameter["required"] = True


def _schemas() -> dict[str, Any]:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        *((model, "validation") for module in (requests, ledger_requests) for model in _models_of(module)),
        *(
            (model, "serialization")
            for module in (answers, trading_answers, record_answers, control_answers, admin_answers)
            for model in _models_of(module)
        ),
        (problems.Problem, "serialization"),
    ]
    template = "#/components/schemas/{model}"
    schemas: dict[str, Any] = models_json_schema(models, ref_template=template)[1]["$defs"]
    return schemas


def _models_of(module: Any) -> Iterator[type[BaseModel]]:
    """Yield a module's models of request and response bodies; parameters are part of their operations."""
    for name, member in vars(module).items():
        is_model = isinstance(member, type) and issubclass(member, BaseModel) and member.__module__ == module.__name__
        if is_model and name not in _BASES and not name.startswith("_") and not name.endswith(_PARAMETERS):
            yield member
