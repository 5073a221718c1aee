"""
Whether requests and answers are as Alpaca's own description of its API says.

The descriptions are OpenAPI documents that Alpaca ships with its alpaca-mcp-server (MIT). `alpaca_trading.json` beside
this file is the part of the trading API's that the tests need, in shapes only. The market data API's names a licence of
its own, so it is not here; the tests have its shapes in words of ours. Against the whole documents:

    python -m tests.servers.broker.conformance trading-api.json market-data-api.json
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema_rs

from tools.simulated_broker.rest import Question, Reply

EXCERPT = Path(__file__).with_name("alpaca_trading.json")
Description = Mapping[str, Any]
_PROSE = {"description", "example", "examples", "summary", "title", "deprecated", "externalDocs"}
BEYOND = {"price"}
"""Fields that Alpaca's answers have and its description lacks: the price that a fee in coins was taken at."""
LOOSE = {"date", "exchange"}
"""Fields whose type holds, but not their format or their list of words: its own example has a date alone where a time
is described, and coins are at an exchange that the list lacks."""


def problems(descriptions: Sequence[Description], answered: Sequence[tuple[Question, Reply]]) -> Iterator[str]:
    """Yield what is not as described, of requests that were answered with success and of their answers."""
    for question, reply in answered:
        if not 200 <= reply.status < 300:
            continue
        found = next((one for one in (_operation(each, question) for each in descriptions) if one), None)
        where = f"{question.method} {question.path}"
        if found is None:
            yield f"{where} is not described"
            continue
        description, operation = found
        parameters = [_resolved(description, one) for one in operation.get("parameters", ())]
        known = {one["name"] for one in parameters if one["in"] == "query"}
        yield from (f"{where}: {name} is no parameter of it" for name in question.query if name not in known)
        kinds = operation["responses"].get(str(reply.status), {}).get("content", {})
        content = kinds.get("text/event-stream" if reply.is_stream else "application/json")
        if content is None and reply.body is not None:
            yield f"{where} is described without an answer"
        if content is not None:
            yield from (f"{where}: {one}" for one in _unlike(description, content["schema"], reply.body))


def _operation(description: Description, question: Question) -> tuple[Description, Mapping[str, Any]] | None:
    for template in sorted(description["paths"], key=lambda one: "{" in one):
        pattern = re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(template))
        operation = description["paths"][template].get(question.method.lower())
        if operation is not None and re.fullmatch(pattern, question.path):
            return description, operation
    return None


def _resolved(description: Description, value: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in value:
        return value
    found: Any = description
    for name in value["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return _resolved(description, found)


def _unlike(description: Description, schema: Mapping[str, Any], body: Any) -> Iterator[str]:
    whole = {"components": {"schemas": description["components"]["schemas"]}, **schema}
    validator = jsonschema_rs.validator_for(_as_json_schema(whole), validate_formats=True)
    yield from (f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(body))


def _as_json_schema(schema: Any) -> Any:
    """
    Return an OpenAPI 3.0 schema as JSON Schema, in which objects have the fields described and no others.

    Objects that are described in parts may have others: each part would refuse the other parts' fields.
    """
    if isinstance(schema, list):
        return [_as_json_schema(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    read = {name: _as_json_schema(value) for name, value in schema.items() if name != "nullable"}
    is_part = "event_id" in read.get("properties", {}) or "details" in read.get("properties", {})
    if isinstance(read.get("properties"), dict) and "additionalProperties" not in read and not is_part:
        read["properties"] |= {name: {"type": "string"} for name in LOOSE & set(read["properties"])}
        read["properties"] |= {name: {"type": ["string", "null"]} for name in BEYOND - set(read["properties"])}
        read["additionalProperties"] = False
    if schema.get("nullable") is True:
        return {"anyOf": [read, {"type": "null"}]}
    return read


def excerpt(description: Description, paths: Sequence[str]) -> dict[str, Any]:
    """Return the part of a description that some paths need, without prose and without other answers than success."""
    kept: dict[str, Any] = {}
    for path in paths:
        kept[path] = {}
        for method, operation in description["paths"][path].items():
            if method == "parameters":
                continue
            good = {status: one for status, one in operation["responses"].items() if status.startswith("2")}
            parameters = [*operation.get("parameters", []), *description["paths"][path].get("parameters", [])]
            kept[path][method] = _bare({"parameters": parameters, "responses": good})
    schemas: dict[str, Any] = {}
    wanted = _referred(kept)
    while wanted:
        name = wanted.pop()
        schemas[name] = _bare(description["components"]["schemas"][name])
        wanted |= _referred(schemas[name]) - set(schemas)
    return {"paths": kept, "components": {"schemas": dict(sorted(schemas.items()))}}


def _bare(value: Any, *, is_names: bool = False) -> Any:
    if isinstance(value, list):
        return [_bare(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    dropped = set() if is_names else _PROSE
    kept = {name: one for name, one in value.items() if name not in dropped and not name.startswith("x-")}
    return {name: _bare(one, is_names=name == "properties" and not is_names) for name, one in kept.items()}


def _referred(value: Any) -> set[str]:
    return set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(value)))


def main() -> int:
    from tests.servers.broker.session import a_day  # noqa: PLC0415 (it needs this module's types)

    descriptions = [json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:]]
    answered = a_day()
    found = list(problems(descriptions, answered))
    print("\n".join(found))  # noqa: T201 (a command's answer)
    print(f"{len(answered)} answers, {len(found)} of them or their parts not as described")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
