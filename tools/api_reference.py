"""Render docs/api-reference.md: the OpenAPI document for people, with the role that each operation takes."""

from __future__ import annotations

import json
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask

from functions.triggers.api.problems import STATUS

REFERENCE = Path(__file__).parents[1] / "docs" / "api-reference.md"
LINE_LENGTH = 120
Schema = Mapping[str, Any]

HEAD = """\
# API reference

`make docs` writes this page from [openapi.json](openapi.json) and the code: do not edit it. [api.md](api.md) says how
to sign in, what a trade takes, and what may be repeated.

A field with `?` may be left out. Amounts are USD, proportions are fractions, times are ISO 8601 with a zone. Every
operation that takes a role also takes `Authorization: Bearer` and a Firebase ID token. What each status of a refusal
can mean is [at the end](#refusals).
"""


def reference(document: Mapping[str, Any], roles: Mapping[str, str]) -> str:
    """
    Return the page.

    Parameters
    ----------
    document : mapping
        The OpenAPI document.
    roles : mapping
        The lowest role that may call, by operation id; none for an operation that takes no token.
    """
    by_tag: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag[operation["tags"][0]].append((f"{method.upper()} {path}", operation))
    lines = [HEAD]
    for tag in (one["name"] for one in document["tags"]):
        rows = [
            f"| [`{route}`](#{_anchor(route)}) | {roles.get(one['operationId'], 'none')} | {_cell(one['summary'])} |"
            for route, one in by_tag[tag]
        ]
        lines += [f"## Operations: {tag}\n", "| operation | role | |\n|---|---|---|", *rows, ""]
        for route, operation in by_tag[tag]:
            lines += _operation(route, operation, roles.get(operation["operationId"]), document)
    lines += ["## Models\n", "What bodies and answers consist of.\n"]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += [f"### {name}\n", *_model(schema)]
    return "\n".join([*lines, *_refusals()])


def roles_of(app: Flask) -> dict[str, str]:
    """Return the role that each operation of the application needs, by operation id."""
    views = ((endpoint.rpartition(".")[2], view) for endpoint, view in app.view_functions.items())
    return {name: str(view.needed_role) for name, view in views if hasattr(view, "needed_role")}


def _operation(route: str, operation: Mapping[str, Any], role: str | None, document: Mapping[str, Any]) -> list[str]:
    told = _wrapped(f"{operation['summary']} {operation['description']}")
    lines = [f"### `{route}`\n", told + "\n"]
    lines.append(f"Role: {role}.\n" if role else "No token, no role.\n")
    parameters = operation.get("parameters", ())
    if parameters:
        lines.append("| parameter | in | type | |\n|---|---|---|---|")
        lines += [f"| {_named(one, one['required'])} | {one['in']} | {_typed(one['schema'])} |" for one in parameters]
        lines.append("")
    if "requestBody" in operation:
        (body,) = (content["schema"] for content in operation["requestBody"]["content"].values())
        lines += [f"Body: {_type(body)}.\n", *_table(_resolved(body, document))]
    answers, refusals = [], []
    for status, response in sorted(operation["responses"].items()):
        if int(status) >= HTTPStatus.BAD_REQUEST:
            refusals.append(status)
            continue
        (schema,) = (content["schema"] for content in response["content"].values())
        answers.append(f"{status} {_type(schema)}")
    lines.append(f"Answers: {', '.join(answers)}.\n")
    return [*lines, f"Refusals: {', '.join(refusals)}.\n"] if refusals else lines


def _refusals() -> list[str]:
    codes: dict[HTTPStatus, list[str]] = defaultdict(list)
    for reason, status in STATUS.items():
        codes[status].append(f"`{reason}`")
    rows = [f"| {int(status)} {status.phrase} | {' '.join(codes[status])} |" for status in sorted(codes)]
    told = "Each is a [Problem](#problem); `reason_code` is one of:\n"
    return ["## Refusals\n", told, "| status | reason codes |\n|---|---|", *rows, ""]


def _model(schema: Schema) -> list[str]:
    lines = [_wrapped(schema["description"]) + "\n"] if "description" in schema else []
    return [*lines, *_table(schema)] if "properties" in schema else [*lines, _wrapped(f"{_type(schema)}.") + "\n"]


def _table(schema: Schema) -> list[str]:
    required = schema.get("required", ())
    fields = schema["properties"].items()
    rows = [f"| {_named({'name': name}, name in required)} | {_typed(field)} |" for name, field in fields]
    choices = [" and ".join(f"`{name}`" for name in one["required"]) for one in schema.get("anyOf", ())]
    either = [f"At least one of {', '.join(choices)} is needed.\n"] if choices else []
    return ["| field | type | |\n|---|---|---|", *rows, "", *either]


def _named(one: Mapping[str, Any], is_required: bool) -> str:
    return f"`{one['name']}`" + ("" if is_required else "?")


def _typed(schema: Schema) -> str:
    """Return type and description as two cells."""
    default = schema.get("default")
    given = "" if default is None else f"; {json.dumps(default)} if left out"
    return f"{_type(schema)}{given} | {_cell(schema.get('description', ''))}"


def _type(schema: Schema) -> str:
    """Return a schema in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{_anchor(name)})"
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(_type(one) for one in schema.get("anyOf") or schema["oneOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"`{word}`" for word in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    words = _KINDS.get(schema.get("type", ""), _any)(schema)
    return ", ".join([words, *_limits(schema)])


def _any(_schema: Schema) -> str:
    return "any value"


def _text(schema: Schema) -> str:
    if "pattern" in schema:
        pattern = schema["pattern"].replace("|", "\\|")
        return f"text like `{pattern}`"
    return {"date-time": "time", "date": "date"}.get(schema.get("format", ""), "text")


def _list(schema: Schema) -> str:
    return f"list of {_grouped(schema.get('items', {}))}"


def _map(schema: Schema) -> str:
    values = [*schema.get("patternProperties", {}).values()]
    more = schema.get("additionalProperties")
    values += [more] if isinstance(more, Mapping) else []
    return "map of text to " + " or ".join(map(_grouped, values)) if values else "map"


def _grouped(schema: Schema) -> str:
    """Return a schema in words that stay together."""
    words = _type(schema)
    return f"({words})" if " or " in words or ", " in words else words


_KINDS: Mapping[str, Callable[[Schema], str]] = {
    "string": _text,
    "array": _list,
    "object": _map,
    "integer": lambda _: "whole number",
    "number": lambda _: "number",
    "boolean": lambda _: "true or false",
    "null": lambda _: "null",
}
_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} entries",
    "maxProperties": "at most {} entries",
}
_AT_LEAST_ONE = {"minLength", "minItems", "minProperties"}


def _limits(schema: Schema) -> Iterator[str]:
    for name, words in _BOUNDS.items():
        if schema.get(name) == 1 and name in _AT_LEAST_ONE:
            yield "not empty"
        elif name in schema:
            yield words.format(_figure(schema[name]))


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _resolved(schema: Schema, document: Mapping[str, Any]) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), LINE_LENGTH, break_long_words=False, break_on_hyphens=False)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    kept: Sequence[str] = [character for character in heading.lower() if character.isalnum() or character in " -_"]
    return "".join(kept).replace(" ", "-")
