"""The API reference tells everything that the API has, and leads somewhere."""

from __future__ import annotations

import json
import re
from functools import cache

from functions.triggers.api.app import build_app
from functions.triggers.api.problems import STATUS
from tools.api_reference import REFERENCE, reference, roles_of
from tools.openapi import openapi_text


@cache
def page() -> str:
    return REFERENCE.read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """Return what stands under every heading of the third level."""
    parts = re.split(r"^### (.+)$", page(), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_a_document_that_says_something_else_makes_another_page() -> None:
    document, roles = json.loads(openapi_text()), roles_of(build_app())
    assert reference(document, roles) == page()
    document["components"]["schemas"]["Fill"]["properties"]["qty"]["anyOf"][0]["exclusiveMinimum"] = 7
    assert "above 7" in reference(document, roles)
    assert reference(json.loads(openapi_text()), roles | {"record_fills": "admin"}) != page()


def test_every_operation_has_its_role_parameters_answers_and_refusals() -> None:
    document, roles = json.loads(openapi_text()), roles_of(build_app())
    told = sections()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            section = told[f"`{method.upper()} {path}`"]
            role = roles.get(operation["operationId"])
            assert (f"Role: {role}." if role else "No token, no role.") in section
            assert (role is None) == ("security" not in operation), path
            for parameter in operation.get("parameters", ()):
                assert f"| `{parameter['name']}`" in section, path
            answers = "".join(re.findall(r"^(?:Answers|Refusals): (.+)$", section, re.MULTILINE))
            assert set(re.findall(r"\b\d{3}\b", answers)) == set(operation["responses"]), path
            if "requestBody" in operation:
                (name,) = re.findall(r"^Body: \[(\w+)\]", section, re.MULTILINE)
                for field in document["components"]["schemas"][name]["properties"]:
                    assert f"| `{field}`" in section, f"{path}: {field}"


def test_every_model_and_every_reason_to_refuse_is_there() -> None:
    models = json.loads(openapi_text())["components"]["schemas"]
    for name, schema in models.items():
        for field in schema.get("properties", ()):
            assert f"| `{field}`" in sections()[name], f"{name}: {field}"
    refusals = page().partition("## Refusals")[2]
    assert set(re.findall(r"`([A-Z_]+)`", refusals)) == set(STATUS)


def test_every_link_within_the_page_leads_to_a_heading() -> None:
    headings = re.findall(r"^##+ (.+)$", page(), re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert len(anchors) == len(set(anchors)), "two headings of one name"
    assert set(re.findall(r"\]\(#([^)]+)\)", page())) <= set(anchors)


def test_lines_of_prose_are_short() -> None:
    assert [line for line in page().splitlines() if len(line) > 120 and not line.startswith("|")] == []
